import { revisionCode } from "../../api/requests.ts";
import type { ReviewRequest, Step } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { lines } from "../../format/text.ts";
import { Code } from "../../parts/Code.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { DiffView } from "../../parts/Diff.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { place, setQuery } from "../../route.ts";
import { Removed } from "./Absent.tsx";

/** The line of the submitted code at which it raised. */
export function raisedLine(request: ReviewRequest): number | undefined {
  const trace = request.result?.error?.traceback?.join("\n") ?? "";
  const cell = [...trace.matchAll(/Cell In ?\[\d+\], line (\d+)/g)].pop();
  return cell ? Number(cell[1]) : undefined;
}

function SinceBefore({ request, before }: { request: ReviewRequest; before: number }) {
  const asked = useAsk(`${request.id} ${before}`, () => revisionCode(request.id, before));
  const old = asked.answer.value;
  if (old === undefined) return <Awaiting of={asked} what={`revision ${before}`} />;
  return <DiffView before={old} after={request.code ?? ""} label={`Changes since revision ${before}`} />;
}

/** What the approval of the code above it runs. */
function StepCode({ step }: { step: Step }) {
  const text = step.text ?? "";
  return (
    <>
      <div class="pane-head">
        <span class="mono">then.py</span> · {plural(lines(text).length, "line")} ·{" "}
        {step.state ? `the step behind the approval: ${step.state}` : "runs in the same session once this is approved"}
        <div class="row tight end">
          <Copy text={text} what="the code of the step" />
        </div>
      </div>
      {step.text == null ? (
        <p class="small dim pad">It is not kept any more.</p>
      ) : (
        <Code code={text} label="Code of then.py" hit={undefined} />
      )}
    </>
  );
}

export function CodePane({ request }: { request: ReviewRequest }) {
  const code = request.code ?? "";
  const removed = request.contentRemovedAt !== undefined;
  const revision = request.revision ?? 1;
  const view = revision > 1 && !removed && place.value.query.get("view") === "diff" ? "diff" : "code";
  return (
    <section class="pane" aria-label="Code">
      <div class="pane-head">
        <span class="mono">main.py</span>
        {!removed && <> · {plural(lines(code).length, "line")}</>}
        <div class="row tight end">
          {revision > 1 && !removed && (
            <Segments
              label="Code or difference"
              options={[
                { id: "code", name: "Code" },
                { id: "diff", name: `Diff to rev. ${revision - 1}` },
              ]}
              chosen={view}
              choose={(id) => setQuery({ view: id === "diff" ? "diff" : undefined })}
            />
          )}
          {!removed && <Copy text={code} what="the code" />}
        </div>
      </div>
      {removed ? (
        <div class="y">
          <Removed request={request} />
        </div>
      ) : view === "diff" ? (
        <SinceBefore request={request} before={revision - 1} />
      ) : (
        <Code code={code} label="Code of main.py" hit={raisedLine(request)} />
      )}
      {request.then?.code && <StepCode step={request.then.code} />}
    </section>
  );
}
