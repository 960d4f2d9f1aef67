import type { ReviewRequest } from "../../api/types.ts";
import { submitterOf, titleOf } from "../../format/title.ts";
import { visibleLine } from "../../format/text.ts";
import { countWords, loadMoreWaiting, moreWaiting, waiting } from "../../live/waiting.ts";
import { Tag } from "../../parts/Box.tsx";
import { Id } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Passage } from "../../parts/Passage.tsx";
import { Person } from "../../parts/Person.tsx";
import { State } from "../../parts/State.tsx";
import { Ago, Exact } from "../../parts/Time.tsx";
import { Awaiting, type Sought } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { Cancel } from "./Cancel.tsx";
import { Why } from "./Why.tsx";

/** The request before or after this one in the inbox. */
export function neighbour(id: string, step: 1 | -1): string | undefined {
  const list = waiting.value;
  const at = list.findIndex((one) => one.id === id);
  if (at < 0) return step > 0 ? list[0]?.id : undefined;
  return list[at + step]?.id;
}

/** At the end of what is known of the list its next page is read first. */
export async function openNeighbour(id: string, step: 1 | -1): Promise<void> {
  if (step > 0 && neighbour(id, step) === undefined) await loadMoreWaiting();
  const next = neighbour(id, step);
  if (next && place.value.segments[1] === id) go(href("/requests", next));
}

function Place({ id }: { id: string }) {
  const at = waiting.value.findIndex((one) => one.id === id);
  return (
    <span class="row tight end small dim">
      {at >= 0 && `${at + 1} of ${countWords(waiting.value.length)}`}
      <button
        type="button"
        class="btn sm icon quiet"
        aria-label="Previous request, k"
        aria-disabled={neighbour(id, -1) === undefined}
        onClick={() => void openNeighbour(id, -1)}
      >
        <Icon name="left" />
      </button>
      <button
        type="button"
        class="btn sm icon quiet"
        aria-label="Next request, j"
        aria-disabled={neighbour(id, 1) === undefined && moreWaiting.value === undefined}
        onClick={() => void openNeighbour(id, 1)}
      >
        <Icon name="chev" />
      </button>
    </span>
  );
}

export function Head({ request, sought }: { request: ReviewRequest; sought: Sought }) {
  const revision = request.revision ?? 1;
  return (
    <header class="rv-head">
      <div class="row">
        <nav class="crumb" aria-label="Breadcrumb">
          <a href={href("/")}>Inbox</a>
          <Icon name="chev" />
          <Id id={request.id} what="the id" />
          <a href={href("/runs", request.id)}>timeline</a>
        </nav>
        <Place id={request.id} />
      </div>
      <div class="row">
        <h1>{titleOf(request)}</h1>
        <State state={request.state} {...(request.state === "waiting" ? { word: "Waiting for a decision" } : {})} />
        <div class="end">
          <Passage request={request} />
        </div>
        <Cancel request={request} />
      </div>
      <div class="row small sub">
        <span>
          <Person person={submitterOf(request)} />
          {request.onBehalfOf && <> on behalf of {visibleLine(request.onBehalfOf)}</>}
        </span>
        <span class="dim">·</span>
        <span>
          submitted <Ago at={request.createdAt} />
        </span>
        <span class="dim">·</span>
        <span>revision {revision}</span>
        {revision > 1 && (
          <button type="button" class="link" onClick={() => setQuery({ view: "diff" })}>
            changes since revision {revision - 1}
          </button>
        )}
        {(request.attempts ?? 0) > 1 && <span class="tag held">run {request.attempts} times</span>}
        {request.standing && (
          <Tag tone="held" icon="ok">
            remembered, until <Exact at={request.standing.expiresAt} />
          </Tag>
        )}
        {Object.entries(request.labels ?? {}).map(([key, value]) => (
          <Tag>{visibleLine(`${key}=${value}`)}</Tag>
        ))}
      </div>
      <Awaiting of={sought} what="the request" />
      <Why request={request} />
    </header>
  );
}
