/** Entries that fit a filter, newest first, found by walking back from the end. */
import { AUDIT_PAGE, lastEntry, readAudit, type AuditLine } from "../../api/audit.ts";

/** Groups of actions, by how their names begin. */
export const KINDS: { id: string; name: string; starts: string[] }[] = [
  { id: "requests", name: "Requests and runs", starts: ["request.", "run."] },
  { id: "decisions", name: "Votes and decisions", starts: ["request.voted", "request.decided", "standing."] },
  { id: "output", name: "Held output taken", starts: ["output.", "request.exported"] },
  { id: "policy", name: "Policy and absences", starts: ["policy.", "standing.", "absence."] },
  {
    id: "rights",
    name: "People and rights",
    starts: ["person.", "group.", "member.", "application.", "credential.", "key.", "role."],
  },
  { id: "sign-in", name: "Sign-ins", starts: ["sign-in."] },
  { id: "refused", name: "What was refused", starts: ["sign-in.failed", "access.denied", "request.outside-refused"] },
  { id: "server", name: "The server", starts: ["server."] },
];

export interface Filter {
  text: string;
  actor: string | undefined;
  action: string | undefined;
  kind: string | undefined;
}

export function fits(line: AuditLine, filter: Filter): boolean {
  const { entry, text } = line;
  const starts = KINDS.find((kind) => kind.id === filter.kind)?.starts;
  if (starts && !starts.some((start) => entry.action.startsWith(start))) return false;
  if (filter.action && entry.action !== filter.action) return false;
  if (filter.actor && filter.actor !== (entry.actor?.name ?? entry.actor?.id)) return false;
  return !filter.text || text.toLowerCase().includes(filter.text.toLowerCase());
}

const SHOWN = 100;
/** Entries that one search looks at before it asks whether to go on. */
const LOOKED_AT_MOST = 20_000;

export interface Found {
  last: number;
  lines: AuditLine[];
  /** What stands before this number was not looked at; 1: all was. */
  from: number;
}

/** `until`: the newest that may be among them; of one object all. */
export async function search(filter: Filter, until: number | undefined, object: string | undefined): Promise<Found> {
  if (object) {
    const lines = await readAudit(0, AUDIT_PAGE, object);
    return { last: 0, lines: lines.reverse().filter((line) => fits(line, filter)), from: 1 };
  }
  const isPlain = !filter.text && !filter.actor && !filter.action && !filter.kind;
  const size = isPlain ? SHOWN : AUDIT_PAGE;
  const last = await lastEntry();
  const lines: AuditLine[] = [];
  let end = Math.min(until ?? last, last);
  const stop = end - LOOKED_AT_MOST;
  while (end > 0 && end > stop && lines.length < SHOWN) {
    const page = await readAudit(Math.max(0, end - size), size);
    const upToEnd = page.filter((line) => line.entry.seq <= end).reverse();
    lines.push(...upToEnd.filter((line) => fits(line, filter)));
    end = Math.max(0, end - size);
  }
  return { last, lines, from: end + 1 };
}
