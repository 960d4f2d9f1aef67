import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { listRequests } from "../../api/requests.ts";
import type { ReviewRequest } from "../../api/types.ts";
import { measured, type Measured } from "../../format/effects.ts";
import type { Failed } from "../../format/trouble.ts";
import { duration } from "../../format/time.ts";
import { shortId } from "../../format/size.ts";
import { submitterOf, titleOf } from "../../format/title.ts";
import { visibleLine } from "../../format/text.ts";
import { ofRequests } from "../../live/connection.ts";
import { detail, watch } from "../../live/requests.ts";
import { hasVotes } from "../../live/server.ts";
import { PageHead } from "../../parts/Box.tsx";
import { SearchField, StateChips } from "../../parts/Filter.tsx";
import { useNear } from "../../parts/near.ts";
import { Person } from "../../parts/Person.tsx";
import { State } from "../../parts/State.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting, Empty, Failure } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";
import Run from "../run/index.tsx";

const STATES = ["queued", "running", "waiting", "approved", "rejected", "timed-out", "failed", "cancelled"];

/** Lists have nothing of runs: the request is asked for while its row is near, as in the inbox. */
function Measure({ id, of }: { id: string; of: (measures: Measured) => ComponentChildren }) {
  const { element, near } = useNear<HTMLSpanElement>();
  useEffect(() => (near ? watch(id) : undefined), [near, id]);
  const { request, whole } = detail(id).value;
  return <span ref={element}>{(whole && request && of(measured(request))) || <span class="dim">–</span>}</span>;
}

const COLUMNS: Column<ReviewRequest>[] = [
  { name: "Purpose", class: "grow", cell: (one) => <a href={href("/requests", one.id)}>{titleOf(one)}</a> },
  {
    name: "Id",
    class: "lo",
    cell: (one) => (
      <a class="mono dim" href={href("/runs", one.id)}>
        {shortId(one.id)}
      </a>
    ),
  },
  { name: "State", cell: (one) => <State state={one.state} /> },
  { name: "Submitter", class: "lo", cell: (one) => <Person person={submitterOf(one)} /> },
  {
    name: "Rule",
    class: "lo",
    cell: (one) => (one.policy ? visibleLine(one.policy.settledBy ?? "defaults") : <span class="dim">–</span>),
  },
  {
    name: "By",
    class: "lo",
    cell: (one) => (one.decision?.by ? <Person person={one.decision.by} /> : <span class="dim">–</span>),
  },
  {
    name: "Network",
    class: "num lo",
    cell: (one) => (
      <Measure
        id={one.id}
        of={({ networkAttempts: tried }) =>
          tried !== undefined && (tried === 0 ? "0 tried" : <span class="is-bad">{tried} tried</span>)
        }
      />
    ),
  },
  {
    name: "Wall",
    class: "num lo",
    cell: (one) => <Measure id={one.id} of={({ wall }) => wall !== undefined && duration(wall)} />,
  },
  { name: "When", class: "num", cell: (one) => <Ago at={one.createdAt} /> },
];

/** Pages behind the first, as somebody asked for them. */
function useMore(state: string | undefined, q: string | undefined) {
  const rows = useSignal<ReviewRequest[]>([]);
  const next = useSignal<string | undefined>(undefined);
  const failure = useSignal<Failed | undefined>(undefined);
  const key = `${state} ${q}`;
  useEffect(() => {
    rows.value = [];
    next.value = undefined;
    failure.value = undefined;
  }, [key, rows, next, failure]);
  const load = async (after: string) => {
    try {
      const page = await listRequests({ order: "desc", limit: 50, state, q, after });
      rows.value = [...rows.value, ...page.requests];
      next.value = page.next ?? "";
      failure.value = undefined;
    } catch (cause) {
      failure.value = wordsOf(cause);
    }
  };
  return { rows, next, failure, load };
}

export default function Runs() {
  return place.value.segments[1] === undefined ? <RunList /> : <Run key={place.value.segments[1]} />;
}

function RunList() {
  const state = place.value.query.get("state") ?? undefined;
  const q = place.value.query.get("q") ?? undefined;
  const first = useAsk(`${state} ${q}`, () => listRequests({ order: "desc", limit: 50, state, q }), ofRequests);
  const more = useMore(state, q);
  useTitle("Runs");
  const page = first.answer.value;
  const rows = page ? [...page.requests, ...more.rows.value] : [];
  const unique = [...new Map(rows.map((one) => [one.id, one])).values()];
  const after = more.next.value ?? page?.next;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Runs" under="Every request, from the first submission to the release">
        {hasVotes.value && <SearchField label="Search purpose and code" />}
      </PageHead>
      <StateChips states={STATES} />
      <div class="card">
        <Awaiting of={first} what="the runs" lines={8} />
        {page && unique.length > 0 && (
          <Table caption="Requests, newest first" columns={COLUMNS} rows={unique} keyOf={(one) => one.id} />
        )}
        {page && unique.length === 0 && (
          <Empty title={state || q ? "None is like that" : "Nothing was submitted yet"}>
            {state || q ? (
              <button type="button" class="btn" onClick={() => setQuery({ state: undefined, q: undefined })}>
                Show all
              </button>
            ) : (
              <a class="btn pri" href={href("/submit")}>
                Submit code
              </a>
            )}
          </Empty>
        )}
        {after && more.failure.value && (
          <Failure failed={more.failure.value} what="older runs" again={() => void more.load(after)} />
        )}
        {after && (
          <footer>
            {unique.length} shown
            <button type="button" class="btn sm" onClick={() => void more.load(after)}>
              Older
            </button>
          </footer>
        )}
      </div>
    </main>
  );
}
