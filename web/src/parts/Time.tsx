import { exact, left, parseTime, relative, wall } from "../format/time.ts";
import { now } from "../live/clock.ts";

/** "22 min ago", exact on hover. */
export function Ago({ at }: { at: string | undefined }) {
  const time = parseTime(at);
  if (Number.isNaN(time)) return <span class="dim">time not reported</span>;
  return (
    <time dateTime={at} title={exact(time)}>
      {relative(time, now.value)}
    </time>
  );
}

/** The local time, with the date when it is not today. */
export function Exact({ at }: { at: string | undefined }) {
  const time = parseTime(at);
  if (Number.isNaN(time)) return <span class="dim">time not reported</span>;
  return (
    <time dateTime={at} title={exact(time)}>
      {wall(time, now.value)}
    </time>
  );
}

/** "3 h 19 min left" with the part of the wait that is used up. */
export function Due({ from, until }: { from: string | undefined; until: string | undefined }) {
  const end = parseTime(until);
  if (Number.isNaN(end)) return <div class="due">no deadline reported</div>;
  const start = parseTime(from);
  const rest = end - now.value;
  const late = rest < 3_600_000;
  const used = Number.isNaN(start)
    ? undefined
    : Math.min(100, Math.max(0, ((now.value - start) / (end - start)) * 100));
  return (
    <div class={late ? "due late" : "due"}>
      <time dateTime={until} title={exact(end)}>
        {rest > 0 ? `${left(end, now.value)} left` : "time is up"}
      </time>
      {used !== undefined && (
        <progress
          class={late ? "bar late" : "bar held"}
          max={100}
          value={used}
          aria-label="time used before the deadline"
        />
      )}
    </div>
  );
}

/** "3 h 19 min left · 17:51" in a line. */
export function DueLine({ until }: { until: string | undefined }) {
  const end = parseTime(until);
  if (Number.isNaN(end)) return <span class="dim">no deadline reported</span>;
  const rest = end - now.value;
  return (
    <time dateTime={until} title={exact(end)} class={rest < 3_600_000 ? "late is-bad" : undefined}>
      {rest > 0 ? `${left(end, now.value)} left · ${wall(end, now.value)}` : "time is up"}
    </time>
  );
}
