import { useMemo } from "preact/hooks";
import { highlight, type CodeRun } from "../format/highlight.ts";
import { place, setQuery } from "../route.ts";
import { Windowed } from "./Windowed.tsx";

/** A program to read, in Python unless `colours` says otherwise. A click on a line puts it into the address. */
export function Code(props: {
  code: string;
  label: string;
  hit?: number | undefined;
  colours?: (code: string) => CodeRun[][];
}) {
  const { code, label, hit, colours = highlight } = props;
  const lines = useMemo(() => colours(code), [code, colours]);
  const chosen = Number(place.value.query.get("line") ?? 0);
  return (
    <Windowed
      class="code y"
      label={label}
      count={lines.length}
      lineHeight={19}
      line={(index) => (
        <span
          key={index}
          class={index + 1 === hit ? "l hit" : index + 1 === chosen ? "l at" : "l"}
          data-n={index + 1}
          onClick={() => setQuery({ line: String(index + 1) })}
        >
          {lines[index]?.map((run) => (run.style ? <span class={run.style}>{run.text}</span> : run.text))}
          {"\n"}
        </span>
      )}
    />
  );
}
