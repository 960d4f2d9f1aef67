import assert from "node:assert/strict";
import { test } from "node:test";
import { isBehind } from "./place.ts";

test("RP-73: an event that came before is known again by its number", () => {
  assert.equal(isBehind("7", undefined), false);
  assert.equal(isBehind("7", "7"), true);
  assert.equal(isBehind("7", "10"), true);
  assert.equal(isBehind("11", "10"), false);
  assert.equal(isBehind("a1b2-7", "a1b2-10"), true);
  assert.equal(isBehind("a1b2-11", "a1b2-10"), false);
});

test("RP-73: numbers of another stream say nothing", () => {
  assert.equal(isBehind("c3d4-1", "a1b2-10"), false);
  assert.equal(isBehind("", "10"), true);
});
