import { useEffect } from "preact/hooks";
import type { ReviewRequest } from "../../api/types.ts";
import { isClean, measured } from "../../format/effects.ts";
import { shownOf } from "../../format/forms.ts";
import { withoutAnsi } from "../../format/ansi.ts";
import { plural } from "../../format/size.ts";
import { firstLine, visible, visibleLine } from "../../format/text.ts";
import { submitterOf, titleOf } from "../../format/title.ts";
import { detail, watch } from "../../live/requests.ts";
import { Tag } from "../../parts/Box.tsx";
import type { Place } from "../../parts/Chunks.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useNear } from "../../parts/near.ts";
import { Person } from "../../parts/Person.tsx";
import { State } from "../../parts/State.tsx";
import { Ago, Due } from "../../parts/Time.tsx";
import { href } from "../../route.ts";

/** What can be said in a word of what the run did. */
function Signs({ request }: { request: ReviewRequest }) {
  const facts = measured(request);
  const shown = shownOf(request.result);
  const plots = shown.filter((forms) => forms[0].kind === "picture").length;
  return (
    <div class="sigs">
      {isClean(request) && (
        <Tag tone="ok" icon="check">
          clean
        </Tag>
      )}
      {(facts.networkAttempts ?? 0) > 0 && (
        <Tag tone="bad" icon="net">
          {plural(facts.networkAttempts ?? 0, "connection")} blocked
        </Tag>
      )}
      {request.result?.error && (
        <Tag tone="bad" icon="warn">
          {visibleLine(request.result.error.name ?? "raised")}
        </Tag>
      )}
      {(facts.refusedCalls ?? 0) > 0 && facts.networkAttempts === 0 && (
        <Tag tone="bad" icon="warn">
          {plural(facts.refusedCalls ?? 0, "call")} refused
        </Tag>
      )}
      {(facts.filesTouched ?? 0) > 0 && <Tag icon="file">{plural(facts.filesTouched ?? 0, "file")}</Tag>}
      {plots > 0 && <Tag icon="image">{plural(plots, "plot")}</Tag>}
      {(request.attempts ?? 0) > 1 && <Tag tone="held">run {request.attempts} times</Tag>}
    </div>
  );
}

function Rule({ request }: { request: ReviewRequest }) {
  const approvals = request.policy?.approvals ?? 1;
  const approved = request.voteCounts?.approve ?? request.votes?.filter((one) => one.answer === "approve").length;
  return (
    <div class="small sub">
      <div class="cut">{visibleLine(request.policy?.settledBy ?? (request.policy ? "defaults" : "one approval"))}</div>
      {approved !== undefined && (
        <div class="row tight dim">
          <b>
            {approved} of {approvals}
          </b>
        </div>
      )}
    </div>
  );
}

/** What lists do not have, code and result, is asked for while the row is near the view, and kept up to date. */
function useDetail(id: string) {
  const { element, near } = useNear<HTMLLIElement>();
  useEffect(() => (near ? watch(id) : undefined), [near, id]);
  return { element, known: detail(id).value };
}

/** The first line of the code, and of what came of it; the room for both is there before they are. */
function Peeks({ request, failed }: { request: ReviewRequest; failed: boolean }) {
  const code = firstLine(request.code ?? "", /^(#|"""|import |from )/) ?? firstLine(request.code ?? "");
  const output = firstLine(withoutAnsi(request.result?.stdout || request.result?.stderr || ""));
  const words = output
    ? visible(output)
    : request.contentRemovedAt
      ? "Not kept any more"
      : request.result
        ? "It printed nothing"
        : request.attempts
          ? "Held until it is released"
          : "Not run yet";
  if (request.code === undefined && failed) return null;
  if (request.code === undefined)
    return (
      <>
        <div class="peek" aria-hidden="true">
          {"\u00a0"}
        </div>
        <div class="peek" aria-hidden="true">
          {"\u00a0"}
        </div>
      </>
    );
  return (
    <>
      {code && (
        <div class="peek">
          <i aria-hidden="true">›</i>
          <span class="cut">
            <span class="vh">Code: </span>
            {visible(code)}
          </span>
        </div>
      )}
      <div class="peek">
        <i aria-hidden="true">=</i>
        <span class={output ? "cut" : "cut dim"}>
          <span class="vh">Output: </span>
          {words}
        </span>
      </div>
    </>
  );
}

export function Row({ request, chosen, at }: { request: ReviewRequest; chosen: boolean; at: Place }) {
  const { element, known } = useDetail(request.id);
  const full = known.request ?? request;
  const waits = request.state === "waiting";
  return (
    <li class={chosen ? "cur" : undefined} ref={element} {...at}>
      <span class={waits ? "is-held" : "dim"}>
        <Icon name="held" label={waits ? "held" : "decided"} />
      </span>
      <div>
        <h2 class="cut">
          <a href={href("/requests", request.id)}>{titleOf(request)}</a>
        </h2>
        <p class="lead small sub">
          <Person person={submitterOf(request)} />
          {request.onBehalfOf && <>for {visibleLine(request.onBehalfOf)}</>} · <Ago at={request.createdAt} />
          {request.stage === "before" && <> · before the run</>}
          {(request.revision ?? 1) > 1 && <> · revision {request.revision}</>}
        </p>
        <Peeks request={full} failed={known.failure !== undefined} />
      </div>
      <Signs request={full} />
      <Rule request={full} />
      {waits ? <Due from={request.createdAt} until={request.deadline} /> : <State state={request.state} />}
    </li>
  );
}
