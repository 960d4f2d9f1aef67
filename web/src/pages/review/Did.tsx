import type { ComponentChildren } from "preact";
import type { ReviewRequest } from "../../api/types.ts";
import { filesWords, measured, presentRun } from "../../format/effects.ts";
import { shownOf } from "../../format/forms.ts";
import { count, mebibytes } from "../../format/size.ts";
import { duration } from "../../format/time.ts";
import { isHeldFromMe } from "../../live/sight.ts";
import { Facts, NotReported, type Fact } from "../../parts/Box.tsx";
import { useKeys } from "../../parts/keys.ts";
import { Panel, Tabs, type Tab } from "../../parts/Tabs.tsx";
import { place, setQuery } from "../../route.ts";
import { EffectsTab } from "./EffectsTab.tsx";
import { FilesTab } from "./FilesTab.tsx";
import { FindingsTab } from "./FindingsTab.tsx";
import { HistoryTab } from "./HistoryTab.tsx";
import { InputsTab } from "./InputsTab.tsx";
import { OutputTab, ResultTab, TracebackTab } from "./tabs.tsx";

/** Nothing is known before the run is over, and nothing by its submitter before the release: that is not "not reported". */
function absent(request: ReviewRequest): ComponentChildren {
  if (request.contentRemovedAt) return <span class="dim not">removed</span>;
  if (isHeldFromMe(request) && request.attempts) return <span class="dim not">held</span>;
  return presentRun(request)?.ended === undefined && !request.result ? (
    <span class="dim not">not yet</span>
  ) : (
    <NotReported />
  );
}

function filesFact(request: ReviewRequest): ComponentChildren {
  const files = presentRun(request)?.effects?.files;
  if (files) return filesWords(files);
  const listed = measured(request).filesTouched;
  return listed === undefined ? absent(request) : `${count(listed)} listed`;
}

export function factsOf(request: ReviewRequest): Fact[] {
  const facts = measured(request);
  const text = (value: number | undefined, show: (known: number) => ComponentChildren) =>
    value === undefined ? absent(request) : show(value);
  const tried = facts.networkAttempts;
  return [
    {
      name: "Network",
      value: text(tried, (times) => `${count(times)} tried`),
      tone: tried === undefined ? undefined : tried === 0 ? "ok" : "bad",
    },
    { name: "Files", value: filesFact(request) },
    { name: "Processes", value: text(facts.processes, String) },
    {
      name: "Memory",
      value: text(facts.memoryPeak, mebibytes),
    },
    { name: "CPU", value: text(facts.cpu, duration) },
    { name: "Wall", value: text(facts.wall, duration) },
  ];
}

function tabsOf(request: ReviewRequest): Tab[] {
  const shown = shownOf(request.result).length;
  const inputs = request.revisions?.find((one) => one.number === request.revision)?.files;
  const tabs: Tab[] = [];
  if (request.result?.error || request.error) tabs.push({ id: "error", name: "Traceback" });
  if (request.syntax) tabs.push({ id: "findings", name: "Findings" });
  tabs.push({ id: "output", name: "Output" });
  tabs.push({ id: "result", name: "Result and plots", count: shown || undefined });
  tabs.push({ id: "files", name: "Files", count: request.files?.length || undefined });
  tabs.push({ id: "effects", name: "Effects" });
  tabs.push({ id: "inputs", name: "Inputs", count: inputs?.length || undefined });
  tabs.push({ id: "history", name: "History" });
  return tabs;
}

const VIEWS: Record<string, (props: { request: ReviewRequest }) => ComponentChildren> = {
  error: TracebackTab,
  findings: FindingsTab,
  output: OutputTab,
  result: ResultTab,
  files: FilesTab,
  effects: EffectsTab,
  inputs: InputsTab,
  history: HistoryTab,
};

/** The tab that says most when nobody has chosen one. */
function firstTab(request: ReviewRequest, tabs: Tab[]): string {
  if (tabs[0]?.id === "error") return "error";
  if (request.stage === "before" && request.syntax) return "findings";
  const shown = shownOf(request.result);
  const printed = request.result?.stdout || request.result?.stderr;
  if (!printed && shown.length > 0) return "result";
  return shown.some((forms) => forms[0].kind !== "text" || forms.length > 1) ? "result" : "output";
}

/** The right pane: facts always in view, the rest in tabs. */
export function Did({ request }: { request: ReviewRequest }) {
  const tabs = tabsOf(request);
  const asked = place.value.query.get("tab");
  const chosen = tabs.find((tab) => tab.id === asked)?.id ?? firstTab(request, tabs);
  const choose = (id: string) => setQuery({ tab: id });
  useKeys(Object.fromEntries(tabs.map((tab, index) => [String(index + 1), () => choose(tab.id)])));
  const View = VIEWS[chosen] ?? OutputTab;
  return (
    <section class="pane" aria-label="What it did">
      <Facts facts={factsOf(request)} />
      <Tabs tabs={tabs} chosen={chosen} label="What it did" panel="did" choose={choose} />
      <Panel id="did" tab={chosen} class="y stack">
        <View request={request} />
      </Panel>
    </section>
  );
}
