/** A history as rows of bars: one row for each thing that was asked for, its tries inside. Pure.
 *
 *  What tells a retry from another task: SDKs ask for a task again under the number that it had, or under a new one with the same
 *  name and input, and never before it has failed. So a task that begins while none like it has failed is one of its own. */
import type { HistoryEvent } from "../api/types.ts";
import { parseTime } from "./time.ts";

export type Tone = "ink" | "run" | "ok" | "bad" | "idle" | "held";

export interface Bar {
  from: number;
  /** Undefined: it goes on. */
  to: number | undefined;
  tone: Tone;
  words: string;
}

export interface Row {
  kind: "instance" | "activity" | "timer" | "sub" | "event" | "pause";
  name: string;
  /** Of a task one for each try. */
  bars: Bar[];
  /** Which of how many tasks of this name, from 1; undefined where there is one. */
  place?: { number: number; of: number };
  /** So many tasks of one name, put together. */
  folded?: number;
}

const STAMPS = new Set(["eventId", "timestamp"]);

/** The name of the event and what it holds. */
export function kindOf(event: HistoryEvent): { kind: string; data: Record<string, unknown> } {
  const kind = Object.keys(event).find((key) => !STAMPS.has(key)) ?? "unknown";
  const data = event[kind];
  return { kind, data: typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {} };
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

// What an event that begins something is called, and the row that it belongs to.
const BEGINS: Record<string, Row["kind"]> = {
  taskScheduled: "activity",
  timerCreated: "timer",
  subOrchestrationInstanceCreated: "sub",
};
// What ends something: how it went.
const ENDS: Record<string, Tone> = {
  taskCompleted: "run",
  taskFailed: "bad",
  timerFired: "idle",
  subOrchestrationInstanceCompleted: "run",
  subOrchestrationInstanceFailed: "bad",
};
const OVER: Record<string, Tone> = {
  executionCompleted: "ink",
  executionTerminated: "bad",
};

/** Of these each has a row of its own; of the others all of one name share one. */
const TASKS: ReadonlySet<Row["kind"]> = new Set(["activity", "sub"]);

interface Begun {
  bar: Bar;
  row: Row;
  /** Kind, name and input. */
  like: string;
}

const hasFailed = (row: Row) => row.bars[row.bars.length - 1]?.tone === "bad";

class Rows {
  readonly rows: Row[] = [];
  private readonly open = new Map<number, Begun>();
  /** The last that began under a number. */
  private readonly byId = new Map<number, Row>();
  /** What has failed and was not tried again, by kind, name and input. */
  private readonly failed = new Map<string, Row[]>();

  private made(kind: Row["kind"], name: string): Row {
    const row: Row = { kind, name, bars: [] };
    this.rows.push(row);
    return row;
  }

  row(kind: Row["kind"], name: string): Row {
    return this.rows.find((one) => one.kind === kind && one.name === name) ?? this.made(kind, name);
  }

  /** The row of a task: that of the one that it is another try of, or its own. */
  private task(kind: Row["kind"], name: string, id: number, like: string): Row {
    const same = this.byId.get(id);
    const failed = this.failed.get(like) ?? [];
    const row = same && hasFailed(same) ? same : (failed[0] ?? this.made(kind, name));
    if (failed.length > 0)
      this.failed.set(
        like,
        failed.filter((one) => one !== row),
      );
    this.byId.set(id, row);
    return row;
  }

  begin(kind: Row["kind"], name: string, id: number, from: number, input: string): void {
    const like = JSON.stringify([kind, name, input]);
    const row = TASKS.has(kind) ? this.task(kind, name, id, like) : this.row(kind, name);
    const bar: Bar = { from, to: undefined, tone: "held", words: "not over yet" };
    row.bars.push(bar);
    this.open.set(id, { bar, row, like });
  }

  end(id: number, to: number, tone: Tone): void {
    const begun = this.open.get(id);
    if (!begun) return;
    this.open.delete(id);
    Object.assign(begun.bar, { to, tone, words: tone === "bad" ? "failed" : "done" });
    if (tone === "bad") this.failed.set(begun.like, [...(this.failed.get(begun.like) ?? []), begun.row]);
  }

  /** Each row, with its place among those of its name. */
  numbered(): Row[] {
    const counts = new Map<string, number>();
    for (const row of this.rows) {
      const number = (counts.get(keyOf(row)) ?? 0) + 1;
      counts.set(keyOf(row), number);
      row.place = { number, of: 0 };
    }
    for (const row of this.rows) {
      const of = counts.get(keyOf(row)) ?? 0;
      if (of > 1 && row.place) row.place.of = of;
      else delete row.place;
    }
    return this.rows;
  }
}

/** The same for all tasks of one name. */
export const keyOf = (row: Row) => `${row.kind} ${row.name}`;

function nameOf(kind: Row["kind"], data: Record<string, unknown>): string {
  if (kind === "timer") return text(data["name"]) || "timer";
  return text(data["name"]) || "without a name";
}

/** Rows in the order in which they began; the instance itself is the first. */
export function rowsOf(events: HistoryEvent[]): Row[] {
  const rows = new Rows();
  let pause: Bar | undefined;
  for (const event of events) {
    const at = parseTime(event.timestamp);
    const { kind, data } = kindOf(event);
    const begun = BEGINS[kind];
    const ended = ENDS[kind];
    if (kind === "executionStarted") {
      const row = rows.row("instance", text(data["name"]));
      if (row.bars.length === 0) row.bars.push({ from: at, to: undefined, tone: "ink", words: "running" });
    } else if (begun) rows.begin(begun, nameOf(begun, data), event.eventId, at, text(data["input"]));
    else if (ended) rows.end(Number(data["taskScheduledId"] ?? data["timerId"] ?? -1), at, ended);
    else if (kind === "eventRaised" || kind === "eventSent")
      rows
        .row("event", text(data["name"]))
        .bars.push({ from: at, to: at, tone: "idle", words: kind === "eventSent" ? "sent" : "raised" });
    else if (kind === "executionSuspended") {
      pause = { from: at, to: undefined, tone: "held", words: "suspended" };
      rows.row("pause", "suspended").bars.push(pause);
    } else if (kind === "executionResumed" && pause) pause.to = at;
    else if (OVER[kind]) {
      const bar = rows.rows[0]?.bars[0];
      if (bar) Object.assign(bar, { to: at, words: "over" });
    }
  }
  return rows.numbered();
}

/** More tasks of one name than `most` in one row, where the first of them stood, but for the names that are opened. */
export function folded(rows: Row[], most: number, opened: ReadonlySet<string>): Row[] {
  const isFolded = (row: Row) => (row.place?.of ?? 0) > most && !opened.has(keyOf(row));
  const put = new Map<string, Row>();
  const shown: Row[] = [];
  for (const row of rows) {
    const group = put.get(keyOf(row));
    if (group) group.bars.push(...row.bars);
    else if (isFolded(row)) {
      const first: Row = { kind: row.kind, name: row.name, bars: [...row.bars], folded: row.place?.of ?? 0 };
      put.set(keyOf(row), first);
      shown.push(first);
    } else shown.push(row);
  }
  return shown;
}

/** An instance that another one has started and waits for. */
export interface Child {
  id: string;
  name: string;
  /** As its parent knows it. */
  state: "running" | "completed" | "failed";
}

/** The sub-orchestrations of a history, in the order in which they began. */
export function childrenOf(events: HistoryEvent[]): Child[] {
  const children = new Map<number, Child>();
  const states: Record<string, Child["state"]> = {
    subOrchestrationInstanceCompleted: "completed",
    subOrchestrationInstanceFailed: "failed",
  };
  for (const event of events) {
    const { kind, data } = kindOf(event);
    const child = children.get(Number(data["taskScheduledId"] ?? -1));
    const state = states[kind];
    if (kind === "subOrchestrationInstanceCreated")
      children.set(event.eventId, { id: text(data["instanceId"]), name: nameOf("sub", data), state: "running" });
    else if (state && child) child.state = state;
  }
  return [...children.values()];
}

/** From the first beginning to the last end; what goes on ends now. */
export function spanOf(rows: Row[], now: number): { from: number; to: number } {
  const bars = rows.flatMap((row) => row.bars).filter((bar) => !Number.isNaN(bar.from));
  const from = Math.min(...bars.map((bar) => bar.from));
  const to = Math.max(...bars.map((bar) => bar.to ?? now));
  return bars.length > 0 ? { from, to: Math.max(to, from + 1) } : { from: now, to: now + 1 };
}

/** What an event ends, and how long that took, by the number that both have. */
export function beginningsOf(events: HistoryEvent[]): Map<HistoryEvent, HistoryEvent> {
  const begun = new Map<number, HistoryEvent>();
  const found = new Map<HistoryEvent, HistoryEvent>();
  for (const event of events) {
    const { kind, data } = kindOf(event);
    if (BEGINS[kind]) begun.set(event.eventId, event);
    const beginning = ENDS[kind] && begun.get(Number(data["taskScheduledId"] ?? data["timerId"] ?? -1));
    if (beginning) found.set(event, beginning);
  }
  return found;
}

/** What of an event a line can say. */
export function wordsOfEvent(event: HistoryEvent): string {
  const { kind, data } = kindOf(event);
  const failure = data["failureDetails"];
  if (typeof failure === "object" && failure !== null) {
    const details = failure as Record<string, unknown>;
    return `${text(details["errorType"])}: ${text(details["errorMessage"])}`;
  }
  const fire = text(data["fireAt"]);
  if (kind === "timerCreated" && fire) return `until ${fire}`;
  return (
    text(data["name"]) ||
    text(data["reason"]) ||
    text(data["instanceId"]) ||
    text(data["orchestrationStatus"]).replace("ORCHESTRATION_STATUS_", "").toLowerCase()
  );
}
