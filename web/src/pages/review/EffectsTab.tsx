import type { ReviewRequest } from "../../api/types.ts";
import { presentRun } from "../../format/effects.ts";
import { isHeldFromMe } from "../../live/sight.ts";
import { Note } from "../../parts/Box.tsx";
import { EffectsView } from "../../parts/Effects.tsx";
import { Held, Removed } from "./Absent.tsx";

export function EffectsTab({ request }: { request: ReviewRequest }) {
  const run = presentRun(request);
  if (request.contentRemovedAt) return <Removed request={request} />;
  if (run && !run.effects && isHeldFromMe(request)) return <Held request={request} />;
  if (run) return <EffectsView run={run} />;
  return request.attempts ? (
    <Note tone="plain">
      <b>Not reported.</b> Nobody keeps a record of this run. What it printed is the code’s own word.
    </Note>
  ) : (
    <p class="small sub">Not run yet: there is nothing to measure.</p>
  );
}
