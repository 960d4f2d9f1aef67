import { useEffect } from "preact/hooks";
import { followedRun } from "../../format/effects.ts";
import { shortId } from "../../format/size.ts";
import { duration, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { detail, soughtOf, watch } from "../../live/requests.ts";
import { has } from "../../live/server.ts";
import { isHeldFromMe } from "../../live/sight.ts";
import { Card } from "../../parts/Box.tsx";
import { LiveOutput } from "../../parts/LiveOutput.tsx";
import { Output } from "../../parts/Output.tsx";
import { Passage } from "../../parts/Passage.tsx";
import { State } from "../../parts/State.tsx";
import { Awaiting } from "../../parts/Wait.tsx";
import { href } from "../../route.ts";
import { Cancel } from "../review/Cancel.tsx";

/** The request that was just submitted, as it goes on. */
export function Followed({ id }: { id: string }) {
  const request = detail(id).value.request;
  useEffect(() => watch(id), [id]);
  if (!request) return <Awaiting of={soughtOf(id)} what="the request" />;
  const runs = request.state === "running" || request.state === "queued";
  return (
    <Card
      title={
        <>
          Output <State state={request.state} />
        </>
      }
      side={
        runs && (
          <>
            <span class="small dim num">{duration(now.value - parseTime(request.createdAt))}</span>
            <Cancel request={request} />
          </>
        )
      }
      foot={
        <>
          <a href={href("/requests", id)}>Request {shortId(id)}</a> stays when you leave this page.
        </>
      }
    >
      <div class="stack">
        {runs && has("/v1/requests/{id}/runs/{n}/output") ? (
          <LiveOutput id={id} run={followedRun(request)} />
        ) : request.result ? (
          <Output name="stdout" text={request.result.stdout || request.result.stderr || "(it printed nothing)"} />
        ) : (
          <p class="small sub">
            {runs
              ? "It runs; the output comes when the run is over."
              : request.stage === "before"
                ? "Not run yet: somebody looks at the code first."
                : isHeldFromMe(request)
                  ? "The output is held until somebody has approved it."
                  : "There is no output."}
          </p>
        )}
        <Passage request={request} />
      </div>
    </Card>
  );
}
