/** What the page says of webhooks and deliveries. Pure. */
import type { Delivery, DeliveryState, Webhook, WebhookState } from "../../api/webhooks.ts";
import type { Tone } from "../../format/tone.ts";
import type { IconName } from "../../parts/icons.ts";

interface Said {
  word: string;
  tone: Tone;
  icon: IconName;
}

export const HOOK_STATES: Record<WebhookState, Said> = {
  active: { word: "active", tone: "ok", icon: "ok" },
  paused: { word: "paused", tone: "held", icon: "pause" },
  ended: { word: "ended by 410", tone: "bad", icon: "stop" },
};

const DELIVERY_STATES: Record<DeliveryState, Said> = {
  due: { word: "due", tone: "plain", icon: "queued" },
  queued: { word: "behind an earlier one", tone: "plain", icon: "queued" },
  delivered: { word: "delivered", tone: "ok", icon: "ok" },
  failed: { word: "given up", tone: "bad", icon: "warn" },
  dropped: { word: "dropped", tone: "bad", icon: "stop" },
};

/** One that was tried and is due again is being retried. */
export const saidOf = (delivery: Delivery): Said =>
  delivery.state === "due" && delivery.attempts > 0
    ? { word: "being retried", tone: "held", icon: "retry" }
    : DELIVERY_STATES[delivery.state];

const FORMATS: Record<string, string> = {
  cloudevents: "CloudEvents",
  slack: "Slack",
  teams: "Teams",
  ntfy: "ntfy",
  email: "E-mail",
};
export const formatName = (format: string) => FORMATS[format] ?? format;

const HTTP_HINT = "https on the public net; elsewhere only what --webhook-hosts names";
const HINTS: Record<string, string> = {
  ntfy: "https://ntfy.sh/TOPIC; the last part is the topic",
  email: "mailto:mina@example.org, one mailbox",
};
/** What an address of that format is. */
export const addressHint = (format: string) => HINTS[format] ?? HTTP_HINT;

/** A mail is not signed. */
export const isSigned = (format: string) => format !== "email";

/** "sallyport.request.approved" → "request.approved", as filters name it. */
export const eventName = (type: string) => type.replace(/^sallyport\./, "");

/** Why nothing is sent to it now; "": it is. */
export const whyNot = (hook: Webhook): string =>
  hook.state === "active" ? "" : "Nothing is sent to it before it is resumed.";

/** Milliseconds until it is worth asking again about these; undefined: what happens to requests says when. */
export function askAgainIn(deliveries: Delivery[], now: number): number | undefined {
  const waits = deliveries.map((one) => {
    if (one.state === "queued") return 5000;
    return one.state === "due"
      ? Math.min(30_000, Math.max(1000, Date.parse(one.nextAttemptAt ?? "") - now + 500))
      : NaN;
  });
  const known = waits.filter((wait) => !Number.isNaN(wait));
  return known.length > 0 ? Math.min(...known) : undefined;
}
