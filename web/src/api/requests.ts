import { callJson, callText } from "./client.ts";
import type { InputFile, Remember, RequestPage, ReviewRequest, RevisionDifference, Submission } from "./types.ts";

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

export const submit = (submission: Submission, uploads: Upload[]) =>
  callJson<{ id: string; state: string; warnings?: string[] }>(ROOT, {
    method: "POST",
    body: bodyOf(submission, uploads),
  });

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
  remember?: Remember,
) =>
  callJson<ReviewRequest>(`${one(id)}/votes`, {
    method: "POST",
    body: {
      answer,
      ...(comment ? { comment } : {}),
      ...(manifestSha256 ? { manifestSha256 } : {}),
      ...(remember ? { remember } : {}),
    },
  });

/** `kept`: which files of before it has again; undefined, and no new ones: all of them. */
export const revise = (id: string, code: string, comment: string, kept: InputFile[] | undefined, uploads: Upload[]) =>
  callJson<ReviewRequest>(`${one(id)}/revisions`, {
    method: "POST",
    body: bodyOf(
      {
        code,
        ...(comment ? { comment } : {}),
        ...(kept ? { files: kept.map(({ path, sha256 }) => ({ path, sha256 })) } : {}),
      },
      uploads,
    ),
  });

export const cancel = (id: string, reason: string) =>
  callJson<ReviewRequest>(`${one(id)}/cancel`, { method: "POST", body: reason ? { reason } : {} });

export const revisionCode = (id: string, revision: number) => callText(`${one(id)}/revisions/${revision}/code`);

const inPath = (path: string) => path.split("/").map(encodeURIComponent).join("/");
export const fileAddress = (id: string, path: string) => `${one(id)}/files/${inPath(path)}`;
export const inputAddress = (id: string, path: string, revision: number | undefined) =>
  `${one(id)}/inputs/${inPath(path)}${revision === undefined ? "" : `?revision=${revision}`}`;
/** The present revision and the one before it. */
export const differenceOf = (id: string) => callJson<RevisionDifference>(`${one(id)}/diff`);
export const fileText = (id: string, path: string) => callText(fileAddress(id, path));
export const exportAddress = (id: string) => `${one(id)}/export`;
export const receiptAddress = (id: string) => `${one(id)}/receipt`;
export const outputAddress = (id: string, run: number) => `${one(id)}/runs/${run}/output?from=0`;
