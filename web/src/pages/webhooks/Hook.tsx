import { changeWebhook, deleteWebhook, pingWebhook, type Webhook, type WithSecret } from "../../api/webhooks.ts";
import { wordsOf } from "../../api/client.ts";
import { count, plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Card, Pairs, Tag } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Ago, Exact } from "../../parts/Time.tsx";
import { go, href } from "../../route.ts";
import { formatName, HOOK_STATES, isSigned, whyNot } from "./words.ts";

/** The view of one, perhaps of one delivery to it. */
export const hookPlace = (id: string, delivery?: number) =>
  href("/webhooks", undefined, { hook: id, ...(delivery === undefined ? {} : { delivery: String(delivery) }) });

/** What goes wrong is said. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  await act().catch((cause: unknown) => toast("bad", wordsOf(cause).title, wordsOf(cause).detail));
}

interface Told {
  hook: Webhook;
  change: () => void;
  /** Something is different now; perhaps there is a secret to show. */
  done: (changed?: WithSecret) => void;
  /** It is deleted. */
  gone: () => void;
}

function LastFailure({ hook }: { hook: Webhook }) {
  const failure = hook.lastFailure;
  if (!failure) return null;
  const isOver = parseTime(hook.lastDeliveredAt) > parseTime(failure.at);
  return (
    <span class={isOver ? "dim" : "is-bad"}>
      {visibleLine(failure.error)}, <Ago at={failure.at} />
    </span>
  );
}

function Verbs({ hook, change, done, gone }: Told) {
  const name = visibleLine(hook.name);
  const turn = (state: "active" | "paused") => attempt(async () => done(await changeWebhook(hook, { state })));
  const anew = async () => {
    const text =
      "For a day what is sent is signed with both; then with the new one alone. Give it to the receiver within that day.";
    if (!(await ask({ title: `Another secret for ${name}?`, text, verb: "Make another" }))) return;
    await attempt(async () => done(await changeWebhook(hook, { secret: true })));
  };
  const remove = async () => {
    const waits = hook.waiting > 0 ? `, of which ${plural(hook.waiting, "waits", "wait")}` : "";
    const text = `Its deliveries go with it${waits}. A request that is to tell it of its release will say that it failed.`;
    if (!(await ask({ title: `Delete ${name}?`, text, verb: "Delete" }))) return;
    await attempt(async () => {
      await deleteWebhook(hook.id);
      gone();
    });
  };
  const isActive = hook.state === "active";
  return (
    <>
      <button type="button" class="btn sm quiet" aria-label={`Change ${name}`} onClick={change}>
        Change
      </button>
      <button
        type="button"
        class="btn sm quiet"
        aria-label={`${isActive ? "Pause" : "Resume"} ${name}`}
        onClick={() => void turn(isActive ? "paused" : "active")}
      >
        {isActive ? "Pause" : "Resume"}
      </button>
      {isSigned(hook.format) && (
        <button type="button" class="btn sm quiet" aria-label={`New secret for ${name}`} onClick={() => void anew()}>
          New secret
        </button>
      )}
      <button
        type="button"
        class="btn sm icon quiet end"
        aria-label={`Delete ${name}`}
        title="Delete"
        onClick={() => void remove()}
      >
        <Icon name="trash" />
      </button>
    </>
  );
}

/** Sends an event that says nothing, and goes to what becomes of it. */
function Test({ hook, done }: { hook: Webhook; done: () => void }) {
  const why = whyNot(hook);
  const send = () =>
    attempt(async () => {
      const { number } = await pingWebhook(hook.id);
      go(hookPlace(hook.id, number));
      done();
    });
  return (
    <button
      type="button"
      class="btn sm quiet"
      aria-label={`Send test to ${visibleLine(hook.name)}`}
      aria-disabled={why !== ""}
      title={why || undefined}
      onClick={() => why === "" && void send()}
    >
      Send test
    </button>
  );
}

export function Hook({ chosen, ...told }: Told & { chosen: boolean }) {
  const { hook, done } = told;
  const { word, tone, icon } = HOOK_STATES[hook.state];
  return (
    <Card
      title={
        <a href={hookPlace(hook.id)} aria-current={chosen ? "true" : undefined}>
          {visibleLine(hook.name)}
        </a>
      }
      side={<Test hook={hook} done={() => done()} />}
      foot={<Verbs {...told} />}
    >
      <Pairs
        pairs={[
          [
            "State",
            <Tag tone={tone} icon={icon}>
              {word}
            </Tag>,
          ],
          [
            "Ended",
            hook.state === "ended" && (
              <>
                <Ago at={hook.endedAt} />: its receiver is gone. What waited was dropped; resume it if it is back.
              </>
            ),
          ],
          ["To", <span class="mono secret">{visibleLine(hook.url)}</span>],
          ["Events", hook.events.includes("*") ? "all" : visibleLine(hook.events.join(", "))],
          ["Format", isSigned(hook.format) ? `${formatName(hook.format)}, signed` : formatName(hook.format)],
          ["Token", hook.hasToken && "is kept, and shown to it"],
          [
            "Old secret",
            parseTime(hook.oldSecretUntil) > now.value && (
              <>
                signs, too, until <Exact at={hook.oldSecretUntil} />
              </>
            ),
          ],
          [
            "Waiting",
            hook.state === "paused" && hook.waiting > 0
              ? `${count(hook.waiting)}, until it is resumed`
              : count(hook.waiting),
          ],
          ["Skipped", hook.skipped > 0 && <span class="is-bad">{plural(hook.skipped, "event")}: too many waited</span>],
          [
            "Delivered",
            hook.lastDeliveredAt ? <Ago at={hook.lastDeliveredAt} /> : <span class="dim">nothing yet</span>,
          ],
          ["Failed", hook.lastFailure && <LastFailure hook={hook} />],
        ]}
      />
    </Card>
  );
}
