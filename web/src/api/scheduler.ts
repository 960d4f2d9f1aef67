/** The task scheduler's HTTP API; each call names its hub. */
import { callJson, callNothing, callText } from "./client.ts";
import type { Entity, HistoryEvent, Hub, Instance, Payloads, Worker } from "./types.ts";

const ROOT = "/v1/taskhubs";
const hubHeader = (hub: string) => ({ "x-taskhub": hub });
const instance = (id: string) => `${ROOT}/orchestrations/${encodeURIComponent(id)}`;
const entity = (id: string) => `${ROOT}/entities/${encodeURIComponent(id)}`;

export const listHubs = async () => (await callJson<{ hubs: Hub[] }>("/v1/hubs")).hubs;

export interface InstanceQuery {
  id?: string | undefined;
  name?: string | undefined;
  status?: string[] | undefined;
  createdAfter?: string | undefined;
  start?: number;
  count?: number;
}

export async function queryInstances(hub: string, query: InstanceQuery) {
  const filter: Record<string, unknown> = {};
  if (query.id) filter["orchestrationId"] = { value: query.id };
  if (query.name) filter["name"] = { value: query.name };
  if (query.status) filter["orchestrationStatus"] = { status: query.status };
  if (query.createdAfter) filter["createdAt"] = { start: query.createdAfter };
  return callJson<{ orchestrations: Instance[]; totalCount: number }>(`${ROOT}/orchestrations/query`, {
    method: "POST",
    headers: hubHeader(hub),
    body: { filter, pagination: { startIndex: query.start ?? 0, count: query.count ?? 50 } },
  });
}

export const getInstance = (hub: string, id: string) => callJson<Instance>(instance(id), { headers: hubHeader(hub) });
export const getPayloads = (hub: string, id: string) =>
  callJson<Payloads>(`${instance(id)}/payloads`, { headers: hubHeader(hub) });
export async function getHistory(hub: string, id: string, execution: string): Promise<HistoryEvent[]> {
  const answer = await callJson<{ history: HistoryEvent[] }>(
    `${instance(id)}/executions/${encodeURIComponent(execution)}/history`,
    { headers: hubHeader(hub), query: { shape: "object" } },
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
  callNothing(`${instance(id)}/history`, { method: "POST", headers: hubHeader(hub), body: event });
export const restart = (hub: string, id: string) =>
  callText(`${instance(id)}/restart`, {
    method: "POST",
    headers: hubHeader(hub),
    body: { restartWithNewInstanceId: true },
  });
export const purge = (hub: string, id: string) =>
  callNothing(instance(id), { method: "DELETE", headers: hubHeader(hub) });
export const startInstance = (hub: string, name: string, id: string, input: string) =>
  callJson<{ instanceId: string }>(`${ROOT}/orchestrations`, {
    method: "POST",
    headers: hubHeader(hub),
    body: { name, ...(id ? { instanceId: id } : {}), ...(input ? { input } : {}) },
  });

export const queryEntities = (hub: string, key: string, start = 0, count = 50) =>
  callJson<{ entities: Entity[]; totalCount: number }>(`${ROOT}/entities/query`, {
    method: "POST",
    headers: hubHeader(hub),
    body: { filter: key ? { key } : {}, pagination: { startIndex: start, count } },
  });
export const getEntity = (hub: string, id: string) => callJson<Entity>(entity(id), { headers: hubHeader(hub) });
export const getEntityState = (hub: string, id: string) => callText(`${entity(id)}/state`, { headers: hubHeader(hub) });
export const signalEntity = (hub: string, id: string, operation: string, input: string) =>
  callNothing(`${entity(id)}/signal`, {
    method: "POST",
    headers: hubHeader(hub),
    body: { operation, ...(input ? { input } : {}) },
  });

export const listWorkers = async (hub: string) =>
  (await callJson<{ workers: Worker[] }>(`${ROOT}/workers`, { headers: hubHeader(hub) })).workers;

export const changesAddress = (hub: string) => `${ROOT}/changes?taskhub=${encodeURIComponent(hub)}`;
