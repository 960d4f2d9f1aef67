import { useSignal } from "@preact/signals";
import type { Remember, ReviewRequest } from "../../api/types.ts";
import { visibleLine } from "../../format/text.ts";
import { submitterOf } from "../../format/title.ts";
import { Dialog } from "../../parts/Dialog.tsx";
import { Person } from "../../parts/Person.tsx";

const DAY_S = 86400;
const LASTS = [
  { days: 1, name: "a day" },
  { days: 7, name: "a week" },
  { days: 30, name: "30 days" },
];
const USES_DEFAULT = 100;

/** Asks for what, for whom, how long and how often an approval is to stand; the policy may let less, and says so. */
export function RememberDialog(props: {
  request: ReviewRequest;
  close: () => void;
  approve: (remember: Remember) => void;
}) {
  const { request } = props;
  const whom = useSignal("submitter");
  const of = useSignal<"bytes" | "tree">("bytes");
  const days = useSignal(7);
  const uses = useSignal(String(USES_DEFAULT));
  const count = Number(uses.value);
  const badUses = !Number.isInteger(count) || count < 1;
  return (
    <Dialog label="Approve and remember" close={props.close}>
      <form
        class="pad stack ask"
        onSubmit={(event) => {
          event.preventDefault();
          if (badUses) return;
          props.approve({ for: whom.value, of: of.value, expiresInSeconds: days.value * DAY_S, uses: count });
        }}
      >
        <h2>Approve and remember</h2>
        <p class="sub">
          Approves this, and the same again without asking anybody, until it expires or somebody revokes it. A rule that
          asks or denies goes before it.
        </p>
        <div class="field">
          <label for="re-of">What</label>
          <select
            class="in"
            id="re-of"
            value={of.value}
            onChange={(event) => (of.value = event.currentTarget.value === "tree" ? "tree" : "bytes")}
          >
            <option value="bytes">exactly these bytes of code</option>
            <option value="tree">the same syntax tree: other comments and spacing</option>
          </select>
          <span class="hint">Input files may be others each time.</span>
        </div>
        <div class="field">
          <label for="re-for">For whom</label>
          <select
            class="in"
            id="re-for"
            value={whom.value}
            onChange={(event) => (whom.value = event.currentTarget.value)}
          >
            <option value="submitter">this submitter</option>
            {Object.entries(request.labels ?? {}).map(([key, value]) => (
              <option value={`label:${key}`}>everybody, with the label {visibleLine(`${key}=${value}`)}</option>
            ))}
          </select>
          {whom.value === "submitter" && (
            <span class="hint">
              <Person person={submitterOf(request)} />
            </span>
          )}
        </div>
        <div class="cols two">
          <div class="field">
            <label for="re-days">For how long</label>
            <select
              class="in"
              id="re-days"
              value={String(days.value)}
              onChange={(event) => (days.value = Number(event.currentTarget.value))}
            >
              {LASTS.map((one) => (
                <option value={String(one.days)}>{one.name}</option>
              ))}
            </select>
          </div>
          <div class={badUses ? "field err" : "field"}>
            <label for="re-uses">How often at most</label>
            <input
              class="in"
              id="re-uses"
              inputmode="numeric"
              value={uses.value}
              aria-invalid={badUses}
              onInput={(event) => (uses.value = event.currentTarget.value.trim())}
            />
          </div>
        </div>
        <div class="row">
          <button type="submit" class="btn ok" aria-disabled={badUses}>
            Approve and remember
          </button>
          <button type="button" class="btn" onClick={props.close}>
            No
          </button>
        </div>
      </form>
    </Dialog>
  );
}
