/** Sending an answer, and what may come of it: done, somebody was first, the bytes are others, it is over. */
import { Problem, wordsOf } from "../../api/client.ts";
import { decide, vote } from "../../api/requests.ts";
import type { Remember, ReviewRequest } from "../../api/types.ts";
import { hasVotes, me } from "../../live/server.ts";
import { loadDetail } from "../../live/requests.ts";
import { isLocal, isOwn } from "../../live/sight.ts";
import { toast } from "../../live/toasts.ts";
import { titleOf } from "../../format/title.ts";

export type Answer = "approve" | "changes" | "reject";

/** What a person signs: the manifest, or what older servers hash. */
export const signedHash = (request: ReviewRequest): string | undefined => request.manifestSha256 ?? request.sha256;

export type Outcome =
  { kind: "done" } | { kind: "lost" } | { kind: "differs" } | { kind: "failed"; title: string; detail: string };

const DIFFERS = new Set(["result-differs", "manifest-differs"]);
const LOST = new Set(["already-decided", "request-over"]);

function nameOf(by: unknown): string | undefined {
  if (typeof by === "string") return by;
  if (typeof by === "object" && by !== null && "name" in by && typeof by.name === "string") return by.name;
  return undefined;
}

function tellLost(problem: Problem, request: ReviewRequest): void {
  const decision = problem.members["decision"];
  const record = typeof decision === "object" && decision !== null ? (decision as Record<string, unknown>) : {};
  const who = nameOf(record["by"]) ?? "Somebody";
  const word = record["approved"] === true ? "approved" : record["approved"] === false ? "rejected" : "ended";
  toast("plain", `${who} ${word} “${titleOf(request)}” first.`, "Your answer was not needed. It has left your list.");
}

function send(request: ReviewRequest, answer: Answer, comment: string, remember?: Remember): Promise<ReviewRequest> {
  const hash = signedHash(request);
  if (hasVotes.value && request.manifestSha256)
    return vote(request.id, answer, comment, request.manifestSha256, remember);
  return decide(request.id, answer === "approve", comment, hash);
}

export async function answerRequest(
  request: ReviewRequest,
  answer: Answer,
  comment: string,
  remember?: Remember,
): Promise<Outcome> {
  try {
    await send(request, answer, comment, remember);
    await loadDetail(request.id);
    return { kind: "done" };
  } catch (cause) {
    if (!(cause instanceof Problem)) return { kind: "failed", ...wordsOf(cause) };
    await loadDetail(request.id);
    if (DIFFERS.has(cause.kind)) return { kind: "differs" };
    if (LOST.has(cause.kind)) {
      tellLost(cause, request);
      return { kind: "lost" };
    }
    return { kind: "failed", title: cause.title, detail: cause.detail };
  }
}

/** Why whoever looks may not answer; undefined: they may. */
export function shutReason(request: ReviewRequest): string | undefined {
  const who = me.value;
  if (who?.permissions && !who.permissions.includes("decide"))
    return "You are not a reviewer here. An owner can grant the role.";
  if (isOwn(request)) return "You submitted this. Somebody else has to look at it.";
  if (
    !isLocal() &&
    request.votes?.some((one) => one.counts !== false && one.by.id === who?.id && one.answer === "approve")
  )
    return "You have approved this. Others are asked, too.";
  return undefined;
}
