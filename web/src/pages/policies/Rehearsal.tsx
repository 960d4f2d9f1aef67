import type { RehearsedRow } from "../../api/policy.ts";
import { plural, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { Card, Note } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { Failure, Skeleton } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";
import { rehearsed, rehearsing, runRehearsal, type Rehearsed } from "./draft.ts";
import { dueWords, ruleOf } from "./words.ts";

const SIZES = [20, 100, 1000];

function Answer({ done, stale }: { done: Rehearsed; stale: boolean }) {
  const answer = done.answer;
  if (!answer) return null;
  const all = place.value.query.get("rows") === "all";
  const rows = all ? answer.rows : answer.rows.filter((row) => row.changed);
  const words =
    answer.of === 0
      ? "There is no request yet to rehearse it over."
      : answer.changed === 0
        ? `None of the last ${plural(answer.of, "request")} would change.`
        : `${answer.changed} of the last ${plural(answer.of, "request")} would change.`;
  return (
    <>
      <div class="pad">
        <Note tone={answer.changed > 0 ? "held" : "plain"} live>
          <b>{words}</b> <span class="sub">A rehearsal changes nothing.</span>
          {stale && <span class="sub"> The text is another one since.</span>}
        </Note>
      </div>
      {rows.length > 0 && (
        <Table
          caption={all ? "Requests of the rehearsal" : "Requests that would change"}
          rows={rows}
          keyOf={(row) => row.id}
          columns={COLUMNS}
        />
      )}
      {answer.of > answer.changed && (
        <footer>
          <button
            type="button"
            class="btn sm quiet"
            aria-pressed={all}
            onClick={() => setQuery({ rows: all ? undefined : "all" })}
          >
            {all ? "Only those that would change" : `All ${answer.of}`}
          </button>
        </footer>
      )}
    </>
  );
}

const COLUMNS = [
  {
    name: "Request",
    cell: (row: RehearsedRow) => (
      <>
        <a href={href("/requests", row.id)}>{visibleLine(row.purpose ?? shortId(row.id))}</a>
        <div class="small dim">
          <Ago at={row.createdAt} />
        </div>
      </>
    ),
  },
  { name: "Was", cell: (row: RehearsedRow) => dueWords(row.was) },
  {
    name: "Would be",
    cell: (row: RehearsedRow) => (row.changed ? <b>{dueWords(row.would)}</b> : <span class="dim">the same</span>),
  },
  { name: "By", class: "lo", cell: (row: RehearsedRow) => <span class="sub">{ruleOf(row.would)}</span> },
];

/** What this text would have done to past requests. */
export function Rehearsal({ text }: { text: string }) {
  const last = Number(place.value.query.get("last") ?? 100);
  const done = rehearsed.value;
  return (
    <Card
      title="Rehearsal"
      bare
      side={
        <>
          <label class="vh" for="last">
            Over how many requests
          </label>
          <select
            class="in auto"
            id="last"
            value={String(last)}
            onChange={(event) => setQuery({ last: event.currentTarget.value })}
          >
            {SIZES.map((size) => (
              <option value={String(size)}>last {size.toLocaleString("en-US")} requests</option>
            ))}
          </select>
          <button
            type="button"
            class="btn sm"
            aria-busy={rehearsing.value}
            onClick={() => !rehearsing.value && void runRehearsal(text, last)}
          >
            <Icon name="play" />
            Rehearse
          </button>
        </>
      }
    >
      {rehearsing.value && <Skeleton what="the rehearsal" />}
      {!rehearsing.value && !done && (
        <p class="pad small sub">
          Decides past requests once more by this text, and says which would have come to something else. Nothing
          changes.
        </p>
      )}
      {!rehearsing.value && done?.failure && (
        <Failure failed={done.failure} again={() => void runRehearsal(text, last)} />
      )}
      {!rehearsing.value && done?.answer && <Answer done={done} stale={done.text !== text} />}
    </Card>
  );
}
