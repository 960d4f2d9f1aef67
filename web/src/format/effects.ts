/** What a run did, as far as somebody measured it: a member that nobody reported stays undefined, it is never zero. Pure. */
import type { Effects, ReviewRequest, Run } from "../api/types.ts";

export interface Measured {
  networkAttempts: number | undefined;
  filesMade: number | undefined;
  processes: number | undefined;
  memoryPeak: number | undefined;
  memoryMax: number | undefined;
  cpu: number | undefined;
  wall: number | undefined;
  refused: { name: string; count: number }[] | undefined;
}

export function presentRun(request: ReviewRequest): Run | undefined {
  const runs = request.runs ?? [];
  return runs.find((run) => run.number === request.run) ?? runs[runs.length - 1];
}

function attemptsOf(effects: Effects | undefined): number | undefined {
  const attempts = effects?.network?.attempts;
  if (typeof attempts === "number") return attempts;
  if (!Array.isArray(attempts)) return undefined;
  return attempts.reduce((sum, attempt) => sum + (attempt.count ?? 1), 0);
}

export function measured(request: ReviewRequest): Measured {
  const run = presentRun(request);
  const effects = run?.effects;
  const files = effects?.files ?? request.files;
  return {
    networkAttempts: attemptsOf(effects),
    filesMade: files?.length,
    processes: effects?.processes?.mostAtOnce ?? effects?.processes?.started,
    memoryPeak: effects?.memoryPeakBytes,
    memoryMax: effects?.memoryMaxBytes,
    cpu: effects?.cpuMilliseconds,
    wall: effects?.wallMilliseconds ?? run?.executionTimeInMilliseconds ?? request.result?.executionTimeInMilliseconds,
    refused: effects?.refusedCalls,
  };
}

/** True if it was measured that nothing left the session and nothing was refused. */
export function isClean(request: ReviewRequest): boolean {
  const facts = measured(request);
  return facts.networkAttempts === 0 && facts.refused !== undefined && facts.refused.length === 0;
}
