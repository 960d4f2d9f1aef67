/** The place in the page, from the address behind "#": all that a view shows is in it. Back restores the scroll. */
import { signal } from "@preact/signals";

export interface Place {
  /** "/requests/7f3a…": never empty. */
  path: string;
  /** The path's parts, decoded. */
  segments: string[];
  query: URLSearchParams;
}

export type Query = Record<string, string | undefined>;

function read(): Place {
  const raw = location.hash.replace(/^#/, "") || "/";
  const mark = raw.indexOf("?");
  const path = mark < 0 ? raw : raw.slice(0, mark);
  const segments = path.split("/").filter(Boolean).map(decodeSegment);
  return { path, segments, query: new URLSearchParams(mark < 0 ? "" : raw.slice(mark + 1)) };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export const place = signal<Place>(read());

/** A link: `href("/requests", "id with / in it")`. */
export function href(path: string, id?: string, query?: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, value);
  const text = search.toString();
  return `#${path}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${text ? `?${text}` : ""}`;
}

/** Changes a part of the view without a step of the history. */
export function setQuery(changes: Query): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(history.state, "", `#${place.value.path}${text ? `?${text}` : ""}`);
  place.value = read();
}

/** Another place in the stead of this one: Back does not come here again. */
export function replace(target: string): void {
  history.replaceState(history.state, "", target);
  place.value = read();
}

// Each entry of the history has a number; a step without one is new and starts at the top.
const scrolls = new Map<number, number>();
let entry = 0;
let newest = 0;

function numberOf(state: unknown): number | undefined {
  return typeof state === "object" && state !== null && "entry" in state && typeof state.entry === "number"
    ? state.entry
    : undefined;
}

/** What a view needs may come late: the scroll is restored when the page is long enough, for at most a second. */
function scrollBack(top: number): void {
  const until = performance.now() + 1000;
  const attempt = () => {
    window.scrollTo(0, top);
    if (Math.abs(window.scrollY - top) > 2 && performance.now() < until) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

function onStep(): void {
  const known = numberOf(history.state);
  const before = place.value.path;
  if (known === undefined) {
    entry = ++newest;
    history.replaceState({ entry }, "");
  } else {
    entry = known;
  }
  place.value = read();
  if (known !== undefined) scrollBack(scrolls.get(known) ?? 0);
  else if (before !== place.value.path) window.scrollTo(0, 0);
}

/** Goes there as a link would, and at once: the next key meets the new view. */
export function go(target: string): void {
  if (target === location.hash) return;
  entry = ++newest;
  history.pushState({ entry }, "", target);
  const before = place.value.path;
  place.value = read();
  if (before !== place.value.path) window.scrollTo(0, 0);
}

export function startRouting(): void {
  history.scrollRestoration = "manual";
  history.replaceState({ entry }, "");
  addEventListener("scroll", () => scrolls.set(entry, window.scrollY), { passive: true });
  addEventListener("hashchange", onStep);
}
