import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addRule,
  addStage,
  fieldAt,
  moveRule,
  moveStage,
  readPolicy,
  removeRule,
  removeStage,
  setStage,
  setValue,
  setWhen,
} from "./policy.ts";

const TEXT = `# who looks at what
defaults:
  gate: after                  # run at once
  reviewers: [role:reviewer]

rules:
  # the net first
  - name: network
    when: { effects.network.attempts: "> 0" }
    do: ask   # two of them
    approvals: 2
    reviewers:
      - group:security

  - name: nobody deletes
    when:
      - { code_matches: 'shutil\\.rmtree', labels.env: prod }
      - { imports: [pty, os] }
    do: deny
`;

test("a text is read as a form shows it", () => {
  const shape = readPolicy(TEXT);
  assert.deepEqual(shape?.defaults.values, { gate: ["after"], reviewers: ["role:reviewer"] });
  const [net, deletes] = shape?.rules ?? [];
  assert.deepEqual(net?.values, { name: ["network"], do: ["ask"], approvals: ["2"], reviewers: ["group:security"] });
  assert.deepEqual(net?.when, [[{ name: "effects.network.attempts", values: ["> 0"] }]]);
  assert.deepEqual(deletes?.when, [
    [
      { name: "code_matches", values: ["shutil\\.rmtree"] },
      { name: "labels.env", values: ["prod"] },
    ],
    [{ name: "imports", values: ["pty", "os"] }],
  ]);
  assert.equal(readPolicy("rules: ["), undefined);
  assert.equal(readPolicy("- a"), undefined);
  assert.deepEqual(readPolicy("# nothing\n")?.rules, []);
});

/** What is written, and what is read back; all other lines are as before. */
function changes(after: string, gone: string[], come: string[]): void {
  const [before, now] = [TEXT.split("\n"), after.split("\n")];
  assert.deepEqual(
    before.filter((line) => !now.includes(line)),
    gone,
  );
  assert.deepEqual(
    now.filter((line) => !before.includes(line)),
    come,
  );
  assert.ok(readPolicy(after), after);
}

test("a change of one field leaves all other lines as they were written", () => {
  changes(
    setValue(TEXT, "defaults", "gate", ["both"]),
    ["  gate: after                  # run at once"],
    ["  gate: both                  # run at once"],
  );
  changes(setValue(TEXT, 0, "approvals", ["3"]), ["    approvals: 2"], ["    approvals: 3"]);
  changes(setValue(TEXT, 0, "do", ["deny"]), ["    do: ask   # two of them"], ["    do: deny   # two of them"]);
  changes(
    setValue(TEXT, 0, "reviewers", ["group:a", "user:b"]),
    ["    reviewers:", "      - group:security"],
    ["    reviewers: [group:a, user:b]"],
  );
  changes(setValue(TEXT, 0, "timeout", ["4h"]), [], ["    timeout: 4h"]);
  changes(setValue(TEXT, 1, "message", ["Ask: it's #1"]), [], ["    message: 'Ask: it''s #1'"]);
  changes(setValue(TEXT, 0, "approvals", undefined), ["    approvals: 2"], []);
  changes(setValue(TEXT, "defaults", "blind", ["true"]), [], ["  blind: true"]);
});

test("conditions are written in a line, alternatives in a line each", () => {
  changes(
    setWhen(TEXT, 0, [[{ name: "labels.env", values: ["prod", "> 1"] }]]),
    ['    when: { effects.network.attempts: "> 0" }'],
    ["    when: { labels.env: [prod, '> 1'] }"],
  );
  changes(setWhen(TEXT, 0, []), ['    when: { effects.network.attempts: "> 0" }'], []);
  const two = setWhen(TEXT, 0, [[{ name: "key", values: ["a"] }], [{ name: "key", values: ["b"] }]]);
  changes(two, ['    when: { effects.network.attempts: "> 0" }'], ["      - { key: a }", "      - { key: b }"]);
  assert.equal(readPolicy(two)?.rules[0]?.when.length, 2);
  const one = setWhen(TEXT, 1, [[{ name: "key", values: ["a"] }]]);
  assert.deepEqual(readPolicy(one)?.rules[1]?.when, [[{ name: "key", values: ["a"] }]]);
});

test("rules move with the comments above them, come and go", () => {
  const names = (text: string) => readPolicy(text)?.rules.map((rule) => rule.values["name"]?.[0]);
  const down = moveRule(TEXT, 0, 1);
  assert.deepEqual(names(down), ["nobody deletes", "network"]);
  assert.match(down, /# the net first\n {2}- name: network/);
  assert.equal(moveRule(down, 1, -1), TEXT);
  assert.equal(moveRule(TEXT, 0, -1), TEXT);
  assert.deepEqual(names(addRule(TEXT, "third")), ["network", "nobody deletes", "third"]);
  assert.deepEqual(names(removeRule(TEXT, 0)), ["nobody deletes"]);
  const none = removeRule(removeRule(TEXT, 1), 0);
  assert.deepEqual(names(none), []);
  assert.match(none, /^# who looks at what\ndefaults:/);
});

test("what is not there yet is made, however short the text is", () => {
  for (const text of [
    "",
    "# a note\n",
    "rules: []\n",
    "defaults: {}\n",
    "defaults:\nrules:\n",
    "rules:\n- name: a\n  do: deny\n",
  ]) {
    const more = addRule(setValue(text, "defaults", "approvals", ["2"]), "no: thing");
    const shape = readPolicy(more);
    assert.deepEqual(shape?.defaults.values["approvals"], ["2"], text);
    assert.deepEqual(shape.rules.map((rule) => rule.values["name"]?.[0]).at(-1), "no: thing", more);
    assert.deepEqual(readPolicy(setValue(more, "defaults", "approvals", undefined))?.defaults.values, {}, more);
  }
});

test("stages are added, said, moved and removed, and what is not changed stays as it was written", () => {
  const text = `defaults:
  approvals: 2 # of them
  reviewers: [group:data]
  timeout: 4h
rules:
  - name: network
    do: ask
    stages:
      - name: the owner   # who made it
        reviewers: [group:data]
      - { name: security, reviewers: ["group:security"], approvals: 2 }
`;
  const stages = (one: string) => readPolicy(one)?.rules[0]?.stages;
  const said = setStage(setStage(text, 0, 0, "approvals", ["3"]), 0, 1, "reviewers", ["group:a", "user:b"]);
  assert.deepEqual(stages(said), [
    { name: ["the owner"], reviewers: ["group:data"], approvals: ["3"] },
    { name: ["security"], reviewers: ["group:a", "user:b"], approvals: ["2"] },
  ]);
  assert.match(said, /name: the owner {3}# who made it\n {8}reviewers: \[group:data\]\n {8}approvals: 3\n/);
  const moved = moveStage(text, 0, 1, -1);
  assert.deepEqual(
    stages(moved)?.map((one) => one["name"]),
    [["security"], ["the owner"]],
  );
  assert.match(moved, /the owner {3}# who made it/);
  assert.deepEqual(stages(removeStage(text, 0, 0))?.length, 1);
  assert.deepEqual(stages(addStage(text, 0))?.[2], { approvals: ["1"] });
  assert.equal(removeStage(removeStage(text, 0, 0), 0, 0).includes("stages"), false);
  assert.deepEqual(stages(setStage(setStage(text, 0, 0, "name", undefined), 0, 0, "reviewers", undefined))?.[0], {});

  const first = addStage(text, "defaults");
  assert.deepEqual(readPolicy(first)?.defaults, {
    values: { timeout: ["4h"] },
    when: [],
    stages: [{ approvals: ["2"], reviewers: ["group:data"] }],
  });
  for (const start of ["", "defaults: { gate: both }\n", "rules: [{ name: a, do: ask }]\n"]) {
    const where = start.startsWith("rules") ? 0 : "defaults";
    const two = setStage(addStage(addStage(start, where), where), where, 1, "reviewers", ["group:x"]);
    const shape = readPolicy(two);
    assert.deepEqual(
      (where === 0 ? shape?.rules[0] : shape?.defaults)?.stages,
      [{ approvals: ["1"] }, { approvals: ["1"], reviewers: ["group:x"] }],
      two,
    );
  }
  assert.equal(fieldAt(text, 10, 22), "0/stages/0/reviewers");
  assert.equal(fieldAt(text, 11, 62), "0/stages/1/approvals");
  assert.equal(fieldAt(text, 8, 5), "0/stages");
});

test("rules in braces are changed in their braces", () => {
  const text = "rules: [{ name: a, do: ask }, { name: b, do: deny }]\n";
  assert.deepEqual(readPolicy(setValue(text, 0, "timeout", ["4h"]))?.rules[0]?.values["timeout"], ["4h"]);
  assert.deepEqual(readPolicy(setValue(text, 0, "do", undefined))?.rules[0]?.values, { name: ["a"] });
  assert.deepEqual(
    readPolicy(moveRule(text, 0, 1))?.rules.map((rule) => rule.values["name"]),
    [["b"], ["a"]],
  );
});

test("the field of a fault is found by its line and column", () => {
  const rows: [number, number, string][] = [
    [3, 9, "defaults/gate"],
    [8, 5, "0/name"],
    [9, 41, "0/when/effects.network.attempts"],
    [11, 16, "0/approvals"],
    [17, 46, "1/when/labels.env"],
    [19, 9, "1/do"],
    [1, 1, ""],
  ];
  for (const [line, column, field] of rows) assert.equal(fieldAt(TEXT, line, column), field, `${line}:${column}`);
});
