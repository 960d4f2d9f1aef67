import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { fileAddress, fileText } from "../../api/requests.ts";
import type { FileOfRun, NetworkAttempt, ReviewRequest, Vote } from "../../api/types.ts";
import { isClean, measured, presentRun } from "../../format/effects.ts";
import { bytes, shortHash } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { submitterOf } from "../../format/title.ts";
import { duration } from "../../format/time.ts";
import { Card, Note, NotReported, Pairs } from "../../parts/Box.tsx";
import { Hash } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import type { IconName } from "../../parts/icons.ts";
import { Output } from "../../parts/Output.tsx";
import { Person } from "../../parts/Person.tsx";
import { ResultView } from "../../parts/Result.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { has } from "../../live/server.ts";
import { LiveOutput } from "../../parts/LiveOutput.tsx";

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

export function OutputTab({ request }: Props) {
  const result = request.result;
  const run = request.run ?? 1;
  if (!result && request.state === "running" && has("/v1/requests/{id}/runs/{n}/output"))
    return <LiveOutput id={request.id} run={run} />;
  if (!result)
    return (
      <p class="small sub">
        {request.state === "queued" || request.state === "running"
          ? "Nothing to see yet: the output is shown when the run is over."
          : request.stage === "before"
            ? "Not run yet: approving runs it."
            : "No output was kept."}
      </p>
    );
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
  return <ResultView result={request.result} />;
}

function Preview({ id, file }: { id: string; file: FileOfRun }) {
  const text = useSignal<string | undefined>(undefined);
  const why = useSignal("");
  const look = () =>
    fileText(id, file.path).then(
      (got) => (text.value = got),
      (cause: unknown) => (why.value = wordsOf(cause).detail || wordsOf(cause).title),
    );
  return (
    <Card
      title={visibleLine(file.path)}
      mono
      bare
      side={
        <a class="btn sm" href={fileAddress(id, file.path)} download>
          <Icon name="down2" />
          Download
        </a>
      }
    >
      {text.value === undefined ? (
        <div class="pad">
          <button type="button" class="btn sm" onClick={() => void look()}>
            Show it as text
          </button>
          <p class="small dim">{why.value || "Looking at a held file is written into the audit log."}</p>
        </div>
      ) : (
        <div class="pad">
          <Output name={`preview of ${visibleLine(file.path)}`} text={text.value} raw />
        </div>
      )}
    </Card>
  );
}

export function FilesTab({ request }: Props) {
  const chosen = useSignal<FileOfRun | undefined>(undefined);
  if (!request.files)
    return (
      <p class="small sub">
        <NotReported />: nobody measured which files this run made.
      </p>
    );
  if (request.files.length === 0) return <p class="small sub">The run made no file and changed none.</p>;
  return (
    <div class="cols">
      <div class="stack">
        <div class="card">
          <Table
            caption="Files made"
            rows={request.files}
            keyOf={(file) => file.path}
            chosen={(file) => file === chosen.value}
            columns={[
              {
                name: "File",
                cell: (file) => (
                  <button type="button" class="link row tight" onClick={() => (chosen.value = file)}>
                    <Icon name={/\.(png|jpe?g|svg|gif)$/i.test(file.path) ? "image" : "file"} />
                    {visibleLine(file.path)}
                  </button>
                ),
              },
              { name: "Size", class: "num", cell: (file) => bytes(file.size) },
              { name: "SHA-256", class: "lo mono dim", cell: (file) => shortHash(file.sha256) },
            ]}
          />
        </div>
        {!request.released && <p class="small dim">Held until release. The submitter cannot read them yet.</p>}
      </div>
      {chosen.value && <Preview key={chosen.value.path} id={request.id} file={chosen.value} />}
    </div>
  );
}

function Attempts({ attempts }: { attempts: NetworkAttempt[] }) {
  return (
    <Card title="Connection attempts" bare foot="Measured from outside the session.">
      <Table
        caption="Connection attempts"
        rows={attempts}
        keyOf={(one) => `${one.address}:${one.port}`}
        columns={[
          { name: "Address", cell: (one) => <span class="mono">{visibleLine(one.address ?? "–")}</span> },
          { name: "Port", class: "num", cell: (one) => one.port ?? "–" },
          { name: "Times", class: "num", cell: (one) => one.count ?? 1 },
        ]}
      />
    </Card>
  );
}

export function EffectsTab({ request }: Props) {
  const run = presentRun(request);
  const facts = measured(request);
  if (!run?.effects)
    return (
      <Note tone="plain">
        <b>Not reported.</b> What this run did was not measured from outside the session. Isolation held all the same;
        what it printed is the code’s own word.
      </Note>
    );
  const attempts = run.effects.network?.attempts;
  return (
    <>
      {isClean(request) ? (
        <Note tone="ok">
          <b>Clean.</b> No network attempt, no refused call. Measured from outside the session.
        </Note>
      ) : (
        (facts.networkAttempts ?? 0) > 0 && (
          <Note tone="bad" icon="net">
            <b>Tried the network {facts.networkAttempts} times, blocked each time.</b> The session has no network. No
            byte got out.
          </Note>
        )
      )}
      {Array.isArray(attempts) && attempts.length > 0 && <Attempts attempts={attempts} />}
      {facts.refused && facts.refused.length > 0 && (
        <Card title="Refused calls" bare>
          <Table
            caption="Refused calls"
            rows={facts.refused}
            keyOf={(one) => one.name}
            columns={[
              { name: "Call", cell: (one) => <span class="mono">{visibleLine(one.name)}</span> },
              { name: "Times", class: "num", cell: (one) => one.count },
            ]}
          />
        </Card>
      )}
      <Card title="Use">
        <Pairs
          pairs={[
            ["Memory, most", facts.memoryPeak === undefined ? <NotReported /> : bytes(facts.memoryPeak)],
            ["CPU", facts.cpu === undefined ? <NotReported /> : duration(facts.cpu)],
            ["Processes, most at once", facts.processes ?? <NotReported />],
            ["Ended", run.effects.ended ?? run.ended ?? <NotReported />],
          ]}
        />
      </Card>
    </>
  );
}

export function InputsTab({ request }: Props) {
  const revision = request.revisions?.find((one) => one.number === request.revision);
  const files = revision?.files;
  return (
    <>
      <Card title="Files in" bare>
        {files && files.length > 0 ? (
          <Table
            caption="Input files"
            rows={files}
            keyOf={(file) => file.path}
            columns={[
              { name: "File", cell: (file) => <span class="mono">{visibleLine(file.path)}</span> },
              { name: "Size", class: "num", cell: (file) => bytes(file.size) },
              { name: "SHA-256", cell: (file) => <Hash hash={file.sha256} what="the hash" /> },
            ]}
          />
        ) : (
          <p class="pad small sub">{files ? "None." : "None are reported."}</p>
        )}
      </Card>
      <Card title="Runs with">
        <Pairs
          pairs={[
            ["Language", request.language ?? "python"],
            ["Session", request.session ?? "a fresh one, released after the run"],
            [
              "Template",
              request.template ? <Hash hash={request.template} what="the template's hash" /> : <NotReported />,
            ],
            [
              "Gate",
              { before: "before the run", both: "before and after the run", after: "after the run" }[
                request.gate ?? "after"
              ],
            ],
            [
              "Time-out",
              request.approvalTimeoutSeconds === undefined ? (
                <NotReported />
              ) : (
                duration(request.approvalTimeoutSeconds * 1000)
              ),
            ],
          ]}
        />
      </Card>
    </>
  );
}

interface Happening {
  at: string | undefined;
  icon: IconName;
  tone: string;
  words: preact.ComponentChildren;
  comment?: string | undefined;
}

const ANSWERS: Record<Vote["answer"], { icon: IconName; tone: string; word: string }> = {
  approve: { icon: "ok", tone: "is-ok", word: "approved" },
  changes: { icon: "changes", tone: "is-chg", word: "requested changes" },
  reject: { icon: "no", tone: "is-bad", word: "rejected" },
};

function ofVote(vote: Vote): Happening {
  const answer = ANSWERS[vote.answer];
  return {
    at: vote.at,
    icon: answer.icon,
    tone: answer.tone,
    words: (
      <>
        <Person person={vote.by} /> {answer.word}
        {vote.counts === false && <span class="dim">; it no longer counts</span>}
      </>
    ),
    comment: vote.comment,
  };
}

function happenings(request: ReviewRequest): Happening[] {
  const submitter = <Person person={submitterOf(request)} />;
  const list: Happening[] = (request.revisions ?? []).map((revision) => ({
    at: revision.createdAt,
    icon: "submit",
    tone: "",
    words: (
      <>
        <Person person={revision.by ?? request.submitter} /> submitted <b>revision {revision.number}</b>
      </>
    ),
    comment: revision.comment,
  }));
  if (list.length === 0)
    list.push({ at: request.createdAt, icon: "submit", tone: "", words: <>{submitter} submitted it</> });
  for (const run of request.runs ?? [])
    list.push({
      at: run.startedAt,
      icon: "session",
      tone: "",
      words: `Run ${run.number} of revision ${run.revision}`,
    });
  list.push(...(request.votes ?? []).map(ofVote));
  const decision = request.decision;
  if (decision)
    list.push({
      at: decision.at,
      icon: decision.approved ? "ok" : "no",
      tone: decision.approved ? "is-ok" : "is-bad",
      words: (
        <>
          {decision.by ? <Person person={decision.by} /> : "Somebody"} {decision.approved ? "approved" : "rejected"} it
        </>
      ),
      comment: request.votes ? undefined : decision.comment,
    });
  if (request.ended)
    list.push({ at: request.ended.at, icon: "stop", tone: "", words: "Cancelled", comment: request.ended.reason });
  return list.sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
}

export function HistoryTab({ request }: Props) {
  return (
    <ol class="log">
      {happenings(request).map((one) => (
        <li>
          <span class={one.tone}>
            <Icon name={one.icon} />
          </span>
          <div>
            {one.words}
            {one.comment && <q>{visible(one.comment)}</q>}
          </div>
          <Ago at={one.at} />
        </li>
      ))}
    </ol>
  );
}
