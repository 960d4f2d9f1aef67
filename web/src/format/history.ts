/** A history as rows of bars: one row for each thing that was asked for, its tries inside. Pure. */
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
  bars: Bar[];
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

class Rows {
  readonly rows: Row[] = [];
  private readonly open = new Map<number, Bar>();

  row(kind: Row["kind"], name: string): Row {
    let row = this.rows.find((one) => one.kind === kind && one.name === name);
    if (!row) {
      row = { kind, name, bars: [] };
      this.rows.push(row);
    }
    return row;
  }

  begin(kind: Row["kind"], name: string, id: number, from: number): void {
    const row = this.row(kind, name);
    const bar: Bar = { from, to: undefined, tone: "held", words: "not over yet" };
    row.bars.push(bar);
    this.open.set(id, bar);
  }

  end(id: number, to: number, tone: Tone): void {
    const bar = this.open.get(id);
    if (!bar) return;
    this.open.delete(id);
    Object.assign(bar, { to, tone, words: tone === "bad" ? "failed" : "done" });
  }
}

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
    } else if (begun) rows.begin(begun, nameOf(begun, data), event.eventId, at);
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
  return rows.rows;
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
