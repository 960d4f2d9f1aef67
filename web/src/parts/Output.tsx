import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { droppedOf, type Run } from "../format/ansi.ts";
import { logOf, rowsOf } from "../format/log.ts";
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

const LINES_MOST = 2000; // of a longer text only what is near the view is in the page
const LINE_MOST = 16_384; // characters of a line that are in the page at once
const SIDES = 42; // pixels beside the text: padding, border, the bar

/** How many characters of the output's type stand beside one another in the box. */
function useColumns(box: RefObject<HTMLDivElement | null>, wanted: boolean): number {
  const columns = useSignal(80);
  useLayoutEffect(() => {
    const pre = box.current?.querySelector("pre");
    const pen = document.createElement("canvas").getContext("2d");
    if (!wanted || !pre || !pen) return undefined;
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(pre); // "font" is empty beside font-variant-ligatures
    pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
    const width = pen.measureText("0".repeat(100)).width / 100 || 8;
    const measure = () => (columns.value = Math.max(20, Math.floor((pre.clientWidth - SIDES) / width)));
    const observer = new ResizeObserver(measure);
    observer.observe(pre);
    measure();
    return () => observer.disconnect();
  }, [wanted, box, columns]);
  return columns.value;
}

function Line({ runs, more }: { runs: Run[]; more: number }) {
  return (
    <span class="o">
      {runs.map((run) => (
        <span class={run.style || undefined}>{visible(run.text)}</span>
      ))}
      {more > 0 && <span class="is-held"> … {count(more)} more characters: Wrap shows them</span>}
      {"\n"}
    </span>
  );
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
  const box = useRef<HTMLDivElement>(null);
  const log = useMemo(() => logOf(props.text.replace(/\r\n/g, "\n"), raw.value), [props.text, raw.value]);
  const dropped = useMemo(() => droppedOf(props.text), [props.text]);
  // Short texts wrap unless somebody wants them not to; long ones when somebody wants them to.
  const long = log.lines > LINES_MOST || log.longest > LINE_MOST;
  const wanted = place.value.query.get("wrap");
  const wrap = long ? wanted === "on" : wanted !== "off";
  const columns = useColumns(box, long && wrap);
  const rows = useMemo(() => (long && wrap ? rowsOf(log, columns) : undefined), [log, long, wrap, columns]);
  const line = (index: number) => {
    if (!rows) return <Line key={index} runs={log.line(index, 0, LINE_MOST)} more={log.length(index) - LINE_MOST} />;
    const at = rows.at(index);
    return <Line key={index} runs={log.line(at.line, at.from, columns)} more={0} />;
  };
  return (
    <div ref={box}>
      <div class="cap wraps">
        {props.name}, {plural(log.lines, "line")}
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
          <button
            type="button"
            class="btn sm quiet"
            aria-pressed={wrap}
            aria-keyshortcuts="w"
            onClick={() => setQuery({ wrap: wrap ? (long ? undefined : "off") : long ? "on" : undefined })}
          >
            Wrap
          </button>
          <Copy text={props.text} what={props.name} />
        </span>
      </div>
      <Windowed
        class={wrap && !long ? "out" : "out nowrap-lines"}
        label={props.name}
        count={rows?.count ?? log.lines}
        lineHeight={18}
        live={props.live ?? false}
        line={line}
      />
    </div>
  );
}
