import { getHealth } from "../../api/server.ts";
import type { Health, Layer } from "../../api/types.ts";
import { bytes, count } from "../../format/size.ts";
import { duration } from "../../format/time.ts";
import { visibleLine } from "../../format/text.ts";
import { hasRequests } from "../../live/server.ts";
import { Card, Facts, Note, NotReported, PageHead, Pairs, Tag } from "../../parts/Box.tsx";
import { Hash } from "../../parts/Copy.tsx";
import { Table } from "../../parts/Table.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";

const EVERY_S = 5;

const shown = (value: number | undefined) => (value === undefined ? <NotReported /> : count(value));

function Numbers({ pool }: { pool: NonNullable<Health["pool"]> }) {
  const sessions = pool.sessions ?? {};
  const totals = pool.totals ?? {};
  return (
    <Facts
      big
      facts={[
        { name: "Ready", value: shown(sessions["ready"]) },
        {
          name: "Busy",
          value: (
            <>
              {shown(sessions["busy"])}
              {sessions["max"] !== undefined && <small> of {sessions["max"]}</small>}
            </>
          ),
        },
        { name: "Cooling", value: shown(sessions["cooling"]) },
        { name: "Starting", value: shown(sessions["starting"]) },
        { name: "Taken since the start", value: shown(totals["claims"]) },
        { name: "Crashed", value: shown(totals["crashes"]), tone: (totals["crashes"] ?? 0) > 0 ? "bad" : undefined },
        { name: "Timed out", value: shown(totals["timeouts"]) },
      ]}
    />
  );
}

function Isolation({ layers }: { layers: Layer[] }) {
  return (
    <Card
      title="Isolation"
      bare
      foot={
        <>
          What each session is held by. <code>sallyport doctor</code> says the same, with what mends what is missing.
        </>
      }
    >
      <Table
        caption="Layers of isolation"
        rows={layers}
        keyOf={(layer) => layer.name}
        columns={[
          { name: "Layer", cell: (layer) => <b>{visibleLine(layer.name)}</b> },
          {
            name: "State",
            cell: (layer) => (
              <Tag tone={layer.state === "on" ? "ok" : "bad"} icon={layer.state === "on" ? "check" : "warn"}>
                {layer.state}
              </Tag>
            ),
          },
          { name: "What", class: "grow lo", cell: (layer) => visibleLine(layer.mend || layer.detail || "") },
        ]}
      />
    </Card>
  );
}

const degradedWords = (one: NonNullable<Health["degraded"]>[number]) =>
  typeof one === "string" ? one : `${one.part ?? ""}: ${one.cause ?? ""}`;

export default function Sessions() {
  const asked = useAsk("health", getHealth);
  useAskAgain(asked, EVERY_S * 1000);
  const health = asked.answer.value;
  const pool = health?.pool;
  useTitle("Sessions and pools");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title="Sessions and pools"
        under={
          pool
            ? `Pool ${pool.name ?? "default"}, ${pool.state ?? "state not reported"}; looked at every ${EVERY_S} s`
            : undefined
        }
      />
      <Awaiting of={asked} what="the server's health" lines={5} />
      {health?.degraded && health.degraded.length > 0 && (
        <Note tone="bad" live>
          <b>Weaker than it could be.</b> {health.degraded.map(degradedWords).join("; ")}
        </Note>
      )}
      {health && !pool && (
        <div class="card">
          <Empty title="This server has no pool of its own">
            <p>
              {hasRequests.value
                ? "It runs code in the pool that its settings name."
                : "It runs no code: it is a task scheduler without the app."}
            </p>
          </Empty>
        </div>
      )}
      {pool && (
        <>
          <Numbers pool={pool} />
          <div class="side">
            <Isolation layers={pool.isolation?.layers ?? []} />
            <div class="stack">
              <Card title={`Pool ${pool.name ?? "default"}`}>
                <Pairs
                  pairs={[
                    [
                      "Isolation",
                      [pool.isolation?.tier, pool.isolation?.mode].filter(Boolean).join(", ") || <NotReported />,
                    ],
                    ["Network", "none"],
                    [
                      "Template",
                      pool.template ? <Hash hash={pool.template} what="the template's hash" /> : <NotReported />,
                    ],
                    [
                      "Held files",
                      pool.memory?.["uploadedBytes"] === undefined ? (
                        <NotReported />
                      ) : (
                        bytes(pool.memory["uploadedBytes"])
                      ),
                    ],
                    [
                      "Server up",
                      health.uptimeSeconds === undefined ? <NotReported /> : duration(health.uptimeSeconds * 1000),
                    ],
                    ["Version", health.version ?? <NotReported />],
                  ]}
                />
              </Card>
              <Note tone="plain">
                Which sessions there are is not listed here: whoever knows a session’s name may use it. Its maker finds
                it with <code>listSessions</code> of the pool’s own API.
              </Note>
            </div>
          </div>
        </>
      )}
    </main>
  );
}
