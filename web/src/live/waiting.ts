/** The list of those that wait: pages of the server as somebody scrolls, and what events say of it. No event is answered by a
 *  question: it has what a list shows. */
import { computed, signal, type Signal } from "@preact/signals";
import { wordsOf } from "../api/client.ts";
import { listRequests } from "../api/requests.ts";
import type { ReviewRequest } from "../api/types.ts";
import { parseTime } from "../format/time.ts";
import type { Failed } from "../format/trouble.ts";

type ById = ReadonlyMap<string, ReviewRequest>;

const waitingById = signal<ById>(new Map());
/** Came while somebody reads, types or selects: shown when they ask for it. */
export const held = signal<ById>(new Map());
export const waitingLoaded = signal(false);
export const waitingFailure = signal<Failed | undefined>(undefined);
/** Where the next page begins; undefined: all that wait are known. */
export const moreWaiting = signal<string | undefined>(undefined);

const FIRST_PAGE = 50;
const PAGE = 100;
const PAGE_MOST = 500; // the server's own limit

const deadlineOf = (request: ReviewRequest) => {
  const time = parseTime(request.deadline);
  return Number.isNaN(time) ? Infinity : time;
};

const deadlines = new WeakMap<ReviewRequest, number>(); // reading a time takes longer than comparing two

function rankOf(request: ReviewRequest): number {
  let deadline = deadlines.get(request);
  if (deadline === undefined) {
    deadline = deadlineOf(request);
    deadlines.set(request, deadline);
  }
  return deadline;
}

function compare(one: ReviewRequest, other: ReviewRequest): number {
  const [first, second] = [rankOf(one), rankOf(other)];
  if (first !== second) return first < second ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}

/** Soonest deadline first, of those that are known. */
export const waiting = computed(() => [...waitingById.value.values()].sort(compare));

/** "12", or "50+" while there are more than are known. */
export const countWords = (known: number): string => `${known}${moreWaiting.value === undefined ? "" : "+"}`;

/** Lists hold no code and no result. */
function brief(request: ReviewRequest): ReviewRequest {
  const copy = { ...request };
  delete copy.code;
  delete copy.result;
  return copy;
}

function put(target: Signal<ById>, requests: ReviewRequest[]): void {
  const next = new Map(target.value);
  for (const request of requests) next.set(request.id, brief(request));
  target.value = next;
}

function removeFrom(target: Signal<ById>, id: string): void {
  if (!target.value.has(id)) return;
  const next = new Map(target.value);
  next.delete(id);
  target.value = next;
}

export function removeFromList(id: string): void {
  removeFrom(waitingById, id);
  removeFrom(held, id);
}

/** Nothing jumps under the eyes of somebody who reads further down, types or selects. */
function isBusy(): boolean {
  const element = document.activeElement;
  const types = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  return window.scrollY > 40 || types || (document.getSelection()?.isCollapsed ?? true) === false;
}

/** How one request is now, whoever said so. */
export function noteInList(request: ReviewRequest): void {
  if (request.state !== "waiting") removeFromList(request.id);
  else if (waitingById.value.has(request.id)) put(waitingById, [request]);
  else if (isBusy() && waitingLoaded.value) put(held, [request]);
  else {
    put(waitingById, [request]);
    removeFrom(held, request.id);
  }
}

export function showHeld(): void {
  put(waitingById, [...held.value.values()]);
  held.value = new Map();
}

/** The list anew, as far as it was known before: whoever has scrolled down stays where they are. */
async function readAsFar(): Promise<void> {
  const wanted = Math.max(FIRST_PAGE, waitingById.value.size + held.value.size);
  const next = new Map<string, ReviewRequest>();
  let after: string | undefined;
  do {
    const limit = Math.min(PAGE_MOST, wanted - next.size);
    const page = await listRequests({ state: "waiting", order: "asc", limit, after });
    for (const request of page.requests) next.set(request.id, request);
    after = page.next;
  } while (after !== undefined && next.size < wanted);
  waitingById.value = next;
  held.value = new Map();
  moreWaiting.value = after;
  waitingLoaded.value = true;
}

let reading: Promise<void> | undefined;
let again = false;

/** While one answer is awaited, further wishes are one more question, not many. */
export function loadWaiting(): Promise<void> {
  if (reading) {
    again = true;
    return reading;
  }
  reading = readAsFar()
    .then(
      () => (waitingFailure.value = undefined),
      (cause: unknown) => (waitingFailure.value = wordsOf(cause)),
    )
    .then(() => {
      reading = undefined;
      if (!again) return undefined;
      again = false;
      return loadWaiting();
    });
  return reading;
}

let turning = false;

/** The next page; `many`: somebody looks for something, and wants the rest soon. */
export async function loadMoreWaiting(many = false): Promise<void> {
  const after = moreWaiting.value;
  if (after === undefined || turning || reading) return;
  turning = true;
  try {
    const page = await listRequests({ state: "waiting", order: "asc", limit: many ? PAGE_MOST : PAGE, after });
    if (moreWaiting.value === after) {
      put(waitingById, page.requests);
      moreWaiting.value = page.next;
    }
    waitingFailure.value = undefined;
  } catch (cause) {
    waitingFailure.value = wordsOf(cause);
  }
  turning = false;
}
