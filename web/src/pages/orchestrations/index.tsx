import { wordsOf } from "../../api/client.ts";
import { listWorkers, queryInstances, startInstance } from "../../api/scheduler.ts";
import type { Instance } from "../../api/types.ts";
import { plural, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { duration, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { ofHub } from "../../live/connection.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { PageHead } from "../../parts/Box.tsx";
import { SearchField, StateChips } from "../../parts/Filter.tsx";
import { HubChoice, useHub } from "../../parts/Hub.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { State, statusOf } from "../../parts/State.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";

const PAGE = 50;
const ASK_AGAIN_MS = 5000; // which workers come and go is told by no event
const STATES = ["RUNNING", "PENDING", "SUSPENDED", "COMPLETED", "FAILED", "TERMINATED"];

function tookOf(one: Instance): string {
  const from = parseTime(one.createdTimestamp);
  const to = one.completedTimestamp ? parseTime(one.completedTimestamp) : now.value;
  return duration(to - from);
}

const columns = (hub: string): Column<Instance>[] => [
  {
    name: "Orchestration",
    class: "grow",
    cell: (one) => (
      <a href={href("/instances", one.instanceId, { hub })}>{visibleLine(one.name ?? "without a name")}</a>
    ),
  },
  {
    name: "Instance",
    cell: (one) => (
      <span class="mono dim" title={one.instanceId}>
        {visibleLine(shortId(one.instanceId))}
      </span>
    ),
  },
  { name: "State", cell: (one) => <State state={statusOf(one.orchestrationStatus)} /> },
  { name: "Version", class: "lo", cell: (one) => visibleLine(one.version ?? "–") },
  { name: "Started", class: "num lo", cell: (one) => <Ago at={one.createdTimestamp} /> },
  { name: "Took", class: "num", cell: tookOf },
];

async function start(hub: string): Promise<void> {
  const values = await ask({
    title: `Start an orchestration in ${hub}`,
    text: "A worker that knows the name carries it out; without one it waits.",
    verb: "Start",
    field: "Name",
    second: "Input, JSON",
  });
  if (!values) return;
  try {
    const made = await startInstance(hub, values[0], "", values[1]);
    go(href("/instances", made.instanceId, { hub }));
  } catch (cause) {
    const words = wordsOf(cause);
    toast("bad", words.title, words.detail);
  }
}

export default function Orchestrations() {
  const hub = useHub();
  const query = place.value.query;
  const q = query.get("q") ?? undefined;
  const state = query.get("state") ?? undefined;
  const page = Number(query.get("page") ?? 0);
  const status = state ? [`ORCHESTRATION_STATUS_${state}`] : undefined;
  const byName = query.get("by") === "name";
  const asked = useAsk(
    `${hub} ${q} ${state} ${page} ${byName}`,
    () => queryInstances(hub, { ...(byName ? { name: q } : { id: q }), status, start: page * PAGE, count: PAGE }),
    ofHub(hub),
  );
  const workers = useAsk(`workers ${hub}`, () => listWorkers(hub), ofHub(hub));
  useAskAgain(workers, ASK_AGAIN_MS);
  useTitle("Orchestrations");
  const answer = asked.answer.value;
  const connected = workers.answer.value?.length;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title="Orchestrations"
        under={
          <>
            Hub <b>{visibleLine(hub)}</b>
            {connected !== undefined && <> · {plural(connected, "worker")} connected</>}
          </>
        }
      >
        <HubChoice />
        <SearchField label="Instance id or name" placeholder={byName ? "Name" : "Instance id"} />
        <button
          type="button"
          class="btn"
          aria-pressed={byName}
          onClick={() => setQuery({ by: byName ? undefined : "name" })}
        >
          {byName ? "by name" : "by id"}
        </button>
        <button type="button" class="btn pri" onClick={() => void start(hub)}>
          <Icon name="play" />
          Start
        </button>
      </PageHead>
      <StateChips states={STATES} nameOf={(state) => state.toLowerCase()} />
      <div class="card">
        <Awaiting of={asked} what="the instances" lines={8} />
        {answer && answer.orchestrations.length > 0 && (
          <Table
            caption={`Instances of ${hub}, newest first`}
            columns={columns(hub)}
            rows={answer.orchestrations}
            keyOf={(one) => one.instanceId}
          />
        )}
        {answer && answer.orchestrations.length === 0 && (
          <Empty title={q || state ? "None is like that" : "Nothing was started in this hub"}>
            <p>An SDK or the button above starts one.</p>
          </Empty>
        )}
        {answer && <Pages page={page} size={PAGE} shown={answer.orchestrations.length} of={answer.totalCount} />}
      </div>
    </main>
  );
}
