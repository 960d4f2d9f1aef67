import { getRuleCounts, type Meaning, type Rule, type RuleCount, type RuleCounts } from "../../api/policy.ts";
import { count } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { parseTime } from "../../format/time.ts";
import type { Tone } from "../../format/tone.ts";
import { ofRequests } from "../../live/connection.ts";
import { has } from "../../live/server.ts";
import { Card, Tag } from "../../parts/Box.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { setQuery } from "../../route.ts";
import { demandWords } from "./words.ts";

const dayOf = (since: string) => new Date(parseTime(since)).toLocaleDateString([], { dateStyle: "medium" });

const TONES: Record<Rule["do"], Tone> = { deny: "bad", ask: "held", allow: "ok" };

function What({ rule }: { rule: Rule }) {
  const under = [rule.when && visibleLine(rule.when), demandWords(rule)].filter(Boolean).join(" · ");
  return (
    <>
      <button
        type="button"
        class="link strong"
        title={rule.line ? `Line ${rule.line} of the file` : undefined}
        onClick={() => rule.line && setQuery({ line: String(rule.line), show: undefined })}
      >
        {visibleLine(rule.name)}
      </button>
      <div class="small sub">{under || "always"}</div>
      {rule.message && <div class="small sub">“{visibleLine(rule.message)}”</div>}
    </>
  );
}

/** A rule that is not in force has no number: it is not zero. */
function Counted({ of }: { of: RuleCount | undefined }) {
  if (!of) return <span class="dim">–</span>;
  return (
    <span title={`let through ${count(of.allowed)}, had people asked ${count(of.asked)}, denied ${count(of.denied)}`}>
      {count(of.matched)}
    </span>
  );
}

/** What each rule of the version in force did lately, where the server counts that. */
function useCounts(version: number) {
  const there = has("/v1/policy/rules");
  const asked = useAsk(`counts ${there}`, async () => (there ? await getRuleCounts() : null), ofRequests, version);
  return { there, asked, counts: asked.answer.value ?? undefined };
}

const countColumn = (counts: RuleCounts): Column<Rule> => ({
  name: `${counts.days} days`,
  class: "num",
  cell: (rule) => <Counted of={counts.rules.find((one) => one.name === rule.name)} />,
});

/** What a policy means, rule by rule. */
export function Rules(props: { title: string; meaning: Meaning | undefined; version: number }) {
  const { title, meaning } = props;
  const { there, asked, counts } = useCounts(props.version);
  if (!meaning) return null;
  const floor = demandWords(meaning.defaults) || "1 of anyone who may decide";
  return (
    <Card
      title={title}
      bare
      side={<span class="small dim">deny over ask over allow</span>}
      foot={
        <>
          Among rules that ask, the demands add up. Where no rule matches: {floor}.
          {counts && meaning.rules.length > 0 && (
            <> The number is how many requests a rule in force matched, since {dayOf(counts.since)}.</>
          )}
        </>
      }
    >
      {there && asked.failure.value && <Awaiting of={asked} what="how often each rule matched" />}
      {meaning.rules.length === 0 ? (
        <p class="pad small sub">It has no rules: the defaults ask about every request.</p>
      ) : (
        <Table
          caption={title}
          rows={meaning.rules}
          keyOf={(rule) => rule.name}
          columns={[
            { name: "Do", cell: (rule) => <Tag tone={TONES[rule.do]}>{rule.do}</Tag> },
            { name: "Rule", class: "wide", cell: (rule) => <What rule={rule} /> },
            ...(counts ? [countColumn(counts)] : []),
          ]}
        />
      )}
    </Card>
  );
}
