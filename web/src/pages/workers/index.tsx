import { useEffect } from "preact/hooks";
import { listWorkers } from "../../api/scheduler.ts";
import type { Filter, Worker } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { ofHub } from "../../live/connection.ts";
import { goneFrom, noteWorkers } from "../../live/gone.ts";
import { Card, NotReported, PageHead } from "../../parts/Box.tsx";
import { HubChoice, useHub } from "../../parts/Hub.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { Unheard } from "./Unheard.tsx";

const ASK_AGAIN_MS = 5000; // who comes and goes is told by no event

function names(worker: Worker, filters: Filter[] | undefined): string {
  if (!worker.filtered) return "all names";
  if (!filters || filters.length === 0) return "none";
  return filters
    .map((filter) => visibleLine(filter.name) + (filter.versions?.length ? ` ${filter.versions.join(", ")}` : ""))
    .join(", ");
}

function Load({ active, most, what }: { active: number | undefined; most: number | undefined; what: string }) {
  if (active === undefined || most === undefined) return <NotReported />;
  return (
    <>
      {active} of {most}{" "}
      <progress class="bar run" max={most || 1} value={active} aria-label={`${what} at work, of those taken at once`} />
    </>
  );
}

/** Who went, if anybody did while one looked. */
function GoneCard({ hub }: { hub: string }) {
  const gone = goneFrom(hub);
  if (gone.length === 0) return null;
  return (
    <Card title="Gone since this page was opened" bare>
      <ul class="log pad">
        {gone.map((one) => (
          <li key={one.workerId}>
            <Icon name="worker" />
            <div>
              <b title={one.workerId}>{visibleLine(one.workerId)}</b>{" "}
              <span class="small sub">is not connected any more</span>
            </div>
            <Ago at={new Date(one.at).toISOString()} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

export default function Workers() {
  const hub = useHub();
  const asked = useAsk(`workers ${hub}`, () => listWorkers(hub), ofHub(hub));
  useAskAgain(asked, ASK_AGAIN_MS);
  const workers = asked.answer.value;
  useEffect(() => {
    if (workers)
      noteWorkers(
        hub,
        workers.map((one) => one.workerId),
      );
  }, [hub, workers]);
  const busy = (workers ?? []).reduce((sum, one) => sum + (one.activeOrchestrationsCount ?? 0), 0);
  useTitle("Workers");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title="Workers"
        under={workers ? `${plural(workers.length, "worker")} connected · ${plural(busy, "turn")} at work` : undefined}
      >
        <HubChoice />
      </PageHead>
      <div class="cols">
        <Unheard key={hub} hub={hub} />
        <GoneCard hub={hub} />
      </div>
      <div class="card">
        <Awaiting of={asked} what="the workers" />
        {workers && workers.length === 0 && (
          <Empty title="Nobody works for this hub">
            <p>What is started waits until a worker that knows its name connects.</p>
          </Empty>
        )}
        {workers && workers.length > 0 && (
          <Table
            caption={`Workers of ${hub}`}
            rows={workers}
            keyOf={(worker) => worker.workerId}
            columns={[
              {
                name: "Worker",
                class: "grow",
                cell: (worker) => <b title={worker.workerId}>{visibleLine(worker.workerId)}</b>,
              },
              {
                name: "Orchestrations",
                class: "lo",
                cell: (worker) => names(worker, worker.workItemFilters?.orchestrations),
              },
              { name: "Activities", class: "lo", cell: (worker) => names(worker, worker.workItemFilters?.activities) },
              { name: "Entities", class: "lo", cell: (worker) => names(worker, worker.workItemFilters?.entities) },
              {
                name: "Turns",
                class: "num",
                cell: (worker) => (
                  <Load active={worker.activeOrchestrationsCount} most={worker.maxOrchestrationsCount} what="turns" />
                ),
              },
              {
                name: "Activities at work",
                class: "num",
                cell: (worker) => (
                  <Load active={worker.activeActivitiesCount} most={worker.maxActivitiesCount} what="activities" />
                ),
              },
            ]}
          />
        )}
      </div>
    </main>
  );
}
