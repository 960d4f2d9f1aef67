import type { Meaning, Rule } from "../../api/policy.ts";
import { visibleLine } from "../../format/text.ts";
import type { Tone } from "../../format/tone.ts";
import { Card, Tag } from "../../parts/Box.tsx";
import { Table } from "../../parts/Table.tsx";
import { setQuery } from "../../route.ts";
import { demandWords } from "./words.ts";

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

/** What a policy means, rule by rule. */
export function Rules({ title, meaning }: { title: string; meaning: Meaning | undefined }) {
  if (!meaning) return null;
  const floor = demandWords(meaning.defaults) || "1 of anyone who may decide";
  return (
    <Card
      title={title}
      bare
      side={<span class="small dim">deny over ask over allow</span>}
      foot={`Among rules that ask, the demands add up. Where no rule matches: ${floor}.`}
    >
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
          ]}
        />
      )}
    </Card>
  );
}
