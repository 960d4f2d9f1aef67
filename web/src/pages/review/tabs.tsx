import type { ReviewRequest } from "../../api/types.ts";
import { followedRun } from "../../format/effects.ts";
import { bytes } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { has } from "../../live/server.ts";
import { isHeldFromMe } from "../../live/sight.ts";
import { Note } from "../../parts/Box.tsx";
import { LiveOutput } from "../../parts/LiveOutput.tsx";
import { Output } from "../../parts/Output.tsx";
import { ResultView } from "../../parts/Result.tsx";
import { Held, Removed } from "./Absent.tsx";

const MESSAGE_MOST = 2000; // characters; longer ones have a box of their own

interface Props {
  request: ReviewRequest;
}

export function TracebackTab({ request }: Props) {
  const error = request.result?.error;
  const title = error?.name ?? request.error?.type ?? "It failed";
  const words = error?.value ?? request.error?.message;
  const hint = error?.hint ?? request.error?.hint;
  const trace = error?.traceback?.join("\n");
  const long = words !== undefined && words.length > MESSAGE_MOST;
  return (
    <>
      <Note tone="bad">
        <b>{visibleLine(title)}</b>
        {!long && words && `: ${visible(words)}`}
        {hint && <p class="sub">{visible(hint)}</p>}
      </Note>
      {long && <Output name="message" text={words} raw />}
      {error && request.result?.errorTruncated && (
        <p class="small is-held">
          cut:{" "}
          {request.result.errorBytes === undefined
            ? "the traceback stands in stderr only"
            : `the message had ${bytes(request.result.errorBytes)}; the middle is left out`}
        </p>
      )}
      {trace && <Output name="traceback" text={trace} />}
    </>
  );
}

const goesOn = (request: ReviewRequest) => request.state === "queued" || request.state === "running";

/** Why there is no result to show. */
function NoResult({ request }: Props) {
  if (request.contentRemovedAt) return <Removed request={request} />;
  if (isHeldFromMe(request) && request.stage !== "before" && !goesOn(request)) return <Held request={request} />;
  return (
    <p class="small sub">
      {goesOn(request)
        ? "Nothing to see yet: the output is shown when the run is over."
        : request.stage === "before"
          ? "Not run yet: approving runs it."
          : "No output was kept."}
    </p>
  );
}

export function OutputTab({ request }: Props) {
  const result = request.result;
  if (goesOn(request) && has("/v1/requests/{id}/runs/{n}/output"))
    return <LiveOutput id={request.id} run={followedRun(request)} />;
  if (!result) return <NoResult request={request} />;
  const cut = (truncated: boolean | undefined, of: number | undefined) => (truncated ? { of } : undefined);
  return (
    <>
      {result.stdout ? (
        <Output name="stdout" text={result.stdout} cut={cut(result.stdoutTruncated, result.stdoutBytes)} />
      ) : (
        <p class="small sub">It printed nothing.</p>
      )}
      {result.stderr && (
        <Output name="stderr" text={result.stderr} cut={cut(result.stderrTruncated, result.stderrBytes)} />
      )}
    </>
  );
}

export function ResultTab({ request }: Props) {
  if (!request.result && !goesOn(request)) return <NoResult request={request} />;
  return <ResultView result={request.result} />;
}
