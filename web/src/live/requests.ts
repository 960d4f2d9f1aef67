/** Requests by id, as signals, and the list of those that wait. Views read; changes come from the connection. */
import { computed, signal, type Signal } from "@preact/signals";
import { Problem, wordsOf } from "../api/client.ts";
import { getRequest, listRequests } from "../api/requests.ts";
import type { ReviewRequest } from "../api/types.ts";
import { parseTime } from "../format/time.ts";
import { onChange } from "./connection.ts";

/** A request as far as it is known. */
export interface Known {
  request: ReviewRequest | undefined;
  /** It has code and result, not only what lists show. */
  whole: boolean;
  failure: { title: string; detail: string; status: number } | undefined;
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
    const status = cause instanceof Problem ? cause.status : -1;
    if (status === 404) removeFromList(id);
    target.value = { ...target.value, failure: { ...wordsOf(cause), status } };
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

// --- those that wait ---

const waitingById = signal<ReadonlyMap<string, ReviewRequest>>(new Map());
/** Came while somebody reads, types or selects: shown when they ask for it. */
export const held = signal<ReadonlyMap<string, ReviewRequest>>(new Map());
export const waitingLoaded = signal(false);
export const waitingFailure = signal<{ title: string; detail: string } | undefined>(undefined);
export const moreWaiting = signal<string | undefined>(undefined);

const deadlineOf = (request: ReviewRequest) => {
  const time = parseTime(request.deadline);
  return Number.isNaN(time) ? Infinity : time;
};

/** Soonest deadline first. */
export const waiting = computed(() =>
  [...waitingById.value.values()].sort((a, b) => deadlineOf(a) - deadlineOf(b) || a.id.localeCompare(b.id)),
);

function put(target: Signal<ReadonlyMap<string, ReviewRequest>>, requests: ReviewRequest[]): void {
  const next = new Map(target.value);
  for (const request of requests) next.set(request.id, brief(request));
  target.value = next;
}

/** Lists hold no code and no result. */
function brief(request: ReviewRequest): ReviewRequest {
  const copy = { ...request };
  delete copy.code;
  delete copy.result;
  return copy;
}

function removeFrom(target: Signal<ReadonlyMap<string, ReviewRequest>>, id: string): void {
  if (!target.value.has(id)) return;
  const next = new Map(target.value);
  next.delete(id);
  target.value = next;
}

function removeFromList(id: string): void {
  removeFrom(waitingById, id);
  removeFrom(held, id);
}

/** Nothing jumps under the eyes of somebody who reads further down, types or selects. */
function isBusy(): boolean {
  const element = document.activeElement;
  const types = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  return window.scrollY > 40 || types || (document.getSelection()?.isCollapsed ?? true) === false;
}

function noteInList(request: ReviewRequest): void {
  if (request.state !== "waiting") removeFromList(request.id);
  else if (waitingById.value.has(request.id) || !waitingLoaded.value || !isBusy()) put(waitingById, [request]);
  else put(held, [request]);
}

export function showHeld(): void {
  put(waitingById, [...held.value.values()]);
  held.value = new Map();
}

export async function loadWaiting(): Promise<void> {
  try {
    const page = await listRequests({ state: "waiting", order: "asc", limit: 50 });
    waitingById.value = new Map(page.requests.map((request) => [request.id, request]));
    held.value = new Map();
    moreWaiting.value = page.next;
    waitingLoaded.value = true;
    waitingFailure.value = undefined;
  } catch (cause) {
    waitingFailure.value = wordsOf(cause);
  }
}

export async function loadMoreWaiting(): Promise<void> {
  const after = moreWaiting.value;
  if (after === undefined) return;
  moreWaiting.value = undefined;
  const page = await listRequests({ state: "waiting", order: "asc", limit: 100, after });
  put(waitingById, page.requests);
  moreWaiting.value = page.next;
}

// --- changes ---

/** Changes of one request within this time are one question. */
const GATHER_MS = 120;
const gathered = new Set<string>();
let gatherTimer: ReturnType<typeof setTimeout> | undefined;
/** More changes at once than this: the list is asked for, not each request. */
const ONE_BY_ONE_MOST = 12;

function settle(): void {
  gatherTimer = undefined;
  const ids = [...gathered];
  gathered.clear();
  const shown = ids.filter((id) => watched.has(id));
  for (const id of shown) void loadDetail(id);
  const rest = ids.filter((id) => !watched.has(id));
  if (rest.length > ONE_BY_ONE_MOST) void loadWaiting();
  else for (const id of rest) void loadDetail(id);
}

export function startRequests(): void {
  onChange((change) => {
    if (change.what === "back") {
      if (waitingFailure.value) void loadWaiting();
      for (const id of watched.keys()) if (detail(id).value.failure) void loadDetail(id);
    } else if (change.what === "all") {
      void loadWaiting();
      for (const id of watched.keys()) void loadDetail(id);
    } else if (change.what === "request") {
      gathered.add(change.id);
      gatherTimer ??= setTimeout(settle, GATHER_MS);
    }
  });
}
