import { at } from "./address.ts";
import { callJson, callText } from "./client.ts";
import type { InputFile, Remember, RequestPage, ReviewRequest, RevisionDifference, Submission } from "./types.ts";

export interface ListQuery {
  state?: string | undefined;
  order?: "asc" | "desc" | undefined;
  limit?: number | undefined;
  after?: string | undefined;
  q?: string | undefined;
}

export const listRequests = (query: ListQuery, signal?: AbortSignal) =>
  callJson<RequestPage>(at("GET /v1/requests", [], query), signal ? { signal } : {});

export const getRequest = (id: string, signal?: AbortSignal) =>
  callJson<ReviewRequest>(at("GET /v1/requests/{id}", [id]), signal ? { signal } : {});

/** An input file of this browser's machine, under the path that the code finds it by. */
export interface Upload {
  path: string;
  file: Blob;
}

/** Members as JSON; with files, a form in which they are the part "request". */
function bodyOf(members: object, uploads: Upload[]): object {
  if (uploads.length === 0) return members;
  const form = new FormData();
  form.append("request", new Blob([JSON.stringify(members)], { type: "application/json" }));
  for (const { path, file } of uploads) form.append("file", file, path);
  return form;
}

/** `key`: what is sent again with it is the same request, if the first one came through without its answer. */
export const submit = (submission: Submission, uploads: Upload[], key: string) =>
  callJson<{ id: string; state: string; warnings?: string[] }>(at("POST /v1/requests", []), {
    body: bodyOf(submission, uploads),
    headers: { "idempotency-key": key },
  });

/** The old way: yes or no, on the hash of what was shown. */
export const decide = (id: string, approve: boolean, comment: string, sha256: string | undefined) =>
  callJson<ReviewRequest>(at("POST /v1/requests/{id}/decision", [id]), {
    body: { approve, ...(comment ? { comment } : {}), ...(sha256 ? { sha256 } : {}) },
  });

export const vote = (
  id: string,
  answer: "approve" | "changes" | "reject",
  comment: string,
  manifestSha256: string | undefined,
  remember?: Remember,
) =>
  callJson<ReviewRequest>(at("POST /v1/requests/{id}/votes", [id]), {
    body: {
      answer,
      ...(comment ? { comment } : {}),
      ...(manifestSha256 ? { manifestSha256 } : {}),
      ...(remember ? { remember } : {}),
    },
  });

export interface NextRevision {
  code: string;
  comment: string;
  /** Which files of before it has again; undefined, and no new ones: all of them. */
  kept: InputFile[] | undefined;
  uploads: Upload[];
  /** The step behind the approval; null: none; undefined: that of before. */
  step: string | null | undefined;
}

export const revise = (id: string, { code, comment, kept, uploads, step }: NextRevision) =>
  callJson<ReviewRequest>(at("POST /v1/requests/{id}/revisions", [id]), {
    body: bodyOf(
      {
        code,
        ...(comment ? { comment } : {}),
        ...(kept ? { files: kept.map(({ path, sha256 }) => ({ path, sha256 })) } : {}),
        ...(step === undefined ? {} : { then: { code: step } }),
      },
      uploads,
    ),
  });

export const cancel = (id: string, reason: string) =>
  callJson<ReviewRequest>(at("POST /v1/requests/{id}/cancel", [id]), { body: reason ? { reason } : {} });

export const revisionCode = (id: string, revision: number) =>
  callText(at("GET /v1/requests/{id}/revisions/{number}/code", [id, revision]));

export const fileAddress = (id: string, path: string) => at("GET /v1/requests/{id}/files/{path}", [id, path]).url;
export const inputAddress = (id: string, path: string, revision: number | undefined) =>
  at("GET /v1/requests/{id}/inputs/{path}", [id, path], { revision }).url;
/** The present revision and the one before it. */
export const differenceOf = (id: string) => callJson<RevisionDifference>(at("GET /v1/requests/{id}/diff", [id]));
export const fileText = (id: string, path: string) => callText(fileAddress(id, path));
export const exportAddress = (id: string) => at("GET /v1/requests/{id}/export", [id]).url;
export const receiptAddress = (id: string) => at("GET /v1/requests/{id}/receipt", [id]).url;
/** A stream of what happens to requests, behind an event, or from now on. */
export const eventsAddress = (after?: string) => at("GET /v1/events", [], { after }).url;
export const outputAddress = (id: string, run: number) =>
  at("GET /v1/requests/{id}/runs/{n}/output", [id, run], { from: 0 }).url;
