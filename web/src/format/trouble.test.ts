import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseOf, troubleOf } from "./trouble.ts";

const failed = (status: number) => ({ title: "It Broke", detail: "Its disk is full.", status });

test("each kind of trouble says what it is, and what mends it", () => {
  const rows: [number, string, string, boolean, string][] = [
    [0, "It Broke", "Its disk is full.", true, ""],
    [401, "You are not signed in", "Its disk is full.", false, "Sign in"],
    [403, "You may not see the runs", "It Broke: Its disk is full.", false, "Sign in as somebody else"],
    [404, "Not found: the runs", "It Broke: Its disk is full. It may be gone, or you may not see it.", false, ""],
    [429, "It Broke", "Its disk is full.", true, ""],
    [500, "The server failed to answer with the runs", "It Broke: Its disk is full.", false, ""],
    [503, "It Broke", "Its disk is full.", true, ""],
    [422, "It Broke", "Its disk is full.", false, ""],
    [-1, "It Broke", "Its disk is full.", false, ""],
  ];
  for (const [status, title, detail, passes, signIn] of rows)
    assert.deepEqual(troubleOf(failed(status), "the runs"), { title, detail, passes, signIn }, String(status));
});

test("an attempt to change something is told in the server's words, and is not made again by itself", () => {
  for (const status of [0, 403, 500, 503]) {
    const { title, detail, passes } = troubleOf(failed(status), undefined);
    assert.deepEqual([title, detail, passes], ["It Broke", "Its disk is full.", false]);
  }
});

test("pauses grow, to a bound", () => {
  assert.deepEqual([0, 1, 2, 3, 40].map(pauseOf), [2000, 4000, 8000, 15_000, 15_000]);
});
