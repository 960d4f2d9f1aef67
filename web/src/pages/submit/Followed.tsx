import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { cancel } from "../../api/requests.ts";
import { shortId } from "../../format/size.ts";
import { duration, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { detail, watch } from "../../live/requests.ts";
import { has } from "../../live/server.ts";
import { Card } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { LiveOutput } from "../../parts/LiveOutput.tsx";
import { Output } from "../../parts/Output.tsx";
import { Passage } from "../../parts/Passage.tsx";
import { State } from "../../parts/State.tsx";
import { Skeleton } from "../../parts/Wait.tsx";
import { href } from "../../route.ts";

/** The request that was just submitted, as it goes on. */
export function Followed({ id }: { id: string }) {
  const request = detail(id).value.request;
  const why = useSignal("");
  useEffect(() => watch(id), [id]);
  if (!request) return <Skeleton what="the request" />;
  const runs = request.state === "running" || request.state === "queued";
  const stop = () => cancel(id, "").catch((cause: unknown) => (why.value = wordsOf(cause).title));
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
            {has("/v1/requests/{id}/cancel") && (
              <button type="button" class="btn sm bad-o" onClick={() => void stop()}>
                <Icon name="stop" />
                Cancel
              </button>
            )}
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
          <LiveOutput id={id} run={request.run ?? 1} />
        ) : request.result ? (
          <Output name="stdout" text={request.result.stdout || request.result.stderr || "(it printed nothing)"} />
        ) : (
          <p class="small sub">{runs ? "It runs; the output comes when the run is over." : "There is no output."}</p>
        )}
        {why.value && <p class="small is-bad">{why.value}</p>}
        <Passage request={request} />
      </div>
    </Card>
  );
}
