import type { ComponentChildren } from "preact";
import { listDirectory, makeKey, revokeKey, type Row } from "../../api/directory.ts";
import { wordsOf } from "../../api/client.ts";
import { visibleLine } from "../../format/text.ts";
import { has, me } from "../../live/server.ts";
import { leave, signedIn } from "../../live/session.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Card, Note, PageHead, Pairs } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Failure, Skeleton } from "../../parts/Wait.tsx";
import { useSignal } from "@preact/signals";

const text = (row: Row, ...names: string[]) => {
  for (const name of names) {
    const value = row[name];
    if (typeof value === "string" && value !== "") return visibleLine(value);
    if (Array.isArray(value))
      return value
        .map((one) => visibleLine(typeof one === "string" ? one : String((one as Row)["name"] ?? "")))
        .join(", ");
  }
  return "–";
};

type List = Parameters<typeof listDirectory>[0];

function Listed(props: {
  what: List;
  title: string;
  none: string;
  columns: Column<Row>[];
  turn?: number;
  side?: ComponentChildren;
}) {
  const asked = useAsk(`${props.what} ${props.turn ?? 0}`, () => listDirectory(props.what));
  const rows = asked.answer.value;
  return (
    <Card title={props.title} bare {...(props.side === undefined ? {} : { side: props.side })}>
      {asked.failure.value && <Failure {...asked.failure.value} again={asked.again} />}
      {!rows && !asked.failure.value && <Skeleton what={props.title.toLowerCase()} />}
      {rows && rows.length === 0 && <p class="pad small sub">{props.none}</p>}
      {rows && rows.length > 0 && (
        <Table caption={props.title} rows={rows} keyOf={(row) => text(row, "id", "name")} columns={props.columns} />
      )}
    </Card>
  );
}

function Keys() {
  const made = useSignal<{ name: string; secret: string } | undefined>(undefined);
  const turn = useSignal(0);
  const failed = (cause: unknown) => toast("bad", wordsOf(cause).title, wordsOf(cause).detail);
  const create = async () => {
    const values = await ask({
      title: "New key",
      text: "Its secret is shown once. It may what you may.",
      verb: "Make it",
      field: "Name",
    });
    if (!values) return;
    try {
      const row = await makeKey({ name: values[0] });
      made.value = { name: values[0], secret: text(row, "key", "secret") };
      turn.value++;
    } catch (cause) {
      failed(cause);
    }
  };
  const revoke = async (name: string) => {
    const values = await ask({
      title: `Revoke ${name}?`,
      text: "Whoever uses it is turned away within a second.",
      verb: "Revoke",
    });
    if (!values) return;
    await revokeKey(name).catch(failed);
    turn.value++;
  };
  return (
    <>
      {made.value && (
        <Note tone="ok" icon="key" live>
          <b>Key “{visibleLine(made.value.name)}” made. Copy it now: it is not shown again.</b>
          <br />
          <span class="mono">{made.value.secret}</span> <Copy text={made.value.secret} what="the key" />
        </Note>
      )}
      <Listed
        what="keys"
        title="Keys"
        none="There is no API key."
        turn={turn.value}
        side={
          <button type="button" class="btn sm pri" onClick={() => void create()}>
            <Icon name="key" />
            New key
          </button>
        }
        columns={[
          { name: "Key", cell: (row) => <b>{text(row, "name")}</b> },
          { name: "Owner", cell: (row) => text(row, "owner", "ownerName") },
          { name: "Role", class: "lo", cell: (row) => text(row, "role", "roles") },
          { name: "Ends", class: "lo", cell: (row) => text(row, "expiresAt", "expires") },
          { name: "Used", class: "lo", cell: (row) => text(row, "lastUsedAt", "lastUsed") },
          {
            name: "Revoke",
            class: "num",
            cell: (row) => (
              <button type="button" class="btn sm bad-o" onClick={() => void revoke(text(row, "name"))}>
                Revoke
              </button>
            ),
          },
        ]}
      />
    </>
  );
}

function Myself() {
  const who = me.value;
  const roles = (who?.roles ?? []).map((role) =>
    typeof role === "string" ? role : `${role.role} at ${role.scope ?? "/"}`,
  );
  return (
    <Card title="You">
      <Pairs
        pairs={[
          ["Name", who ? visibleLine(who.id === "local" ? "local" : who.name) : undefined],
          ["Roles", roles.length > 0 ? roles.map(visibleLine).join(", ") : undefined],
        ]}
      />
      {signedIn.value === "in" && (
        <div class="row">
          <button type="button" class="btn" onClick={() => void leave()}>
            Sign out
          </button>
          <button type="button" class="btn quiet" onClick={() => void leave(true)}>
            Sign out everywhere
          </button>
        </div>
      )}
      {who?.id === "local" && (
        <p class="small sub">
          This server wants no sign-in: whoever reaches it on this machine may everything.{" "}
          <code>sallyport dev --auth --tls</code> asks who is there.
        </p>
      )}
    </Card>
  );
}

export default function People() {
  useTitle("People and keys");
  const directory = has("/v1/directory/users");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="People and keys" under="Who uses a key is its owner; two keys of one person are one vote" />
      <div class="side">
        <div class="stack">
          {directory ? (
            <>
              <Listed
                what="users"
                title="People"
                none="Nobody is in the directory: sallyport user create NAME adds somebody."
                columns={[
                  { name: "Name", cell: (row) => <b>{text(row, "name")}</b> },
                  { name: "Shown as", class: "lo", cell: (row) => text(row, "displayName") },
                  { name: "State", cell: (row) => (row["disabled"] === true ? "disabled" : "may sign in") },
                ]}
              />
              <Keys />
              <Listed
                what="assignments"
                title="Roles"
                none="No role is granted."
                columns={[
                  { name: "Role", cell: (row) => <b>{text(row, "role", "roleName")}</b> },
                  { name: "To", cell: (row) => text(row, "to", "principalName", "principal") },
                  { name: "At", class: "lo mono", cell: (row) => text(row, "scope") },
                ]}
              />
            </>
          ) : (
            <Note tone="plain">This server keeps no directory.</Note>
          )}
        </div>
        <div class="stack">
          <Myself />
          {directory && (
            <>
              <Listed
                what="groups"
                title="Groups"
                none="There is no group: sallyport group create NAME makes one."
                columns={[
                  { name: "Group", cell: (row) => <b>{text(row, "name")}</b> },
                  { name: "Members", cell: (row) => text(row, "members") },
                ]}
              />
              <Listed
                what="applications"
                title="Applications"
                none="There is no application."
                columns={[{ name: "Application", cell: (row) => <b>{text(row, "name")}</b> }]}
              />
            </>
          )}
        </div>
      </div>
    </main>
  );
}
