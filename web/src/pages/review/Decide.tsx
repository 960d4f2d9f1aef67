import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Decision, Remember, ReviewRequest } from "../../api/types.ts";
import { visible } from "../../format/text.ts";
import { liveState } from "../../live/connection.ts";
import { has, hasVotes } from "../../live/server.ts";
import { toast } from "../../live/toasts.ts";
import { titleOf } from "../../format/title.ts";
import { Hash } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import type { IconName } from "../../parts/icons.ts";
import { useKeys } from "../../parts/keys.ts";
import { Person } from "../../parts/Person.tsx";
import { Ago } from "../../parts/Time.tsx";
import { href } from "../../route.ts";
import { thenWords } from "./Follows.tsx";
import { RememberDialog } from "./Remember.tsx";
import { answerRequest, shutReason, signedHash, type Answer } from "./verdict.ts";

const BUTTONS: { answer: Answer; word: string; class: string; key: string; icon?: IconName }[] = [
  { answer: "approve", word: "Approve", class: "ok", key: "a", icon: "check" },
  { answer: "changes", word: "Changes", class: "chg-o", key: "c" },
  { answer: "reject", word: "Reject", class: "bad-o", key: "r" },
];

/** What the answer would cause, in a sentence. */
function consequence(request: ReviewRequest): ComponentChildren {
  if (request.stage === "before") return "Your approval runs it.";
  const approvals = request.policy?.approvals ?? 1;
  const causes = request.then?.code ? "runs the step, then.py" : "releases the result";
  const then = thenWords(request);
  if (approvals <= 1)
    return then ? (
      <>
        Your approval {causes} and {then}.
      </>
    ) : (
      `Your approval ${causes}.`
    );
  const already = request.votes?.filter((one) => one.counts !== false && one.answer === "approve").length ?? 0;
  const mine = already + 1;
  return mine >= approvals ? (
    then ? (
      <>
        Your approval is number {mine} of {approvals}: it {causes}, and {then}.
      </>
    ) : (
      `Your approval is number ${mine} of ${approvals}: it ${causes}.`
    )
  ) : (
    `Your approval is number ${mine} of ${approvals}.`
  );
}

/** A person, or what decided without people. */
function By({ decision }: { decision: Decision }) {
  if (decision.standing !== undefined)
    return <a href={href("/runs", decision.standing)}>what was approved and remembered</a>;
  if (decision.rule !== undefined)
    return (
      <>
        the rule <b>{visible(decision.rule)}</b>
      </>
    );
  return <Person person={decision.by ?? "somebody"} />;
}

function Closed({ request }: { request: ReviewRequest }) {
  const decision = request.decision;
  const comment = decision?.comment;
  return (
    <section class="decide" aria-label="Decision">
      <div class="sign">
        {signedHash(request) ? (
          <>
            Signed <Hash hash={signedHash(request) ?? ""} what="the signed hash" />
          </>
        ) : (
          "Nothing was signed"
        )}
        <br />
        <a href={href("/runs", request.id)}>Timeline and receipt</a>
      </div>
      <p class="small sub">
        {decision ? (
          <>
            {decision.approved ? "Approved" : "Rejected"} by <By decision={decision} /> <Ago at={decision.at} />
            {comment && <q> {visible(comment)}</q>}
          </>
        ) : request.state === "cancelled" ? (
          <>
            Cancelled by <Person person={request.ended?.by ?? "somebody"} /> <Ago at={request.ended?.at} />
            {request.ended?.reason && <q> {visible(request.ended.reason)}</q>}
          </>
        ) : request.state === "queued" || request.state === "running" ? (
          "It runs. The result is held here as soon as it is there."
        ) : request.state === "changes-requested" ? (
          "Changes were requested: the submitter sends the next revision."
        ) : (
          "Over: nobody votes on it any more."
        )}
      </p>
      <div class="row acts">
        <a class="btn" href={href("/submit", undefined, { from: request.id })} aria-keyshortcuts="e">
          <Icon name="changes" />
          Revise<kbd>e</kbd>
        </a>
      </div>
    </section>
  );
}

/** The foot: answer with a reason, or see why not. */
export function Decide({ request, compact }: { request: ReviewRequest; compact?: boolean }) {
  const hash = signedHash(request);
  const open = request.state === "waiting";
  const seen = useSignal(open ? hash : undefined);
  const comment = useSignal("");
  const armed = useSignal<Answer | undefined>(undefined);
  const sending = useSignal<Answer | undefined>(undefined);
  const trouble = useSignal("");
  const remembering = useSignal(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const foot = useRef<HTMLElement>(null);
  useEffect(() => {
    if (open) seen.value ??= hash; // what is there while it runs is of the revision before
  }, [open, hash, seen]);

  const differs = useComputed(() => seen.value !== undefined && seen.value !== hash);
  const shut =
    shutReason(request) ??
    (liveState.value === "lost"
      ? "The connection is lost: your answer is kept back until it is there again."
      : undefined) ??
    (seen.value !== undefined && seen.value !== hash ? "The bytes changed since you opened this." : undefined);

  const canRemember =
    !compact && !shut && has("/v1/policy/standing") && hasVotes.value && request.manifestSha256 !== undefined;

  const buttonOf = (answer: Answer) => foot.current?.querySelector<HTMLElement>(`[data-answer="${answer}"]`);
  const reasonFor = (answer: Answer) =>
    shut ??
    (answer === "changes" && !(hasVotes.value && request.manifestSha256)
      ? "This server has no revisions yet: reject, and say what to change."
      : undefined);

  const send = async (answer: Answer, remember?: Remember) => {
    const reason = reasonFor(answer);
    if (reason || sending.value) {
      trouble.value = reason ?? "";
      return;
    }
    if (answer !== "approve" && comment.value.trim() === "") {
      trouble.value = answer === "reject" ? "Say why you reject it." : "Say what to change.";
      armed.value = answer;
      field.current?.focus();
      return;
    }
    sending.value = answer;
    trouble.value = "";
    const outcome = await answerRequest(request, answer, comment.value.trim(), remember);
    sending.value = undefined;
    if (outcome.kind === "failed") trouble.value = `${outcome.title}. ${outcome.detail}`;
    else if (outcome.kind === "done")
      toast(
        answer === "approve" ? "ok" : "plain",
        `${BUTTONS.find((one) => one.answer === answer)?.word}: “${titleOf(request)}”.`,
        remember && "It is remembered: the same again asks nobody until it expires.",
      );
  };

  const arm = (answer: Answer) => {
    armed.value = answer;
    if (answer === "approve") buttonOf(answer)?.focus();
    else field.current?.focus();
  };
  useKeys(open ? { a: () => arm("approve"), c: () => arm("changes"), r: () => arm("reject") } : {});
  if (!open) return <Closed request={request} />;

  const onFieldKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      field.current?.blur();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send(armed.value ?? "approve");
  };

  return (
    <section class="decide" aria-label="Decide" ref={foot}>
      <div class="sign">
        {hash ? (
          <>
            You sign <Hash hash={hash} what="the hash that you sign" />
          </>
        ) : (
          "There is nothing to sign yet"
        )}
        <br />
        <span id="consequence">{consequence(request)}</span>
      </div>
      <div>
        <label class="vh" for="say">
          Comment
        </label>
        <textarea
          class="in"
          id="say"
          rows={1}
          maxLength={4000}
          ref={field}
          value={comment.value}
          placeholder="Comment: needed to reject or to request changes"
          onInput={(event) => (comment.value = event.currentTarget.value)}
          onKeyDown={onFieldKey}
        />
        <p class="small is-bad" role="status" id="why-not">
          {trouble.value || shut || ""}
        </p>
        {canRemember && (
          <button type="button" class="link small" onClick={() => (remembering.value = true)}>
            Remember my approval…
          </button>
        )}
        {remembering.value && (
          <RememberDialog
            request={request}
            close={() => (remembering.value = false)}
            approve={(remember) => {
              remembering.value = false;
              void send("approve", remember);
            }}
          />
        )}
        {differs.value && (
          <button type="button" class="btn sm" onClick={() => (seen.value = hash)}>
            I have looked at the new bytes
          </button>
        )}
      </div>
      <div class="row acts">
        {BUTTONS.map((button) => {
          const reason = reasonFor(button.answer);
          return (
            <button
              type="button"
              class={`btn ${button.class}`}
              data-answer={button.answer}
              aria-keyshortcuts={button.key}
              aria-disabled={reason !== undefined}
              aria-busy={sending.value === button.answer}
              aria-describedby={reason ? "why-not" : "consequence"}
              title={reason}
              onClick={() => void send(button.answer)}
            >
              {button.icon && (
                <Icon
                  name={sending.value === button.answer ? "run" : button.icon}
                  spin={sending.value === button.answer}
                />
              )}
              {button.word}
              {!compact && <kbd>{button.key}</kbd>}
            </button>
          );
        })}
      </div>
    </section>
  );
}
