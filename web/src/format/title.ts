import type { Person, ReviewRequest } from "../api/types.ts";
import { shortId } from "./size.ts";
import { visibleLine } from "./text.ts";

/** What a request is for, in its submitter's words; without any, its id. */
export function titleOf(request: ReviewRequest): string {
  return request.purpose ? visibleLine(request.purpose) : `Request ${shortId(request.id)}`;
}

/** Who submitted it: who signed in; without sign-in, the name that was given. */
export function submitterOf(request: ReviewRequest): Person | string | undefined {
  const local = request.submitter?.kind === "local";
  return local ? (request.submittedBy ?? request.submitter) : (request.submitter ?? request.submittedBy);
}
