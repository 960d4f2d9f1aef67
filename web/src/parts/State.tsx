import { Icon } from "./Icon.tsx";
import type { IconName } from "./icons.ts";

// Its glyph, its word, and the tone of style/states.css; requests first, then orchestrations.
const STATES: Record<string, { icon: IconName; word: string; tone: string }> = {
  queued: { icon: "queued", word: "Queued", tone: "queued" },
  running: { icon: "run", word: "Running", tone: "running" },
  waiting: { icon: "held", word: "Waiting", tone: "waiting" },
  approved: { icon: "ok", word: "Approved", tone: "approved" },
  rejected: { icon: "no", word: "Rejected", tone: "rejected" },
  "changes-requested": { icon: "changes", word: "Changes requested", tone: "changes" },
  "timed-out": { icon: "clock", word: "Timed out", tone: "timed-out" },
  failed: { icon: "warn", word: "Failed", tone: "failed" },
  cancelled: { icon: "stop", word: "Cancelled", tone: "cancelled" },
  pending: { icon: "queued", word: "Pending", tone: "queued" },
  suspended: { icon: "pause", word: "Suspended", tone: "suspended" },
  completed: { icon: "ok", word: "Completed", tone: "completed" },
  terminated: { icon: "stop", word: "Terminated", tone: "terminated" },
  continued_as_new: { icon: "retry", word: "Continued as new", tone: "running" },
};

export function State({ state, word }: { state: string; word?: string }) {
  const shown = STATES[state] ?? { icon: "info" as const, word: state, tone: state };
  return (
    <span class="st" data-s={shown.tone}>
      <Icon name={shown.icon} spin={state === "running"} />
      {word ?? shown.word}
    </span>
  );
}

/** "ORCHESTRATION_STATUS_RUNNING" → "running". */
export const statusOf = (status: string | undefined) =>
  (status ?? "").replace("ORCHESTRATION_STATUS_", "").toLowerCase().replace("canceled", "cancelled") || "unknown";
