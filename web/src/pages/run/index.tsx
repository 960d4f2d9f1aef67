import type { AuditLine } from "../../api/audit.ts";
import { readAudit } from "../../api/audit.ts";
import { exportAddress, receiptAddress } from "../../api/requests.ts";
import { getHistory, getInstance } from "../../api/scheduler.ts";
import type { ReviewRequest, Run as RunOf } from "../../api/types.ts";
import { rowsOf, type Row } from "../../format/history.ts";
import { plural } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { clock, duration, parseTime } from "../../format/time.ts";
import { submitterOf, titleOf } from "../../format/title.ts";
import { detail, soughtOf, watch } from "../../live/requests.ts";
import { followHub, ofInstance, ofRequest } from "../../live/connection.ts";
import { firstHub, has, hasScheduler } from "../../live/server.ts";
import { isHeldFromMe, isOver } from "../../live/sight.ts";
import { Card, Note, NotReported, PageHead, Pairs } from "../../parts/Box.tsx";
import { Hash, Id } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { EffectsView } from "../../parts/Effects.tsx";
import { LiveOutput } from "../../parts/LiveOutput.tsx";
import { Person } from "../../parts/Person.tsx";
import { State } from "../../parts/State.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago, Exact } from "../../parts/Time.tsx";
import { Timeline } from "../../parts/Timeline.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href, place } from "../../route.ts";
import { useEffect } from "preact/hooks";
import { Held, Removed } from "../review/Absent.tsx";
import { Cancel } from "../review/Cancel.tsx";
import { Follows } from "../review/Follows.tsx";

/** Behind the name of an activity stands which program can carry it out. */
const BUILD = /-[0-9a-f]{32}$/;
const ACTIVITY_WORDS: Record<string, string> = { RunCodeInSession: "Run", HumanApproval: "Answer" };

/** The orchestration behind the request, in the words of this page. */
async function timelineOf(hub: string, id: string): Promise<Row[]> {
  const instance = await getInstance(hub, id);
  const rows = rowsOf(await getHistory(hub, id, instance.executionId ?? ""));
  return rows.map((row) => ({
    ...row,
    name:
      row.kind === "instance"
        ? "From submission to the end"
        : row.kind === "timer"
          ? "Wait for people"
          : (ACTIVITY_WORDS[row.name.replace(BUILD, "")] ?? row.name),
  }));
}

function TimelineCard({ id }: { id: string }) {
  const hub = firstHub.value;
  useEffect(() => followHub(hub), [hub]);
  const asked = useAsk(`${hub} ${id}`, () => timelineOf(hub, id), ofInstance(hub, id));
  return (
    <Card title="Timeline" bare>
      {asked.answer.value && <Timeline rows={asked.answer.value} label="Timeline of the request" />}
      <Awaiting of={asked} what="the timeline" />
    </Card>
  );
}

const detailsOf = (line: AuditLine) =>
  Object.entries(line.entry.details ?? {})
    .map(([key, value]) => `${key} ${typeof value === "string" ? value.slice(0, 40) : JSON.stringify(value)}`)
    .join(", ");

function HistoryCard({ id }: { id: string }) {
  const asked = useAsk(`audit ${id}`, () => readAudit(0, 1000, `requests/${id}`), ofRequest(id));
  const lines = asked.answer.value;
  return (
    <Card title="History" bare foot="Out of the audit log.">
      <Awaiting of={asked} what="the history" />
      {lines && (
        <Table
          caption="History of the request"
          rows={[...lines].reverse()}
          keyOf={(line) => line.entry.seq}
          columns={[
            { name: "Time", cell: (line) => <span class="num nowrap">{clock(parseTime(line.entry.at))}</span> },
            { name: "Event", cell: (line) => <span class="mono">{visibleLine(line.entry.action)}</span> },
            {
              name: "By",
              class: "lo",
              cell: (line) => visibleLine(line.entry.actor?.name ?? line.entry.actor?.id ?? "–"),
            },
            { name: "What", class: "grow", cell: (line) => visibleLine(detailsOf(line)) },
            {
              name: "Audit",
              class: "num",
              cell: (line) => (
                <a href={href("/audit", undefined, { entry: String(line.entry.seq) })}>{line.entry.seq}</a>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function byOf({ decision, ended }: ReviewRequest) {
  if (decision?.standing !== undefined)
    return <a href={href("/runs", decision.standing)}>what was approved and remembered</a>;
  if (decision?.rule !== undefined) return `the rule ${visibleLine(decision.rule)}`;
  if (decision?.by) return <Person person={decision.by} />;
  if (ended?.by) return <Person person={ended.by} />;
  return decision && <NotReported />;
}

function DecisionCard({ request }: { request: ReviewRequest }) {
  const decision = request.decision;
  const hash = decision?.manifestSha256 ?? decision?.sha256 ?? request.manifestSha256 ?? request.sha256;
  return (
    <Card
      title="Decision"
      foot={
        has("/v1/requests/{id}/receipt") && (
          <a class="row tight" href={receiptAddress(request.id)} download={`receipt-${request.id}.json`}>
            <Icon name="down2" /> Receipt <span class="dim">proves it without this server</span>
          </a>
        )
      }
    >
      <Pairs
        pairs={[
          ["Outcome", <State state={request.state} />],
          ["By", byOf(request)],
          ["When", decision ? <Ago at={decision.at} /> : undefined],
          ["Said", decision?.comment ? visible(decision.comment) : undefined],
          [
            "Cancelled",
            request.ended && (
              <>
                <Ago at={request.ended.at} />
                {request.ended.reason && `: ${visible(request.ended.reason)}`}
              </>
            ),
          ],
          [
            "Remembered",
            request.standing && (
              <>
                until <Exact at={request.standing.expiresAt} />, at most {plural(request.standing.uses, "time")}
              </>
            ),
          ],
          ["Rule", request.policy?.settledBy ? visibleLine(request.policy.settledBy) : undefined],
          ["Hash", hash ? <Hash hash={hash} what="the hash" /> : undefined],
        ]}
      />
    </Card>
  );
}

/** Each try, what it came to and what it did. */
function RunCard({ request, run }: { request: ReviewRequest; run: RunOf }) {
  const took = parseTime(run.endedAt) - parseTime(run.startedAt);
  const goesOn = run.ended === undefined && !isOver(request);
  const several = (request.runs?.length ?? 0) > 1;
  return (
    <Card
      title={several ? `Run ${run.number} of revision ${run.revision}` : "What it did"}
      side={<span class="small dim num">{goesOn ? "running" : Number.isNaN(took) ? "" : duration(took)}</span>}
    >
      <div class="stack">
        {(run.attempts ?? 1) > 1 && (
          <Note tone="held">
            Begun {run.attempts} times: the server went down, or the pool was full or away. Each try starts anew.
          </Note>
        )}
        {goesOn && has("/v1/requests/{id}/runs/{n}/output") ? (
          <LiveOutput id={request.id} run={run.number} />
        ) : request.contentRemovedAt ? (
          <>
            {run.words && <p class="small sub">{visible(run.words)}</p>}
            <Removed request={request} />
          </>
        ) : isHeldFromMe(request) && !run.effects ? (
          <Held request={request} />
        ) : (
          <EffectsView run={run} />
        )}
      </div>
    </Card>
  );
}

export default function Run() {
  const id = place.value.segments[1] ?? "";
  const known = detail(id).value;
  const request = known.request;
  useEffect(() => watch(id), [id]);
  useTitle(request ? titleOf(request) : "Run");
  if (!request)
    return (
      <main id="main" class="page" tabIndex={-1}>
        <h1 class="vh">Run</h1>
        <Awaiting of={soughtOf(id)} what="the run" lines={8} />
      </main>
    );
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title={titleOf(request)}
        above={
          <nav class="crumb" aria-label="Breadcrumb">
            <a href={href("/runs")}>Runs</a>
            <Icon name="chev" />
            <Id id={id} what="the id" />
            <State state={request.state} />
          </nav>
        }
      >
        <Cancel request={request} />
        {has("/v1/requests/{id}/export") && (
          <a
            class="btn"
            href={exportAddress(id)}
            download={`${id}.tar`}
            title="Everything of it that you may see, and a receipt"
          >
            <Icon name="down2" />
            Export
          </a>
        )}
        <a class="btn" href={href("/submit", undefined, { from: id })}>
          <Icon name="retry" />
          Run again
        </a>
        <a class="btn" href={href("/requests", id)}>
          {request.state === "waiting" ? "Review" : "What it did"}
        </a>
      </PageHead>
      <Awaiting of={soughtOf(id)} what="the run" />
      <div class="side">
        <div class="stack">
          {hasScheduler.value && <TimelineCard id={id} />}
          {[...(request.runs ?? [])].reverse().map((run) => (
            <RunCard key={run.number} request={request} run={run} />
          ))}
          {has("/v1/audit") && <HistoryCard id={id} />}
        </div>
        <div class="stack">
          <DecisionCard request={request} />
          <Follows request={request} />
          <Card title="Submitted">
            <Pairs
              pairs={[
                ["By", <Person person={submitterOf(request)} />],
                ["For", request.onBehalfOf ? visibleLine(request.onBehalfOf) : undefined],
                ["When", <Ago at={request.createdAt} />],
                ["Revision", request.revision],
                ["Runs", request.attempts],
                [
                  "Error",
                  request.error ? `${visibleLine(request.error.type)}: ${visible(request.error.message)}` : undefined,
                ],
                hasScheduler.value
                  ? [
                      "Orchestration",
                      <a href={href("/instances", id, { hub: firstHub.value })}>as the scheduler sees it</a>,
                    ]
                  : ["Orchestration", undefined],
              ]}
            />
          </Card>
        </div>
      </div>
    </main>
  );
}
