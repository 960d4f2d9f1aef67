import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../../parts/Ask.tsx";
import { Card, Facts, Note, NotReported, PageHead, Pairs, Tag } from "../../parts/Box.tsx";
import { Chunks } from "../../parts/Chunks.tsx";
import { Code } from "../../parts/Code.tsx";
import { Colours } from "../../parts/Colours.tsx";
import { Command } from "../../parts/Command.tsx";
import { Copy, Hash, Id } from "../../parts/Copy.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { DiffView } from "../../parts/Diff.tsx";
import { Editor } from "../../parts/Editor.tsx";
import { EffectsView } from "../../parts/Effects.tsx";
import { SearchField, StateChips } from "../../parts/Filter.tsx";
import { HubChoice } from "../../parts/Hub.tsx";
import { Html } from "../../parts/Html.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { ICONS, type IconName } from "../../parts/icons.ts";
import { LiveOutputView } from "../../parts/LiveOutput.tsx";
import { Output } from "../../parts/Output.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { Passage } from "../../parts/Passage.tsx";
import { Person } from "../../parts/Person.tsx";
import { ResultView } from "../../parts/Result.tsx";
import { SecretOnce } from "../../parts/SecretOnce.tsx";
import { State } from "../../parts/State.tsx";
import { Table } from "../../parts/Table.tsx";
import { Panel, Segments, Tabs } from "../../parts/Tabs.tsx";
import { Ago, Due, DueLine, Exact } from "../../parts/Time.tsx";
import { Timeline } from "../../parts/Timeline.tsx";
import { Branch, Tree } from "../../parts/Tree.tsx";
import { useTitle } from "../../parts/title.ts";
import { Awaiting, Empty, Failure, Skeleton, StillWaiting } from "../../parts/Wait.tsx";
import { Windowed } from "../../parts/Windowed.tsx";
import { AGENT, HASH, hugeLog, LIVE, MINA, request, ROWS, RUNS } from "./samples.ts";

const TONES = ["plain", "ink", "held", "ok", "bad"] as const;
const STATES = [
  "queued",
  "running",
  "waiting",
  "approved",
  "rejected",
  "changes-requested",
  "timed-out",
  "failed",
] as const;
const AGAIN = ["cancelled", "pending", "suspended", "completed", "terminated", "something else"];
const HTML = "<table><tr><th>plan</th><th>churn</th></tr><tr><td>starter</td><td>0.05</td></tr></table>";
const IN_MINUTES = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

/** One part; its name is that of its file. */
function Story({ part, children }: { part: string; children: ComponentChildren }) {
  return (
    <section data-part={part}>
      <Card title={part}>
        <div class="stack">{children}</div>
      </Card>
    </section>
  );
}

function Words() {
  return (
    <>
      <Story part="State">
        <div class="row">
          {[...STATES, ...AGAIN].map((state) => (
            <State state={state} />
          ))}
        </div>
      </Story>
      <Story part="Person">
        <div class="row">
          <Person person={MINA} />
          <Person person={AGENT} extra=", a key" />
          <Person person={"evil\u202ename"} />
          <Person person={undefined} />
        </div>
      </Story>
      <Story part="Time">
        <div class="row">
          <Ago at={IN_MINUTES(-22)} />
          <Ago at={undefined} />
          <Exact at={IN_MINUTES(3000)} />
          <DueLine until={IN_MINUTES(199)} />
          <DueLine until={IN_MINUTES(-1)} />
        </div>
        <div class="cols">
          <Due from={IN_MINUTES(-41)} until={IN_MINUTES(199)} />
          <Due from={IN_MINUTES(-41)} until={IN_MINUTES(12)} />
          <Due from={undefined} until={undefined} />
        </div>
      </Story>
      <Story part="Copy">
        <div class="row">
          <Hash hash={HASH} what="a hash" />
          <Id id="7f3a91c2-1111-4222-8333-444455556666" what="an id" />
          <Copy text="anything" what="anything" />
        </div>
      </Story>
      <Story part="Colours">
        <div class="row">
          <Colours />
        </div>
      </Story>
      <Story part="Command">
        <Command title="With a word under it" text="sallyport audit verify" foot="It needs no trust in this page." />
        <Command title="Without" text="sallyport ls" />
      </Story>
      <Story part="Icon">
        <div class="row">
          {(Object.keys(ICONS) as IconName[]).map((name) => (
            <Icon name={name} label={name} />
          ))}
          <Icon name="run" spin />
        </div>
      </Story>
    </>
  );
}

function Boxes() {
  return (
    <>
      <Story part="Box">
        {TONES.map((tone) => (
          <Note tone={tone}>
            <b>A note</b> that is {tone}, with <a href="#/parts">a link</a>.
          </Note>
        ))}
        <div class="row">
          {TONES.map((tone) => (
            <Tag tone={tone}>{tone}</Tag>
          ))}
        </div>
        <Facts
          facts={[
            { name: "Network", value: "0 tried", tone: "ok" },
            { name: "Refused", value: "3 calls", tone: "bad" },
            { name: "CPU", value: <NotReported /> },
          ]}
        />
        <Pairs
          pairs={[
            ["Known", "yes"],
            ["Unknown", <NotReported />],
            ["Left out", undefined],
          ]}
        />
      </Story>
      <Story part="SecretOnce">
        <SecretOnce words={"The secret of evil\u202ename"} secret="whsec_c2hvd24gb25jZQ==" done={() => undefined} />
      </Story>
      <Story part="Wait">
        <Failure
          failed={{ title: "The server does not answer", detail: "It may be restarting.", status: 0 }}
          what="the stories"
          again={() => undefined}
          kept
        />
        <Failure failed={{ title: "Refused", detail: "You have no role.", status: 403 }} what="the stories" />
        <Awaiting
          of={{
            answer: { value: undefined },
            failure: { value: { title: "It broke", detail: "", status: 500 } },
            again: () => undefined,
          }}
          what="the stories"
        />
        <StillWaiting goesOn={false} what="nothing" />
        <Skeleton what="nothing, for ever" />
        <Empty title="Nothing waits" mark>
          <p>It is quiet.</p>
        </Empty>
      </Story>
      <Story part="Table">
        <Table
          caption="Plans"
          rows={["starter", "team"]}
          keyOf={(row) => row}
          chosen={(row) => row === "team"}
          columns={[
            { name: "Plan", class: "grow", cell: (row) => row },
            { name: "Letters", class: "num", cell: (row) => row.length },
          ]}
        />
      </Story>
      <Story part="Passage">
        <Passage request={request({ stage: "before", attempts: 0 })} />
        {STATES.map((state) => (
          <Passage request={request({ state })} />
        ))}
      </Story>
      <Story part="Tree">
        <Tree label="A tree">
          <Branch
            below={
              <Tree>
                <Branch current>here</Branch>
                <Branch
                  more={{
                    what: "Children of the other",
                    load: () => (
                      <Tree>
                        <Branch>below it</Branch>
                      </Tree>
                    ),
                  }}
                >
                  other
                </Branch>
              </Tree>
            }
          >
            above
          </Branch>
        </Tree>
      </Story>
      <Story part="Pages">
        <Pages page={1} size={50} shown={50} of={2310} />
        <Pages page={0} size={50} shown={0} of={0} />
      </Story>
      <Story part="Timeline">
        <Timeline rows={ROWS} label="A timeline" />
      </Story>
    </>
  );
}

function Texts() {
  const huge = useSignal("");
  const code = useSignal("import os\n\nprint(os.getcwd())\n");
  return (
    <>
      <Story part="Code">
        <Code code={code.value} label="A program" hit={3} />
      </Story>
      <Story part="Editor">
        <Editor label="A program to write" value={code.value} change={(value) => (code.value = value)} />
      </Story>
      <Story part="Diff">
        <DiffView before={"one\ntwo\n"} after={"one\nthree\n"} label="Two texts" />
      </Story>
      <Story part="Output">
        <Output name="coloured" text={"\u001b[32mgreen\u001b[0m and \u001b]0;title\u0007hidden\n"} />
        <Output name="cut" text="head … tail" cut={{ of: 12_000_000 }} raw />
        {huge.value !== "" && <Output name="huge" text={huge.value} />}
        <div class="row">
          <button type="button" class="btn" onClick={() => (huge.value = hugeLog())}>
            A log of 50 MB
          </button>
        </div>
      </Story>
      <Story part="Chunks">
        <Chunks
          name="story"
          class="log"
          label="Few rows: all are there"
          rows={["first", "second"]}
          keyOf={(row) => row}
          row={(row, at) => (
            <li key={row} {...at}>
              {row}
            </li>
          )}
        />
      </Story>
      <Story part="Windowed">
        <Windowed
          class="out y"
          label="Many lines"
          count={5000}
          lineHeight={18}
          line={(index) => (
            <span class="o" key={index}>
              line {index}
              {"\n"}
            </span>
          )}
        />
      </Story>
      <Story part="Html">
        <Html html={HTML} name="A table" />
        <Html html="<p>Anything else</p>" name="A paragraph" />
      </Story>
      <Story part="Result">
        <ResultView
          result={{ status: "Success", result: "42", outputs: [{ "text/plain": "shown", "text/html": HTML }] }}
        />
        <ResultView result={{ status: "Success", resultTruncated: true, resultBytes: 5_000_000 }} />
        <ResultView result={undefined} />
      </Story>
    </>
  );
}

function Runs() {
  return (
    <>
      <Story part="LiveOutput">
        {LIVE.map(({ name, view }) => (
          <>
            <h3>{name}</h3>
            <LiveOutputView {...view} />
          </>
        ))}
      </Story>
      <Story part="Effects">
        {RUNS.map(({ name, run }) => (
          <>
            <h3>{name}</h3>
            <EffectsView run={run} />
          </>
        ))}
      </Story>
    </>
  );
}

function Choices() {
  const tab = useSignal("one");
  const open = useSignal(false);
  return (
    <>
      <Story part="Tabs">
        <Tabs
          tabs={[
            { id: "one", name: "One", count: 2 },
            { id: "two", name: "Two", count: 1, held: true },
          ]}
          chosen={tab.value}
          label="Some tabs"
          panel="story-tabs"
          choose={(id) => (tab.value = id)}
        />
        <Panel id="story-tabs" tab={tab.value}>
          What {tab.value} shows.
        </Panel>
        <Segments
          label="Some segments"
          options={[
            { id: "one", name: "One" },
            { id: "two", name: "Two" },
          ]}
          chosen={tab.value}
          choose={(id) => (tab.value = id)}
        />
      </Story>
      <Story part="Filter">
        <SearchField label="Search" />
        <StateChips states={["waiting", "approved"]} />
      </Story>
      <Story part="Hub">
        <HubChoice />
      </Story>
      <Story part="Dialog">
        <div class="row">
          <button type="button" class="btn" onClick={() => (open.value = true)}>
            Open a dialog
          </button>
        </div>
        {open.value && (
          <Dialog label="A dialog" close={() => (open.value = false)}>
            <div class="pad stack">
              <p>Escape closes it.</p>
              <button type="button" class="btn" onClick={() => (open.value = false)}>
                Close
              </button>
            </div>
          </Dialog>
        )}
      </Story>
      <Story part="Ask">
        <div class="row">
          <button
            type="button"
            class="btn"
            onClick={() => void ask({ title: "Sure?", text: "It cannot be undone.", verb: "Do it", field: "Why" })}
          >
            Ask
          </button>
          <button type="button" class="btn pri" aria-busy="false">
            Primary
          </button>
          <button type="button" class="btn bad-o" aria-disabled="true" title="Because">
            Shut
          </button>
        </div>
      </Story>
    </>
  );
}

/** Each part of the page in each of its states, for who works on one, and for the browser test. */
export default function Parts() {
  useTitle("Parts");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Parts" under="What the page is made of, in each of its states; nothing here is real" />
      <div class="stack">
        <Words />
        <Boxes />
        <Texts />
        <Runs />
        <Choices />
      </div>
    </main>
  );
}
