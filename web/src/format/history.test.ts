import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEvent } from "../api/types.ts";
import { beginningsOf, childrenOf, folded, rowsOf, spanOf, wordsOfEvent, type Row } from "./history.ts";

const at = (second: number) => new Date(Date.UTC(2026, 10, 28, 12, 0, second)).toISOString();
const EVENTS = [
  { eventId: 0, timestamp: at(0), executionStarted: { name: "Ingest" } },
  { eventId: 1, timestamp: at(1), taskScheduled: { name: "Load" } },
  { eventId: 2, timestamp: at(1), timerCreated: { fireAt: at(9) } },
  {
    eventId: -1,
    timestamp: at(2),
    taskFailed: { taskScheduledId: 1, failureDetails: { errorType: "E", errorMessage: "no" } },
  },
  { eventId: 3, timestamp: at(3), taskScheduled: { name: "Load" } },
  { eventId: -1, timestamp: at(4), eventRaised: { name: "Go" } },
  { eventId: -1, timestamp: at(5), taskCompleted: { taskScheduledId: 3, result: "1" } },
];

test("tries of one activity are bars of one row", () => {
  const rows = rowsOf(EVENTS);
  assert.deepEqual(
    rows.map((row) => [row.kind, row.name, row.bars.map((bar) => bar.tone)]),
    [
      ["instance", "Ingest", ["ink"]],
      ["activity", "Load", ["bad", "run"]],
      ["timer", "timer", ["held"]],
      ["event", "Go", ["idle"]],
    ],
  );
});

const scheduled = (eventId: number, name: string, input: string) => ({
  eventId,
  timestamp: at(eventId),
  taskScheduled: { name, input },
});
const ended = (kind: string, taskScheduledId: number, second: number) => ({
  eventId: -1,
  timestamp: at(second),
  [kind]: { taskScheduledId },
});
const seen = (events: HistoryEvent[]) =>
  rowsOf(events).map((row) => [row.name, row.place, row.bars.map((bar) => bar.tone).join(" ")]);

test("tasks of one name are rows of their own, and only a task that failed is tried again", () => {
  const events = [
    scheduled(1, "Load", '"a"'),
    scheduled(2, "Load", '"b"'),
    scheduled(3, "Load", '"b"'), // as the one before, which has not failed
    ended("taskFailed", 2, 4),
    ended("taskCompleted", 1, 5),
    scheduled(6, "Load", '"b"'),
    ended("taskCompleted", 6, 7),
    scheduled(8, "Load", '"a"'), // again, after it was done
  ];
  const place = (number: number) => ({ number, of: 4 });
  assert.deepEqual(seen(events), [
    ["Load", place(1), "run"],
    ["Load", place(2), "bad run"],
    ["Load", place(3), "held"],
    ["Load", place(4), "held"],
  ]);
});

test("a try under the number of the one before is of the same task, whatever else failed", () => {
  const events = [
    scheduled(1, "Load", '"a"'),
    scheduled(2, "Load", '"a"'),
    ended("taskFailed", 1, 3),
    ended("taskFailed", 2, 4),
    scheduled(2, "Load", '"a"'),
    ended("taskCompleted", 2, 5),
    scheduled(6, "Load", '"a"'),
  ];
  assert.deepEqual(
    seen(events).map((row) => row[2]),
    ["bad held", "bad run"],
  );
});

test("many tasks of one name are one row, until somebody opens it", () => {
  const events = [scheduled(1, "First", ""), ...[2, 3, 4, 5].map((id) => scheduled(id, "Load", String(id)))];
  const names = (rows: Row[]) => rows.map((row) => [row.name, row.folded, row.bars.length]);
  assert.deepEqual(names(folded(rowsOf(events), 3, new Set())), [
    ["First", undefined, 1],
    ["Load", 4, 4],
  ]);
  assert.equal(folded(rowsOf(events), 4, new Set()).length, 5);
  assert.equal(folded(rowsOf(events), 3, new Set(["activity Load"])).length, 5);
});

test("an end knows its beginning", () => {
  const [first, second] = [scheduled(1, "Load", ""), ended("taskCompleted", 1, 2)];
  assert.deepEqual([...beginningsOf([first, second])], [[second, first]]);
});

test("what goes on ends now", () => {
  const rows = rowsOf(EVENTS);
  assert.deepEqual(spanOf(rows, Date.parse(at(20))), { from: Date.parse(at(0)), to: Date.parse(at(20)) });
  assert.deepEqual(spanOf([], 5), { from: 5, to: 6 });
});

test("a failure says its type and message", () => {
  assert.equal(wordsOfEvent(EVENTS[3] ?? { eventId: 0, timestamp: "" }), "E: no");
});

test("the children of a history are all that it started, each with how it went", () => {
  const created = (eventId: number, instanceId: string) => ({
    eventId,
    timestamp: at(eventId),
    subOrchestrationInstanceCreated: { name: "Part", instanceId },
  });
  const events = [
    created(3, "a"),
    created(4, "b"),
    created(5, "c"),
    { eventId: -1, timestamp: at(6), subOrchestrationInstanceCompleted: { taskScheduledId: 4 } },
    { eventId: -1, timestamp: at(7), subOrchestrationInstanceFailed: { taskScheduledId: 5 } },
  ];
  assert.deepEqual(
    childrenOf(events).map((child) => [child.id, child.name, child.state]),
    [
      ["a", "Part", "running"],
      ["b", "Part", "completed"],
      ["c", "Part", "failed"],
    ],
  );
});
