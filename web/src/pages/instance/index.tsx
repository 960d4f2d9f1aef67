import { getHistory, getInstance, getPayloads } from "../../api/scheduler.ts";
import type { HistoryEvent, Instance, Payloads } from "../../api/types.ts";
import { beginningsOf, childrenOf, kindOf, rowsOf, wordsOfEvent } from "../../format/history.ts";
import { count, plural } from "../../format/size.ts";
import { prettyJson, visible, visibleLine } from "../../format/text.ts";
import { clock, duration, parseTime } from "../../format/time.ts";
import { ofInstance } from "../../live/connection.ts";
import { Card, Note, NotReported, PageHead, Pairs, Tag } from "../../parts/Box.tsx";
import { Copy, Id } from "../../parts/Copy.tsx";
import { useHub } from "../../parts/Hub.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { State, statusOf } from "../../parts/State.tsx";
import { Table } from "../../parts/Table.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { Ago } from "../../parts/Time.tsx";
import { Timeline } from "../../parts/Timeline.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";
import { Family } from "./Family.tsx";
import { Verbs } from "./Verbs.tsx";

interface Whole {
  instance: Instance;
  payloads: Payloads;
  events: HistoryEvent[];
}

async function load(hub: string, id: string): Promise<Whole> {
  const instance = await getInstance(hub, id);
  const [payloads, events] = await Promise.all([getPayloads(hub, id), getHistory(hub, id, instance.executionId ?? "")]);
  return { instance, payloads, events };
}

const PAYLOAD_MOST = 200_000; // characters shown at once
const HISTORY_MOST = 2000; // events
const JSON_MOST = 500_000;

/** What is cut says how much of how much; the rest is in what one copies. */
function Shown({ text, most }: { text: string; most: number }) {
  return (
    <>
      <code>{visible(text.slice(0, most))}</code>
      {text.length > most && (
        <span class="is-held small">
          {"\n"}cut: the first {count(most)} of {count(text.length)} characters
        </span>
      )}
    </>
  );
}

function Payload({ title, text, none }: { title: string; text: string | undefined; none: string }) {
  return (
    <Card title={title} bare {...(text ? { side: <Copy text={text} what={`the ${title.toLowerCase()}`} /> } : {})}>
      {text ? (
        <pre class="code plain y" tabIndex={0} role="region" aria-label={title}>
          <Shown text={prettyJson(text)} most={PAYLOAD_MOST} />
        </pre>
      ) : (
        <p class="pad small sub">{none}</p>
      )}
    </Card>
  );
}

const wordsOf = (event: HistoryEvent | undefined) => (event ? wordsOfEvent(event) : "");
const tookOf = (event: HistoryEvent, beginning: HistoryEvent | undefined) =>
  beginning && duration(parseTime(event.timestamp) - parseTime(beginning.timestamp));

function History({ events }: { events: HistoryEvent[] }) {
  const query = place.value.query;
  const view = query.get("history") === "json" ? "json" : "table";
  const filter = (query.get("filter") ?? "").toLowerCase();
  const found = events
    .map((event, index) => ({ event, index: index + 1 }))
    .filter(({ event }) => !filter || JSON.stringify(event).toLowerCase().includes(filter))
    .reverse();
  const shown = found.slice(0, HISTORY_MOST);
  const beginnings = beginningsOf(events);
  return (
    <Card
      title="History"
      bare
      foot={
        found.length > shown.length
          ? `cut: the newest ${count(shown.length)} of ${count(found.length)}; the filter finds the others`
          : undefined
      }
      side={
        <>
          <label class="vh" for="hf">
            Filter the history
          </label>
          <input
            class="in auto lo"
            id="hf"
            value={query.get("filter") ?? ""}
            placeholder="Filter"
            onInput={(event) => setQuery({ filter: event.currentTarget.value })}
          />
          <Segments
            label="Table or JSON"
            options={[
              { id: "table", name: "Newest first" },
              { id: "json", name: "JSON" },
            ]}
            chosen={view}
            choose={(id) => setQuery({ history: id === "json" ? "json" : undefined })}
          />
        </>
      }
    >
      {view === "json" ? (
        <pre class="code plain y" tabIndex={0} role="region" aria-label="History as JSON">
          <Shown
            text={JSON.stringify(
              shown.map((one) => one.event),
              null,
              2,
            )}
            most={JSON_MOST}
          />
        </pre>
      ) : (
        <Table
          caption="History of the instance"
          rows={shown}
          keyOf={(one) => one.index}
          columns={[
            { name: "#", class: "num", cell: (one) => one.index },
            { name: "Time", cell: (one) => <span class="num nowrap">{clock(parseTime(one.event.timestamp))}</span> },
            { name: "Event", class: "lo", cell: (one) => kindOf(one.event).kind },
            {
              name: "What",
              class: "grow",
              cell: ({ event }) => visibleLine(wordsOfEvent(event) || wordsOf(beginnings.get(event))),
            },
            { name: "Took", class: "num", cell: ({ event }) => tookOf(event, beginnings.get(event)) },
          ]}
        />
      )}
    </Card>
  );
}

function About({ whole }: { whole: Whole }) {
  const { instance } = whole;
  const tags = Object.entries(instance.tags ?? {});
  return (
    <Card title="About">
      <Pairs
        pairs={[
          ["Instance", <span class="mono">{visibleLine(instance.instanceId)}</span>],
          ["Execution", <span class="mono">{instance.executionId ?? <NotReported />}</span>],
          ["Version", instance.version ? visibleLine(instance.version) : undefined],
          ["Created", <Ago at={instance.createdTimestamp} />],
          ["Changed", <Ago at={instance.lastUpdatedTimestamp} />],
          ["Starts", instance.scheduledStartTimestamp ? <Ago at={instance.scheduledStartTimestamp} /> : undefined],
          ["Ended", instance.completedTimestamp ? <Ago at={instance.completedTimestamp} /> : undefined],
          [
            "Tags",
            tags.length > 0 ? tags.map(([key, value]) => <Tag>{visibleLine(`${key}=${value}`)}</Tag>) : undefined,
          ],
        ]}
      />
    </Card>
  );
}

export default function InstancePage() {
  const hub = useHub();
  const id = place.value.segments[1] ?? "";
  const asked = useAsk(`${hub} ${id}`, () => load(hub, id), ofInstance(hub, id));
  const whole = asked.answer.value;
  useTitle(whole?.instance.name ?? "Instance");
  if (!whole)
    return (
      <main id="main" class="page" tabIndex={-1}>
        <h1 class="vh">Instance</h1>
        <Awaiting of={asked} what="the instance" lines={8} />
      </main>
    );
  const status = statusOf(whole.instance.orchestrationStatus);
  const rows = rowsOf(whole.events);
  const over = ["completed", "failed", "terminated", "cancelled"].includes(status);
  const failure = whole.payloads.failureDetails;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title={visibleLine(whole.instance.name ?? "without a name")}
        above={
          <nav class="crumb" aria-label="Breadcrumb">
            <a href={href("/orchestrations", undefined, { hub })}>Orchestrations</a>
            <Icon name="chev" />
            <a href={href("/orchestrations", undefined, { hub })}>{visibleLine(hub)}</a>
            <Icon name="chev" />
            <Id id={id} what="the instance id" />
            <State state={status} />
          </nav>
        }
      />
      <Verbs hub={hub} instance={whole.instance} again={asked.again} />
      <Awaiting of={asked} what="the instance" />
      {whole.instance.standing && !over && (
        <Note tone="held" live>
          <b>Why it does not move:</b> {visibleLine(whole.instance.standing)}.{" "}
          <a href={href("/workers", undefined, { hub })}>See workers</a>
        </Note>
      )}
      <div class="side">
        <div class="stack">
          <Card
            title="Timeline"
            bare
            side={
              <span class="small dim lo">{`${plural(whole.events.length, "event")} in ${plural(rows.length, "row")}`}</span>
            }
          >
            <Timeline rows={rows} label="Timeline of the instance" />
          </Card>
          <History events={whole.events} />
        </div>
        <div class="stack">
          <Payload title="Input" text={whole.payloads.input} none="It was started without an input." />
          {failure ? (
            <Payload title="Failure" text={JSON.stringify(failure)} none="" />
          ) : (
            <Payload
              title="Output"
              text={whole.payloads.output}
              none={over ? "It ended without an output." : "Not there yet: it is not over."}
            />
          )}
          {whole.payloads.customStatus && <Payload title="Custom status" text={whole.payloads.customStatus} none="" />}
          <Family hub={hub} instance={whole.instance} children={childrenOf(whole.events)} />
          <About whole={whole} />
        </div>
      </div>
    </main>
  );
}
