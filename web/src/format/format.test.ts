import assert from "node:assert/strict";
import { test } from "node:test";
import { ansiLines, ansiRuns, droppedOf, withoutAnsi } from "./ansi.ts";
import { bytes, plural, shortHash, shortId } from "./size.ts";
import { firstLine, lines, prettyJson, visible, visibleLine } from "./text.ts";
import { duration, left, parseTime, relative } from "./time.ts";

const ESC = "\u001b";

test("a duration has at most two units", () => {
  assert.equal(duration(0.41), "0.4 ms");
  assert.equal(duration(410), "410 ms");
  assert.equal(duration(1840), "1.84 s");
  assert.equal(duration(22_000), "22 s");
  assert.equal(duration(211_000), "3 min 31 s");
  assert.equal(duration(2 * 86400_000 + 5 * 3600_000), "2 d 5 h");
  assert.equal(duration(NaN), "–");
});

test("times are relative to the clock that is given", () => {
  const now = Date.UTC(2026, 10, 28, 12);
  assert.equal(relative(now - 22 * 60_000, now), "22 min ago");
  assert.equal(relative(now + 3 * 3600_000, now), "in 3 h");
  assert.equal(relative(now - 1000, now), "now");
  assert.equal(left(now + 199 * 60_000, now), "3 h 19 min");
  assert.equal(left(now - 1, now), "over");
  assert.equal(parseTime("2026-11-28T12:00:00.0000001Z"), now);
  assert.ok(Number.isNaN(parseTime(undefined)));
});

test("sizes and ids are short", () => {
  assert.equal(bytes(231), "231 B");
  assert.equal(bytes(41_200), "41.2 kB");
  assert.equal(bytes(999_990), "1 MB");
  assert.equal(plural(1, "file"), "1 file");
  assert.equal(plural(1200, "file"), "1,200 files");
  assert.equal(shortHash("9c41e07b" + "0".repeat(48) + "d852a3f1"), "9c41e07b…d852a3f1");
  assert.equal(shortId("7f3a91c2-0000-4000-8000-000000000000"), "7f3a91c2");
});

test("hidden characters are shown", () => {
  assert.equal(visible("a\u202eb\u0000c\td\n"), "a\\u202eb\\u0000c\td\n");
  assert.equal(visibleLine("a\nb\u200b"), "a⏎b\\u200b");
  assert.equal(visible("Grüße 你好 🙂"), "Grüße 你好 🙂");
});

test("lines and the first that says something", () => {
  assert.deepEqual(lines("a\r\nb\n"), ["a", "b"]);
  assert.deepEqual(lines(""), [""]);
  assert.equal(firstLine("\n  \n# x\nimport os\n", /^#/), "import os");
  assert.equal(firstLine("  "), undefined);
  assert.equal(prettyJson('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(prettyJson("{"), "{");
  for (const other of ['{"a":1,"a":2}', "9007199254740993", "1e999", '"\\u0041"'])
    assert.equal(prettyJson(other), other);
});

test("colours become classes and every other sequence goes", () => {
  assert.deepEqual(ansiRuns(`${ESC}[31mred${ESC}[0m plain`), [
    { text: "red", style: "a-r" },
    { text: " plain", style: "" },
  ]);
  assert.deepEqual(ansiRuns(`${ESC}[1;38;5;200mx`), [{ text: "x", style: "a-b" }]);
  assert.equal(withoutAnsi(`${ESC}[2J${ESC}[10;10Hfar${ESC}]0;title\u0007 ${ESC}]8;;http://x${ESC}\\link`), "far link");
  assert.deepEqual(ansiLines(`${ESC}[32ma\nb${ESC}[0m\n`), [
    [{ text: "a", style: "a-g" }],
    [{ text: "b", style: "a-g" }],
  ]);
});

test("what is dropped of a terminal's sequences is counted, colours are not", () => {
  assert.deepEqual(droppedOf(`a${ESC}[31mb${ESC}[0m`), { sequences: 0, characters: 0 });
  assert.deepEqual(droppedOf(`a${ESC}]0;hidden\u0007b${ESC}[2J`), { sequences: 2, characters: 15 });
});
