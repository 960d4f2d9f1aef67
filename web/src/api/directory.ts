/** People, groups, keys and grants. Answers are lists under a name that this module knows alone. */
import { callJson, callNothing } from "./client.ts";

const ROOT = "/v1/directory";

export type Row = Record<string, unknown>;

/** The rows of a list, whatever member of the answer holds them. */
export async function listDirectory(
  what: "users" | "groups" | "keys" | "applications" | "assignments",
): Promise<Row[]> {
  const answer = await callJson<Record<string, unknown> | Row[]>(`${ROOT}/${what}`);
  if (Array.isArray(answer)) return answer;
  const rows = Object.values(answer).find(Array.isArray) as Row[] | undefined;
  return rows ?? [];
}

export const makeKey = (body: { name: string; expiresAt?: string }) =>
  callJson<Row>(`${ROOT}/keys`, { method: "POST", body });
export const revokeKey = (name: string) =>
  callNothing(`${ROOT}/keys/${encodeURIComponent(name)}`, { method: "DELETE" });
