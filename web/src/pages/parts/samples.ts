/** What the story page shows its parts with: nothing of it comes from a server. */
import type { Effects, ReviewRequest, Run } from "../../api/types.ts";
import type { Bar, Row } from "../../format/history.ts";
import type { LiveView } from "../../parts/LiveOutput.tsx";

const HASH = "9c41e07b5f0d4a8e1c2b3d4e5f60718293a4b5c6d7e8f90112233445d852a3f1";
const START = Date.now() - 41 * 60_000;
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

export const MINA = { id: "u-1", name: "mina", kind: "user" };
export const AGENT = { id: "k-7", name: "agent-7", kind: "key" };

export const CLEAN: Effects = {
  ended: "completed",
  wallMicroseconds: 1_840_000,
  cpuMicroseconds: 1_310_000,
  memoryPeakBytes: 143 << 20,
  output: { stdoutBytes: 120, stderrBytes: 0, cutBytes: 0 },
  files: {
    count: 2,
    changes: [
      { path: "out/churn.png", change: "made", bytes: 41_200, sha256: HASH },
      { path: "old.csv", change: "removed" },
    ],
  },
  network: { attempts: 0, calls: [] },
  refused: { count: 0, calls: [] },
  processes: { started: 3, mostAtOnce: 2 },
  ownWord: { hosts: [] },
  notReported: [],
};

export const TRIED: Effects = {
  ended: "raised",
  wallMicroseconds: 22_000,
  files: { count: 1200, unseen: 2, changes: [{ path: "hidden\u202e.txt", change: "made", bytes: 0 }] },
  network: {
    attempts: 4,
    calls: [
      { family: "inet", type: "stream", count: 3 },
      { family: "44", type: "seqpacket", count: 1 },
    ],
  },
  refused: {
    count: 5,
    calls: [
      { call: "ptrace", count: 1 },
      { call: "socket", count: 4 },
    ],
  },
  ownWord: {
    hosts: [
      { host: "example.com", port: "443", count: 3 },
      { host: "evil\u202egro.elpmaxe", count: 1 },
    ],
    moreHosts: 7,
  },
  notReported: ["network.address", "processes", "cpuMicroseconds", "memoryPeakBytes", "output"],
};

const run = (members: Partial<Run>): Run => ({
  number: 1,
  revision: 1,
  startedAt: at(0),
  endedAt: at(2),
  ended: "succeeded",
  words: "The code came to its end.",
  ...members,
});

export const RUNS: { name: string; run: Run }[] = [
  { name: "clean", run: run({ effects: CLEAN }) },
  {
    name: "it tried what it may not",
    run: run({ number: 2, ended: "failed", words: "The code ended with an exception.", effects: TRIED }),
  },
  { name: "a foreign pool", run: run({}) },
  { name: "not over", run: { number: 1, revision: 1, startedAt: at(0) } },
];

const NOTHING = { text: "", lost: 0 };
const QUIET: LiveView = { stdout: NOTHING, stderr: NOTHING, outputs: [], status: undefined, broken: false };
const running = { status: "running", run: 1, live: true } as const;

export const LIVE: { name: string; view: LiveView }[] = [
  { name: "queued", view: { ...QUIET, status: { status: "queued", run: 1 } } },
  { name: "silent", view: { ...QUIET, status: running } },
  {
    name: "writing, and cut",
    view: {
      ...QUIET,
      status: running,
      stdout: { text: "318 of 12,904 orders late\ndrawing…\n", lost: 4096 },
      stderr: { text: "\u001b[33mDeprecationWarning\u001b[0m: it goes\n", lost: 0 },
    },
  },
  { name: "a foreign pool", view: { ...QUIET, status: { ...running, live: false } } },
  { name: "held", view: { ...QUIET, status: { status: "running", run: 1, held: true } } },
  { name: "over", view: { ...QUIET, status: { status: "over", run: 1, words: "The run was stopped from outside." } } },
  { name: "broken", view: { ...QUIET, broken: true } },
];

export const request = (members: Partial<ReviewRequest>): ReviewRequest => ({
  id: "7f3a91c2-1111-4222-8333-444455556666",
  state: "waiting",
  stage: "after",
  createdAt: at(0),
  updatedAt: at(60),
  attempts: 1,
  manifestSha256: HASH,
  result: { status: "Success", executionTimeInMilliseconds: 1840 },
  ...members,
});

export const ROWS: Row[] = [
  { kind: "instance", name: "From submission to the end", bars: [bar(0, 2460, "ink", "it is there")] },
  { kind: "activity", name: "Run", bars: [bar(1, 200, "bad", "failed"), bar(300, 700, "run", "ran")] },
  ...[1, 2].map((number): Row => ({
    kind: "activity",
    name: "Publish",
    place: { number, of: 2 },
    bars: [bar(700, 900, "run", "done")],
  })),
  ...Array.from({ length: 12 }, (_, index): Row => ({
    kind: "activity",
    name: "Download",
    place: { number: index + 1, of: 12 },
    bars: [bar(900 + 20 * index, 1000 + 20 * index, index === 3 ? "bad" : "run", index === 3 ? "failed" : "done")],
  })),
  { kind: "timer", name: "Wait for people", bars: [bar(700, undefined, "held", "waits")] },
];

function bar(from: number, to: number | undefined, tone: Bar["tone"], words: string): Bar {
  return { from: START + from * 1000, to: to === undefined ? undefined : START + to * 1000, tone, words };
}

export { HASH };

const HUGE = 50_000_000;

/** A log of 50 MB: a million short lines and more, some of them coloured, one of them of a megabyte. */
export function hugeLog(): string {
  const ending = `one line of a megabyte ${"0123456789".repeat(100_000)} its end\nthe last line\n`;
  const lines: string[] = [];
  for (let size = ending.length, number = 0; size < HUGE; number++) {
    const words = `line ${number} of a log that somebody will read`;
    const line = number % 10 === 0 ? `\u001b[31m${words}\u001b[0m` : words;
    lines.push(line);
    size += line.length + 1;
  }
  return `${lines.join("\n")}\n${ending}`;
}
