import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { beginDevice, signIn, type DeviceCode, type Shown } from "../../api/session.ts";
import { linkFailure } from "../../live/session.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Icon, Mark } from "../../parts/Icon.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { Skeleton, StillWaiting } from "../../parts/Wait.tsx";
import { Colours } from "../../parts/Colours.tsx";

type Way = "key" | "secret" | "device";

const WAYS: { id: Way; name: string }[] = [
  { id: "key", name: "Key" },
  { id: "secret", name: "Name and secret" },
  { id: "device", name: "Another device" },
];

/** What went wrong: the server's own sentence; where it did not answer, the title first, or nobody knows that it is gone. */
function wholeWords(cause: unknown): string {
  const { title, detail, status } = wordsOf(cause);
  const answered = status > 0;
  if (detail === "") return title;
  return answered ? detail : `${title}. ${detail}`;
}

/** A field whose name stands above it; what went wrong stands below the last. */
function Field(props: {
  id: string;
  name: string;
  value: Signal<string>;
  secret?: boolean;
  fill: string;
  bad: boolean;
}) {
  const rest = {
    class: "in mono",
    id: props.id,
    autocomplete: props.fill,
    value: props.value.value,
    "aria-invalid": props.bad,
    "aria-describedby": "hint",
    onInput: (event: { currentTarget: HTMLInputElement }) => (props.value.value = event.currentTarget.value),
  };
  return (
    <div class={props.bad ? "field err" : "field"}>
      <label for={props.id}>{props.name}</label>
      {props.secret ? <input {...rest} type="password" /> : <input {...rest} type="text" />}
    </div>
  );
}

/** What was typed, if it is whole. */
function shownOf(way: Way, key: string, name: string, secret: string): Shown | undefined {
  if (way === "key") return key.trim() === "" ? undefined : { credentials: key.trim() };
  return name.trim() === "" || secret.trim() === "" ? undefined : { name: name.trim(), secret: secret.trim() };
}

/** Something that is typed, and sent once. */
function Typed({ way, done }: { way: Way; done: () => void }) {
  const key = useSignal("");
  const name = useSignal("");
  const secret = useSignal("");
  const failure = useSignal("");
  const busy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const shown = shownOf(way, key.value, name.value, secret.value);
  useEffect(() => form.current?.querySelector("input")?.focus(), [way]);
  const send = async (event: Event) => {
    event.preventDefault();
    if (!shown || busy.value) return;
    busy.value = true;
    try {
      await signIn(shown);
      for (const field of [key, name, secret]) field.value = "";
      done();
    } catch (cause) {
      failure.value = wholeWords(cause);
    }
    busy.value = false;
  };
  const bad = failure.value !== "";
  return (
    <form class="pad stack" ref={form} onSubmit={(event) => void send(event)}>
      {way === "key" ? (
        <Field id="key" name="Key or token" value={key} secret fill="off" bad={bad} />
      ) : (
        <>
          <Field id="name" name="Your name" value={name} fill="username" bad={bad} />
          <Field id="secret" name="Your secret" value={secret} secret fill="current-password" bad={bad} />
        </>
      )}
      <span class={bad ? "small is-bad" : "small dim"} id="hint" role={bad ? "alert" : undefined}>
        {bad ? `Not signed in: ${failure.value}` : "It is sent once; a cookie stands for it for 12 hours."}
      </span>
      <StillWaiting goesOn={busy.value} what="whether you are signed in" />
      <button type="submit" class="btn pri" aria-busy={busy.value} aria-disabled={!shown}>
        <Icon name="key" />
        Sign in
      </button>
    </form>
  );
}

/** A code is shown here and confirmed elsewhere: this browser never sees a secret. */
function Device({ done }: { done: () => void }) {
  const code = useSignal<DeviceCode | undefined>(undefined);
  const failure = useSignal("");
  const turn = useSignal(0);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const fail = (cause: unknown) => {
      if (stop.signal.aborted) return;
      failure.value = wholeWords(cause);
      code.value = undefined;
    };
    const look = (own: DeviceCode) => {
      timer = setTimeout(
        () =>
          signIn({ deviceCode: own.device_code }, stop.signal).then(
            (session) => (session.signedIn ? done() : look(own)),
            fail,
          ),
        own.interval * 1000,
      );
    };
    beginDevice().then((own) => {
      if (stop.signal.aborted) return;
      code.value = own;
      look(own);
    }, fail);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [turn.value, code, failure, done]);
  if (failure.value)
    return (
      <div class="pad stack">
        <span class="small is-bad" role="alert">
          Not signed in: {failure.value}
        </span>
        <button
          type="button"
          class="btn"
          onClick={() => {
            failure.value = "";
            turn.value++;
          }}
        >
          Another code
        </button>
      </div>
    );
  if (!code.value) return <Skeleton lines={2} what="a code" />;
  const shown = `${code.value.user_code.slice(0, 4)}-${code.value.user_code.slice(4)}`;
  return (
    <div class="pad stack">
      <p class="small sub">
        On a device that you trust open{" "}
        <a href="/device" target="_blank" rel="noopener">
          {location.host}/device
        </a>{" "}
        and enter this code there, with your name and secret:
      </p>
      <p class="device-code mono" aria-label={`Code ${shown}`}>
        {shown} <Copy text={shown} what="the code" />
      </p>
      <p class="small dim" role="status">
        Waiting until it is confirmed; the code is for {Math.round(code.value.expires_in / 60)} minutes.
      </p>
    </div>
  );
}

/** Who is there. Afterwards a cookie stands for it, which no page can read. */
export default function SignIn({ done }: { done: () => void }) {
  const way = useSignal<Way>("key");
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
        {linkFailure.value && (
          <p class="small is-bad" role="status">
            Not signed in: {linkFailure.value}
          </p>
        )}
        <div class="card">
          <header>
            <Segments label="How you sign in" options={WAYS} chosen={way.value} choose={(id) => (way.value = id)} />
          </header>
          {way.value === "device" ? <Device done={done} /> : <Typed key={way.value} way={way.value} done={done} />}
        </div>
        <div class="row small dim">
          <span>
            <code>sallyport open</code> signs this browser in without a key. Keys come from{" "}
            <code>sallyport key create</code>.
          </span>
          <Colours />
        </div>
      </div>
    </main>
  );
}
