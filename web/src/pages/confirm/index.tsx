import { useEffect } from "preact/hooks";
import type { ReviewRequest } from "../../api/types.ts";
import { shownOf } from "../../format/forms.ts";
import { lines, visibleLine } from "../../format/text.ts";
import { submitterOf, titleOf } from "../../format/title.ts";
import { detail, soughtOf, watch } from "../../live/requests.ts";
import { Facts } from "../../parts/Box.tsx";
import { Mark } from "../../parts/Icon.tsx";
import { Code } from "../../parts/Code.tsx";
import { Person } from "../../parts/Person.tsx";
import { ResultView } from "../../parts/Result.tsx";
import { State } from "../../parts/State.tsx";
import { Ago, DueLine } from "../../parts/Time.tsx";
import { useTitle } from "../../parts/title.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href, place } from "../../route.ts";
import { Decide } from "../review/Decide.tsx";
import { factsOf } from "../review/Did.tsx";
import { FilesTab } from "../review/FilesTab.tsx";
import { OutputTab, TracebackTab } from "../review/tabs.tsx";

function Shown({ request }: { request: ReviewRequest }) {
  const result = request.result;
  return (
    <>
      {(result?.error || request.error) && <TracebackTab request={request} />}
      <section class="card">
        <header>
          <h2>Output</h2>
        </header>
        <div class="pad stack">
          <OutputTab request={request} />
        </div>
      </section>
      {shownOf(result).length > 0 && (
        <details class="card" open>
          <summary>Result and plots</summary>
          <div class="pad stack">
            <ResultView result={result} />
          </div>
        </details>
      )}
      {request.files && request.files.length > 0 && (
        <details class="card">
          <summary>Files, {request.files.length}</summary>
          <div class="pad">
            <FilesTab request={request} />
          </div>
        </details>
      )}
      <details class="card">
        <summary>Code, {lines(request.code ?? "").length} lines</summary>
        <Code code={request.code ?? ""} label="Code" />
      </details>
    </>
  );
}

/** One column with the answer in reach of the thumb: where links in messages lead. Opening it decides nothing. */
export default function Confirm() {
  const id = place.value.segments[1] ?? "";
  const known = detail(id).value;
  const request = known.whole ? known.request : undefined;
  useEffect(() => watch(id), [id]);
  useTitle(request ? titleOf(request) : "Confirm");
  return (
    <main class="confirm" id="main" tabIndex={-1}>
      <div class="row">
        <a class="brand" href={href("/")}>
          <Mark />
          <span>Sallyport</span>
        </a>
        {request?.state === "waiting" && (
          <span class="end small dim">
            <DueLine until={request.deadline} />
          </span>
        )}
      </div>
      {!request && (
        <>
          <h1 class="vh">Confirm</h1>
          <Awaiting of={soughtOf(id)} what="the request" />
        </>
      )}
      {request && (
        <>
          <div class="stack">
            <Awaiting of={soughtOf(id)} what="the request" />
            <div>
              <State state={request.state} />
              <h1>{titleOf(request)}</h1>
              <p class="small sub">
                <Person person={submitterOf(request)} />
                {request.onBehalfOf && <> on behalf of {visibleLine(request.onBehalfOf)}</>} · submitted{" "}
                <Ago at={request.createdAt} />
              </p>
            </div>
            <div class="card">
              <Facts facts={factsOf(request)} />
            </div>
            <Shown request={request} />
          </div>
          <p class="small dim">
            Opening this page decided nothing. <a href={href("/requests", id)}>See everything</a>
          </p>
          <Decide key={id} request={request} compact />
        </>
      )}
    </main>
  );
}
