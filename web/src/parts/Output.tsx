import { useMemo } from "preact/hooks";
import { ansiLines } from "../format/ansi.ts";
import { visible } from "../format/text.ts";
import { place, setQuery } from "../route.ts";
import { Copy } from "./Copy.tsx";
import { Windowed } from "./Windowed.tsx";

/** What a run wrote, with its colours; windowed when it is long. */
export function Output(props: { name: string; text: string; cut?: number | undefined; live?: boolean }) {
  const lines = useMemo(() => ansiLines(props.text.replace(/\r\n/g, "\n")), [props.text]);
  const wrap = place.value.query.get("wrap") !== "off";
  const long = lines.length > 2000;
  return (
    <div>
      <div class="cap">
        {props.name}, {lines.length.toLocaleString("en-US")} {lines.length === 1 ? "line" : "lines"}
        {props.cut !== undefined && (
          <span class="is-held">cut: {props.cut.toLocaleString("en-US")} bytes were written</span>
        )}
        <span class="end row tight">
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
