/** What whoever looks may see and do of a request, as far as the page can know; the server decides. */
import type { ReviewRequest } from "../api/types.ts";
import { may, me } from "./server.ts";

/** There is no sign-in: everybody is the same person. */
export function isLocal(): boolean {
  const who = me.value;
  return who === undefined || who.kind === "local" || who.id === "local";
}

export const isOwn = (request: ReviewRequest): boolean =>
  !isLocal() && request.submitter !== undefined && request.submitter.id === me.value?.id;

/** Its submitter sees nothing of what it did before it is released. */
export const isHeldFromMe = (request: ReviewRequest): boolean => isOwn(request) && request.released !== true;

const OVER: ReadonlySet<string> = new Set(["approved", "rejected", "timed-out", "failed", "cancelled"]);

export const isOver = (request: ReviewRequest): boolean => OVER.has(request.state);

/** Those who submitted it, and operators, give it up. */
export const mayCancel = (request: ReviewRequest): boolean =>
  !isOver(request) && (isLocal() || isOwn(request) || may("operate"));
