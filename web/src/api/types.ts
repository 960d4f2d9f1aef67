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

export interface Vote {
  number: number;
  at: string;
  by: Person;
  answer: "approve" | "changes" | "reject";
  comment?: string;
  manifestSha256?: string;
  counts?: boolean;
  via?: string;
}

export interface Revision {
  number: number;
  createdAt: string;
  by?: string | Person;
  codeSha256?: string;
  codeBytes?: number;
  files?: { path: string; size: number; sha256: string }[];
  comment?: string;
}

export interface NetworkAttempt {
  address?: string;
  port?: number;
  count?: number;
}

/** What was measured from outside the session; each member only if it was. */
export interface Effects {
  network?: { attempts?: number | NetworkAttempt[] };
  refusedCalls?: { name: string; count: number }[];
  files?: { path: string; change?: string; size?: number; sha256?: string }[];
  processes?: { started?: number; mostAtOnce?: number };
  memoryPeakBytes?: number;
  memoryMaxBytes?: number;
  cpuMilliseconds?: number;
  wallMilliseconds?: number;
  ended?: string;
  [other: string]: unknown;
}

export interface Run {
  number: number;
  revision: number;
  startedAt?: string;
  endedAt?: string;
  ended?: string;
  attempts?: number;
  status?: string;
  executionTimeInMilliseconds?: number;
  effects?: Effects;
  manifestSha256?: string;
}

export interface Policy {
  version?: number;
  approvals?: number;
  settledBy?: string;
  rules?: { name: string; do: string }[];
  message?: string;
}

export interface ReviewRequest {
  id: string;
  state: RequestState;
  stage?: "before" | "after";
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
  code?: string;
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
  files?: { path: string; base64: string }[];
}

export interface Me {
  id: string;
  name: string;
  kind?: string;
  roles?: (string | { role: string; scope?: string })[];
  permissions?: string[];
  signIn?: boolean;
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
