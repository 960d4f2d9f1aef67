import assert from "node:assert/strict";
import { test } from "node:test";
import { childrenOf, rowsOf, spanOf, wordsOfEvent } from "./history.ts";

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
