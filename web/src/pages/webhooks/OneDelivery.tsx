import { getDelivery, type Try, type Webhook, type WholeDelivery } from "../../api/webhooks.ts";
import { plural } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { duration, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { ofRequests } from "../../live/connection.ts";
import { Card, NotReported, Pairs, Tag } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { Person } from "../../parts/Person.tsx";
import { Exact } from "../../parts/Time.tsx";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { About, Came, Next, Replay } from "./Deliveries.tsx";
import { hookPlace } from "./Hook.tsx";
import { askAgainIn, eventName, formatName, isSigned } from "./words.ts";

const CLOUD_EVENTS = "cloudevents";

/** The head of the request as far as it is known: what signs it is in no answer of the server. */
function headOf(hook: Webhook, delivery: WholeDelivery): string {
  if (!isSigned(hook.format)) return `To: ${hook.url.replace(/^mailto:/i, "")}\nMessage-ID: <${delivery.eventId}@…>`;
  const last = delivery.tries[delivery.tries.length - 1];
  const seconds = last ? String(Math.floor(parseTime(last.at) / 1000)) : "(when it is sent)";
  const type = hook.format === CLOUD_EVENTS ? "application/cloudevents+json; charset=utf-8" : "application/json";
  return [
    `POST ${hook.url}`,
    `content-type: ${type}`,
    `webhook-id: ${delivery.eventId}`,
    `webhook-timestamp: ${seconds}`,
    "webhook-signature: v1,(by the secret)",
  ].join("\n");
}

function Sent({ hook, delivery }: { hook: Webhook; delivery: WholeDelivery }) {
  const event = JSON.stringify(delivery.event, null, 1);
  const text = `${headOf(hook, delivery)}\n\n${event}`;
  return (
    <Card
      title={delivery.attempts > 0 ? "Request" : "Request, to be sent"}
      bare
      side={<Copy text={event} what="the event" />}
      foot={
        hook.format === CLOUD_EVENTS
          ? "With the address of now; the event is laid out to be read."
          : `With the address of now. The receiver gets a message for ${formatName(hook.format)} that is made of this event.`
      }
    >
      <pre class="code plain" tabIndex={0} role="region" aria-label={`Request of delivery ${delivery.number}`}>
        <code>{visible(text)}</code>
      </pre>
    </Card>
  );
}

function Answer({ tried, number }: { tried: Try; number: number }) {
  const good = tried.status !== undefined && tried.status >= 200 && tried.status < 300;
  return (
    <li class="stack tries">
      <div class="row">
        <b>Try {number}</b>
        {tried.status === undefined ? (
          <Tag tone="bad">no answer</Tag>
        ) : (
          <Tag tone={good ? "ok" : "bad"}>
            {tried.via === "smtp" ? "SMTP" : "HTTP"} {tried.status}
          </Tag>
        )}
        <span class="small dim">
          <Exact at={tried.at} />, {duration(tried.milliseconds)}
        </span>
      </div>
      {tried.error && <p class="small is-bad">{visibleLine(tried.error)}</p>}
      {tried.answer && (
        <pre class="out" tabIndex={0} role="region" aria-label={`Answer to try ${number}`}>
          {visible(tried.answer)}
        </pre>
      )}
      {tried.answerCut && <p class="small is-held">cut: there was more, of which nothing is kept</p>}
    </li>
  );
}

function Tries({ delivery }: { delivery: WholeDelivery }) {
  const { tries, attempts } = delivery;
  if (tries.length === 0) return null;
  const gone = attempts - tries.length;
  return (
    <Card
      title="Answers"
      {...(gone > 0 ? { foot: `The first ${plural(gone, "try", "tries")} of ${attempts} are kept no more.` } : {})}
    >
      <ol class="stack bare-list">
        {tries.map((tried, index) => <Answer key={index} tried={tried} number={gone + index + 1} />).reverse()}
      </ol>
    </Card>
  );
}

function Facts({ hook, delivery }: { hook: Webhook; delivery: WholeDelivery }) {
  const of = delivery.replayOf;
  return (
    <Pairs
      pairs={[
        ["State", <Came to={delivery} />],
        [
          "Next try",
          delivery.state === "due" && (hook.state === "active" ? <Next of={delivery} /> : "when it is resumed"),
        ],
        ["Event", <span class="mono">{visibleLine(eventName(delivery.type))}</span>],
        ["About", <About subject={delivery.subject} />],
        ["Made", <Exact at={delivery.createdAt} />],
        ["Over", delivery.finishedAt && <Exact at={delivery.finishedAt} />],
        ["Replays", of !== undefined && <a href={hookPlace(hook.id, of)}>delivery {of}</a>],
        ["Sent by", delivery.by && <Person person={delivery.by.name || delivery.by.id} />],
        ["Tries", delivery.attempts === 0 ? "none yet" : String(delivery.attempts)],
      ]}
    />
  );
}

/** One delivery: what was sent, and what came back. */
export function OneDelivery({ hook, number, done }: { hook: Webhook; number: number; done: () => void }) {
  const asked = useAsk(JSON.stringify([hook.id, number]), () => getDelivery(hook.id, number), ofRequests, hook.state);
  const delivery = asked.answer.value;
  const wait = delivery && hook.state === "active" ? askAgainIn([delivery], now.peek()) : undefined;
  useAskAgain(asked, wait);
  if (!delivery) return <Awaiting of={asked} what="the delivery" />;
  return (
    <>
      <Awaiting of={asked} what="the delivery" />
      <Card title={`Delivery ${number}`} side={<Replay hook={hook} number={number} done={done} />}>
        <Facts hook={hook} delivery={delivery} />
      </Card>
      <Tries delivery={delivery} />
      {delivery.event ? <Sent hook={hook} delivery={delivery} /> : <NotReported />}
    </>
  );
}
