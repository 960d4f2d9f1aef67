import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { ansiLines, droppedOf } from "../format/ansi.ts";
import { count, plural } from "../format/size.ts";
import { visible } from "../format/text.ts";
import { place, setQuery } from "../route.ts";
import { Copy } from "./Copy.tsx";
import { Windowed } from "./Windowed.tsx";

/** The server left out the middle; how many bytes there were, if it says so. */
export interface Cut {
  of: number | undefined;
}

function wordsOf(cut: Cut): string {
  return cut.of === undefined ? "cut: the middle is left out" : `cut: ${count(cut.of)} bytes were written`;
}

function rawLines(text: string): ReturnType<typeof ansiLines> {
  const lines = text.split("\n").map((line) => [{ text: line, style: "" }]);
  if (lines.length > 1 && text.endsWith("\n")) lines.pop();
  return lines;
}

/** A text of a run: with its colours, or raw, that is with each sequence of a terminal as text. Windowed when it is long. */
export function Output(props: {
  name: string;
  text: string;
  cut?: Cut | undefined;
  raw?: boolean;
  /** More comes: its end stays in view while its end is in view. */
  live?: boolean;
}) {
  const raw = useSignal(props.raw ?? false);
  const lines = useMemo(() => {
    const text = props.text.replace(/\r\n/g, "\n");
    return raw.value ? rawLines(text) : ansiLines(text);
  }, [props.text, raw.value]);
  const dropped = useMemo(() => droppedOf(props.text), [props.text]);
  const wrap = place.value.query.get("wrap") !== "off";
  const long = lines.length > 2000;
  return (
    <div>
      <div class="cap wraps">
        {props.name}, {plural(lines.length, "line")}
        {props.cut && <span class="is-held">{wordsOf(props.cut)}</span>}
        {!raw.value && dropped.sequences > 0 && (
          <span class="is-held">
            {plural(dropped.sequences, "escape sequence")} of {plural(dropped.characters, "character")} not shown
          </span>
        )}
        <span class="end row tight">
          {!props.raw && dropped.sequences > 0 && (
            <button
              type="button"
              class="btn sm quiet"
              aria-pressed={raw.value}
              onClick={() => (raw.value = !raw.value)}
            >
              Raw
            </button>
          )}
          {!long && (
            <button
              type="button"
              class="btn sm quiet"
              aria-pressed={wrap}
              aria-keyshortcuts="w"
              onClick={() => setQuery({ wrap: wrap ? "off" : undefined })}
            >
              Wrap
            </button>
          )}
          <Copy text={props.text} what={props.name} />
        </span>
      </div>
      <Windowed
        class={wrap && !long ? "out" : "out nowrap-lines"}
        label={props.name}
        count={lines.length}
        lineHeight={18}
        live={props.live ?? false}
        line={(index) => (
          <span class="o" key={index}>
            {lines[index]?.map((run) => (
              <span class={run.style || undefined}>{visible(run.text)}</span>
            ))}
            {"\n"}
          </span>
        )}
      />
    </div>
  );
}
