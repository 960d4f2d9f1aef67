import type { ReviewRequest } from "../api/types.ts";
import { shortId } from "./size.ts";
import { visibleLine } from "./text.ts";

/** What a request is for, in its submitter's words; without any, its id. */
export function titleOf(request: ReviewRequest): string {
  return request.purpose ? visibleLine(request.purpose) : `Request ${shortId(request.id)}`;
}
