import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { signIn } from "../../api/session.ts";
import { Icon, Mark } from "../../parts/Icon.tsx";

/** Who is there: a key or a token, typed once. Afterwards a cookie stands for it, which no page can read. */
export default function SignIn({ done }: { done: () => void }) {
  const typed = useSignal("");
  const failure = useSignal("");
  const busy = useSignal(false);
  const send = async (event: Event) => {
    event.preventDefault();
    if (typed.value.trim() === "" || busy.value) return;
    busy.value = true;
    try {
      await signIn(typed.value.trim());
      typed.value = "";
      done();
    } catch (cause) {
      const words = wordsOf(cause);
      failure.value = words.detail || words.title;
    }
    busy.value = false;
  };
  return (
    <main id="main" class="gate" tabIndex={-1}>
      <div class="stack">
        <div class="row">
          <Mark big />
          <div>
            <h1>Sallyport</h1>
            <p class="small dim">{location.host}</p>
          </div>
        </div>
        <form class="card" onSubmit={(event) => void send(event)}>
          <div class="pad stack">
            <div class={failure.value ? "field err" : "field"}>
              <label for="key">Key or token</label>
              <input
                class="in mono"
                id="key"
                type="password"
                autocomplete="off"
                autofocus
                value={typed.value}
                aria-invalid={failure.value !== ""}
                aria-describedby="key-hint"
                onInput={(event) => (typed.value = event.currentTarget.value)}
              />
              <span class="hint" id="key-hint" role="status">
                {failure.value
                  ? `Not signed in: ${failure.value}`
                  : "It is sent once; a cookie stands for it for 12 hours."}
              </span>
            </div>
            <button type="submit" class="btn pri" aria-busy={busy.value} aria-disabled={typed.value.trim() === ""}>
              <Icon name="key" />
              Sign in
            </button>
          </div>
        </form>
        <p class="small dim">
          Keys come from <code>sallyport key create</code>; the owner’s was printed at the first start.
        </p>
      </div>
    </main>
  );
}
