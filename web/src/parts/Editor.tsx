import { useMemo, useRef } from "preact/hooks";
import { highlight, type CodeRun } from "../format/highlight.ts";

/** A place to write code: a field over its own text in colours. Tab indents; Escape, then Tab, leaves the field. */
export function Editor(props: {
  label: string;
  value: string;
  change: (value: string) => void;
  submit?: () => void;
  /** Python, unless it says otherwise. */
  colours?: (code: string) => CodeRun[][];
  indent?: string;
  /** A line with a fault. */
  hit?: number | undefined;
}) {
  const colours = props.colours ?? highlight;
  const lines = useMemo(() => colours(`${props.value}\n`), [props.value, colours]);
  const leaves = useRef(false);
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    const field = event.currentTarget;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) props.submit?.();
    if (event.key === "Tab" && !event.shiftKey && !leaves.current) {
      event.preventDefault();
      const at = field.selectionStart;
      field.setRangeText(props.indent ?? "    ", at, field.selectionEnd, "end");
      props.change(field.value);
    }
    leaves.current = event.key === "Escape";
  };
  return (
    <div class="editor">
      <pre class="code" aria-hidden="true">
        <code>
          {lines.map((runs, index) => (
            <span class={index + 1 === props.hit ? "l hit" : "l"} key={index}>
              {runs.map((run) => (run.style ? <span class={run.style}>{run.text}</span> : run.text))}
              {"\n"}
            </span>
          ))}
        </code>
      </pre>
      <textarea
        class="code"
        aria-label={props.label}
        aria-description="Tab indents. Escape, then Tab, leaves the field."
        spellcheck={false}
        autocapitalize="off"
        value={props.value}
        onInput={(event) => props.change(event.currentTarget.value)}
        onKeyDown={onKey}
      />
    </div>
  );
}
