/** What a policy demands, in a line. Pure. */
import type { Demands, Ruled, Track } from "../../api/policy.ts";
import { visibleLine } from "../../format/text.ts";

const NOT_TERMS = new Set(["name", "do", "when", "message", "line", "tracks", "reminders", "escalate"]);

const stageWords = (stage: Track["stages"][number]) =>
  `${stage.approvals} of ${stage.reviewers.length > 0 ? stage.reviewers.join(", ") : "anyone"}`;

/** "2 of group:security, then 1 of user:mina · timeout 4h" */
export function demandWords(demands: Demands): string {
  const tracks = (demands.tracks ?? []).map((track) => track.stages.map(stageWords).join(", then "));
  const terms = Object.entries(demands)
    .filter(([name, value]) => !NOT_TERMS.has(name) && typeof value === "string")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`);
  const reminders = demands.reminders?.length ? [`reminders ${demands.reminders.join(", ")}`] : [];
  const escalate = demands.escalate?.length ? [`then also ${demands.escalate.join(", ")}`] : [];
  return visibleLine([...tracks, ...terms, ...reminders, ...escalate].join(" · "));
}

/** "denied", "allowed", "2 of group:security" */
export function dueWords(ruled: Ruled): string {
  if (ruled.settled === "deny") return "denied";
  if (ruled.settled === "allow") return "allowed";
  return visibleLine(ruled.due || "asked");
}

export const ruleOf = (ruled: Ruled) =>
  ruled.settledBy ? visibleLine(ruled.settledBy) : ruled.standing ? "a standing approval" : "the defaults";
