/** Who is told of events by HTTP, ntfy or mail, and what became of each telling. */
import { at } from "./address.ts";
import { callJson } from "./client.ts";

export type WebhookState = "active" | "paused" | "ended";

export interface Webhook {
  id: string;
  name: string;
  url: string;
  format: string;
  /** Names of events, "request.*" or "*". */
  events: string[];
  state: WebhookState;
  /** What If-Match names: another after each change. */
  version: string;
  createdAt: string;
  createdBy?: { id: string; name: string };
  updatedAt?: string;
  /** Deliveries that are not over. */
  waiting: number;
  /** Events that it was not told of, since too many waited. */
  skipped: number;
  lastDeliveredAt?: string;
  lastFailure?: { at: string; error: string };
  /** Of ntfy: its server asks for one, which is shown nowhere. */
  hasToken?: true;
  /** Until when the secret before this one signs, too. */
  oldSecretUntil?: string;
  /** Its receiver said 410. */
  endedAt?: string;
}

export interface Webhooks {
  webhooks: Webhook[];
  /** What there is to choose from. */
  events: string[];
  formats: string[];
}

export type DeliveryState = "due" | "queued" | "delivered" | "failed" | "dropped";

export interface Delivery {
  number: number;
  eventId: string;
  type: string;
  subject: string;
  state: DeliveryState;
  attempts: number;
  createdAt: string;
  /** Of one that is due. */
  nextAttemptAt?: string;
  finishedAt?: string;
  replayOf?: number;
  by?: { id: string; name: string };
}

export interface Try {
  at: string;
  milliseconds: number;
  status?: number;
  /** The status is a mail server's reply. */
  via?: "smtp";
  error?: string;
  answer?: string;
  answerCut?: boolean;
}

/** One with all that is known of it; of its tries the last ones. */
export interface WholeDelivery extends Delivery {
  event: unknown;
  tries: Try[];
}

export interface WebhookWish {
  name?: string;
  url?: string;
  format?: string;
  events?: string[];
  /** A new one. */
  secret?: true;
  /** null: none any more. */
  token?: string | null;
  state?: "active" | "paused";
}

/** The secret is in the answer that made it, and in no other. */
export type WithSecret = Webhook & { secret?: string };

/** The most of one answer. */
export const DELIVERY_PAGE = 200;

export const listWebhooks = () => callJson<Webhooks>(at("GET /v1/webhooks", []));
export const makeWebhook = (wish: WebhookWish) => callJson<WithSecret>(at("POST /v1/webhooks", []), { body: wish });
/** Refused if somebody else has changed it since `hook` was read. */
export const changeWebhook = (hook: Webhook, wish: WebhookWish) =>
  callJson<WithSecret>(at("PATCH /v1/webhooks/{id}", [hook.id]), {
    body: wish,
    headers: { "if-match": `"${hook.version}"` },
  });
export const deleteWebhook = (id: string) => callJson<Webhook>(at("DELETE /v1/webhooks/{id}", [id]));
export const pingWebhook = (id: string) => callJson<WholeDelivery>(at("POST /v1/webhooks/{id}/ping", [id]));

/** Newest first; `after`: what `next` said. */
export const listDeliveries = (id: string, limit: number, after?: number) =>
  callJson<{ deliveries: Delivery[]; next?: number }>(at("GET /v1/webhooks/{id}/deliveries", [id], { limit, after }));
export const getDelivery = (id: string, number: number) =>
  callJson<WholeDelivery>(at("GET /v1/webhooks/{id}/deliveries/{number}", [id, number]));
export const replayDelivery = (id: string, number: number) =>
  callJson<WholeDelivery>(at("POST /v1/webhooks/{id}/deliveries/{number}/replay", [id, number]));
