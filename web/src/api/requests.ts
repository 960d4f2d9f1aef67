import { callJson, callText } from "./client.ts";
import type { RequestPage, ReviewRequest, Submission } from "./types.ts";

const ROOT = "/v1/requests";
const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;

export interface ListQuery {
  state?: string | undefined;
  order?: "asc" | "desc" | undefined;
  limit?: number | undefined;
  after?: string | undefined;
  q?: string | undefined;
}

export const listRequests = (query: ListQuery, signal?: AbortSignal) =>
  callJson<RequestPage>(ROOT, { query: { ...query }, ...(signal ? { signal } : {}) });

export const getRequest = (id: string, signal?: AbortSignal) =>
  callJson<ReviewRequest>(one(id), signal ? { signal } : {});

export const submit = (submission: Submission) =>
  callJson<{ id: string; state: string; warnings?: string[] }>(ROOT, { method: "POST", body: submission });

/** The old way: yes or no, on the hash of what was shown. */
export const decide = (id: string, approve: boolean, comment: string, sha256: string | undefined) =>
  callJson<ReviewRequest>(`${one(id)}/decision`, {
    method: "POST",
    body: { approve, ...(comment ? { comment } : {}), ...(sha256 ? { sha256 } : {}) },
  });

export const vote = (
  id: string,
  answer: "approve" | "changes" | "reject",
  comment: string,
  manifestSha256: string | undefined,
) =>
  callJson<ReviewRequest>(`${one(id)}/votes`, {
    method: "POST",
    body: { answer, ...(comment ? { comment } : {}), ...(manifestSha256 ? { manifestSha256 } : {}) },
  });

export const revise = (id: string, code: string, comment: string) =>
  callJson<ReviewRequest>(`${one(id)}/revisions`, { method: "POST", body: { code, ...(comment ? { comment } : {}) } });

export const cancel = (id: string, reason: string) =>
  callJson<ReviewRequest>(`${one(id)}/cancel`, { method: "POST", body: reason ? { reason } : {} });

export const revisionCode = (id: string, revision: number) => callText(`${one(id)}/revisions/${revision}/code`);

export const fileAddress = (id: string, path: string) =>
  `${one(id)}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
export const fileText = (id: string, path: string) => callText(fileAddress(id, path));
export const receiptAddress = (id: string) => `${one(id)}/receipt`;
export const outputAddress = (id: string, run: number) => `${one(id)}/runs/${run}/output?from=0`;
