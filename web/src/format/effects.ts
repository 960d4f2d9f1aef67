/** What a run did, as far as somebody measured it: a member that nobody reported stays undefined, it is never zero. Pure. */
import type { Effects, NamedHost, ReviewRequest, Run } from "../api/types.ts";
import { count } from "./size.ts";

export interface Measured {
  /** Sockets that were asked for, all of which were refused. */
  networkAttempts: number | undefined;
  refusedCalls: number | undefined;
  filesTouched: number | undefined;
  /** The most at once; where only their number is known, that. */
  processes: number | undefined;
  memoryPeak: number | undefined;
  /** Milliseconds. */
  cpu: number | undefined;
  wall: number | undefined;
}

export function presentRun(request: ReviewRequest): Run | undefined {
  const runs = request.runs ?? [];
  return runs.find((run) => run.number === request.run) ?? runs[runs.length - 1];
}

const milliseconds = (microseconds: number | undefined) =>
  microseconds === undefined ? undefined : microseconds / 1000;

export function measured(request: ReviewRequest): Measured {
  const run = presentRun(request);
  const effects = run?.effects;
  return {
    networkAttempts: effects?.network?.attempts,
    refusedCalls: effects?.refused?.count,
    filesTouched: effects?.files?.count ?? filesListed(request),
    processes: effects?.processes?.mostAtOnce ?? effects?.processes?.started,
    memoryPeak: effects?.memoryPeakBytes,
    cpu: milliseconds(effects?.cpuMicroseconds),
    wall:
      milliseconds(effects?.wallMicroseconds) ??
      run?.executionTimeInMilliseconds ??
      request.result?.executionTimeInMilliseconds,
  };
}

/** How many files there are to be released, also where a foreign pool only lists them; undefined if nobody can tell. */
function filesListed(request: ReviewRequest): number | undefined {
  if (!request.filesFrom || !request.files) return undefined;
  return request.files.length + (request.filesNotKept?.length ?? 0) + (request.filesLeftOut ?? 0);
}

/** True if it was measured that nothing left the session and nothing was refused. */
export function isClean(request: ReviewRequest): boolean {
  const facts = measured(request);
  return facts.networkAttempts === 0 && facts.refusedCalls === 0;
}

const CHANGES = ["made", "changed", "removed"];

/** "2 made, 1 removed"; of changes that are not all told one by one, how many there are. */
export function filesWords(files: NonNullable<Effects["files"]>): string {
  if (files.count === 0) return "none";
  if (files.count > files.changes.length) return `${count(files.count)} touched`;
  return CHANGES.map((change) => ({ change, of: files.changes.filter((one) => one.change === change).length }))
    .filter(({ of }) => of > 0)
    .map(({ change, of }) => `${count(of)} ${change}`)
    .join(", ");
}

const FAMILIES: Record<string, string> = { inet: "IPv4", inet6: "IPv6", vsock: "VM socket", packet: "raw network" };
const TYPES: Record<string, string> = { stream: "stream (TCP)", dgram: "datagrams (UDP)", raw: "raw" };

/** What kind of socket a family and a type of the report are; what is not known here stays the pool's word. */
export const socketWords = (family: string, type: string): { family: string; type: string } => ({
  family: FAMILIES[family] ?? family,
  type: TYPES[type] ?? type,
});

/** What a name in `notReported` means; a name that is not known here stands for itself. */
const MEMBERS: Record<string, string> = {
  wallMicroseconds: "wall time",
  cpuMicroseconds: "CPU time",
  memoryPeakBytes: "peak memory",
  output: "bytes of output",
  files: "files",
  "files.sha256": "hashes of some files",
  network: "network attempts",
  "network.address": "which address was tried",
  refused: "refused calls",
  processes: "processes",
  "processes.started": "how many processes were started",
  "processes.mostAtOnce": "the most processes at once",
  ownWord: "the hosts that the code named",
};

/** "example.com:443" */
export const hostWords = (host: NamedHost): string => (host.port ? `${host.host}:${host.port}` : host.host);

export const notReportedWords = (effects: Effects): string[] =>
  (effects.notReported ?? []).map((name) => MEMBERS[name] ?? name);

/** The run whose output there is to follow: the one that goes on, else the next, which the server waits for. */
export function followedRun(request: ReviewRequest): number {
  const runs = request.runs ?? [];
  const last = runs[runs.length - 1];
  if (!last) return 1;
  return last.ended === undefined ? last.number : last.number + 1;
}
