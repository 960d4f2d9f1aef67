/** The policy: the one in force, its versions, rehearsals, standing approvals, and who is away. */
import { at } from "./address.ts";
import { callJson, Problem } from "./client.ts";
import type { Person } from "./types.ts";

const ROOT = "/v1/policy";
const YAML = "application/yaml";

/** One of a rule's or of the defaults' demands: who approves, one stage after the other. */
export interface Track {
  rule?: string;
  stages: { name?: string; approvals: number; reviewers: string[] }[];
}

/** What is said in the file; terms (`gate`, `timeout` …) are members of their own. */
export interface Demands {
  tracks?: Track[];
  reminders?: string[];
  escalate?: string[];
  [term: string]: unknown;
}

export interface Rule extends Demands {
  name: string;
  do: "allow" | "ask" | "deny";
  when?: string;
  message?: string;
  line?: number;
}

export interface Meaning {
  defaults: Demands;
  rules: Rule[];
}

/** In how many requests a rule in force did what, in the last days; it is known by its name. */
export interface RuleCount {
  name: string;
  matched: number;
  allowed: number;
  asked: number;
  denied: number;
}

export interface RuleCounts {
  version: number;
  days: number;
  /** Later than so many days ago where counting began later. */
  since: string;
  rules: RuleCount[];
}

export interface Version {
  version: number;
  sha256?: string;
  bytes?: number;
  rules?: number;
  appliedAt?: string;
  by?: Person;
  via?: string;
  comment?: string;
}

export interface WholeVersion extends Version {
  text: string;
  policy?: Meaning;
}

export interface Ruled {
  settled: "allow" | "ask" | "deny";
  settledBy?: string;
  standing?: string;
  due: string;
  message?: string;
  version?: number;
}

export interface RehearsedRow {
  id: string;
  purpose?: string;
  createdAt?: string;
  state?: string;
  submitter?: Person;
  was: Ruled;
  would: Ruled;
  changed: boolean;
}

export interface Rehearsal {
  changed: number;
  of: number;
  rows: RehearsedRow[];
  policy: Meaning;
}

export interface Standing {
  id: string;
  state: "active" | "expired" | "used-up" | "revoked";
  of: "bytes" | "tree";
  sha256?: string;
  submitter?: Person;
  label?: { key: string; value?: string };
  language?: string;
  by?: Person | Person[];
  createdAt?: string;
  expiresAt?: string;
  uses?: number;
  usesLeft?: number;
  lastUsedAt?: string;
  lastUsedBy?: string;
  revokedAt?: string;
  revokedBy?: Person;
}

export interface Absence {
  id: string;
  person: { id?: string; name: string };
  delegate: string;
  from?: string;
  until?: string;
  comment?: string;
  by?: Person;
}

/** Where a file has its fault, and what was expected there. */
export interface Fault {
  detail: string;
  line?: number;
  column?: number;
}

/** The fault that a draft was refused for; undefined: it failed otherwise. */
export function faultOf(cause: unknown): Fault | undefined {
  if (!(cause instanceof Problem) || cause.kind !== "policy-refused") return undefined;
  const { line, column } = cause.members;
  return {
    detail: cause.detail,
    ...(typeof line === "number" ? { line } : {}),
    ...(typeof column === "number" ? { column } : {}),
  };
}

export const getPolicy = () => callJson<WholeVersion>(ROOT);
export const getRuleCounts = () => callJson<RuleCounts>(at("GET /v1/policy/rules", []));
export const getVersion = (version: number) => callJson<WholeVersion>(`${ROOT}/versions/${version}`);
export const listVersions = (after?: number) =>
  callJson<{ versions: Version[]; next?: number }>(`${ROOT}/versions`, { query: { limit: 100, after } });

/** In place of version `replaces`, and of no other. */
export const applyPolicy = (content: string, replaces: number, comment: string) =>
  callJson<Version>(ROOT, {
    method: "PUT",
    query: { comment: comment || undefined },
    headers: { "if-match": `"${replaces}"` },
    text: { type: YAML, content },
  });

/** What a draft would have done to the last requests; of none of them only what it means. Changes nothing. */
export const rehearse = (content: string, last: number, signal?: AbortSignal) =>
  callJson<Rehearsal>(`${ROOT}/rehearse`, {
    method: "POST",
    query: { last },
    text: { type: YAML, content },
    ...(signal ? { signal } : {}),
  });

export const listStanding = (after?: number) =>
  callJson<{ standing: Standing[]; next?: number }>(`${ROOT}/standing`, { query: { limit: 100, after } });
export const revokeStanding = (id: string) =>
  callJson<Standing>(`${ROOT}/standing/${encodeURIComponent(id)}`, { method: "DELETE" });

export const listAbsences = async () => (await callJson<{ absences: Absence[] }>("/v1/absences")).absences;
export const addAbsence = (body: { delegate: string; until: string; person?: string; comment?: string }) =>
  callJson<Absence>("/v1/absences", { method: "POST", body });
export const endAbsence = (id: string) =>
  callJson<Absence>(`/v1/absences/${encodeURIComponent(id)}`, { method: "DELETE" });
