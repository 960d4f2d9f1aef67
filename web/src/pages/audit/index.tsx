import { useSignal } from "@preact/signals";
import type { AuditLine } from "../../api/audit.ts";
import { wordsOf } from "../../api/client.ts";
import { count, shortHash, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { clock, exact, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { ofRequests } from "../../live/connection.ts";
import { toast } from "../../live/toasts.ts";
import { PageHead } from "../../parts/Box.tsx";
import { Command } from "../../parts/Command.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";
import { exportLog } from "./chain.ts";
import { ChainCheck } from "./Chain.tsx";
import { Entry } from "./Entry.tsx";
import { KINDS, search, type Filter, type Found } from "./search.ts";

const command = () =>
  "sallyport audit verify                # of the server that runs\nsallyport audit verify --data FOLDER  # of one that is stopped";

/** Where an object is shown, if it is. */
const PLACES: Record<string, (id: string) => string> = {
  requests: (id) => href("/runs", id),
  standing: (id) => href("/requests", id),
  policy: (id) => href("/policies", undefined, { tab: "versions", version: id }),
  absences: () => href("/policies", undefined, { tab: "away" }),
};

function ObjectLink({ object }: { object: string }) {
  const [kind = "", id = ""] = object.split("/");
  const target = id === "" ? undefined : PLACES[kind];
  const shown = kind === "requests" ? shortId(id) : id === "" ? object : `${kind}/${shortId(id)}`;
  return target ? (
    <a href={target(id)} title={visibleLine(object)}>
      {visibleLine(shown)}
    </a>
  ) : (
    <span title={visibleLine(object)}>{visibleLine(shown)}</span>
  );
}

const details = (line: AuditLine) =>
  Object.entries(line.entry.details ?? {})
    .map(
      ([key, value]) =>
        `${key} ${typeof value === "string" ? (value.length > 40 ? shortHash(value) : value) : JSON.stringify(value)}`,
    )
    .join(", ");

const isRefusal = (action: string) => /failed|denied|refused|rejected/.test(action);

function Time({ at }: { at: string }) {
  const time = parseTime(at);
  const today = new Date(now.value).toISOString().slice(0, 10);
  const day = Number.isNaN(time) ? "" : new Date(time).toISOString().slice(0, 10);
  return (
    <time title={exact(time)}>
      {day !== today && `${day} `}
      {clock(time)}
    </time>
  );
}

/** A cell that filters by what it says. */
function By({ name, value, tone }: { name: "actor" | "action"; value: string; tone?: string }) {
  return (
    <button
      type="button"
      class={`link plain nowrap ${tone ?? ""}`}
      title={`Only this ${name}`}
      onClick={() => setQuery({ [name]: value, until: undefined })}
    >
      {visibleLine(value)}
    </button>
  );
}

/** The hash of a line as the line behind it says, where that is in the list. */
function hashIn(lines: AuditLine[]): (line: AuditLine) => string {
  const after = new Map(lines.map((line) => [line.entry.seq, line.entry.prev ?? ""]));
  return (line) => after.get(line.entry.seq + 1) ?? "";
}

const columns = (lines: AuditLine[]): Column<AuditLine>[] => {
  const hashOf = hashIn(lines);
  return [
    {
      name: "Entry",
      class: "num",
      cell: (line) => (
        <button type="button" class="link" onClick={() => setQuery({ entry: String(line.entry.seq) })}>
          {count(line.entry.seq)}
        </button>
      ),
    },
    { name: "Time", class: "num", cell: (line) => <Time at={line.entry.at} /> },
    {
      name: "Action",
      cell: (line) => (
        <By name="action" value={line.entry.action} {...(isRefusal(line.entry.action) ? { tone: "is-bad" } : {})} />
      ),
    },
    {
      name: "Actor",
      class: "lo",
      cell: (line) => <By name="actor" value={line.entry.actor?.name ?? line.entry.actor?.id ?? "–"} />,
    },
    { name: "Object", class: "lo mono dim", cell: (line) => <ObjectLink object={line.entry.object ?? "–"} /> },
    { name: "Details", class: "grow lo", cell: (line) => visibleLine(details(line)) },
    {
      name: "Hash",
      class: "lo mono dim",
      cell: (line) => <span title={hashOf(line)}>{shortHash(hashOf(line)).replace(/^(.{4}).*(.{4})$/, "$1…$2")}</span>,
    },
  ];
};

/** One part of the filter that is on, and can be taken off. */
function Chip({ name, words }: { name: string; words: string }) {
  return (
    <span class="chip on">
      {visibleLine(words)}
      <button type="button" aria-label={`Remove filter: ${words}`} onClick={() => setQuery({ [name]: undefined })}>
        <Icon name="x" />
      </button>
    </span>
  );
}

function Filters({ filter, until, object }: { filter: Filter; until: number | undefined; object: string | undefined }) {
  return (
    <div class="row" role="group" aria-label="Filters, all in the address">
      <label class="vh" for="q">
        Text
      </label>
      <input
        class="in auto"
        id="q"
        value={filter.text}
        placeholder="Person, id, hash or text"
        onChange={(event) => setQuery({ q: event.currentTarget.value, until: undefined })}
      />
      <label class="vh" for="kind">
        Which actions
      </label>
      <select
        class="in auto"
        id="kind"
        value={filter.kind ?? ""}
        onChange={(event) => setQuery({ kind: event.currentTarget.value, until: undefined })}
      >
        <option value="">All actions</option>
        {KINDS.map((kind) => (
          <option value={kind.id}>{kind.name}</option>
        ))}
      </select>
      {filter.action && <Chip name="action" words={filter.action} />}
      {filter.actor && <Chip name="actor" words={filter.actor} />}
      {object && <Chip name="object" words={object} />}
      {until !== undefined && <Chip name="until" words={`up to entry ${count(until)}`} />}
    </div>
  );
}

/** The whole log as a file. */
function Export() {
  const written = useSignal<number | undefined>(undefined);
  const take = async () => {
    written.value = 0;
    try {
      const blob = await exportLog((entries) => (written.value = entries));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "audit.jsonl";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (cause) {
      toast("bad", wordsOf(cause).title, wordsOf(cause).detail);
    }
    written.value = undefined;
  };
  const busy = written.value !== undefined;
  return (
    <button type="button" class="btn" aria-busy={busy} onClick={() => !busy && void take()}>
      <Icon name="down2" />
      {busy ? `${count(written.value ?? 0)} entries…` : "Export"}
    </button>
  );
}

function List({ found, entry }: { found: Found; entry: number | undefined }) {
  const more = found.from > 1;
  return (
    <>
      {found.lines.length === 0 && (
        <Empty title={more ? "None of the newest entries is like that" : "No entry is like that"} />
      )}
      {found.lines.length > 0 && (
        <Table
          caption="Audit entries, newest first"
          rows={found.lines}
          keyOf={(line) => line.entry.seq}
          chosen={(line) => line.entry.seq === entry}
          columns={columns(found.lines)}
        />
      )}
      {(more || found.last > 0) && (
        <footer>
          {more && (
            <button type="button" class="btn sm" onClick={() => setQuery({ until: String(found.from - 1) })}>
              Older
            </button>
          )}
          <span class="end">
            {more
              ? `looked back to entry ${count(found.from)} of ${count(found.last)}`
              : `${count(found.last)} entries`}
          </span>
        </footer>
      )}
    </>
  );
}

export default function Audit() {
  const query = place.value.query;
  const given = (name: string) => query.get(name) ?? undefined;
  const number = (name: string) => (query.get(name) ? Number(query.get(name)) : undefined);
  const [until, entry, object] = [number("until"), number("entry"), given("object")];
  const filter: Filter = {
    text: given("q") ?? "",
    actor: given("actor"),
    action: given("action"),
    kind: given("kind"),
  };
  const asked = useAsk(
    JSON.stringify([until, object, filter]),
    () => search(filter, until, object),
    (change) => until === undefined && ofRequests(change),
  );
  const found = asked.answer.value;
  useTitle("Audit");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Audit" under="Every submission, run, vote, decision, release and change of rights">
        <Export />
      </PageHead>
      <ChainCheck />
      <Filters filter={filter} until={until} object={object} />
      <div class="side">
        <div class="card">
          <Awaiting of={asked} what="the audit log" lines={8} />
          {found && <List found={found} entry={entry} />}
        </div>
        <div class="stack">
          {entry === undefined ? (
            <p class="small dim">Open an entry to see all of it, and its hash recomputed here.</p>
          ) : (
            <Entry sequence={entry} />
          )}
          <Command
            title="Verify it yourself"
            text={command()}
            foot="Works on this server, a stopped folder, or an export; needs no trust in this page."
          />
        </div>
      </div>
    </main>
  );
}
