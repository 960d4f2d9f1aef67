import { getPolicy, type WholeVersion } from "../../api/policy.ts";
import { visibleLine } from "../../format/text.ts";
import { has, may } from "../../live/server.ts";
import { Card, Note, PageHead } from "../../parts/Box.tsx";
import { Panel, Tabs } from "../../parts/Tabs.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk, type Asked } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { place, setQuery } from "../../route.ts";
import { Away } from "./Away.tsx";
import { checked, draft } from "./draft.ts";
import { File, Verbs } from "./File.tsx";
import { Rehearsal } from "./Rehearsal.tsx";
import { Rules } from "./Rules.tsx";
import { Standing } from "./Standing.tsx";
import { Versions } from "./Versions.tsx";

function Under({ inForce }: { inForce: WholeVersion }) {
  if (inForce.version === 0) return <>The built-in policy rules every request</>;
  const by = inForce.by?.name;
  return (
    <>
      Version {inForce.version} is in force
      {by && <>, by {visibleLine(by)}</>}, <Ago at={inForce.appliedAt} />
    </>
  );
}

/** The text on one side; what it means, and would have done, on the other. */
function Present({ inForce }: { inForce: WholeVersion }) {
  const own = draft.value;
  return (
    <div class="cols">
      <File inForce={inForce} />
      <div class="stack">
        <Rehearsal text={own?.text ?? inForce.text} />
        <Rules
          title={own ? "Rules of the draft" : inForce.version === 0 ? "Rules" : `Rules of version ${inForce.version}`}
          meaning={own ? checked.value?.meaning : inForce.policy}
          version={inForce.version}
        />
      </div>
    </div>
  );
}

const TABS = [
  { id: "file", name: "Policy" },
  { id: "versions", name: "Versions" },
  { id: "standing", name: "Standing approvals" },
  { id: "away", name: "Away" },
];

function Whole({ asked }: { asked: Asked<WholeVersion> }) {
  const inForce = asked.answer.value;
  const tab = place.value.query.get("tab") ?? "file";
  return (
    <>
      <PageHead title="Policies" under={inForce && <Under inForce={inForce} />}>
        {inForce && tab === "file" && <Verbs inForce={inForce} applied={asked.again} />}
      </PageHead>
      <Tabs
        tabs={TABS}
        chosen={tab}
        label="Policies"
        panel="policies"
        choose={(id) =>
          setQuery({ tab: id === "file" ? undefined : id, version: undefined, show: undefined, state: undefined })
        }
      />
      <Panel id="policies" tab={tab}>
        <Awaiting of={asked} what="the policy" lines={8} />
        {inForce && tab === "file" && <Present inForce={inForce} />}
        {inForce && tab === "versions" && <Versions inForce={inForce} />}
        {tab === "standing" && <Standing />}
        {tab === "away" && <Away />}
      </Panel>
    </>
  );
}

function Book() {
  const asked = useAsk("policy", getPolicy, (change) => change.what === "all" || change.what === "back");
  return <Whole asked={asked} />;
}

/** A server without a book of requests has no policy, and says what holds. */
function Defaults() {
  return (
    <>
      <PageHead title="Policies" under="Which requests are asked about, by whom, and until when" />
      <Note tone="plain">
        <b>This server has no policy file.</b> The defaults hold for every request.
      </Note>
      <Card title="The defaults">
        <ul class="stack">
          <li>Code runs at once; its result is held until somebody decides.</li>
          <li>One approval of a person who has the right releases it; one rejection ends it.</li>
          <li>
            Nobody decided in time: nothing is released. How long that is, the submission says; without a word,{" "}
            <code>--approval-timeout</code>.
          </li>
          <li>Code that raised is told to its submitter, and nobody is asked about it.</li>
        </ul>
      </Card>
    </>
  );
}

export default function Policies() {
  useTitle("Policies");
  return (
    <main id="main" class="page" tabIndex={-1}>
      {!has("/v1/policy") ? (
        <Defaults />
      ) : may("policy-read") ? (
        <Book />
      ) : (
        <>
          <PageHead title="Policies" under="Which requests are asked about, by whom, and until when" />
          <Note tone="plain">
            <b>You may not see the policy.</b> Reviewers, operators, auditors and owners do; the page of a request says
            what was asked for it.
          </Note>
        </>
      )}
    </main>
  );
}
