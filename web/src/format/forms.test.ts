import assert from "node:assert/strict";
import { test } from "node:test";
import type { Result } from "../api/types.ts";
import { cutsOf, shownOf } from "./forms.ts";

const shown = (result: Omit<Result, "status">) =>
  shownOf({ status: "Success", ...result }).map((forms) =>
    forms.map((form) => `${form.type} ${form.kind} ${form.text}${form.isResult ? " =" : ""}`),
  );

test("an output has all its forms, the one that says most first", () => {
  assert.deepEqual(
    shown({ outputs: [{ "text/plain": "SECRET", "text/x": "", "text/html": "<b>", "image/png": "aa" }], result: "" }),
    [["image/png picture aa", "text/plain text SECRET", "text/x text ", "text/html html <b>"]],
  );
  assert.deepEqual(shown({ outputs: [{ "text/html": "", "text/plain": "a" }] }), [
    ["text/plain text a", "text/html html "],
  ]);
  assert.deepEqual(shown({ outputs: [{ "image/tiff": "aa" }, { "text/x": { b: 1 } }] }), [
    ["image/tiff text aa"],
    ['text/x text {\n  "b": 1\n}'],
  ]);
});

test("the result is shown beside outputs, and named where an output is the same", () => {
  assert.deepEqual(shown({ result: "alone" }), [["result text alone ="]]);
  assert.deepEqual(shown({ outputs: [{ "text/plain": "a" }], result: "b" }), [
    ["text/plain text a"],
    ["result text b ="],
  ]);
  assert.deepEqual(shown({ outputs: [{ "text/html": "<i>", "text/plain": { in: "result" } }], result: "b" }), [
    ["text/html html <i>", "text/plain text b ="],
  ]);
  assert.deepEqual(shown({ outputs: [{ "text/plain": "b" }], result: "b" }), [["text/plain text b ="]]);
  const image = { type: "image", format: "png", base64_data: "aa" };
  assert.deepEqual(shown({ outputs: [{ "image/png": { in: "result" } }], result: image }), [
    ["image/png picture aa ="],
  ]);
  assert.deepEqual(shown({ result: image }), [["result picture aa ="]]);
  assert.deepEqual(shown({ result: { ...image, format: "tiff" } })[0]?.[0]?.startsWith("result text {"), true);
  assert.deepEqual(shown({ result: 0 }), [["result text 0 ="]]);
  assert.deepEqual(shown({ result: false }), [["result text false ="]]);
  assert.deepEqual(shown({ result: null }), []);
  assert.deepEqual(shownOf(undefined), []);
});

test("what the server cut is said", () => {
  const said = (members: Partial<Result>) => cutsOf({ status: "Success", ...members }, (count) => `${count} B`);
  assert.deepEqual(said({}), []);
  assert.deepEqual(said({ result: "a", resultTruncated: true, resultBytes: 9 }), [
    "The result had 9 B; the middle is left out.",
  ]);
  assert.deepEqual(said({ resultTruncated: true, resultBytes: 9 }), [
    "The result had 9 B, too much to be shown: it was not kept.",
  ]);
  assert.equal(said({ resultTruncated: true, outputsTruncated: true, resultDropped: true }).length, 3);
});
