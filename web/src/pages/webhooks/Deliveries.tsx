import { replayDelivery, type Delivery, type Webhook } from "../../api/webhooks.ts";
import { count, plural, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { ofRequests } from "../../live/connection.ts";
import { Card, Tag } from "../../parts/Box.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { Ago, Exact } from "../../parts/Time.tsx";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { attempt } from "./Hook.tsx";
import { find, type Found } from "./look.ts";
import { askAgainIn, eventName, saidOf, whyNot } from "./words.ts";

const FILTERS = [
  { id: "all", name: "All" },
  { id: "undelivered", name: "Not delivered" },
] as const;

/** The same view with another delivery open. */
const deliveryPlace = (number: number) =>
  href("/webhooks", undefined, { ...Object.fromEntries(place.value.query), delivery: String(number) });

/** A request, or the webhook itself. */
export function About({ subject }: { subject: string }) {
  const id = subject.replace(/^requests\//, "");
  return id === subject ? (
    <span class="dim nowrap">a test</span>
  ) : (
    <a class="mono nowrap" href={href("/requests", id)}>
      {visibleLine(shortId(id))}
    </a>
  );
}

/** When it is tried next, if it is. */
export function Next({ of }: { of: Delivery }) {
  if (!of.nextAttemptAt) return null;
  return parseTime(of.nextAttemptAt) <= now.value ? <>now</> : <Ago at={of.nextAttemptAt} />;
}

export function Came({ to }: { to: Delivery }) {
  const { word, tone, icon } = saidOf(to);
  return (
    <Tag tone={tone} icon={icon}>
      {word}
    </Tag>
  );
}

/** Sends the same event once more, and goes to what becomes of it. */
export function Replay({ hook, number, done }: { hook: Webhook; number: number; done: () => void }) {
  const why = whyNot(hook);
  const send = () =>
    attempt(async () => {
      const made = await replayDelivery(hook.id, number);
      go(deliveryPlace(made.number));
      done();
    });
  return (
    <button
      type="button"
      class="btn sm quiet"
      aria-label={`Replay delivery ${number}`}
      aria-disabled={why !== ""}
      title={why || undefined}
      onClick={() => why === "" && void send()}
    >
      Replay
    </button>
  );
}

const columns = (hook: Webhook, done: () => void): Column<Delivery>[] => [
  {
    name: "Number",
    class: "num",
    cell: (one) => <a href={deliveryPlace(one.number)}>{count(one.number)}</a>,
  },
  { name: "Made", class: "num lo", cell: (one) => <Exact at={one.createdAt} /> },
  { name: "Event", class: "mono grow", cell: (one) => visibleLine(eventName(one.type)) },
  { name: "About", class: "lo", cell: (one) => <About subject={one.subject} /> },
  { name: "State", cell: (one) => <Came to={one} /> },
  { name: "Tries", class: "num lo", cell: (one) => count(one.attempts) },
  { name: "Next", class: "num lo", cell: (one) => (hook.state === "active" ? <Next of={one} /> : null) },
  { name: "Replay", class: "right lo", cell: (one) => <Replay hook={hook} number={one.number} done={done} /> },
];

function Nothing({ found, undelivered, paged }: { found: Found; undelivered: boolean; paged: boolean }) {
  if (undelivered && found.looked > 0)
    return <Empty title={`Of ${plural(found.looked, "delivery", "deliveries")} looked at, none is left undelivered`} />;
  return <Empty title={paged ? "There is none before that" : "Nothing was to be delivered yet"} />;
}

function Foot({ found, before }: { found: Found; before: number | undefined }) {
  return (
    <footer>
      {before !== undefined && (
        <button type="button" class="btn sm" onClick={() => setQuery({ before: undefined })}>
          Newest
        </button>
      )}
      {found.next !== undefined && (
        <button type="button" class="btn sm" onClick={() => setQuery({ before: String(found.next) })}>
          Older
        </button>
      )}
      <span class="end">
        {found.next === undefined && before === undefined ? plural(found.looked, "delivery", "deliveries") : ""}
        {found.next !== undefined && `${count(found.looked)} looked at, there are older ones`}
        {found.next === undefined && before !== undefined && "the oldest that are kept"}
      </span>
    </footer>
  );
}

/** What was and will be sent to one, newest first. */
export function Deliveries({ hook, done }: { hook: Webhook; done: () => void }) {
  const query = place.value.query;
  const undelivered = query.get("show") === "undelivered";
  const before = Number(query.get("before")) || undefined;
  const chosen = Number(query.get("delivery"));
  const asked = useAsk(
    JSON.stringify([hook.id, undelivered, before]),
    () => find(hook.id, undelivered, before),
    (change) => before === undefined && ofRequests(change),
    `${hook.state} ${chosen}`, // what was sent by hand, or resumed, is seen at once
  );
  const found = asked.answer.value;
  const active = hook.state === "active";
  useAskAgain(asked, active && found ? askAgainIn(found.rows, now.peek()) : undefined);
  return (
    <Card
      title={`Deliveries to ${visibleLine(hook.name)}`}
      bare
      side={
        <Segments
          label="Which deliveries"
          options={[...FILTERS]}
          chosen={undelivered ? "undelivered" : "all"}
          choose={(id) => setQuery({ show: id === "all" ? undefined : id, before: undefined })}
        />
      }
    >
      <Awaiting of={asked} what="the deliveries" lines={6} />
      {found && found.rows.length === 0 && (
        <Nothing found={found} undelivered={undelivered} paged={before !== undefined} />
      )}
      {found && found.rows.length > 0 && (
        <Table
          caption={`Deliveries to ${visibleLine(hook.name)}, newest first`}
          rows={found.rows}
          keyOf={(one) => one.number}
          chosen={(one) => one.number === chosen}
          columns={columns(hook, done)}
        />
      )}
      {found && <Foot found={found} before={before} />}
    </Card>
  );
}
