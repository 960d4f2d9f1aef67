/** The only place that fetches. An answer that is no success is a Problem (RFC 9457). */
import { signal } from "@preact/signals";
import type { Failed } from "../format/trouble.ts";
import type { Address } from "./address.ts";

export class Problem extends Error {
  constructor(
    /** HTTP status; 0: the server did not answer. */
    readonly status: number,
    /** The last part of `type`: "already-decided". */
    readonly kind: string,
    readonly title: string,
    readonly detail: string,
    /** All members of the answer. */
    readonly members: Record<string, unknown> = {},
  ) {
    super(detail || title);
  }
}

/** The server wants to know who asks. */
export const signInNeeded = signal(false);

let token: string | undefined;

/** What requests that change something show besides the cookie. */
export function setToken(value: string | undefined): void {
  token = value;
}

export interface Options {
  method?: string;
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, under this Content-Type. */
  text?: { type: string; content: string };
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

function urlOf(path: string, query: Options["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const noAnswer = () => new Problem(0, "no-answer", "The server does not answer", "It may be restarting.");

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  let members: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) members = parsed;
  } catch {
    /* not JSON: the status says enough */
  }
  const title = typeof members["title"] === "string" ? members["title"] : `HTTP ${response.status}`;
  const detail = typeof members["detail"] === "string" ? members["detail"] : "";
  const type = typeof members["type"] === "string" ? members["type"] : "";
  return new Problem(response.status, type.slice(type.lastIndexOf(":") + 1), title, detail, members);
}

/** As it is, once, and without a reviver: the document that the page begins with, which the browser asks for before any script has
 *  come (index.html). What is asked otherwise than there would be asked twice. */
export async function callFirst<T>(path: string): Promise<T> {
  const response = await fetch(path, { credentials: "same-origin" }).catch(() => {
    throw noAnswer();
  });
  if (!response.ok) throw await problemOf(response);
  return JSON.parse(await response.text()) as T;
}

/** A route with its method; or a path, with the method in the options. */
async function ask(where: string | Address, options: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  const { method, url } =
    typeof where === "string" ? { method: options.method ?? "GET", url: urlOf(where, options.query) } : where;
  const init: RequestInit = { method, headers, cache: "no-store" };
  if (options.body instanceof FormData) {
    init.body = options.body; // the browser names its type, which has a boundary in it
  } else if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  } else if (options.text) {
    headers["content-type"] = options.text.type;
    init.body = options.text.content;
  }
  if (token !== undefined && init.method !== "GET") headers["x-sallyport-token"] = token;
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw noAnswer();
  }
  if (response.ok) return response;
  if (response.status === 401) signInNeeded.value = true;
  throw await problemOf(response);
}

/** An integer that a double does not hold stays as its digits: a value of a run is shown as it is, not nearly so. */
function exact(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
}

/** An answer in JSON. The type is what doc/api.md promises; members that may be absent are optional in it. */
export async function callJson<T>(where: string | Address, options: Options = {}): Promise<T> {
  const response = await ask(where, options);
  return JSON.parse(await response.text(), exact) as T;
}

export async function callText(where: string | Address, options: Options = {}): Promise<string> {
  return (await ask(where, options)).text();
}

export async function callNothing(where: string | Address, options: Options = {}): Promise<void> {
  await (await ask(where, options)).text();
}

/** What went wrong, as words for people. */
export function wordsOf(cause: unknown): Failed {
  if (cause instanceof Problem) return { title: cause.title, detail: cause.detail, status: cause.status };
  const detail = cause instanceof Error ? cause.message : String(cause);
  return { title: "Something went wrong in this page", detail, status: -1 };
}
