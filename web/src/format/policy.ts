/** A policy's text as a form sees it, and changes of one field in it: what is not changed stays as it was written, comments too. Pure. */
import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";

export interface Condition {
  name: string;
  /** As the file has them; of several one must fit. */
  values: string[];
}

export interface RuleShape {
  /** Each key but `when` and `stages`. */
  values: Record<string, string[]>;
  /** Of each list all must hold; of the lists one is enough. None: it matches always. */
  when: Condition[][];
  /** One after the other, in the place of `approvals` and `reviewers`; none: it has no stages. */
  stages: Stage[];
}

/** What a stage says: "name", "approvals", "reviewers". */
export type Stage = Record<string, string[]>;

export interface PolicyShape {
  defaults: RuleShape;
  rules: RuleShape[];
}

/** Which map of the file: the defaults, or a rule by its place. */
export type Where = "defaults" | number;

const NOTHING: RuleShape = { values: {}, when: [], stages: [] };

// --- reading ---

const rangeOf = (node: unknown): [number, number, number] => (node as Node | null)?.range ?? [0, 0, 0];

function textOf(node: unknown): string {
  if (!isScalar(node) || node.value === null) return "";
  return node.type === "PLAIN" && node.source !== undefined ? node.source : String(node.value);
}

const textsOf = (node: unknown): string[] => (isSeq(node) ? node.items.map(textOf) : [textOf(node)]);
const pairOf = (map: YAMLMap, key: string) => map.items.find((pair) => textOf(pair.key) === key);

function conditionsOf(node: unknown): Condition[][] {
  const maps = isSeq(node) ? node.items : [node];
  return maps
    .filter((map) => isMap(map))
    .map((map) => map.items.map((pair) => ({ name: textOf(pair.key), values: textsOf(pair.value) })));
}

const valuesOf = (map: YAMLMap) => Object.fromEntries(map.items.map((pair) => [textOf(pair.key), textsOf(pair.value)]));

function stagesOf(node: unknown): YAMLMap[] {
  const list = isMap(node) ? pairOf(node, "stages")?.value : undefined;
  return isSeq(list) ? list.items.filter((one) => isMap(one)) : [];
}

function ruleOf(node: unknown): RuleShape {
  if (!isMap(node)) return NOTHING;
  const plain = node.items.filter((pair) => !["when", "stages"].includes(textOf(pair.key)));
  return {
    values: Object.fromEntries(plain.map((pair) => [textOf(pair.key), textsOf(pair.value)])),
    when: conditionsOf(pairOf(node, "when")?.value),
    stages: stagesOf(node).map(valuesOf),
  };
}

interface Read {
  root: YAMLMap | undefined;
  rules: YAMLSeq | undefined;
}

/** Undefined: a form cannot show it, for it is no YAML, or not what a policy is made of. */
function read(text: string): Read | undefined {
  const document = parseDocument(text);
  const root = document.contents;
  if (document.errors.length > 0) return undefined;
  if (root === null || (isScalar(root) && root.value === null)) return { root: undefined, rules: undefined };
  if (!isMap(root) || root.flow) return undefined;
  const rules = pairOf(root, "rules")?.value;
  return { root, rules: isSeq(rules) ? rules : undefined };
}

export function readPolicy(text: string): PolicyShape | undefined {
  const known = read(text);
  if (!known) return undefined;
  const defaults = known.root && pairOf(known.root, "defaults")?.value;
  return { defaults: ruleOf(defaults), rules: known.rules?.items.map(ruleOf) ?? [] };
}

// --- writing values ---

const PLAIN = /^[A-Za-z0-9_./][\w ./:*@+-]*$/;
const MEANS_SOMETHING = /^(true|false|null|~)$/i;

function literal(text: string): string {
  if (PLAIN.test(text) && !MEANS_SOMETHING.test(text) && !/: |:$| $/.test(text)) return text;
  // eslint-disable-next-line no-control-regex -- what single quotes do not hold
  return /[\u0000-\u001f]/.test(text) ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
}

const TRUTHS = new Set(["blind", "allow_outside_events", "live_output", "self_approval"]);
const LISTS = new Set(["reviewers", "reminders", "escalate", "comment"]);

function valueText(key: string, values: string[]): string {
  if (LISTS.has(key)) return `[${values.map(literal).join(", ")}]`;
  const [only = ""] = values;
  if (values.length > 1) return `[${values.map(literal).join(", ")}]`;
  return TRUTHS.has(key) ? only : literal(only);
}

const groupText = (group: Condition[]) =>
  `{ ${group.map((one) => `${literal(one.name)}: ${valueText(one.name, one.values)}`).join(", ")} }`;

// --- changing the text ---

const lineStart = (text: string, at: number) => text.lastIndexOf("\n", at - 1) + 1;

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

const splice = (text: string, from: number, to: number, put: string) => text.slice(0, from) + put + text.slice(to);

/** Where the value of a pair ends, without the blanks and lines behind it. */
function endOf(text: string, pair: Pair): number {
  const [, keyEnd] = rangeOf(pair.key);
  const [from, to] = rangeOf(pair.value);
  if (to <= keyEnd) return text.indexOf(":", keyEnd) + 1;
  return from + text.slice(from, to).trimEnd().length;
}

/** A list in lines of its own begins behind the line of its key. */
const said = (key: string, value: string) => `${key}:${value.startsWith("\n") ? "" : " "}${value}`;

function insert(text: string, map: YAMLMap, key: string, value: string): string {
  const last = map.items[map.items.length - 1];
  if (map.flow) {
    const close = rangeOf(map)[1] - 1;
    const before = text.slice(0, close).trimEnd().length;
    return splice(text, before, close, `${last ? "," : ""} ${said(key, value)} `);
  }
  const first = rangeOf(map.items[0]?.key)[0];
  const indent = " ".repeat(first - lineStart(text, first));
  const at = last ? lineEnd(text, endOf(text, last)) : first;
  return splice(text, at, at, `\n${indent}${said(key, value)}`);
}

function remove(text: string, map: YAMLMap, pair: Pair): string {
  const index = map.items.indexOf(pair);
  const [from] = rangeOf(pair.key);
  const start = lineStart(text, from);
  const isAlone = !map.flow && text.slice(start, from).trim() === "";
  if (isAlone) return splice(text, start, Math.min(lineEnd(text, endOf(text, pair)) + 1, text.length), "");
  const next = map.items[index + 1];
  if (next) return splice(text, from, rangeOf(next.key)[0], "");
  const before = map.items[index - 1];
  return splice(text, before ? endOf(text, before) : from, endOf(text, pair), "");
}

function setIn(text: string, map: YAMLMap, key: string, value: string | undefined): string {
  const pair = pairOf(map, key);
  if (!pair) return value === undefined ? text : insert(text, map, key, value);
  if (value === undefined) return remove(text, map, pair);
  const colon = text.indexOf(":", rangeOf(pair.key)[1]) + 1;
  return splice(text, colon, endOf(text, pair), value.startsWith("\n") ? value : ` ${value}`);
}

/** Text of a file that has no defaults yet: they stand in front of the rules. */
function withDefaults(text: string, root: YAMLMap | undefined, line: string): string {
  const old = root && pairOf(root, "defaults");
  if (old) return splice(text, text.indexOf(":", rangeOf(old.key)[1]) + 1, endOf(text, old), `\n  ${line}`);
  const rules = root && pairOf(root, "rules");
  const at = rules ? lineStart(text, rangeOf(rules.key)[0]) : text.length;
  const gap = at > 0 && text[at - 1] !== "\n" ? "\n" : "";
  return splice(text, at, at, `${gap}defaults:\n  ${line}\n`);
}

const mapAt = (known: Read, where: Where): unknown =>
  where === "defaults" ? known.root && pairOf(known.root, "defaults")?.value : known.rules?.items[where];

function setText(text: string, where: Where, key: string, value: string | undefined): string {
  const known = read(text);
  if (!known) return text;
  const map = mapAt(known, where);
  if (isMap(map) && (map.items.length > 0 || map.flow)) {
    const isLast = where === "defaults" && value === undefined && map.items.length === 1 && pairOf(map, key);
    return isLast && known.root ? setIn(text, known.root, "defaults", undefined) : setIn(text, map, key, value);
  }
  return where === "defaults" && value !== undefined ? withDefaults(text, known.root, said(key, value)) : text;
}

/** Says something in the defaults or in a rule; without values it is said no more. */
export function setValue(text: string, where: Where, key: string, values: string[] | undefined): string {
  return setText(text, where, key, values && valueText(key, values));
}

/** The conditions of a rule, all of them. */
export function setWhen(text: string, rule: number, groups: Condition[][]): string {
  const said = groups.filter((group) => group.length > 0).map(groupText);
  if (said.length <= 1) return setText(text, rule, "when", said[0]);
  const map = read(text)?.rules?.items[rule];
  const first = isMap(map) ? rangeOf(map.items[0]?.key)[0] : 0;
  if (isMap(map) && map.flow) return setText(text, rule, "when", `[${said.join(", ")}]`);
  const indent = " ".repeat(first - lineStart(text, first) + 2);
  return setText(text, rule, "when", said.map((group) => `\n${indent}- ${group}`).join(""));
}

// --- stages ---

const stageText = (stage: Stage) =>
  `{ ${Object.entries(stage)
    .map(([key, values]) => `${key}: ${valueText(key, values)}`)
    .join(", ")} }`;

/** The stages as they are written, put together by `change`: what stays is written as it was. */
function relist(text: string, where: Where, change: (written: string[]) => string[]): string {
  const known = read(text);
  const map = known && mapAt(known, where);
  const list = isMap(map) ? pairOf(map, "stages")?.value : undefined;
  const items = stagesOf(map);
  const next = change(items.map((one) => text.slice(rangeOf(one)[0], rangeOf(one)[1]).trimEnd()));
  if (next.length === 0) return setText(text, where, "stages", undefined);
  const inBraces = (isSeq(list) && list.flow) || (isMap(map) && map.flow);
  if (inBraces) return setText(text, where, "stages", `[${next.join(", ")}]`);
  const key = isMap(map) ? rangeOf(map.items[0]?.key)[0] : 0;
  const first = rangeOf(items[0])[0];
  const dash = items.length > 0 ? text.lastIndexOf("-", first) : -1;
  const depth = dash >= 0 ? dash - lineStart(text, dash) : isMap(map) ? key - lineStart(text, key) + 2 : 4;
  return setText(text, where, "stages", next.map((one) => `\n${" ".repeat(depth)}- ${one}`).join(""));
}

/** One more. The first has what was said without stages, which they take the place of. */
export function addStage(text: string, where: Where): string {
  const shape = readPolicy(text);
  const rule = where === "defaults" ? shape?.defaults : shape?.rules[where];
  const { approvals, reviewers } = rule?.values ?? {};
  if (!rule || rule.stages.length > 0) return relist(text, where, (all) => [...all, stageText({ approvals: ["1"] })]);
  const first: Stage = { approvals: approvals ?? ["1"], ...(reviewers ? { reviewers } : {}) };
  const staged = relist(text, where, () => [stageText(first)]);
  return setValue(setValue(staged, where, "approvals", undefined), where, "reviewers", undefined);
}

export const removeStage = (text: string, where: Where, stage: number) =>
  relist(text, where, (all) => all.filter((_, index) => index !== stage));

/** Changes its place with that of its neighbour. */
export const moveStage = (text: string, where: Where, stage: number, by: 1 | -1) =>
  relist(text, where, (all) => {
    const next = [...all];
    next.splice(stage + by, 0, ...next.splice(stage, 1));
    return next;
  });

/** Says something in a stage; without values it is said no more. */
export function setStage(text: string, where: Where, stage: number, key: string, values: string[] | undefined): string {
  const known = read(text);
  const map = known && stagesOf(mapAt(known, where))[stage];
  const isLast = values === undefined && map?.items.length === 1 && pairOf(map, key) !== undefined;
  if (isLast && !map.flow) return relist(text, where, (all) => all.map((one, index) => (index === stage ? "{}" : one)));
  return map && (map.items.length > 0 || map.flow) ? setIn(text, map, key, values && valueText(key, values)) : text;
}

// --- rules as a whole ---

/** Where each rule begins, comments above it too, and at last where the rules end; none, unless each has lines of its own. */
function boundsOf(text: string, { root, rules }: Read): number[] {
  if (!root || !rules || rules.flow) return [];
  const key = pairOf(root, "rules");
  const floor = lineEnd(text, rangeOf(key?.key)[1]) + 1;
  const upOverComments = (at: number) => {
    let from = lineStart(text, at);
    while (from > floor && /^\s*#/.test(text.slice(lineStart(text, from - 1), from))) from = lineStart(text, from - 1);
    return from;
  };
  const after = root.items[root.items.findIndex((pair) => pair === key) + 1];
  const end = after ? upOverComments(rangeOf(after.key)[0]) : text.length;
  return [...rules.items.map((rule) => upOverComments(rangeOf(rule)[0])), end];
}

/** Its rules in lines of their own; also one that has none yet. */
function withLines(text: string): { text: string; read: Read } | undefined {
  const known = read(text);
  if (!known) return undefined;
  if (!known.root || !known.rules?.flow) return { text, read: known };
  const lines = known.rules.items.map((rule) => `\n  - ${text.slice(rangeOf(rule)[0], rangeOf(rule)[1])}`);
  const next = setIn(text, known.root, "rules", lines.length > 0 ? lines.join("") : undefined);
  const again = read(next);
  return again && { text: next, read: again };
}

const lines = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** Changes a rule's place with that of its neighbour: for the eye, since the order changes nothing. */
export function moveRule(text: string, rule: number, by: 1 | -1): string {
  const known = withLines(text);
  if (!known) return text;
  const bounds = boundsOf(known.text, known.read);
  const first = by < 0 ? rule - 1 : rule;
  const [from, middle, to] = bounds.slice(first, first + 3);
  if (from === undefined || middle === undefined || to === undefined) return text;
  const [upper, lower] = [known.text.slice(from, middle), known.text.slice(middle, to)];
  const gap = /\n*$/.exec(upper)?.[0] ?? "";
  const end = /\n*$/.exec(lower)?.[0] ?? "";
  return splice(
    known.text,
    from,
    to,
    lower.slice(0, lower.length - end.length) + gap + upper.slice(0, upper.length - gap.length) + end,
  );
}

export function addRule(text: string, name: string): string {
  const known = withLines(text);
  if (!known) return text;
  const { root, rules } = known.read;
  const first = rangeOf(rules?.items[0])[0];
  const dash = rules?.items.length
    ? " ".repeat(known.text.lastIndexOf("-", first) - lineStart(known.text, first))
    : "  ";
  const rule = `${dash}- name: ${literal(name)}\n${dash}  do: ask\n`;
  const bounds = boundsOf(known.text, known.read);
  const at = bounds[bounds.length - 1];
  if (rules?.items.length && at !== undefined) return lines(known.text.slice(0, at)) + rule + known.text.slice(at);
  const bare = root && pairOf(root, "rules") ? setIn(known.text, root, "rules", undefined) : known.text;
  return `${lines(bare)}rules:\n${rule}`;
}

export function removeRule(text: string, rule: number): string {
  const known = withLines(text);
  if (!known?.read.root) return text;
  const bounds = boundsOf(known.text, known.read);
  const [from, to] = bounds.slice(rule, rule + 2);
  if (from === undefined || to === undefined) return text;
  if (bounds.length === 2) return setIn(known.text, known.read.root, "rules", undefined);
  return splice(known.text, from, to, "");
}

// --- places ---

/** The field in which a line and a column lie: "defaults/gate", "0/when/labels.env", "0/stages/1/approvals", "2"; "" for none. */
export function fieldAt(text: string, line: number, column: number): string {
  const known = read(text);
  if (!known?.root) return "";
  let at = 0;
  for (let number = 1; number < line; number++) at = lineEnd(text, at) + 1;
  at += column - 1;
  const holds = (pair: Pair) => rangeOf(pair.key)[0] <= at && at <= Math.max(endOf(text, pair), rangeOf(pair.key)[1]);
  const inMap = (node: unknown, name: string): string => {
    const pair = isMap(node) ? node.items.find(holds) : undefined;
    if (!pair) return name;
    const key = textOf(pair.key);
    if (key === "stages") {
      const all = stagesOf(node);
      const index = all.findIndex((one) => rangeOf(one)[0] - 2 <= at && at < rangeOf(one)[2]);
      return index < 0 ? `${name}/stages` : inMap(all[index], `${name}/stages/${index}`);
    }
    if (key !== "when") return `${name}/${key}`;
    const maps = isSeq(pair.value) ? pair.value.items : [pair.value];
    const within = maps
      .filter((map) => isMap(map))
      .flatMap((map) => map.items)
      .find(holds);
    return within ? `${name}/when/${textOf(within.key)}` : `${name}/when`;
  };
  const defaults = pairOf(known.root, "defaults");
  if (defaults && holds(defaults)) return inMap(defaults.value, "defaults");
  const rule = known.rules?.items.findIndex((one) => rangeOf(one)[0] - 2 <= at && at < rangeOf(one)[2]) ?? -1;
  return rule < 0 ? "" : inMap(known.rules?.items[rule], String(rule));
}
