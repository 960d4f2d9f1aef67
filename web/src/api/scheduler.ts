/** The task scheduler's HTTP API; each call names its hub. */
import { at } from "./address.ts";
import { callJson, callNothing, callText } from "./client.ts";
import type { Entity, HistoryEvent, Hub, Instance, Payloads, Worker } from "./types.ts";

const hubHeader = (hub: string) => ({ "x-taskhub": hub });

export const listHubs = async () => (await callJson<{ hubs: Hub[] }>(at("GET /v1/hubs", []))).hubs;

export interface InstanceQuery {
  id?: string | undefined;
  name?: string | undefined;
  status?: string[] | undefined;
  createdAfter?: string | undefined;
  /** Those first that were created first. */
  oldest?: boolean;
  start?: number;
  count?: number;
}

export async function queryInstances(hub: string, query: InstanceQuery) {
  const filter: Record<string, unknown> = {};
  if (query.id) filter["orchestrationId"] = { value: query.id };
  if (query.name) filter["name"] = { value: query.name };
  if (query.status) filter["orchestrationStatus"] = { status: query.status };
  if (query.createdAfter) filter["createdAt"] = { start: query.createdAfter };
  return callJson<{ orchestrations: Instance[]; totalCount: number }>(
    at("POST /v1/taskhubs/orchestrations/query", []),
    {
      headers: hubHeader(hub),
      body: {
        filter,
        pagination: { startIndex: query.start ?? 0, count: query.count ?? 50 },
        ...(query.oldest ? { sort: [{ column: "CREATED_AT", direction: "ASCENDING_SORT" }] } : {}),
      },
    },
  );
}

export const getInstance = (hub: string, id: string) =>
  callJson<Instance>(at("GET /v1/taskhubs/orchestrations/{id}", [id]), { headers: hubHeader(hub) });
export const getPayloads = (hub: string, id: string) =>
  callJson<Payloads>(at("GET /v1/taskhubs/orchestrations/{id}/payloads", [id]), { headers: hubHeader(hub) });
export async function getHistory(hub: string, id: string, execution: string): Promise<HistoryEvent[]> {
  const answer = await callJson<{ history: HistoryEvent[] }>(
    at("GET /v1/taskhubs/orchestrations/{id}/executions/{executionId}/history", [id, execution], { shape: "object" }),
    { headers: hubHeader(hub) },
  );
  return answer.history;
}

export type InstanceEvent =
  | { executionSuspended: { reason: string } }
  | { executionResumed: { reason: string } }
  | { executionTerminated: { reason: string } }
  | { executionRewound: { reason: string } }
  | { eventRaised: { name: string; input?: string } };

export const addEvent = (hub: string, id: string, event: InstanceEvent) =>
  callNothing(at("POST /v1/taskhubs/orchestrations/{id}/history", [id]), { headers: hubHeader(hub), body: event });
export const restart = (hub: string, id: string) =>
  callText(at("POST /v1/taskhubs/orchestrations/{id}/restart", [id]), {
    headers: hubHeader(hub),
    body: { restartWithNewInstanceId: true },
  });
export const purge = (hub: string, id: string) =>
  callNothing(at("DELETE /v1/taskhubs/orchestrations/{id}", [id]), { headers: hubHeader(hub) });
export const startInstance = (hub: string, name: string, id: string, input: string) =>
  callJson<{ instanceId: string }>(at("POST /v1/taskhubs/orchestrations", []), {
    headers: hubHeader(hub),
    body: { name, ...(id ? { instanceId: id } : {}), ...(input ? { input } : {}) },
  });

/** "counter@orders" is a name and a key, "counter@" a name, and without an at sign it is a key. */
function entityFilter(text: string) {
  const plain = text.replace(/^@/, "");
  const at = plain.indexOf("@");
  const [name, key] = at < 0 ? ["", plain] : [plain.slice(0, at), plain.slice(at + 1)];
  return { ...(name ? { name } : {}), ...(key ? { key } : {}) };
}

export const queryEntities = (hub: string, text: string, start = 0, count = 50) =>
  callJson<{ entities: Entity[]; totalCount: number }>(at("POST /v1/taskhubs/entities/query", []), {
    headers: hubHeader(hub),
    body: { filter: entityFilter(text), pagination: { startIndex: start, count } },
  });
export const getEntity = (hub: string, id: string) =>
  callJson<Entity>(at("GET /v1/taskhubs/entities/{id}", [id]), { headers: hubHeader(hub) });
export const getEntityState = (hub: string, id: string) =>
  callText(at("GET /v1/taskhubs/entities/{id}/state", [id]), { headers: hubHeader(hub) });
export const signalEntity = (hub: string, id: string, operation: string, input: string) =>
  callNothing(at("POST /v1/taskhubs/entities/{id}/signal", [id]), {
    headers: hubHeader(hub),
    body: { operation, ...(input ? { input } : {}) },
  });

export const listWorkers = async (hub: string) =>
  (await callJson<{ workers: Worker[] }>(at("GET /v1/taskhubs/workers", []), { headers: hubHeader(hub) })).workers;

/** A stream of what changes in the hub, behind an event, or from now on. */
export const changesAddress = (hub: string, after?: string) =>
  at("GET /v1/taskhubs/changes", [], { taskhub: hub, lastEventId: after }).url;
