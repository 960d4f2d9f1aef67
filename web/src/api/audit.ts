/** The audit log. It is read forward; its end is found by halving, so that the newest page costs some small answers. */
import { callText } from "./client.ts";
import type { AuditEntry } from "./types.ts";

/** An entry and its own bytes, which are what its hash covers. */
export interface AuditLine {
  entry: AuditEntry;
  text: string;
}

/** What the server signs about an entry: all entries up to it are as they were. */
export interface AuditHead {
  seq: number;
  hash: string;
  signature: string;
  [member: string]: unknown;
}

/** The most of one answer. */
export const AUDIT_PAGE = 1000;

async function readLines(query: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<string[]> {
  const text = await callText("/v1/audit", {
    query,
    headers: { accept: "application/jsonl" },
    ...(signal ? { signal } : {}),
  });
  return text.split("\n").filter((line) => line !== "");
}

export async function readAudit(
  after: number,
  limit: number,
  object?: string,
  signal?: AbortSignal,
): Promise<AuditLine[]> {
  const lines = await readLines({ after, limit, object }, signal);
  return lines.map((line) => ({ entry: JSON.parse(line) as AuditEntry, text: line }));
}

/** The head of an entry, signed for this answer, as its bytes; undefined: there is no such entry. */
export const readHead = async (sequence: number): Promise<string | undefined> =>
  (await readLines({ after: sequence - 1, limit: 1, heads: "true" }))[1];

export const auditKey = () => callText("/v1/audit/key", { headers: { accept: "application/x-pem-file" } });

/** All entries from the first on, page by page. */
export async function* walkAudit(signal?: AbortSignal): AsyncGenerator<AuditLine[]> {
  let after = 0;
  for (;;) {
    const page = await readAudit(after, AUDIT_PAGE, undefined, signal);
    const last = page[page.length - 1];
    if (!last) return;
    yield page;
    after = last.entry.seq;
  }
}

const isThere = async (sequence: number) => (await readAudit(sequence - 1, 1)).length > 0;

/** The number of the last entry; 0 without any. */
export async function lastEntry(): Promise<number> {
  let high = 1;
  while (await isThere(high)) high *= 4;
  let low = Math.floor(high / 4);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isThere(middle)) low = middle;
    else high = middle;
  }
  return low;
}
