import assert from "node:assert/strict";
import test from "node:test";
import type { Effects, ReviewRequest } from "../api/types.ts";
import { filesWords, followedRun, hostWords, isClean, measured, notReportedWords, socketWords } from "./effects.ts";

const NOTHING: Effects = {
  ended: "completed",
  wallMicroseconds: 21034,
  network: { attempts: 0, calls: [] },
  refused: { count: 0, calls: [] },
  files: { count: 0, changes: [] },
  notReported: ["processes", "cpuMicroseconds", "memoryPeakBytes", "odd.member"],
};

const requestWith = (effects?: Effects): ReviewRequest => ({
  id: "1",
  state: "waiting",
  run: 1,
  runs: [{ number: 1, revision: 1, ended: "succeeded", ...(effects ? { effects } : {}) }],
});

test("what was measured to be nothing is zero, and what nobody measured is not", () => {
  const facts = measured(requestWith(NOTHING));
  assert.deepEqual([facts.networkAttempts, facts.refusedCalls, facts.filesTouched], [0, 0, 0]);
  assert.deepEqual([facts.cpu, facts.memoryPeak, facts.processes], [undefined, undefined, undefined]);
  assert.equal(facts.wall, 21.034);
  assert.deepEqual(Object.values(measured(requestWith())), Array(7).fill(undefined));
});

test("only a measured run is clean", () => {
  assert.equal(isClean(requestWith(NOTHING)), true);
  assert.equal(isClean(requestWith()), false);
  assert.equal(isClean(requestWith({ ...NOTHING, network: { attempts: 1, calls: [] } })), false);
  const { refused, ...without } = NOTHING;
  assert.ok(refused);
  assert.equal(isClean(requestWith(without)), false);
});

test("files are counted by what became of them, and never fewer than there are", () => {
  const changes = [
    { path: "a", change: "made" },
    { path: "b", change: "made" },
    { path: "c", change: "removed" },
  ];
  assert.equal(filesWords({ count: 3, changes }), "2 made, 1 removed");
  assert.equal(filesWords({ count: 1200, changes }), "1,200 touched");
  assert.equal(filesWords({ count: 0, changes: [] }), "none");
});

test("the list of a foreign pool counts files, too", () => {
  const listed: ReviewRequest = {
    ...requestWith(),
    filesFrom: "list",
    files: [{ path: "a", size: 1, sha256: "" }],
    filesNotKept: [{ path: "b" }],
    filesLeftOut: 3,
  };
  assert.equal(measured(listed).filesTouched, 5);
  assert.equal(measured({ ...requestWith(), filesFrom: null }).filesTouched, undefined);
});

test("words that are not known here stand for themselves", () => {
  assert.deepEqual(notReportedWords(NOTHING), ["processes", "CPU time", "peak memory", "odd.member"]);
  assert.deepEqual(socketWords("inet", "stream"), { family: "IPv4", type: "stream (TCP)" });
  assert.deepEqual(socketWords("44", "seqpacket"), { family: "44", type: "seqpacket" });
});

test("a host has its port behind it, if one was named", () => {
  assert.equal(hostWords({ host: "a.example", port: "443", count: 1 }), "a.example:443");
  assert.equal(hostWords({ host: "a.example", count: 2 }), "a.example");
});

test("the run that is followed is the one that goes on, or the next", () => {
  assert.equal(followedRun({ id: "1", state: "queued" }), 1);
  assert.equal(followedRun({ id: "1", state: "running", runs: [{ number: 1, revision: 1 }] }), 1);
  const ended = { number: 2, revision: 1, ended: "interrupted" as const };
  assert.equal(followedRun({ id: "1", state: "queued", runs: [ended] }), 3);
});
