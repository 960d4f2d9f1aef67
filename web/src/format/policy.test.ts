import assert from "node:assert/strict";
import { test } from "node:test";
import { addRule, fieldAt, moveRule, readPolicy, removeRule, setValue, setWhen } from "./policy.ts";

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
