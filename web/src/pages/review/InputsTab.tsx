import { differenceOf, inputAddress } from "../../api/requests.ts";
import type { InputFile, ReviewRequest, RevisionDifference } from "../../api/types.ts";
import { bytes, plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { duration } from "../../format/time.ts";
import { has } from "../../live/server.ts";
import { Card, NotReported, Pairs } from "../../parts/Box.tsx";
import { Hash } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Table } from "../../parts/Table.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { Removed } from "./Absent.tsx";
import { thenWords } from "./Follows.tsx";

function FilesIn({ request, files }: { request: ReviewRequest; files: InputFile[] }) {
  const gets = has("/v1/requests/{id}/inputs/{path}") && !request.contentRemovedAt;
  return (
    <Table
      caption="Input files"
      rows={files}
      keyOf={(file) => file.path}
      columns={[
        {
          name: "File",
          class: "grow",
          cell: (file) =>
            gets ? (
              <a class="row tight" href={inputAddress(request.id, file.path, request.revision)} download>
                <Icon name="down2" />
                <span class="mono">{visibleLine(file.path)}</span>
              </a>
            ) : (
              <span class="mono">{visibleLine(file.path)}</span>
            ),
        },
        { name: "Size", class: "num", cell: (file) => bytes(file.size) },
        { name: "SHA-256", class: "lo", cell: (file) => <Hash hash={file.sha256} what="the hash" /> },
      ]}
    />
  );
}

interface InputChange {
  sign: string;
  path: string;
  before: InputFile | undefined;
  after: InputFile | undefined;
}

function changesOf({ inputs }: RevisionDifference): InputChange[] {
  return [
    ...inputs.added.map((file) => ({ sign: "added", path: file.path, before: undefined, after: file })),
    ...inputs.changed.map((one) => ({ sign: "changed", path: one.path, before: one.from, after: one.to })),
    ...inputs.removed.map((file) => ({ sign: "removed", path: file.path, before: file, after: undefined })),
  ];
}

const sizeOf = (file: InputFile | undefined) => (file ? bytes(file.size) : "–");

/** What of the inputs is others than in the revision before, by their hashes. */
function SinceBefore({ request, before }: { request: ReviewRequest; before: number }) {
  const asked = useAsk(`${request.id} ${before}`, () => differenceOf(request.id));
  const difference = asked.answer.value;
  const changes = difference ? changesOf(difference) : [];
  return (
    <Card title={`Since revision ${before}`} bare>
      <Awaiting of={asked} what="the difference" />
      {difference && changes.length === 0 && (
        <p class="pad small sub">
          {difference.inputs.same > 0 ? `The same ${plural(difference.inputs.same, "file")}.` : "No files, as before."}
          {difference.code.same && " The code is the same, too."}
        </p>
      )}
      {changes.length > 0 && (
        <Table
          caption={`Inputs that differ from revision ${before}`}
          rows={changes}
          keyOf={(one) => one.path}
          columns={[
            { name: "Change", cell: (one) => one.sign },
            { name: "File", class: "grow", cell: (one) => <span class="mono">{visibleLine(one.path)}</span> },
            { name: "Was", class: "num", cell: (one) => <span title={one.before?.sha256}>{sizeOf(one.before)}</span> },
            { name: "Is", class: "num", cell: (one) => <span title={one.after?.sha256}>{sizeOf(one.after)}</span> },
          ]}
        />
      )}
    </Card>
  );
}

const GATES = { before: "before the run", both: "before and after the run", after: "after the run" };

export function InputsTab({ request }: { request: ReviewRequest }) {
  const revision = request.revision ?? 1;
  const files = request.revisions?.find((one) => one.number === revision)?.files;
  return (
    <>
      {request.contentRemovedAt && <Removed request={request} />}
      <Card title="Files in" bare>
        {files && files.length > 0 ? (
          <FilesIn request={request} files={files} />
        ) : (
          <p class="pad small sub">{files ? "None." : "None are reported."}</p>
        )}
      </Card>
      {revision > 1 && has("/v1/requests/{id}/diff") && <SinceBefore request={request} before={revision - 1} />}
      <Card title="Runs with">
        <Pairs
          pairs={[
            ["Language", request.language ?? "python"],
            ["Session", request.session ? visibleLine(request.session) : "a fresh one, released after the run"],
            [
              "Template",
              request.template ? <Hash hash={request.template} what="the template's hash" /> : <NotReported />,
            ],
            ["Gate", GATES[request.gate ?? "after"]],
            [
              "Time-out",
              request.approvalTimeoutSeconds === undefined ? (
                <NotReported />
              ) : (
                duration(request.approvalTimeoutSeconds * 1000)
              ),
            ],
            ["Then", thenWords(request) ?? "nothing starts"],
          ]}
        />
      </Card>
    </>
  );
}
