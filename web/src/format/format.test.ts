import assert from "node:assert/strict";
import { test } from "node:test";
import { droppedOf, withoutAnsi } from "./ansi.ts";
import { logOf, rowsOf } from "./log.ts";
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

/** Every line of a text, as runs. */
const runs = (text: string) => {
  const log = logOf(text);
  return Array.from({ length: log.lines }, (_, index) => log.line(index));
};

test("colours become classes and every other sequence goes", () => {
  assert.deepEqual(runs(`${ESC}[31mred${ESC}[0m plain`), [
    [
      { text: "red", style: "a-r" },
      { text: " plain", style: "" },
    ],
  ]);
  assert.deepEqual(runs(`${ESC}[1;38;5;200mx`), [[{ text: "x", style: "a-b" }]]);
  assert.equal(withoutAnsi(`${ESC}[2J${ESC}[10;10Hfar${ESC}]0;title\u0007 ${ESC}]8;;http://x${ESC}\\link`), "far link");
  assert.deepEqual(runs(`${ESC}[32ma\nb${ESC}[0m\n`), [[{ text: "a", style: "a-g" }], [{ text: "b", style: "a-g" }]]);
});

test("what is dropped of a terminal's sequences is counted, colours are not", () => {
  assert.deepEqual(droppedOf(`a${ESC}[31mb${ESC}[0m`), { sequences: 0, characters: 0 });
  assert.deepEqual(droppedOf(`a${ESC}]0;hidden\u0007b${ESC}[2J`), { sequences: 2, characters: 15 });
});

test("RP-72: a line feed within a sequence ends no line, and lines are as they were sent when they are raw", () => {
  const text = `a${ESC}]0;one\ntwo\u0007b\n\nc`;
  assert.deepEqual(
    runs(text).map((line) => line.map((run) => run.text).join("")),
    ["ab", "", "c"],
  );
  assert.equal(logOf(text, true).lines, 4);
  assert.equal(logOf("", true).lines, 1);
  assert.equal(logOf("one\n").lines, 1);
});

test("RP-72: long lines become rows, each with its place, and none of their text is lost", () => {
  const log = logOf(`${"x".repeat(25)}\n\n${ESC}[31m${"y".repeat(8)}\nz`);
  const rows = rowsOf(log, 10);
  assert.deepEqual(
    Array.from({ length: rows.count }, (_, row) => rows.at(row)),
    [
      { line: 0, from: 0 },
      { line: 0, from: 10 },
      { line: 0, from: 20 },
      { line: 1, from: 0 },
      { line: 2, from: 0 },
      { line: 2, from: 10 },
      { line: 3, from: 0 },
    ],
  );
  const shown = Array.from({ length: rows.count }, (_, row) => {
    const { line, from } = rows.at(row);
    return log.line(line, from, 10);
  });
  const text = shown.map((one) => one.map((run) => run.text).join(""));
  assert.equal(text.join(""), `${"x".repeat(25)}${"y".repeat(8)}z`);
  assert.deepEqual(shown[5], [{ text: "yyy", style: "a-r" }]);
  assert.deepEqual(shown[6], [{ text: "z", style: "a-r" }]);
});
