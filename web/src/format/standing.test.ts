import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherUnheard, unheardOf } from "./standing.ts";

test("who is not listened to is found in the scheduler's own words", () => {
  const rows: [string, string | undefined][] = [
    ['its next turn waits: orchestration "X" (no worker is connected to its task hub)', "orchestration X"],
    [
      'its next turn waits: orchestration "X" of version "1" (connected workers take that name, but not in that version)',
      "orchestration X",
    ],
    [
      'it waits for 2 activities, among them activity "A" (no connected worker takes that name) and a timer',
      "activity A",
    ],
    [
      'it waits for 2 operations of entities, among them one of entity "@d@1" (no connected worker takes that name)',
      "entity @d@1",
    ],
    ['its turn is under way: orchestration "X" (a worker has it)', undefined],
    ["it waits for an event", undefined],
  ];
  for (const [standing, found] of rows) {
    const unheard = unheardOf(standing);
    assert.equal(unheard && `${unheard.kind} ${unheard.name}`, found, standing);
  }
});

test("instances that wait for the same are one row", () => {
  const standing = 'its next turn waits: orchestration "X" (no connected worker takes that name)';
  const rows = gatherUnheard([
    { instanceId: "a", standing },
    { instanceId: "b" },
    { instanceId: "c", standing },
    { instanceId: "d", standing: standing.replace("X", "Y") },
  ]);
  assert.deepEqual(
    rows.map((row) => [row.name, row.ids]),
    [
      ["X", ["a", "c"]],
      ["Y", ["d"]],
    ],
  );
});
