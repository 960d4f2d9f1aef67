import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { changeWebhook, makeWebhook, type Webhook, type WebhookWish, type WithSecret } from "../../api/webhooks.ts";
import { visibleLine } from "../../format/text.ts";
import { Dialog } from "../../parts/Dialog.tsx";
import { addressHint, formatName } from "./words.ts";

const ALL = ["*"];

interface Values {
  name: string;
  url: string;
  format: string;
  /** Of ntfy; "": as it is. */
  token: string;
  all: boolean;
  events: string[];
}

const valuesOf = (hook: Webhook | undefined, formats: string[]): Values => {
  const events = hook?.events ?? ALL;
  return {
    name: hook?.name ?? "",
    url: hook?.url ?? "",
    format: hook?.format ?? formats[0] ?? "cloudevents",
    token: "",
    all: events.includes("*"),
    events: events.filter((event) => event !== "*"),
  };
};

const wishOf = (
  values: Values,
): Required<Pick<WebhookWish, "name" | "url" | "format" | "events">> & { token?: string } => ({
  name: values.name.trim(),
  url: values.url.trim(),
  format: values.format,
  events: values.all ? ALL : values.events,
  ...(values.format === "ntfy" && values.token.trim() ? { token: values.token.trim() } : {}),
});

/** What differs of one that is there. */
function changesOf(hook: Webhook, values: Values): WebhookWish {
  const wish = wishOf(values);
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return {
    ...(isSame(wish.name, hook.name) ? {} : { name: wish.name }),
    ...(isSame(wish.url, hook.url) ? {} : { url: wish.url }),
    ...(isSame(wish.format, hook.format) ? {} : { format: wish.format }),
    ...(wish.token === undefined ? {} : { token: wish.token }),
    ...(isSame([...wish.events].sort(), [...hook.events].sort()) ? {} : { events: wish.events }),
  };
}

/** Why it cannot be sent yet; "": it can. */
function lackOf(values: Values): string {
  if (values.name.trim() === "") return "It needs a name.";
  if (values.url.trim() === "") return "It needs an address.";
  return values.all || values.events.length > 0 ? "" : "Choose at least one event.";
}

function Text(props: {
  id: string;
  label: string;
  hint: string;
  value: string;
  hidden?: true;
  change: (value: string) => void;
}) {
  const rest = {
    class: "in",
    id: props.id,
    value: props.value,
    autoComplete: "off",
    spellcheck: false,
    "aria-describedby": `${props.id}-hint`,
    onInput: (event: { currentTarget: HTMLInputElement }) => props.change(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={props.id}>{props.label}</label>
      {props.hidden ? <input type="password" {...rest} /> : <input {...rest} />}
      <span class="hint" id={`${props.id}-hint`}>
        {props.hint}
      </span>
    </div>
  );
}

function Events({
  values,
  known,
  change,
}: {
  values: Values;
  known: string[];
  change: (part: Partial<Values>) => void;
}) {
  const flip = (event: string, on: boolean) =>
    change({ events: on ? [...values.events, event] : values.events.filter((one) => one !== event) });
  return (
    <fieldset class="field plain-set">
      <legend>Events</legend>
      <label class="pick row">
        <input type="radio" name="hook-events" checked={values.all} onChange={() => change({ all: true })} />
        all of them
      </label>
      <label class="pick row">
        <input type="radio" name="hook-events" checked={!values.all} onChange={() => change({ all: false })} />
        only these
      </label>
      {!values.all && (
        <div class="hook-events">
          {known.map((event) => (
            <label class="pick row mono">
              <input
                type="checkbox"
                checked={values.events.includes(event)}
                onChange={(happened) => flip(event, happened.currentTarget.checked)}
              />
              {visibleLine(event)}
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}

/** Makes a webhook, or changes one; stays open with the reason if that is refused. */
export function HookForm(props: {
  hook?: Webhook | undefined;
  events: string[];
  formats: string[];
  done: (made: WithSecret) => void;
  close: () => void;
}) {
  const { hook, formats } = props;
  const values = useSignal(valuesOf(hook, formats));
  const failure = useSignal("");
  const busy = useSignal(false);
  const change = (part: Partial<Values>) => (values.value = { ...values.value, ...part });
  const lack = lackOf(values.value);
  const title = hook ? `Change ${visibleLine(hook.name)}` : "New webhook";
  // A filter such as "request.app*" is none of the names, and stays what it is.
  const known = [...new Set(["request.*", ...props.events, ...(hook?.events ?? [])])].filter((event) => event !== "*");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (lack || busy.value) return;
    busy.value = true;
    try {
      const wish = hook ? changesOf(hook, values.value) : wishOf(values.value);
      props.done(hook ? await changeWebhook(hook, wish) : await makeWebhook(wish));
    } catch (cause) {
      failure.value = wordsOf(cause).detail || wordsOf(cause).title;
    }
    busy.value = false;
  };
  return (
    <Dialog label={title} close={props.close}>
      <form class="pad stack ask" onSubmit={(event) => void submit(event)}>
        <h2>{title}</h2>
        <Text
          id="hook-name"
          label="Name"
          hint="Letters, digits, “-”, “_” and “.”"
          value={values.value.name}
          change={(name) => change({ name })}
        />
        <Text
          id="hook-url"
          label="Address"
          hint={addressHint(values.value.format)}
          value={values.value.url}
          change={(url) => change({ url })}
        />
        <div class="field">
          <label for="hook-format">Format</label>
          <select
            class="in"
            id="hook-format"
            value={values.value.format}
            onChange={(event) => change({ format: event.currentTarget.value })}
          >
            {formats.map((format) => (
              <option value={format}>{formatName(format)}</option>
            ))}
          </select>
        </div>
        {values.value.format === "ntfy" && (
          <Text
            id="hook-token"
            label="Token"
            hint="Where the server of ntfy asks for one. It is not shown again; a change of the address takes it away."
            hidden
            value={values.value.token}
            change={(token) => change({ token })}
          />
        )}
        <Events values={values.value} known={known} change={change} />
        {failure.value && (
          <p class="is-bad small" role="status">
            {failure.value}
          </p>
        )}
        <div class="row">
          <button
            type="submit"
            class="btn pri"
            aria-disabled={lack !== ""}
            aria-busy={busy.value}
            aria-describedby="hook-lack"
          >
            {hook ? "Change it" : "Make it"}
          </button>
          <button type="button" class="btn" onClick={props.close}>
            No
          </button>
          <span class="small dim" id="hook-lack">
            {lack}
          </span>
        </div>
      </form>
    </Dialog>
  );
}
