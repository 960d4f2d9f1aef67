/** The streams of server-sent events of the whole page: of requests, and of the task hub. What changed is told to listeners by id; they ask for the rest.
 *
 *  `/v1/events` where the server has it; else the changes of the task hub in which requests run; else the page asks again
 *  every few seconds and says so. Browsers come back with Last-Event-ID by themselves, and the server replays. */
import { signal } from "@preact/signals";
import { changesAddress } from "../api/scheduler.ts";
import { haltClock } from "./clock.ts";
import { has, hubs, loadServer } from "./server.ts";
import { signedIn } from "./session.ts";

export type LiveState = "starting" | "live" | "lost" | "asking";
export const liveState = signal<LiveState>("starting");
/** When the connection was lost, in milliseconds. */
export const lostAt = signal<number | undefined>(undefined);

export type Change = { what: "request"; id: string } | { what: "instance"; id: string } | { what: "all" };
type Listener = (change: Change) => void;

const listeners = new Set<Listener>();
const ORCHESTRATION = "CodeExecutionOrchestrator";
const ASK_AGAIN_MS = 3000;
const LOST_AFTER_MS = 3000; // a stream that comes back at once was never lost
const RETRY_MOST_MS = 10_000;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tell(change: Change): void {
  for (const listener of listeners) listener(change);
}

/** The first says whether the page is live. */
let sources: EventSource[] = [];
let lostTimer: ReturnType<typeof setTimeout> | undefined;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let retryMs = 500;

function found(): void {
  clearTimeout(lostTimer);
  lostTimer = undefined;
  retryMs = 500;
  const wasLost = liveState.value === "lost";
  liveState.value = "live";
  lostAt.value = undefined;
  haltClock(false);
  if (wasLost) tell({ what: "all" });
}

function lose(): void {
  lostTimer ??= setTimeout(() => {
    lostAt.value = Date.now();
    liveState.value = "lost";
    haltClock(true);
  }, LOST_AFTER_MS);
  if (sources[0] && sources[0].readyState !== EventSource.CLOSED) return; // the browser tries by itself
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, retryMs);
  retryMs = Math.min(retryMs * 2, RETRY_MOST_MS);
}

function member(data: string, name: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const value = (parsed as Record<string, unknown>)[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** CloudEvents whose subject or source names a request: "requests/ID". */
function onEvent(event: MessageEvent<string>): void {
  found();
  const subject = member(event.data, "subject") ?? "";
  const id = subject.replace(/^.*\//, "");
  tell(id ? { what: "request", id } : { what: "all" });
}

function onHubChange(event: MessageEvent<string>): void {
  const id = member(event.data, "instanceId");
  if (!id) return;
  tell({ what: "instance", id });
  if (member(event.data, "name") === ORCHESTRATION) tell({ what: "request", id });
}

/** What happens to requests, then what happens in the task hub. */
function addresses(): string[] {
  const hub = has("/v1/taskhubs/changes") ? [changesAddress(hubs.value[0]?.name ?? "default")] : [];
  return has("/v1/events") ? ["/v1/events", ...hub] : hub;
}

function open(url: string, first: boolean): EventSource {
  const source = new EventSource(url);
  if (first) {
    source.onopen = found;
    source.onerror = lose;
  }
  source.onmessage = onEvent;
  for (const type of ["changed", "removed"]) source.addEventListener(type, onHubChange as EventListener);
  source.addEventListener("reset", () => tell({ what: "all" }));
  return source;
}

/** Without a stream: asks, quietly, and says that it does. */
function askAgain(): void {
  liveState.value = "asking";
  setInterval(() => {
    if (document.visibilityState === "visible") tell({ what: "all" });
  }, ASK_AGAIN_MS);
}

function connect(): void {
  for (const source of sources) source.close();
  sources = addresses().map((url, index) => open(url, index === 0));
  if (sources.length === 0) askAgain();
}

/** "Try now" of the banner. */
export function tryNow(): void {
  clearTimeout(retryTimer);
  retryMs = 500;
  connect();
}

export async function startLive(): Promise<void> {
  await loadServer();
  if (signedIn.value !== "out") connect();
}
