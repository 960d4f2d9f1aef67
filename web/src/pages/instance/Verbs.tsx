import { wordsOf } from "../../api/client.ts";
import { addEvent, purge, restart } from "../../api/scheduler.ts";
import type { Instance } from "../../api/types.ts";
import { shortId } from "../../format/size.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Icon } from "../../parts/Icon.tsx";
import type { IconName } from "../../parts/icons.ts";
import { statusOf } from "../../parts/State.tsx";
import { go, href } from "../../route.ts";

interface Context {
  hub: string;
  id: string;
}

interface Verb {
  name: string;
  icon: IconName;
  bad?: boolean;
  /** Why it cannot be now; undefined: it can. */
  shut: (status: string) => string | undefined;
  text: string;
  field?: string;
  second?: string;
  act: (context: Context, first: string, second: string) => Promise<unknown>;
}

const OVER = new Set(["completed", "failed", "terminated", "cancelled"]);
const onlyWhile = (status: string) => (OVER.has(status) ? "It is over" : undefined);
const onlyOver = (status: string) => (OVER.has(status) ? undefined : "Only when it is over");

const VERBS: Verb[] = [
  {
    name: "Raise event",
    icon: "bolt",
    shut: onlyWhile,
    text: "The orchestration gets it when it awaits an event of this name; until then it is kept.",
    field: "Name of the event",
    second: "Input, JSON",
    act: ({ hub, id }, name, input) => addEvent(hub, id, { eventRaised: { name, ...(input ? { input } : {}) } }),
  },
  {
    name: "Suspend",
    icon: "pause",
    shut: (status) => onlyWhile(status) ?? (status === "suspended" ? "It is suspended already" : undefined),
    text: "It takes no further turn until it is resumed. What runs goes on to its end.",
    field: "Reason",
    act: ({ hub, id }, reason) => addEvent(hub, id, { executionSuspended: { reason } }),
  },
  {
    name: "Resume",
    icon: "play",
    shut: (status) => (status === "suspended" ? undefined : "It is not suspended"),
    text: "It goes on where it stood.",
    act: ({ hub, id }) => addEvent(hub, id, { executionResumed: { reason: "resumed in the page" } }),
  },
  {
    name: "Rewind",
    icon: "back",
    shut: (status) => (status === "failed" ? undefined : "Only when it failed"),
    text: "What failed is tried again; what was done stays done.",
    field: "Reason",
    act: ({ hub, id }, reason) => addEvent(hub, id, { executionRewound: { reason } }),
  },
  {
    name: "Restart",
    icon: "retry",
    shut: onlyOver,
    text: "A new instance with the same input. This one stays.",
    act: async ({ hub, id }) => {
      const made = await restart(hub, id);
      go(href("/instances", made.replace(/^"|"$/g, ""), { hub }));
    },
  },
  {
    name: "Terminate",
    icon: "stop",
    bad: true,
    shut: onlyWhile,
    text: "It ends now, without another turn. This cannot be taken back.",
    field: "Reason",
    act: ({ hub, id }, reason) => addEvent(hub, id, { executionTerminated: { reason } }),
  },
  {
    name: "Purge",
    icon: "trash",
    shut: onlyOver,
    text: "The instance and its history are deleted. This cannot be taken back.",
    act: async ({ hub, id }) => {
      await purge(hub, id);
      go(href("/orchestrations", undefined, { hub }));
    },
  },
];

async function carryOut(verb: Verb, context: Context, again: () => void): Promise<void> {
  const values = await ask({
    title: `${verb.name} ${shortId(context.id)}?`,
    text: verb.text,
    verb: verb.name,
    ...(verb.field ? { field: verb.field } : {}),
    ...(verb.second ? { second: verb.second } : {}),
  });
  if (!values) return;
  try {
    await verb.act(context, values[0], values[1]);
    toast("ok", `${verb.name}: done.`);
    again();
  } catch (cause) {
    const words = wordsOf(cause);
    toast("bad", words.title, words.detail);
  }
}

/** What can be done with an instance. Each asks once; one that cannot be says why. */
export function Verbs({ hub, instance, again }: { hub: string; instance: Instance; again: () => void }) {
  const status = statusOf(instance.orchestrationStatus);
  const context = { hub, id: instance.instanceId };
  return (
    <div class="row tight" role="group" aria-label="What can be done with this instance">
      {VERBS.map((verb) => {
        const shut = verb.shut(status);
        return (
          <button
            type="button"
            class={verb.bad ? "btn sm bad-o" : "btn sm"}
            aria-disabled={shut !== undefined}
            title={shut}
            onClick={() =>
              shut ? toast("plain", `${verb.name}: ${shut.toLowerCase()}.`) : void carryOut(verb, context, again)
            }
          >
            <Icon name={verb.icon} />
            {verb.name}
          </button>
        );
      })}
    </div>
  );
}
