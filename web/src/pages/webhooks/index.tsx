import { useSignal } from "@preact/signals";
import { listWebhooks, type Webhook, type WithSecret } from "../../api/webhooks.ts";
import { visibleLine } from "../../format/text.ts";
import { ofRequests } from "../../live/connection.ts";
import { has, known, may, me } from "../../live/server.ts";
import { Note, PageHead } from "../../parts/Box.tsx";
import { Command } from "../../parts/Command.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { SecretOnce } from "../../parts/SecretOnce.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting, Empty, Skeleton } from "../../parts/Wait.tsx";
import { go, href, place } from "../../route.ts";
import { Deliveries } from "./Deliveries.tsx";
import { Hook, hookPlace } from "./Hook.tsx";
import { HookForm } from "./HookForm.tsx";
import { OneDelivery } from "./OneDelivery.tsx";

const UNDER = "A dead receiver holds up nothing; a delivery is tried for 3 days";
const ASK_AGAIN_MS = 5000; // what waits for a receiver is told by no event

const follow = () =>
  has("/v1/events")
    ? `curl -N ${location.origin}/v1/events`
    : `curl -N '${location.origin}/v1/taskhubs/changes?taskhub=default'`;

/** What does it without a webhook. */
const Follow = () => (
  <Command
    title="Follow the events"
    text={follow()}
    foot="Each event has an id; send the last one as Last-Event-ID and nothing is missed."
  />
);

function NotHere() {
  return (
    <>
      <PageHead title="Webhooks" />
      <Note tone="plain">
        <b>This server sends no webhooks.</b> It has a stream of events instead: a program that listens to it misses
        nothing, since it goes on where it was when it comes back.
      </Note>
      <Follow />
    </>
  );
}

function NotYours() {
  const roles = (me.value?.roles ?? []).map((role) => visibleLine(typeof role === "string" ? role : role.role));
  return (
    <>
      <PageHead title="Webhooks" under={UNDER} />
      <Note tone="plain" icon="lock">
        <b>Webhooks are for operators and owners</b>, since what happens to everybody’s requests is sent by them. You
        have {roles.length > 0 ? roles.join(", ") : "no role here"}. The stream of events tells you of the requests that
        you may see.
      </Note>
      <Follow />
    </>
  );
}

/** The one that the address names, else the first. */
function chosenOf(all: Webhook[]): Webhook | undefined {
  const named = place.value.query.get("hook");
  return named === null ? all[0] : all.find((one) => one.id === named || one.name === named);
}

function Below({ hook, done }: { hook: Webhook; done: () => void }) {
  const number = Number(place.value.query.get("delivery"));
  return (
    <div class="side">
      <Deliveries key={hook.id} hook={hook} done={done} />
      <div class="stack">
        {number > 0 ? (
          <OneDelivery key={`${hook.id} ${number}`} hook={hook} number={number} done={done} />
        ) : (
          <p class="small dim">Open a delivery to see what was sent, and each answer.</p>
        )}
      </div>
    </div>
  );
}

interface Acts {
  change: (hook: Webhook) => void;
  done: (changed?: WithSecret) => void;
  gone: (hook: Webhook) => void;
}

function List({ webhooks, change, done, gone }: Acts & { webhooks: Webhook[] }) {
  const chosen = chosenOf(webhooks);
  if (webhooks.length === 0)
    return (
      <>
        <Empty title="There is no webhook yet">
          <p>Make one, and its receiver is told of what happens to requests.</p>
        </Empty>
        <Follow />
      </>
    );
  return (
    <>
      <div class="cols">
        {webhooks.map((hook) => (
          <Hook
            key={hook.id}
            hook={hook}
            chosen={hook === chosen}
            change={() => change(hook)}
            done={done}
            gone={() => gone(hook)}
          />
        ))}
      </div>
      {chosen ? (
        <Below hook={chosen} done={() => done()} />
      ) : (
        <Note tone="plain">The webhook of this address is not there, or not any more.</Note>
      )}
    </>
  );
}

function Operators() {
  const asked = useAsk("webhooks", listWebhooks, ofRequests);
  const secret = useSignal<{ words: string; secret: string } | undefined>(undefined);
  const form = useSignal<{ hook?: Webhook } | undefined>(undefined);
  const deleted = useSignal<string | undefined>(undefined);
  const all = asked.answer.value;
  const webhooks = all?.webhooks.filter((hook) => hook.id !== deleted.value) ?? [];
  const waits = webhooks.some((hook) => hook.state === "active" && hook.waiting > 0);
  useAskAgain(asked, waits ? ASK_AGAIN_MS : undefined);
  const done = (changed?: WithSecret) => {
    if (changed?.secret) secret.value = { words: `The secret of ${changed.name}`, secret: changed.secret };
    asked.again();
  };
  // Out of sight before the list comes anew: nothing is asked about what is not there.
  const gone = (hook: Webhook) => {
    deleted.value = hook.id;
    go(href("/webhooks"));
    asked.again();
  };
  const made = (changed: WithSecret) => {
    const isNew = form.value?.hook === undefined;
    form.value = undefined;
    done(changed);
    if (isNew) go(hookPlace(changed.id));
  };
  return (
    <>
      <PageHead title="Webhooks" under={UNDER}>
        {all && (
          <button type="button" class="btn pri" onClick={() => (form.value = {})}>
            <Icon name="plus" />
            New webhook
          </button>
        )}
      </PageHead>
      {secret.value && <SecretOnce {...secret.value} done={() => (secret.value = undefined)} />}
      <Awaiting of={asked} what="the webhooks" lines={6} />
      {all && <List webhooks={webhooks} change={(hook) => (form.value = { hook })} done={done} gone={gone} />}
      {all && form.value && (
        <HookForm
          hook={form.value.hook}
          events={all.events}
          formats={all.formats}
          done={made}
          close={() => (form.value = undefined)}
        />
      )}
    </>
  );
}

/** Nothing is said of the server before it has said what it is, and who asks. */
function Content() {
  if (!known.value || !me.value)
    return (
      <>
        <PageHead title="Webhooks" />
        <Skeleton what="what this server has" />
      </>
    );
  if (!has("/v1/webhooks")) return <NotHere />;
  return may("operate") ? <Operators /> : <NotYours />;
}

export default function Webhooks() {
  useTitle("Webhooks");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Content />
    </main>
  );
}
