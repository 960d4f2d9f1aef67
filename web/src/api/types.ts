/** What the server says, as doc/api.md has it. A member that may be absent is absent when it is not known: never zero. */

export type RequestState =
  | "queued"
  | "running"
  | "waiting"
  | "approved"
  | "rejected"
  | "changes-requested"
  | "timed-out"
  | "failed"
  | "cancelled";

export interface Person {
  id: string;
  name: string;
  kind?: string;
}

export interface Decision {
  approved: boolean;
  outcome?: "approved" | "rejected";
  at?: string;
  by?: string | Person;
  comment?: string;
  sha256?: string;
  manifestSha256?: string;
  via?: string;
  /** The version of the policy that ruled it. */
  policy?: number;
  /** Whether the result is. */
  released?: boolean;
  /** Without people: the rule, or the standing approval. */
  rule?: string;
  standing?: string;
}

export interface ErrorOfRequest {
  type: string;
  message: string;
  hint?: string;
}

export interface Image {
  type: "image";
  format: string;
  base64_data: string;
}

export interface InResult {
  in: "result";
}

export interface ResultError {
  name?: string;
  value?: string;
  traceback?: string[];
  hint?: string;
  reason?: string;
}

export interface Result {
  status: string;
  stdout?: string;
  stderr?: string;
  result?: unknown;
  executionTimeInMilliseconds?: number;
  outputs?: Record<string, unknown>[];
  error?: ResultError;
  stdoutTruncated?: boolean;
  stdoutBytes?: number;
  stderrTruncated?: boolean;
  stderrBytes?: number;
  resultTruncated?: boolean;
  resultBytes?: number;
  /** Something may not be in a result, and is not. */
  resultDropped?: boolean;
  outputsTruncated?: boolean;
  errorTruncated?: boolean;
  errorBytes?: number;
}

export interface FileOfRun {
  path: string;
  size: number;
  sha256: string;
  change?: "made" | "changed";
}

/** Named, but its bytes are not there. */
export interface FileNotKept {
  path: string;
  change?: string;
  cause?: string;
  size?: number;
  sha256?: string;
}

export interface InputFile {
  path: string;
  size: number;
  sha256: string;
}

export interface Remember {
  /** "submitter" or "label:KEY". */
  for: string;
  of?: "bytes" | "tree";
  expiresInSeconds?: number;
  uses?: number;
}

export interface Vote {
  number: number;
  at: string;
  by: Person;
  answer: "approve" | "changes" | "reject";
  comment?: string;
  manifestSha256?: string;
  revision?: number;
  counts?: boolean;
  /** Why it does not count. */
  weight?: string;
  remember?: Remember;
  standsInFor?: string[];
  via?: string;
}

export interface Revision {
  number: number;
  createdAt: string;
  by?: string | Person;
  codeSha256?: string;
  codeBytes?: number;
  files?: InputFile[];
  comment?: string;
  then?: { code: { sha256: string; bytes: number } };
}

export interface FileChange {
  path: string;
  change: string;
  bytes?: number;
  sha256?: string;
}

export interface NamedHost {
  host: string;
  port?: string;
  count: number;
}

/** What was measured from outside the session, each member only if it was; and beside it what the code says of itself. */
export interface Effects {
  ended?: string;
  wallMicroseconds?: number;
  cpuMicroseconds?: number;
  memoryPeakBytes?: number;
  output?: { stdoutBytes: number; stderrBytes: number; cutBytes: number };
  /** `count` has all changes, `changes` the first of them. */
  files?: { count: number; unseen?: number; changes: FileChange[] };
  network?: { attempts: number; calls: { family: string; type: string; count: number }[] };
  refused?: { count: number; calls: { call: string; count: number }[] };
  processes?: { started?: number; mostAtOnce?: number };
  /** Not measured: the code may leave out hosts, and make them up. */
  ownWord?: { hosts: NamedHost[]; moreHosts?: number };
  /** Names of what this machine or this run could not give. */
  notReported?: string[];
}

/** Code that goes on in the same session once the run before it is approved; null: it is not kept any more. */
export interface Step {
  sha256: string;
  bytes: number;
  text?: string | null;
  state?: string;
  run?: number;
  afterRun?: number;
}

export interface Run {
  number: number;
  revision: number;
  startedAt?: string;
  endedAt?: string;
  ended?: "succeeded" | "failed" | "cancelled" | "interrupted";
  /** One word of the pool, and the same in a sentence. */
  why?: string;
  words?: string;
  attempts?: number;
  status?: string;
  executionTimeInMilliseconds?: number;
  effects?: Effects;
  effectsSha256?: string;
  effectsBytes?: number;
  /** What a policy's conditions read of it, by their names. */
  facts?: Record<string, unknown>;
  resultSha256?: string;
  resultBytes?: number;
  manifestSha256?: string;
}

/** What follows an approval; once it is released, what became of it. */
export interface Then {
  start?: {
    name: string;
    hub?: string;
    version?: string;
    state?: "due" | "started" | "failed";
    instanceId?: string;
    at?: string;
    error?: string;
  };
}

/** An approval that counts for the same again. */
export interface Standing {
  id: string;
  of: "bytes" | "tree";
  expiresAt: string;
  uses: number;
}

export interface Policy {
  version?: number;
  approvals?: number;
  settled?: "allow" | "ask" | "deny";
  settledBy?: string;
  /** The request whose approval was remembered. */
  standing?: string;
  /** `unknown`: the condition that could not be answered. */
  rules?: { name: string; do: string; message?: string; unknown?: string }[];
  message?: string;
  /** What it comes to, in words. */
  due?: string;
  /** Rules that wait for facts of the run. */
  waiting?: number;
  demands?: {
    escalate?: string[];
    tracks?: { rule?: string; stages: { approvals: number; reviewers: string[]; name?: string }[] }[];
  };
}

/** How far one demand of the policy is; stages of it are asked one after the other. */
export interface Progress {
  rule?: string;
  stage: number;
  stages: number;
  name?: string;
  approvals: number;
  needed: number;
  /** "anyone", "user:…", "group:…", "role:…". */
  reviewers: string[];
  complete: boolean;
}

/** What a session found in the code, for a policy that looks at it. */
export interface Syntax {
  imports?: string[];
  calls?: string[];
  treeSha256?: string;
  error?: string;
}

export interface ReviewRequest {
  id: string;
  state: RequestState;
  stage?: "before" | "after" | "then";
  createdAt?: string;
  updatedAt?: string;
  submittedBy?: string;
  submitter?: Person;
  onBehalfOf?: string;
  purpose?: string;
  labels?: Record<string, string>;
  language?: string;
  gate?: "after" | "before" | "both";
  session?: string;
  approvalTimeoutSeconds?: number;
  deadline?: string;
  attempts?: number;
  /** Null once it was removed. */
  code?: string | null;
  result?: Result;
  sha256?: string;
  sha256Covers?: string[];
  manifestSha256?: string;
  template?: string;
  decision?: Decision;
  error?: ErrorOfRequest;
  customStatus?: unknown;
  revision?: number;
  revisions?: Revision[];
  run?: number;
  runs?: Run[];
  votes?: Vote[];
  voteCounts?: { approve: number; changes: number; reject: number };
  policy?: Policy;
  released?: boolean;
  files?: FileOfRun[];
  /** "report": the pool measured it; "list": a foreign pool's list told of it. */
  filesFrom?: "report" | "list" | null;
  filesNotKept?: FileNotKept[];
  /** More that are not even named. */
  filesLeftOut?: number;
  /** Code, inputs, result, files and effects are gone since then; the hashes stay. */
  contentRemovedAt?: string;
  then?: Then & { code?: Step };
  standing?: Standing;
  liveOutput?: boolean;
  /** Whom the policy asks: people, groups, roles. */
  asked?: string[];
  /** Votes stay unseen until all are in. */
  blind?: boolean;
  /** How far each track of the policy is. */
  progress?: Progress[];
  nextReminder?: string;
  syntax?: Syntax;
  escalated?: boolean;
  ended?: { by?: string | Person; reason?: string; at?: string };
  warnings?: string[];
}

export interface RequestPage {
  requests: ReviewRequest[];
  next?: string;
}

export interface Submission {
  code: string;
  submittedBy?: string;
  approvalTimeoutSeconds?: number;
  purpose?: string;
  labels?: Record<string, string>;
  gate?: "after" | "before" | "both";
  session?: string;
  then?: { start?: { name: string; hub?: string }; code?: string };
}

/** What differs between two revisions, by hashes. */
export interface RevisionDifference {
  from: number;
  to: number;
  code: { from: string; to: string; same: boolean };
  inputs: {
    added: InputFile[];
    removed: InputFile[];
    changed: { path: string; from: InputFile; to: InputFile }[];
    same: number;
  };
}

export interface Me {
  id: string;
  name: string;
  kind?: string;
  roles?: (string | { role: string; scope?: string })[];
  permissions?: string[];
  signIn?: boolean;
  /** Those in whose place they may answer now. */
  standsInFor?: string[];
}

export interface Hub {
  name: string;
  startedCount?: number;
  completedCount?: number;
  failedCount?: number;
  terminatedCount?: number;
  waitingCount?: number;
  activeCount?: number;
}

export interface Instance {
  instanceId: string;
  executionId?: string;
  name?: string;
  version?: string;
  orchestrationStatus?: string;
  createdTimestamp?: string;
  lastUpdatedTimestamp?: string;
  completedTimestamp?: string;
  scheduledStartTimestamp?: string;
  parentInstanceId?: string;
  tags?: Record<string, string>;
  standing?: string;
}

export interface Payloads {
  input?: string;
  output?: string;
  customStatus?: string;
  failureDetails?: unknown;
  orchestrationStatus?: string;
}

/** An event of a history as protobuf's JSON: besides these two, one member that names the event. */
export interface HistoryEvent {
  eventId: number;
  timestamp: string;
  [kind: string]: unknown;
}

export interface Entity {
  instanceId: string;
  lastModifiedTime?: string;
  backlogQueueSize?: number;
  lockedBy?: string;
}

export interface Filter {
  name: string;
  versions?: string[];
}

export interface Worker {
  workerId: string;
  activeOrchestrationsCount?: number;
  maxOrchestrationsCount?: number;
  activeActivitiesCount?: number;
  maxActivitiesCount?: number;
  activeEntitiesCount?: number;
  maxEntitiesCount?: number;
  filtered?: boolean;
  workItemFilters?: { orchestrations?: Filter[]; activities?: Filter[]; entities?: Filter[] };
}

export interface Layer {
  name: string;
  state: string;
  detail?: string;
  mend?: string;
}

export interface Health {
  version?: string;
  ok?: boolean;
  uptimeSeconds?: number;
  degraded?: (string | { part?: string; cause?: string })[];
  pool?: {
    name?: string;
    state?: string;
    tier?: string;
    sessions?: Record<string, number>;
    totals?: Record<string, number>;
    memory?: Record<string, number>;
    template?: string;
    isolation?: { tier?: string; mode?: string; layers?: Layer[]; degraded?: string[] };
  };
  scheduler?: Record<string, unknown>;
}

export interface AuditEntry {
  seq: number;
  at: string;
  action: string;
  actor?: { id?: string; name?: string };
  object?: string;
  details?: Record<string, unknown>;
  prev?: string;
}

export interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content?: Record<string, unknown> };
  "x-access"?: string;
}

export interface OpenApi {
  info?: { title?: string; version?: string };
  paths: Record<string, Record<string, Operation>>;
}
