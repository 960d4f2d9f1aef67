import type { ReviewRequest } from "../../api/types.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { hasScheduler } from "../../live/server.ts";
import { Card } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Ago } from "../../parts/Time.tsx";
import { href } from "../../route.ts";

/** "starts Deploy in hub reports"; undefined: nothing follows an approval. */
export function thenWords(request: ReviewRequest) {
  const start = request.then?.start;
  if (!start) return undefined;
  return (
    <>
      starts <b>{visibleLine(start.name)}</b>
      {start.version && <> {visibleLine(start.version)}</>}
      {start.hub && (
        <>
          {" "}
          in hub <span class="mono">{visibleLine(start.hub)}</span>
        </>
      )}
    </>
  );
}

/** What an approval starts, and what became of it. */
export function Follows({ request }: { request: ReviewRequest }) {
  const start = request.then?.start;
  if (!start) return null;
  const name = <b>{visibleLine(start.name)}</b>;
  const failed = start.state === "failed";
  return (
    <Card title="What follows">
      <ol class="log">
        <li>
          <span class={failed ? "is-bad" : start.state === "started" ? "is-ok" : start.state ? "is-held" : ""}>
            <Icon name={failed ? "warn" : start.state === "started" ? "ok" : "orch"} />
          </span>
          <div>
            {start.instanceId && hasScheduler.value ? (
              <a href={href("/instances", start.instanceId, { hub: start.hub })}>{name}</a>
            ) : (
              name
            )}
            {start.state === "started" && " started"}
            {start.state === "due" && " is to be started: the scheduler has not taken it yet"}
            {failed && " could not be started"}
            {start.state === undefined && " starts when the result is released"}
            {start.hub && (
              <>
                {" "}
                in hub <span class="mono">{visibleLine(start.hub)}</span>
              </>
            )}
            {start.error && <q>{visible(start.error)}</q>}
          </div>
          {start.at ? <Ago at={start.at} /> : <span />}
        </li>
      </ol>
    </Card>
  );
}
