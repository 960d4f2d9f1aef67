import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { Dialog } from "../../parts/Dialog.tsx";

export interface Wanted {
  name: string;
  label: string;
  /** What it may be; else any text. */
  options?: string[];
  optional?: boolean;
  value?: string;
  hint?: string;
}

/** Asks for some texts, and stays open with the reason if they are refused. */
export function Form(props: {
  title: string;
  text?: string;
  verb: string;
  fields: Wanted[];
  send: (values: Record<string, string>) => Promise<void>;
  close: () => void;
}) {
  const values = useSignal<Record<string, string>>(
    Object.fromEntries(props.fields.map((field) => [field.name, field.value ?? field.options?.[0] ?? ""])),
  );
  const failure = useSignal("");
  const busy = useSignal(false);
  const ready = props.fields.every((field) => field.optional || (values.value[field.name] ?? "").trim() !== "");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready || busy.value) return;
    busy.value = true;
    try {
      await props.send(Object.fromEntries(Object.entries(values.value).map(([name, value]) => [name, value.trim()])));
      props.close();
    } catch (cause) {
      failure.value = wordsOf(cause).detail || wordsOf(cause).title;
    }
    busy.value = false;
  };
  const change = (name: string, value: string) => (values.value = { ...values.value, [name]: value });
  return (
    <Dialog label={props.title} close={props.close}>
      <form class="pad stack ask" onSubmit={(event) => void submit(event)}>
        <h2>{props.title}</h2>
        {props.text && <p class="sub">{props.text}</p>}
        {props.fields.map((field) => (
          <div class="field">
            <label for={`want-${field.name}`}>{field.label}</label>
            {field.options ? (
              <select
                class="in"
                id={`want-${field.name}`}
                value={values.value[field.name]}
                onChange={(event) => change(field.name, event.currentTarget.value)}
              >
                {field.options.map((option) => (
                  <option value={option}>{option}</option>
                ))}
              </select>
            ) : (
              <input
                class="in"
                id={`want-${field.name}`}
                value={values.value[field.name]}
                onInput={(event) => change(field.name, event.currentTarget.value)}
              />
            )}
            {field.hint && <span class="hint">{field.hint}</span>}
          </div>
        ))}
        {failure.value && (
          <p class="is-bad small" role="status">
            {failure.value}
          </p>
        )}
        <div class="row">
          <button type="submit" class="btn pri" aria-disabled={!ready} aria-busy={busy.value}>
            {props.verb}
          </button>
          <button type="button" class="btn" onClick={props.close}>
            No
          </button>
        </div>
      </form>
    </Dialog>
  );
}
