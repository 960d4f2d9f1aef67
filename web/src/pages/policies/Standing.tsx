import { wordsOf } from "../../api/client.ts";
import { listStanding, revokeStanding, type Standing as One } from "../../api/policy.ts";
import type { Tone } from "../../format/tone.ts";
import { shortHash, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { ofRequests } from "../../live/connection.ts";
import { may, me } from "../../live/server.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Card, Tag } from "../../parts/Box.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { href, place, setQuery } from "../../route.ts";

const TONES: Record<One["state"], Tone> = { active: "ok", expired: "plain", "used-up": "plain", revoked: "bad" };

const makers = (one: One) => (Array.isArray(one.by) ? one.by : one.by ? [one.by] : []);

const isMine = (one: One) => makers(one).some((person) => person.id === me.value?.id);

function whom(one: One): string {
  if (one.label) return visibleLine(`label ${one.label.key}: ${one.label.value ?? ""}`);
  return one.submitter ? visibleLine(one.submitter.name || one.submitter.id) : "–";
}

async function listAll(): Promise<One[]> {
  const all: One[] = [];
  let after: number | undefined;
  do {
    const page = await listStanding(after);
    all.push(...page.standing);
    after = page.next;
  } while (after !== undefined && all.length < 1000);
  return all;
}

function Revoke({ one, done }: { one: One; done: () => void }) {
  if (one.state !== "active") return null;
  if (!isMine(one) && !may("policy-write")) return <span class="small dim">others’</span>;
  const revoke = async () => {
    const values = await ask({
      title: "Revoke this standing approval?",
      text: "People are asked about this code again from now on. What it let through already stays.",
      verb: "Revoke",
    });
    if (!values) return;
    await revokeStanding(one.id).catch((cause: unknown) => toast("bad", wordsOf(cause).title, wordsOf(cause).detail));
    done();
  };
  return (
    <button type="button" class="btn sm bad-o" onClick={() => void revoke()}>
      Revoke
    </button>
  );
}

/** What passes without people because somebody said so: so often, for so long. */
export function Standing() {
  const asked = useAsk("standing approvals", listAll, ofRequests);
  const all = place.value.query.get("state") === "all";
  const rows = asked.answer.value?.filter((one) => all || one.state === "active");
  return (
    <Card
      title="Standing approvals"
      bare
      side={
        <button
          type="button"
          class="chip"
          aria-pressed={all}
          onClick={() => setQuery({ state: all ? undefined : "all" })}
        >
          also those that are over
        </button>
      }
      foot="They are made with a vote, “approve and remember”. A rule that asks or denies goes before them."
    >
      <Awaiting of={asked} what="the standing approvals" />
      {rows && rows.length === 0 && (
        <Empty title={all ? "None was ever made" : "None stands at present"}>
          <p>Whoever approves may wish that the same code passes without people from then on.</p>
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <Table
          caption="Standing approvals, newest first"
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            { name: "Made with", cell: (one) => <a href={href("/requests", one.id)}>{shortId(one.id)}</a> },
            {
              name: "Of",
              cell: (one) => (
                <>
                  {one.of === "tree" ? "this syntax tree" : "these bytes"}{" "}
                  <span class="mono dim small lo" title={one.sha256}>
                    {shortHash(one.sha256 ?? "")}
                  </span>
                </>
              ),
            },
            { name: "For", cell: whom },
            {
              name: "By",
              class: "lo",
              cell: (one) =>
                makers(one)
                  .map((by) => visibleLine(by.name))
                  .join(", "),
            },
            {
              name: "Uses left",
              class: "num",
              cell: (one) => (one.usesLeft === undefined ? "–" : `${one.usesLeft} of ${one.uses ?? "?"}`),
            },
            {
              name: "Last use",
              class: "lo",
              cell: (one) =>
                one.lastUsedBy ? (
                  <a href={href("/requests", one.lastUsedBy)}>
                    <Ago at={one.lastUsedAt} />
                  </a>
                ) : (
                  "not yet"
                ),
            },
            { name: "Ends", class: "lo", cell: (one) => <Ago at={one.expiresAt} /> },
            { name: "State", cell: (one) => <Tag tone={TONES[one.state]}>{one.state}</Tag> },
            {
              name: "Revoke",
              class: "right",
              cell: (one) => <Revoke one={one} done={asked.again} />,
            },
          ]}
        />
      )}
    </Card>
  );
}
