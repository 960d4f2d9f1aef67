import { useSignal } from "@preact/signals";
import { Problem, wordsOf } from "../../api/client.ts";
import { getEntity, getEntityState, queryEntities, signalEntity } from "../../api/scheduler.ts";
import type { Entity } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { prettyJson, visible, visibleLine } from "../../format/text.ts";
import { ofHub, ofInstance } from "../../live/connection.ts";
import { toast } from "../../live/toasts.ts";
import { Card, NotReported, PageHead, Pairs } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { HubChoice, useHub } from "../../parts/Hub.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useNear } from "../../parts/near.ts";
import { Pages } from "../../parts/Pages.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";

const PAGE = 50;

/** "@counter@orders" → its name and its key. */
function partsOf(id: string): { name: string; key: string } {
  const at = id.indexOf("@", 1);
  return at > 0 ? { name: id.slice(1, at), key: id.slice(at + 1) } : { name: id, key: "" };
}

function Send({ hub, id, again }: { hub: string; id: string; again: () => void }) {
  const operation = useSignal("");
  const input = useSignal("");
  const send = async (event: Event) => {
    event.preventDefault();
    if (operation.value.trim() === "") return;
    try {
      await signalEntity(hub, id, operation.value.trim(), input.value.trim());
      toast(
        "ok",
        `${visibleLine(operation.value)}: sent.`,
        "Nothing comes back of an operation; its effect shows in the state.",
      );
      again();
    } catch (cause) {
      const words = wordsOf(cause);
      toast("bad", words.title, words.detail);
    }
  };
  return (
    <Card title="Send an operation">
      <form class="stack" onSubmit={(event) => void send(event)}>
        <div class="field">
          <label for="op">Operation</label>
          <input
            class="in"
            id="op"
            value={operation.value}
            onInput={(event) => (operation.value = event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for="op-in">Input, JSON</label>
          <textarea
            class="in mono"
            id="op-in"
            value={input.value}
            onInput={(event) => (input.value = event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="btn" aria-disabled={operation.value.trim() === ""}>
          <Icon name="bolt" />
          Send
        </button>
      </form>
    </Card>
  );
}

/** Undefined: it has none, as the server says; any other failure is one. */
async function stateOf(hub: string, id: string): Promise<string | undefined> {
  try {
    return await getEntityState(hub, id);
  } catch (cause) {
    if (cause instanceof Problem && cause.status === 404) return undefined;
    throw cause;
  }
}

const CELL_MOST = 60; // characters of a state in its row

/** A list has no states: each is asked for while its row is near. */
function StateCell({ hub, one }: { hub: string; one: Entity }) {
  const { element, near } = useNear<HTMLSpanElement>();
  const asked = useAsk(`${hub} ${one.instanceId} ${one.lastModifiedTime} ${near}`, async () =>
    near ? { state: await stateOf(hub, one.instanceId) } : undefined,
  );
  const got = asked.answer.value;
  const line = got?.state === undefined ? undefined : visibleLine(got.state);
  return (
    <span class="mono cut" ref={element} title={line}>
      {line !== undefined && (line.length > CELL_MOST ? `${line.slice(0, CELL_MOST)}…` : line)}
      {got && line === undefined && <span class="dim">none</span>}
      {asked.failure.value && <span class="dim">not known</span>}
    </span>
  );
}

function One({ hub, id, sent }: { hub: string; id: string; sent: () => void }) {
  const asked = useAsk(
    `${hub} ${id}`,
    async () => ({ entity: await getEntity(hub, id), state: await stateOf(hub, id) }),
    ofInstance(hub, id),
  );
  const got = asked.answer.value;
  if (!got) return <Awaiting of={asked} what="the entity" />;
  return (
    <>
      <Awaiting of={asked} what="the entity" />
      <Card title={visibleLine(id)} mono {...(got.state ? { side: <Copy text={got.state} what="the state" /> } : {})}>
        {got.state ? (
          <pre class="out">{visible(prettyJson(got.state))}</pre>
        ) : (
          <p class="small sub">It has no state.</p>
        )}
        <Pairs
          pairs={[
            ["Changed", <Ago at={got.entity.lastModifiedTime} />],
            ["Queued", got.entity.backlogQueueSize ?? <NotReported />],
            [
              "Locked by",
              got.entity.lockedBy ? (
                <a href={href("/instances", got.entity.lockedBy, { hub })}>{visibleLine(got.entity.lockedBy)}</a>
              ) : (
                "nobody"
              ),
            ],
          ]}
        />
      </Card>
      <Send
        hub={hub}
        id={id}
        again={() => {
          asked.again();
          sent();
        }}
      />
    </>
  );
}

export default function Entities() {
  const hub = useHub();
  const key = place.value.query.get("key") ?? "";
  const chosen = place.value.query.get("entity") ?? undefined;
  const page = Number(place.value.query.get("page") ?? 0);
  const asked = useAsk(`${hub} ${key} ${page}`, () => queryEntities(hub, key, page * PAGE, PAGE), ofHub(hub));
  const answer = asked.answer.value;
  useTitle("Entities");
  const link = (one: Entity) => href("/entities", undefined, { hub, key: key || undefined, entity: one.instanceId });
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title="Entities"
        under={
          <>
            Hub <b>{visibleLine(hub)}</b>
            {answer && <> · {plural(answer.totalCount, "entity", "entities")}</>}
          </>
        }
      >
        <HubChoice />
        <label class="vh" for="key">
          Name and key
        </label>
        <input
          class="in auto"
          id="key"
          value={key}
          placeholder="name@key"
          onChange={(event) => setQuery({ key: event.currentTarget.value, page: undefined })}
        />
      </PageHead>
      <div class="side">
        <div class="card">
          <Awaiting of={asked} what="the entities" lines={5} />
          {answer && answer.entities.length > 0 && (
            <Table
              caption={`Entities of ${hub}`}
              rows={answer.entities}
              keyOf={(one) => one.instanceId}
              chosen={(one) => one.instanceId === chosen}
              columns={[
                {
                  name: "Entity",
                  cell: (one) => (
                    <a href={link(one)}>
                      <b>{visibleLine(partsOf(one.instanceId).name)}</b>{" "}
                      <span class="mono dim">{visibleLine(partsOf(one.instanceId).key)}</span>
                    </a>
                  ),
                },
                { name: "State", class: "grow lo", cell: (one) => <StateCell hub={hub} one={one} /> },
                { name: "Changed", cell: (one) => <Ago at={one.lastModifiedTime} /> },
                { name: "Queued", class: "num", cell: (one) => one.backlogQueueSize ?? "–" },
                {
                  name: "Lock",
                  class: "lo",
                  cell: (one) =>
                    one.lockedBy ? <span class="is-held">{`held by ${visibleLine(one.lockedBy)}`}</span> : "",
                },
              ]}
            />
          )}
          {answer && answer.entities.length === 0 && (
            <Empty title={key ? "None is called that" : "This hub has no entities"}>
              <p>A worker that has an entity of a name makes it with the first operation.</p>
            </Empty>
          )}
          {answer && <Pages page={page} size={PAGE} shown={answer.entities.length} of={answer.totalCount} />}
        </div>
        <div class="stack">
          {chosen ? (
            <One key={chosen} hub={hub} id={chosen} sent={asked.again} />
          ) : (
            <p class="small dim">Open one to see its state.</p>
          )}
        </div>
      </div>
    </main>
  );
}
