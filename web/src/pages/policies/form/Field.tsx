import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

/** What is wrong with a field, and that a screen reader hears it with the field. */
export interface Said {
  id: string;
  hint?: string | undefined;
  fault?: string | undefined;
}

const describedBy = ({ id, hint, fault }: Said) => (hint || fault ? { "aria-describedby": `${id}-said` } : {});

function Around({ label, said, children }: { label: string; said: Said; children: ComponentChildren }) {
  const given = said.fault ?? said.hint;
  const words = given && given.slice(0, 1).toUpperCase() + given.slice(1);
  return (
    <div class={said.fault ? "field err" : "field"}>
      <label for={said.id}>{label}</label>
      {children}
      {words && (
        <span class="hint" id={`${said.id}-said`} role={said.fault ? "alert" : undefined}>
          {words}
        </span>
      )}
    </div>
  );
}

interface Typed extends Said {
  label: string;
  value: string;
  change: (value: string) => void;
  placeholder?: string;
}

/** What is typed is kept as it was typed while the field has the focus: the text may say it in another way. */
function useTyped(props: Typed) {
  const typed = useSignal<string | undefined>(undefined);
  return {
    class: "in mono",
    id: props.id,
    value: typed.value ?? props.value,
    placeholder: props.placeholder ?? "",
    spellcheck: false,
    "aria-invalid": props.fault !== undefined,
    ...describedBy(props),
    onInput: (event: { currentTarget: { value: string } }) => {
      typed.value = event.currentTarget.value;
      props.change(event.currentTarget.value);
    },
    onBlur: () => (typed.value = undefined),
  };
}

export function TextField(props: Typed) {
  return (
    <Around label={props.label} said={props}>
      <input {...useTyped(props)} />
    </Around>
  );
}

export function LinesField(props: Typed) {
  return (
    <Around label={props.label} said={props}>
      <textarea {...useTyped(props)} rows={Math.min(props.value.split("\n").length + 1, 8)} />
    </Around>
  );
}

/** One of some words; the empty one says nothing. */
export function ChoiceField(props: Typed & { options: string[]; none?: string }) {
  const known = props.options.includes(props.value) || (props.value === "" && props.none !== undefined);
  return (
    <Around label={props.label} said={props}>
      <select
        class="in"
        id={props.id}
        value={props.value}
        aria-invalid={props.fault !== undefined}
        {...describedBy(props)}
        onChange={(event) => props.change(event.currentTarget.value)}
      >
        {props.none !== undefined && <option value="">{props.none}</option>}
        {!known && <option value={props.value}>{props.value}</option>}
        {props.options.map((option) => (
          <option value={option}>{option}</option>
        ))}
      </select>
    </Around>
  );
}
