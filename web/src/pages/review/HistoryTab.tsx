import type { ReviewRequest, Run, Vote } from "../../api/types.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { submitterOf } from "../../format/title.ts";
import { Icon } from "../../parts/Icon.tsx";
import type { IconName } from "../../parts/icons.ts";
import { Person } from "../../parts/Person.tsx";
import { Ago } from "../../parts/Time.tsx";

interface Happening {
  at: string | undefined;
  icon: IconName;
  tone: string;
  words: preact.ComponentChildren;
  comment?: string | undefined;
}

const ANSWERS: Record<Vote["answer"], { icon: IconName; tone: string; word: string }> = {
  approve: { icon: "ok", tone: "is-ok", word: "approved" },
  changes: { icon: "changes", tone: "is-chg", word: "requested changes" },
  reject: { icon: "no", tone: "is-bad", word: "rejected" },
};

/** Why a vote does not count. */
const WEIGHTS: Record<string, string> = {
  "other-manifest": "it is of other bytes",
  own: "it is their own request",
  replaced: "they said otherwise later, or counted already",
  "not-asked": "the policy does not ask them",
  "too-early": "an earlier stage was not complete",
};

function weightOf(vote: Vote, request: ReviewRequest) {
  const weight = vote.weight ?? "other-manifest";
  if (weight === "other-manifest" && vote.revision !== undefined && vote.revision !== request.revision)
    return `it is on revision ${vote.revision}, and there is another now`;
  return WEIGHTS[weight] ?? weight;
}

function ofVote(vote: Vote, request: ReviewRequest): Happening {
  const answer = ANSWERS[vote.answer];
  return {
    at: vote.at,
    icon: answer.icon,
    tone: answer.tone,
    words: (
      <>
        <Person person={vote.by} /> {answer.word}
        {vote.standsInFor && vote.standsInFor.length > 0 && (
          <> in place of {vote.standsInFor.map(visibleLine).join(", ")}</>
        )}
        {vote.remember && <>, to be remembered</>}
        {vote.counts === false && <span class="dim">; it does not count: {weightOf(vote, request)}</span>}
      </>
    ),
    comment: vote.comment,
  };
}

function ofRun(run: Run): Happening[] {
  const begun: Happening = {
    at: run.startedAt,
    icon: "session",
    tone: "",
    words: `Run ${run.number} of revision ${run.revision}`,
  };
  if (!run.endedAt) return [begun];
  const bad = run.ended !== "succeeded";
  const words = `Run ${run.number} ended. ${visible(run.words ?? run.ended ?? "")}`;
  return [begun, { at: run.endedAt, icon: bad ? "warn" : "check", tone: bad ? "is-bad" : "", words }];
}

function happenings(request: ReviewRequest): Happening[] {
  const submitter = <Person person={submitterOf(request)} />;
  const list: Happening[] = (request.revisions ?? []).map((revision) => ({
    at: revision.createdAt,
    icon: "submit",
    tone: "",
    words: (
      <>
        <Person person={revision.by ?? request.submitter} /> submitted <b>revision {revision.number}</b>
      </>
    ),
    comment: revision.comment,
  }));
  if (list.length === 0)
    list.push({ at: request.createdAt, icon: "submit", tone: "", words: <>{submitter} submitted it</> });
  list.push(...(request.runs ?? []).flatMap(ofRun));
  list.push(...(request.votes ?? []).map((vote) => ofVote(vote, request)));
  const decision = request.decision;
  if (decision)
    list.push({
      at: decision.at,
      icon: decision.approved ? "ok" : "no",
      tone: decision.approved ? "is-ok" : "is-bad",
      words: (
        <>
          {decision.by ? <Person person={decision.by} /> : "Somebody"} {decision.approved ? "approved" : "rejected"} it
        </>
      ),
      comment: request.votes ? undefined : decision.comment,
    });
  if (request.ended)
    list.push({
      at: request.ended.at,
      icon: "stop",
      tone: "",
      words: <>{request.ended.by ? <Person person={request.ended.by} /> : "Somebody"} cancelled it</>,
      comment: request.ended.reason,
    });
  if (request.contentRemovedAt)
    list.push({ at: request.contentRemovedAt, icon: "clock", tone: "", words: "Code, files and result were removed" });
  return list.sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
}

export function HistoryTab({ request }: { request: ReviewRequest }) {
  return (
    <ol class="log">
      {happenings(request).map((one) => (
        <li>
          <span class={one.tone}>
            <Icon name={one.icon} />
          </span>
          <div>
            {one.words}
            {one.comment && <q>{visible(one.comment)}</q>}
          </div>
          <Ago at={one.at} />
        </li>
      ))}
    </ol>
  );
}
