import { useEffect } from "preact/hooks";
import { detail, soughtOf, watch } from "../../live/requests.ts";
import type { ReviewRequest } from "../../api/types.ts";
import { visibleLine } from "../../format/text.ts";
import { titleOf } from "../../format/title.ts";
import { useKeys } from "../../parts/keys.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { useTitle } from "../../parts/title.ts";
import { CodePane } from "./CodePane.tsx";
import { Decide } from "./Decide.tsx";
import { Did } from "./Did.tsx";
import { Head, openNeighbour } from "./Head.tsx";

/** What became of it, said aloud when it changes: the region is there before the words are. */
function Spoken({ request }: { request: ReviewRequest }) {
  const by = request.decision?.by;
  const name = typeof by === "string" ? by : by?.name;
  const words = request.decision
    ? `It is ${request.decision.approved ? "approved" : "rejected"} now.${name ? ` ${visibleLine(name)} decided.` : ""}`
    : STATE_WORDS[request.state];
  return (
    <p class="vh" role="status" aria-label="State of the request">
      {words}
    </p>
  );
}

const STATE_WORDS: Record<ReviewRequest["state"], string> = {
  queued: "It waits for its run.",
  running: "It runs.",
  waiting: "It waits for a decision.",
  approved: "It is approved now.",
  rejected: "It is rejected now.",
  "changes-requested": "The submitter is asked for changes.",
  "timed-out": "Nobody decided in time.",
  failed: "It has failed.",
  cancelled: "It is given up.",
};

/** One request: what it is for, what it did, what the answer would cause. */
export default function Review() {
  const id = place.value.segments[1] ?? "";
  const known = detail(id).value;
  useEffect(() => watch(id), [id]);
  useTitle(known.request ? titleOf(known.request) : "Request");
  useKeys({
    j: () => void openNeighbour(id, 1),
    k: () => void openNeighbour(id, -1),
    e: () => go(href("/submit", undefined, { from: id })),
    d: () => setQuery({ view: place.value.query.get("view") === "diff" ? undefined : "diff" }),
    w: () => setQuery({ wrap: place.value.query.get("wrap") === "off" ? undefined : "off" }),
    Escape: () => go(href("/")),
  });
  const request = known.request;
  if (!request || !known.whole) {
    if (known.failure?.status === 404)
      return (
        <main id="main" class="page" tabIndex={-1}>
          <h1 class="vh">No such request</h1>
          <Empty title="There is no request with this id">
            <p>Or you may not see it. It may have been purged when its time to be kept was over.</p>
            <a class="btn" href={href("/")}>
              To the inbox
            </a>
          </Empty>
        </main>
      );
    return (
      <main id="main" class="page" tabIndex={-1}>
        <h1 class="vh">Request</h1>
        <Awaiting of={{ ...soughtOf(id), answer: { value: undefined } }} what="the request" lines={8} />
      </main>
    );
  }
  return (
    <main id="main" class="review" tabIndex={-1}>
      <Spoken request={request} />
      <Head request={request} sought={soughtOf(id)} />
      <div class="split">
        <CodePane request={request} />
        <Did request={request} />
      </div>
      <Decide key={id} request={request} />
    </main>
  );
}
