import { makeKey, revokeKey, type Key } from "../../api/directory.ts";
import { visibleLine } from "../../format/text.ts";
import { exact, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { Card } from "../../parts/Box.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { place, setQuery } from "../../route.ts";
import { afterAsking, handedOut, question, ROLES, shortRole, type Directory } from "./directory.ts";

const DAY_S = 86_400;
const SOON_MS = 7 * DAY_S * 1000;

const LIVES: Record<string, number | undefined> = {
  "30 days": 30 * DAY_S,
  "90 days": 90 * DAY_S,
  "a year": 365 * DAY_S,
  "no end": undefined,
};

const ALL_ROLES = "all that the owner has";

/** A form for a new key; its secret is shown once. */
export function askForKey(directory: Directory, done: () => void): void {
  question.value = {
    title: "New key",
    text: "Who uses it is its owner. Its secret is shown once.",
    verb: "Make it",
    fields: [
      { name: "name", label: "Name" },
      { name: "owner", label: "Owner", options: directory.users.map((user) => user.name) },
      { name: "role", label: "It may what these may", options: [ALL_ROLES, ...ROLES] },
      { name: "scope", label: "Where", value: "/", hint: "/ is everywhere; /app, /pool, /scheduler/HUB" },
      { name: "life", label: "It is over after", options: Object.keys(LIVES), value: "90 days" },
    ],
    send: async ({ name = "", owner = "", role = "", scope = "", life = "" }) => {
      const expiresInSeconds = LIVES[life];
      const made = await makeKey({
        name,
        owner,
        ...(role === ALL_ROLES ? {} : { roles: role }),
        ...(scope === "/" ? {} : { scope }),
        ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      });
      handedOut.value = { words: `Key “${made.name}” made`, secret: made.key };
      done();
    },
  };
}

function End({ of }: { of: Key }) {
  if (of.revokedAt) return <span class="dim nowrap">revoked</span>;
  if (!of.expiresAt) return <>never</>;
  const end = parseTime(of.expiresAt);
  if (end <= now.value) return <span class="dim nowrap">over</span>;
  const soon = end - now.value < SOON_MS;
  return (
    <time class={soon ? "is-held" : undefined} title={exact(end)}>
      {soon ? <Ago at={of.expiresAt} /> : new Date(end).toLocaleDateString([], { dateStyle: "medium" })}
    </time>
  );
}

const counts = (key: Key) => !key.revokedAt && !(key.expiresAt && parseTime(key.expiresAt) <= now.value);

export function Keys({ directory, writes, done }: { directory: Directory; writes: boolean; done: () => void }) {
  const all = place.value.query.get("keys") === "all";
  const rows = directory.keys.filter((key) => all || counts(key));
  const revoke = (key: Key) =>
    afterAsking(
      `Revoke ${visibleLine(key.name)}?`,
      "Whoever uses it is turned away within a second, also in browsers that were signed in with it.",
      "Revoke",
      () => revokeKey(key.id),
    ).then(done);
  return (
    <Card
      title="Keys"
      bare
      side={
        <label class="pick row small dim">
          <input
            type="checkbox"
            checked={all}
            onChange={(event) => setQuery({ keys: event.currentTarget.checked ? "all" : undefined })}
          />
          show those that are over
        </label>
      }
    >
      {rows.length === 0 ? (
        <p class="pad small sub">There is no API key that counts.</p>
      ) : (
        <Table
          caption="Keys"
          rows={rows}
          keyOf={(key) => key.id}
          columns={[
            {
              name: "Key",
              cell: (key) => (
                <span class="mono nowrap" title={key.hint ? `begins with ${key.hint}` : undefined}>
                  {visibleLine(key.name)}
                </span>
              ),
            },
            { name: "Owner", class: "lo", cell: (key) => visibleLine(key.owner ?? "–") },
            {
              name: "Role",
              class: "lo",
              cell: (key) => (
                <>
                  {key.roles ? shortRole(key.roles) : <span class="dim">the owner’s</span>}
                  {key.scope && <div class="small dim mono">{visibleLine(key.scope)}</div>}
                </>
              ),
            },
            { name: "Ends", cell: (key) => <End of={key} /> },
            {
              name: "Used",
              class: "num",
              cell: (key) => (key.lastUsedAt ? <Ago at={key.lastUsedAt} /> : <span class="dim">not yet</span>),
            },
            {
              name: "Revoke",
              class: "right",
              cell: (key) =>
                writes && counts(key) ? (
                  <button
                    type="button"
                    class="btn sm quiet"
                    aria-label={`Revoke ${visibleLine(key.name)}`}
                    onClick={() => void revoke(key)}
                  >
                    Revoke
                  </button>
                ) : null,
            },
          ]}
        />
      )}
    </Card>
  );
}
