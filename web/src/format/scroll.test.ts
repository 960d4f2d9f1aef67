import assert from "node:assert/strict";
import { test } from "node:test";
import { HEIGHT_MOST, scrolled } from "./scroll.ts";

const ALL = 90_000_000;
const SEEN = 600;

test("RP-72: what fits scrolls as it is", () => {
  assert.deepEqual(scrolled({ top: 0, place: 0 }, 1234, 9000, SEEN), { top: 1234, place: 1234 });
});

test("RP-72: more than a box can be high is reached to its last line, and small steps skip none", () => {
  const start = { top: 0, place: 0 };
  assert.equal(scrolled(start, HEIGHT_MOST - SEEN, ALL, SEEN).place, ALL - SEEN);
  assert.equal(scrolled(start, 100, ALL, SEEN).place, 100);
  const middle = scrolled(start, (HEIGHT_MOST - SEEN) / 2, ALL, SEEN);
  assert.equal(Math.round(middle.place), (ALL - SEEN) / 2);
  assert.equal(Math.round(scrolled(middle, middle.top + 36, ALL, SEEN).place - middle.place), 36);
  assert.equal(scrolled(middle, 0, ALL, SEEN).place, 0);
});
