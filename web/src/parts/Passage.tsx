import type { ComponentChildren } from "preact";
import type { ReviewRequest } from "../api/types.ts";
import { duration, parseTime, relative } from "../format/time.ts";
import { now } from "../live/clock.ts";

/** A door is open once what waited in front of it may go on. */
const Door = ({ shut }: { shut?: boolean }) => (
  <li>
    <span class={shut ? "door shut" : "door"} aria-hidden="true" />
  </li>
);

const Now = ({ children, run }: { children: ComponentChildren; run?: boolean }) => (
  <li>
    <span class={run ? "now run" : "now"} aria-current="step">
      {children}
    </span>
  </li>
);

function heldFor(request: ReviewRequest): string {
  const since = parseTime(request.updatedAt);
  return Number.isNaN(since) ? "Held" : `Held ${relative(since, now.value).replace(" ago", "")}`;
}

const ENDS: Partial<Record<ReviewRequest["state"], { word: string; tone: string }>> = {
  approved: { word: "Released", tone: "is-ok" },
  rejected: { word: "Rejected, nothing released", tone: "is-bad" },
  failed: { word: "Failed, nothing released", tone: "is-bad" },
  "timed-out": { word: "Time is up, nothing released", tone: "" },
  cancelled: { word: "Cancelled, nothing released", tone: "" },
  "changes-requested": { word: "Changes requested", tone: "is-chg" },
};

/** Where a request stands between the two doors. */
export function Passage({ request }: { request: ReviewRequest }) {
  const time = request.result?.executionTimeInMilliseconds;
  const ran = request.attempts ? (time === undefined ? "Ran" : `Ran ${duration(time)}`) : undefined;
  const end = ENDS[request.state];
  const before = request.state === "waiting" && request.stage === "before";
  return (
    <ol class="passage" aria-label="Where the request stands">
      <li>Submitted</li>
      {before ? (
        <>
          <Door shut />
          <Now>{heldFor(request)}</Now>
          <Door shut />
          <li>Run</li>
        </>
      ) : request.state === "queued" ? (
        <>
          <Door />
          <Now run>Queued</Now>
        </>
      ) : request.state === "running" ? (
        <>
          <Door />
          <Now run>Running</Now>
        </>
      ) : (
        ran && (
          <>
            <Door />
            <li>{ran}</li>
          </>
        )
      )}
      {request.state === "waiting" && !before && <Now>{heldFor(request)}</Now>}
      <Door shut={request.state !== "approved"} />
      <li>{end ? <span class={end.tone}>{end.word}</span> : "Release"}</li>
    </ol>
  );
}
