import type { Progress, ReviewRequest } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { Tag } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Person } from "../../parts/Person.tsx";
import { Ago, DueLine, Exact } from "../../parts/Time.tsx";
import { setQuery } from "../../route.ts";

const KINDS = /^(user|group|role):/;

/** "security, the group" of "group:security"; "anyone" stays. */
function whom(asked: string[]): string {
  const words = asked.map((one) => {
    const kind = KINDS.exec(one)?.[1];
    const name = visibleLine(one.replace(KINDS, ""));
    return kind === "group" ? `the group ${name}` : kind === "role" ? `the role ${name}` : name;
  });
  return words.length === 0 ? "anyone" : words.join(", ");
}

/** How far one demand is: "1 of 2 from the group security, stage 1 of 2". */
function Track({ track }: { track: Progress }) {
  return (
    <li class="row tight">
      {track.complete && (
        <span class="is-ok">
          <Icon name="check" label="complete" />
        </span>
      )}
      <b>
        {track.approvals} of {track.needed}
      </b>
      <span class="sub">
        from {whom(track.reviewers)}
        {track.stages > 1 && `, stage ${track.stage} of ${track.stages}`}
        {track.name && ` (${visibleLine(track.name)})`}
      </span>
    </li>
  );
}

/** Before the first vote nobody has counted: each demand is at its first stage then. */
function tracksOf(request: ReviewRequest): Progress[] {
  const demanded = request.state === "waiting" ? (request.policy?.demands?.tracks ?? []) : [];
  return (
    request.progress ??
    demanded.flatMap(({ rule, stages }) =>
      stages.slice(0, 1).map(({ approvals, reviewers, name }) => ({
        ...(rule === undefined ? {} : { rule }),
        ...(name === undefined ? {} : { name }),
        stage: 1,
        stages: stages.length,
        approvals: 0,
        needed: approvals,
        reviewers,
        complete: false,
      })),
    )
  );
}

/** How far the votes are; without a policy file one approval is all. */
function Votes({ request }: { request: ReviewRequest }) {
  const counted = request.votes?.filter((one) => one.counts !== false && one.answer === "approve") ?? [];
  const tracks = tracksOf(request);
  if (request.blind && request.state === "waiting")
    return <span class="sub">How others answered is shown once it is decided.</span>;
  return (
    <>
      {tracks.length > 0 ? (
        <ul class="row tracks" aria-label="How far the approvals are">
          {tracks.map((track) => (
            <Track track={track} />
          ))}
        </ul>
      ) : (
        request.votes && (
          <b>
            {counted.length} of {request.policy?.approvals ?? 1}
          </b>
        )
      )}
      {counted.map((one) => (
        <span class="row tight">
          <Person person={one.by} />
          <span class="row tight is-ok">
            <Icon name="check" />
            approved
          </span>
          <span class="dim">
            <Ago at={one.at} />
          </span>
        </span>
      ))}
    </>
  );
}

/** Votes on bytes that are not those to be decided on: they stay, and count no more. */
function Past({ request }: { request: ReviewRequest }) {
  const past = request.votes?.filter((one) => one.counts === false && one.weight === "other-manifest") ?? [];
  if (past.length === 0) return null;
  const revisions = [...new Set(past.map((one) => one.revision ?? 0))].filter((one) => one > 0);
  const isRevised = revisions.every((one) => one !== request.revision);
  const of = isRevised ? `revision ${revisions.join(", ")}` : "an earlier result";
  return (
    <button type="button" class="link" onClick={() => setQuery({ tab: "history" })}>
      {plural(past.length, "vote")} on {of} {past.length === 1 ? "counts" : "count"} no more
    </button>
  );
}

/** Who is asked besides when the time is short: from when on, or since it was. */
function Escalation({ request }: { request: ReviewRequest }) {
  const others = request.policy?.demands?.escalate ?? [];
  if (request.escalated)
    return (
      <Tag tone="held" icon="user">
        escalated: {others.length > 0 ? `${whom(others)} asked, too` : "others are asked, too"}
      </Tag>
    );
  if (others.length === 0 || !request.nextReminder || request.state !== "waiting") return null;
  return (
    <span class="sub">
      from <Exact at={request.nextReminder} /> on {whom(others)}, too
    </span>
  );
}

/** What sent it here, how far the votes are, and until when. */
export function Why({ request }: { request: ReviewRequest }) {
  const policy = request.policy;
  const rule = policy?.settledBy ?? policy?.rules?.[0]?.name ?? (policy ? "defaults" : undefined);
  return (
    <div class="why">
      <span class="row tight">
        <Icon name="policy" />
        {rule ? (
          <span>
            Sent here by <b>{visibleLine(rule)}</b>
            {policy?.version !== undefined && <span class="dim"> (policy {policy.version})</span>}
          </span>
        ) : (
          <span>One approval releases it: this server has no policy file.</span>
        )}
      </span>
      <Votes request={request} />
      <Past request={request} />
      <Escalation request={request} />
      {request.state === "waiting" && (
        <span class="end row tight">
          <Icon name="clock" />
          <span>
            <DueLine until={request.deadline} />
            <span class="dim">, then timed out</span>
          </span>
        </span>
      )}
    </div>
  );
}
