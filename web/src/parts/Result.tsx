import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Result } from "../api/types.ts";
import { cutsOf, shownOf, type Form, type Shown } from "../format/forms.ts";
import { bytes } from "../format/size.ts";
import { visibleLine } from "../format/text.ts";
import { Note } from "./Box.tsx";
import { Html } from "./Html.tsx";
import { Output } from "./Output.tsx";

const OPEN_MOST = 400; // characters of a text that is in view without a click

/** Only ever an image: what an SVG holds cannot run there. */
function Picture({ format, data, number }: { format: string; data: string; number: number }) {
  const encoded = format === "svg+xml" && data.trimStart().startsWith("<") ? encodeSvg(data) : data.replace(/\s/g, "");
  return (
    <figure>
      <figcaption>
        plot {number}, {format}
      </figcaption>
      <div class="plot">
        <img src={`data:image/${format};base64,${encoded}`} alt={`Plot ${number} that the code drew`} />
      </div>
    </figure>
  );
}

function encodeSvg(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A form as the text that was sent, in view when it is short. Long ones are made when they are opened. */
function AsText({ form, name }: { form: Form; name: string }) {
  const open = useSignal(form.kind === "text" && form.text.length <= OPEN_MOST);
  const size = useMemo(() => bytes(new Blob([form.text]).size), [form.text]);
  return (
    <details class="form" open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>
        <span class="mono">{visibleLine(form.type)}</span>
        {form.kind !== "text" && " as it was sent"}
        {form.isResult && form.type !== "result" && ", also the result"}, {size}
      </summary>
      {open.value && <Output name={`${name}, ${visibleLine(form.type)}`} text={form.text} raw />}
    </details>
  );
}

/** One thing that the code showed: its first form to be looked at, each other under its name. */
function Forms({ forms, name, plot }: { forms: Shown; name: string; plot: number }) {
  const [first, ...others] = forms;
  const named = first.kind === "text" ? others : forms;
  return (
    <div class="forms" role="group" aria-label={name}>
      {forms.length > 1 && (
        <p class="small sub">
          {name}, in {forms.length} forms:{" "}
          <span class="mono">{forms.map((form) => visibleLine(form.type)).join(", ")}</span>
        </p>
      )}
      {first.kind === "picture" && <Picture format={first.format} data={first.text} number={plot} />}
      {first.kind === "html" && <Html html={first.text} name={name} />}
      {first.kind === "text" && <Output name={name} text={first.text} raw />}
      {named.map((form) => (
        <AsText key={form.type} form={form} name={name} />
      ))}
    </div>
  );
}

export function ResultView({ result }: { result: Result | undefined }) {
  const shown = useMemo(() => shownOf(result), [result]);
  if (!result) return <p class="small sub">Not run yet: there is no result.</p>;
  const cuts = cutsOf(result, bytes);
  let plots = 0;
  return (
    <>
      {cuts.length > 0 && <Note tone="held">{cuts.join(" ")}</Note>}
      {shown.length === 0 && cuts.length === 0 && (
        <p class="small sub">The last expression had no value, and nothing was drawn.</p>
      )}
      {shown.map((forms, index) => (
        <Forms
          key={index}
          forms={forms}
          name={forms[0].type === "result" ? "Result" : `Output ${index + 1}`}
          plot={forms[0].kind === "picture" ? ++plots : 0}
        />
      ))}
    </>
  );
}
