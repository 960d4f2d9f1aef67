/** The audit log. It is read forward; its end is found by halving, so that the newest page costs some small answers. */
import { callText } from "./client.ts";
import type { AuditEntry } from "./types.ts";

/** An entry and its own bytes, which are what its hash covers. */
export interface AuditLine {
  entry: AuditEntry;
  text: string;
}

export async function readAudit(after: number, limit: number, object?: string): Promise<AuditLine[]> {
  const text = await callText("/v1/audit", {
    query: { after, limit, object },
    headers: { accept: "application/jsonl" },
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ entry: JSON.parse(line) as AuditEntry, text: line }));
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
