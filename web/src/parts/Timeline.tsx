import { visibleLine } from "../format/text.ts";
import { useSignal } from "@preact/signals";
import { folded, keyOf, spanOf, type Row } from "../format/history.ts";
import { count, plural } from "../format/size.ts";
import { clock, duration } from "../format/time.ts";
import { now } from "../live/clock.ts";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icons.ts";

const ICONS: Record<Row["kind"], IconName> = {
  instance: "orch",
  activity: "play",
  timer: "clock",
  sub: "orch",
  event: "bolt",
  pause: "pause",
};

/** More tasks of one name than this are one row until somebody opens it. */
const FOLDED_ABOVE = 8;
const ROWS_MOST = 500;

interface Span {
  from: number;
  to: number;
}

// Places come through the DOM: the page's policy allows no inline style.
function placed(element: HTMLElement | null, left: number, width: number): void {
  element?.style.setProperty("--x", String(left));
  element?.style.setProperty("--w", String(width));
}

function howMany(row: Row): string {
  const failed = row.bars.filter((bar) => bar.tone === "bad").length;
  if (row.folded) return failed > 0 ? `, ${count(failed)} failed` : "";
  if (row.kind !== "activity" && row.kind !== "sub") return "";
  const retries = row.bars.length - 1;
  return retries > 0 ? `, ${plural(retries, "retry", "retries")}` : failed > 0 ? ", failed" : "";
}

function took(row: Row): string {
  const first = row.bars[0];
  if (!first) return "";
  if (row.kind === "event") return clock(first.from).slice(0, 8);
  const end = row.bars.reduce((last, bar) => Math.max(last, bar.to ?? now.value), first.from);
  return `${duration(end - first.from)}${howMany(row)}`;
}

const BEFORE_NAMES: Partial<Record<Row["kind"], string>> = { sub: "sub: ", event: "event: " };

function nameOf(row: Row): string {
  const name = `${BEFORE_NAMES[row.kind] ?? ""}${visibleLine(row.name)}`;
  if (row.folded) return `${name} × ${count(row.folded)}`;
  return row.place ? `${name}, ${count(row.place.number)} of ${count(row.place.of)}` : name;
}

interface Shown {
  row: Row;
  span: Span;
  first: boolean;
  /** Its tasks are put together, or can be again. */
  turn: (() => void) | undefined;
}

function Line({ row, span, first, turn }: Shown) {
  const scale = 100 / (span.to - span.from);
  const waits = row.bars.some((bar) => bar.tone === "held");
  const name = nameOf(row);
  const words = row.folded ? "" : `${row.bars.map((bar) => bar.words).join(", ")}, `;
  return (
    <li class={`${first ? "" : "kid"} ${waits ? "cur" : ""}`}>
      <span class="row tight">
        <Icon name={ICONS[row.kind]} />
        {turn ? (
          <button type="button" class="link cut" aria-expanded={!row.folded} title={name} onClick={turn}>
            {name}
          </button>
        ) : (
          <span class="cut" title={name}>
            {name}
          </span>
        )}
      </span>
      <div class="lane" role="img" aria-label={`${name}: ${words}${took(row)}`}>
        {row.bars.map((bar) => (
          <i
            class={bar.tone}
            title={`${bar.words}, ${duration((bar.to ?? now.value) - bar.from)}`}
            ref={(element) =>
              placed(element, (bar.from - span.from) * scale, ((bar.to ?? now.value) - bar.from) * scale)
            }
          />
        ))}
      </div>
      <span class="num">{took(row)}</span>
    </li>
  );
}

/** Rows of bars over one time; what waits is hatched. */
export function Timeline({ rows, label }: { rows: Row[]; label: string }) {
  const opened = useSignal<ReadonlySet<string>>(new Set());
  const turned = (row: Row) => {
    const next = new Set(opened.value);
    if (!next.delete(keyOf(row))) next.add(keyOf(row));
    opened.value = next;
  };
  const shown = folded(rows, FOLDED_ABOVE, opened.value);
  const span = spanOf(rows, now.value);
  const step = (span.to - span.from) / 4;
  const ticks = [
    clock(span.from).slice(0, 8),
    ...[1, 2, 3].map((n) => `+${duration(step * n)}`),
    clock(span.to).slice(0, 8),
  ];
  return (
    <ol class="tl" aria-label={label}>
      <li class="axis">
        <span />
        <div class="lane">
          {ticks.map((tick) => (
            <span>{tick}</span>
          ))}
        </div>
        <span />
      </li>
      {shown.slice(0, ROWS_MOST).map((row, index) => (
        <Line
          key={`${keyOf(row)} ${row.place?.number ?? 0}`}
          row={row}
          span={span}
          first={index === 0}
          turn={row.folded || (row.place?.number === 1 && opened.value.has(keyOf(row))) ? () => turned(row) : undefined}
        />
      ))}
      {shown.length > ROWS_MOST && (
        <li class="small sub">{`cut: the first ${count(ROWS_MOST)} of ${count(shown.length)} rows; the history has all`}</li>
      )}
    </ol>
  );
}
