/** Requests by id, as signals. Views read; changes come from the connection. */
import { signal, type Signal } from "@preact/signals";
import { wordsOf } from "../api/client.ts";
import { getRequest } from "../api/requests.ts";
import type { ReviewRequest } from "../api/types.ts";
import type { Failed } from "../format/trouble.ts";
import { onChange } from "./connection.ts";
import { loadWaiting, noteInList, removeFromList, waitingFailure } from "./waiting.ts";

/** A request as far as it is known. */
export interface Known {
  request: ReviewRequest | undefined;
  /** It has code and result, not only what lists show. */
  whole: boolean;
  failure: Failed | undefined;
}

const details = new Map<string, Signal<Known>>();
const DETAILS_MOST = 60; // whole requests may be a megabyte each
const watched = new Map<string, number>();

export function detail(id: string): Signal<Known> {
  let known = details.get(id);
  if (!known) {
    known = signal<Known>({ request: undefined, whole: false, failure: undefined });
    details.set(id, known);
    forgetOld();
  }
  return known;
}

function forgetOld(): void {
  for (const id of details.keys()) {
    if (details.size <= DETAILS_MOST) return;
    if (!watched.has(id)) details.delete(id);
  }
}

const loading = new Map<string, Promise<void>>();
const stale = new Set<string>();

/** Loads it whole. While one answer is awaited, a further wish makes one more request, not many. */
export function loadDetail(id: string): Promise<void> {
  const underWay = loading.get(id);
  if (underWay) {
    stale.add(id);
    return underWay;
  }
  const load = loadOnce(id).finally(() => {
    loading.delete(id);
    if (stale.delete(id)) void loadDetail(id);
  });
  loading.set(id, load);
  return load;
}

async function loadOnce(id: string): Promise<void> {
  const target = detail(id);
  try {
    const request = await getRequest(id);
    target.value = { request, whole: true, failure: undefined };
    noteInList(request);
  } catch (cause) {
    const failure = wordsOf(cause);
    if (failure.status === 404) removeFromList(id);
    target.value = { ...target.value, failure };
  }
}

/** Says that a view shows this request, so that it stays up to date. Returns the end of it. */
export function watch(id: string): () => void {
  watched.set(id, (watched.get(id) ?? 0) + 1);
  if (!detail(id).value.whole) void loadDetail(id);
  return () => {
    const rest = (watched.get(id) ?? 1) - 1;
    if (rest > 0) watched.set(id, rest);
    else watched.delete(id);
  };
}

/** A request as something that a view asks for: as far as lists know it, until it is there whole. */
export function soughtOf(id: string) {
  const { request, failure } = detail(id).value;
  return { answer: { value: request }, failure: { value: failure }, again: () => void loadDetail(id) };
}

// --- changes ---

/** Changes of one request within this time are one question. */
const GATHER_MS = 120;
const gathered = new Set<string>();
let gatherTimer: ReturnType<typeof setTimeout> | undefined;
/** More changes at once than this, of what nobody looks at: the list is asked for, not each request. */
const ONE_BY_ONE_MOST = 12;

function settle(): void {
  gatherTimer = undefined;
  const rest = [...gathered].filter((id) => !watched.has(id));
  for (const id of gathered) if (watched.has(id) || rest.length <= ONE_BY_ONE_MOST) void loadDetail(id);
  if (rest.length > ONE_BY_ONE_MOST) void loadWaiting();
  gathered.clear();
}

/** An event has what lists show; a change of a task hub, where there are no events, says only that something is different. */
function onRequest(id: string, request: ReviewRequest | undefined): void {
  if (request) noteInList(request);
  if (request && !watched.has(id)) {
    // It is asked for again when somebody looks at it. The signal stays: a view may have it already, and watch it in a moment.
    const known = details.get(id);
    if (known) known.value = { ...known.value, whole: false };
    return;
  }
  gathered.add(id);
  gatherTimer ??= setTimeout(settle, GATHER_MS);
}

export function startRequests(): void {
  onChange((change) => {
    if (change.what === "request") onRequest(change.id, change.request);
    if (change.what === "back") {
      if (waitingFailure.value) void loadWaiting();
      for (const id of watched.keys()) if (detail(id).value.failure) void loadDetail(id);
    } else if (change.what === "all") {
      void loadWaiting();
      for (const id of watched.keys()) void loadDetail(id);
    }
  });
}
