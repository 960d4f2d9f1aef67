/** The streams of server-sent events of the whole page: of requests, and of the task hubs that a view shows. What changed is told to
 *  listeners by id; they ask for the rest.
 *
 *  `/v1/events` where the server has it; else the changes of the task hub in which requests run; else the page asks again
 *  every few seconds and says so. After a loss each stream goes on behind its last event (feed.ts), and the server replays. */
import { signal } from "@preact/signals";
import { changesAddress } from "../api/scheduler.ts";
import { eventsAddress } from "../api/requests.ts";
import type { ReviewRequest } from "../api/types.ts";
import { haltClock } from "./clock.ts";
import { Feed } from "./feed.ts";
import { firstHub, has, loadServer, loadWho } from "./server.ts";

export type LiveState = "starting" | "live" | "lost" | "asking";
export const liveState = signal<LiveState>("starting");
/** When the connection was lost, in milliseconds. */
export const lostAt = signal<number | undefined>(undefined);

/** Events of requests that were told since the page was opened: none is left out, and none is told twice. */
export const eventsTold = signal(0);

export type Change =
  /** `request`: as a list shows it, where the change says so itself. */
  | { what: "request"; id: string; request?: ReviewRequest }
  | { what: "instance"; hub: string; id: string }
  /** Anything of that hub. */
  | { what: "hub"; hub: string }
  /** Anything at all. */
  | { what: "all" }
  /** Nothing, but the server answers again. */
  | { what: "back" };
type Listener = (change: Change) => void;

// What a view may be about, as a condition on changes.
export const ofRequests = (change: Change) => change.what === "all" || change.what === "request";
export const ofRequest = (id: string) => (change: Change) =>
  change.what === "all" || (change.what === "request" && change.id === id);
export const ofHub = (hub: string) => (change: Change) =>
  change.what === "all" || ("hub" in change && change.hub === hub);
export const ofInstance = (hub: string, id: string) => (change: Change) =>
  ofHub(hub)(change) && (change.what !== "instance" || change.id === id);

const listeners = new Set<Listener>();
const ORCHESTRATION = "CodeExecutionOrchestrator";
const HUB_EVENTS = ["changed", "removed", "entityChanged", "entityRemoved"];
const ASK_AGAIN_MS = 3000;
const LOST_AFTER_MS = 3000; // a stream that comes back at once was never lost
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tell(change: Change): void {
  for (const listener of listeners) listener(change);
}

/** The members of an event's data; none, if it is no object. */
function membersOf(event: MessageEvent<string>): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(event.data);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isRequest(data: unknown): data is ReviewRequest {
  return typeof data === "object" && data !== null && "id" in data && "state" in data;
}

// --- whether the page is live ---

/** Says whether it is: of requests where there are any. */
let main: Feed | undefined;
let lostTimer: ReturnType<typeof setTimeout> | undefined;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let retryMs = RETRY_FIRST_MS;

function found(missed: boolean): void {
  const isFirst = liveState.value === "starting";
  clearTimeout(lostTimer);
  lostTimer = undefined;
  retryMs = RETRY_FIRST_MS;
  liveState.value = "live";
  lostAt.value = undefined;
  haltClock(false);
  if (missed) tell({ what: "all" });
  else if (!isFirst) tell({ what: "back" });
}

function lose(closed: boolean): void {
  lostTimer ??= setTimeout(() => {
    lostAt.value = Date.now();
    liveState.value = "lost";
    haltClock(true);
  }, LOST_AFTER_MS);
  if (!closed) return; // the browser tries by itself
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, retryMs);
  retryMs = Math.min(retryMs * 2, RETRY_MOST_MS);
}

// --- requests ---

/** CloudEvents whose subject names a request, "requests/ID", and whose data is the request. */
function requestFeed(): Feed {
  return new Feed(eventsAddress, [], {
    tell(event) {
      const { subject, data } = membersOf(event);
      const id = typeof subject === "string" ? subject.replace(/^.*\//, "") : "";
      eventsTold.value++;
      if (!id) tell({ what: "all" });
      else tell({ what: "request", id, ...(isRequest(data) && data.id === id ? { request: data } : {}) });
    },
    open: found,
    reset: () => tell({ what: "all" }),
    lose,
  });
}

// --- task hubs ---

interface Followed {
  feed: Feed;
  views: number;
}

const followed = new Map<string, Followed>();

/** `first`: it says whether the page is live, and what becomes of requests. */
function hubFeed(hub: string, first: boolean): Feed {
  const missing = () => tell(first ? { what: "all" } : { what: "hub", hub });
  const feed: Feed = new Feed((after) => changesAddress(hub, after), HUB_EVENTS, {
    tell(event) {
      const { instanceId: id, name } = membersOf(event);
      if (typeof id !== "string") return;
      tell({ what: "instance", hub, id });
      if (first && name === ORCHESTRATION) tell({ what: "request", id });
    },
    open: (missed) => (first ? found(missed) : missed && missing()),
    reset: missing,
    lose: (closed) => {
      if (first) lose(closed);
      else if (closed) setTimeout(() => followed.get(hub)?.feed === feed && feed.connect(), RETRY_MOST_MS);
    },
  });
  return feed;
}

/** While a view shows something of that hub. Returns the end of it. */
export function followHub(hub: string): () => void {
  const known = followed.get(hub);
  const one = known ?? { feed: hubFeed(hub, false), views: 0 };
  one.views++;
  if (!known) {
    followed.set(hub, one);
    if (has("/v1/taskhubs/changes")) one.feed.connect();
  }
  return () => {
    if (--one.views > 0) return;
    one.feed.close();
    followed.delete(hub);
  };
}

// --- all of it ---

/** Without a stream: asks, quietly, and says that it does. */
function askAgain(): void {
  if (liveState.value === "asking") return;
  liveState.value = "asking";
  setInterval(() => {
    if (document.visibilityState === "visible") tell({ what: "all" });
  }, ASK_AGAIN_MS);
}

function connect(): void {
  if (has("/v1/events")) main ??= requestFeed();
  else if (has("/v1/taskhubs/changes")) main ??= hubFeed(firstHub.value, true);
  if (main) main.connect();
  else askAgain();
}

/** "Try now" of the banner. */
export function tryNow(): void {
  clearTimeout(retryTimer);
  retryMs = RETRY_FIRST_MS;
  connect();
}

/** `known`: called as soon as views may ask for what they show, while the rest is on its way. False: there is nothing to show yet. */
export async function startLive(known: () => void): Promise<boolean> {
  if (!(await loadServer())) return false;
  known();
  if (!(await loadWho())) return false;
  connect();
  return true;
}
