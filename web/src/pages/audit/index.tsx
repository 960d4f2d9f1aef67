import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lastEntry, readAudit, type AuditLine } from "../../api/audit.ts";
import { shortHash, shortId } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { clock, exact, parseTime } from "../../format/time.ts";
import { Card, Note, NotReported, PageHead, Pairs } from "../../parts/Box.tsx";
import { Copy, Hash } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table } from "../../parts/Table.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Empty, Failure, Skeleton } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";

const PAGE = 100;

interface Loaded {
  last: number;
  lines: AuditLine[];
}

/** The newest page, or the one that ends at `until`; of one object all. */
async function load(until: number | undefined, object: string | undefined): Promise<Loaded> {
  if (object) return { last: 0, lines: (await readAudit(0, 1000, object)).reverse() };
  const last = await lastEntry();
  const end = until ?? last;
  const lines = await readAudit(Math.max(0, end - PAGE), PAGE);
  return { last, lines: lines.filter((line) => line.entry.seq <= end).reverse() };
}

/** SHA-256 of an entry as it stands, computed here; undefined where the browser lets no page compute it. */
function useHash(text: string | undefined) {
  const hash = useSignal<string | undefined>(undefined);
  useEffect(() => {
    hash.value = undefined;
    if (text === undefined || !("subtle" in crypto)) return;
    void crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)).then((digest) => {
      hash.value = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    });
  }, [text, hash]);
  return hash.value;
}

function Entry({ sequence }: { sequence: number }) {
  const asked = useAsk(`entry ${sequence}`, () => readAudit(sequence - 1, 2));
  const lines = asked.answer.value;
  const line = lines?.find((one) => one.entry.seq === sequence);
  const after = lines?.find((one) => one.entry.seq === sequence + 1);
  const hash = useHash(line?.text);
  if (asked.failure.value) return <Failure {...asked.failure.value} again={asked.again} />;
  if (!lines) return <Skeleton what="the entry" />;
  if (!line) return <Note tone="plain">There is no entry {sequence}.</Note>;
  const agrees = after && hash ? after.entry.prev === hash : undefined;
  return (
    <Card
      title={`Entry ${sequence}`}
      bare
      side={
        <>
          <button
            type="button"
            class="btn sm icon quiet"
            aria-label="Entry before"
            aria-disabled={sequence <= 1}
            onClick={() => sequence > 1 && setQuery({ entry: String(sequence - 1) })}
          >
            <Icon name="left" />
          </button>
          <button
            type="button"
            class="btn sm icon quiet"
            aria-label="Entry after"
            aria-disabled={!after}
            onClick={() => after && setQuery({ entry: String(sequence + 1) })}
          >
            <Icon name="chev" />
          </button>
          <Copy text={line.text} what="the entry" />
        </>
      }
    >
      <pre class="code plain" tabIndex={0} role="region" aria-label={`Audit entry ${sequence}`}>
        <code>{visible(JSON.stringify(line.entry, null, 1))}</code>
      </pre>
      <div class="pad">
        <Pairs
          pairs={[
            [
              "Hash",
              hash ? <Hash hash={hash} what="the hash" /> : "This browser computes no hash for a page without TLS",
            ],
            ["Before it", line.entry.prev ? <Hash hash={line.entry.prev} what="the hash before" /> : <NotReported />],
            [
              "Recomputed here",
              agrees === undefined ? (
                "nothing to compare with: it is the newest"
              ) : (
                <span class={agrees ? "is-ok row tight" : "is-bad row tight"}>
                  <Icon name={agrees ? "check" : "warn"} />{" "}
                  {agrees ? "as the next entry says" : "not what the next entry says"}
                </span>
              ),
            ],
          ]}
        />
      </div>
    </Card>
  );
}

const command = () =>
  "sallyport audit verify                # of the server that runs\nsallyport audit verify --data FOLDER  # of one that is stopped";

const objectLink = (object: string) => {
  const id = object.replace(/^requests\//, "");
  return object.startsWith("requests/") ? (
    <a href={href("/runs", id)}>{visibleLine(shortId(id))}</a>
  ) : (
    visibleLine(object)
  );
};

const details = (line: AuditLine) =>
  Object.entries(line.entry.details ?? {})
    .map(
      ([key, value]) =>
        `${key} ${typeof value === "string" ? (value.length > 40 ? shortHash(value) : value) : JSON.stringify(value)}`,
    )
    .join(", ");

export default function Audit() {
  const query = place.value.query;
  const until = query.get("until") ? Number(query.get("until")) : undefined;
  const object = query.get("object") ?? undefined;
  const entry = query.get("entry") ? Number(query.get("entry")) : undefined;
  const filter = (query.get("filter") ?? "").toLowerCase();
  const asked = useAsk(
    `audit ${until} ${object}`,
    () => load(until ?? undefined, object),
    (change) => until === undefined && change.what !== "instance",
  );
  const loaded = asked.answer.value;
  const rows = loaded?.lines.filter((line) => !filter || line.text.toLowerCase().includes(filter));
  const oldest = loaded?.lines[loaded.lines.length - 1]?.entry.seq;
  useTitle("Audit");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Audit" under="Every submission, run, vote, decision, release and change of rights">
        <label class="vh" for="q">
          Filter this page
        </label>
        <input
          class="in auto"
          id="q"
          value={query.get("filter") ?? ""}
          placeholder="Person, id or text on this page"
          onInput={(event) => setQuery({ filter: event.currentTarget.value })}
        />
      </PageHead>
      <div class="row" role="group" aria-label="Which entries">
        {object && (
          <span class="chip on">
            {visibleLine(object)}
            <button type="button" aria-label="All objects" onClick={() => setQuery({ object: undefined })}>
              <Icon name="x" />
            </button>
          </span>
        )}
        {until !== undefined && (
          <span class="chip on">
            up to entry {until}
            <button type="button" aria-label="The newest" onClick={() => setQuery({ until: undefined })}>
              <Icon name="x" />
            </button>
          </span>
        )}
      </div>
      <div class="side">
        <div class="card">
          {asked.failure.value && <Failure {...asked.failure.value} again={asked.again} />}
          {!rows && !asked.failure.value && <Skeleton lines={8} what="the audit log" />}
          {rows && rows.length === 0 && (
            <Empty title={filter ? "None on this page is like that" : "Nothing is written here"} />
          )}
          {rows && rows.length > 0 && (
            <Table
              caption="Audit entries, newest first"
              rows={rows}
              keyOf={(line) => line.entry.seq}
              chosen={(line) => line.entry.seq === entry}
              columns={[
                {
                  name: "Entry",
                  class: "num",
                  cell: (line) => (
                    <button type="button" class="link" onClick={() => setQuery({ entry: String(line.entry.seq) })}>
                      {line.entry.seq}
                    </button>
                  ),
                },
                {
                  name: "Time",
                  cell: (line) => (
                    <time title={exact(parseTime(line.entry.at))}>{clock(parseTime(line.entry.at))}</time>
                  ),
                },
                { name: "Action", cell: (line) => <span class="mono nowrap">{visibleLine(line.entry.action)}</span> },
                {
                  name: "Actor",
                  class: "lo",
                  cell: (line) => visibleLine(line.entry.actor?.name ?? line.entry.actor?.id ?? "–"),
                },
                { name: "Object", class: "lo mono dim", cell: (line) => objectLink(line.entry.object ?? "–") },
                { name: "Details", class: "grow lo", cell: (line) => visibleLine(details(line)) },
              ]}
            />
          )}
          {!object && oldest !== undefined && oldest > 1 && (
            <footer>
              <button type="button" class="btn sm" onClick={() => setQuery({ until: String(oldest - 1) })}>
                Older
              </button>
              {loaded && <span class="end">{loaded.last} entries</span>}
            </footer>
          )}
        </div>
        <div class="stack">
          {entry === undefined ? (
            <p class="small dim">Open an entry to see all of it, and its hash recomputed here.</p>
          ) : (
            <Entry sequence={entry} />
          )}
          <Card
            title="Verify it yourself"
            bare
            side={<Copy text={command()} what="the command" />}
            foot="Works on this server, a stopped folder, or an export; needs no trust in this page."
          >
            <pre class="code plain" tabIndex={0} role="region" aria-label="Command">
              <code>{command()}</code>
            </pre>
          </Card>
        </div>
      </div>
    </main>
  );
}
