import { visibleLine } from "../format/text.ts";
import { spanOf, type Row } from "../format/history.ts";
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

/** Of these a row holds all that were asked for under one name. */
const GROUPED: ReadonlySet<Row["kind"]> = new Set(["activity", "sub"]);

interface Span {
  from: number;
  to: number;
}

// Places come through the DOM: the page's policy allows no inline style.
function placed(element: HTMLElement | null, left: number, width: number): void {
  element?.style.setProperty("--x", String(left));
  element?.style.setProperty("--w", String(width));
}

function took(row: Row): string {
  const first = row.bars[0];
  if (!first) return "";
  if (row.kind === "event") return clock(first.from).slice(0, 8);
  const end = Math.max(...row.bars.map((bar) => bar.to ?? now.value));
  const failed = row.bars.filter((bar) => bar.tone === "bad").length;
  return `${duration(end - first.from)}${failed > 0 && row.kind === "activity" ? `, ${failed} failed` : ""}`;
}

function Line({ row, span, first }: { row: Row; span: Span; first: boolean }) {
  const scale = 100 / (span.to - span.from);
  const waits = row.bars.some((bar) => bar.tone === "held");
  const name = `${row.kind === "sub" ? "sub: " : row.kind === "event" ? "event: " : ""}${visibleLine(row.name)}`;
  return (
    <li class={`${first ? "" : "kid"} ${waits ? "cur" : ""}`}>
      <span class="row tight">
        <Icon name={ICONS[row.kind]} />
        <span class="cut">{row.bars.length > 1 && GROUPED.has(row.kind) ? `${name} × ${row.bars.length}` : name}</span>
      </span>
      <div class="lane" role="img" aria-label={`${name}: ${row.bars.map((bar) => bar.words).join(", ")}, ${took(row)}`}>
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
      {rows.map((row, index) => (
        <Line key={`${row.kind} ${row.name}`} row={row} span={span} first={index === 0} />
      ))}
    </ol>
  );
}
