import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { fileAddress, fileText } from "../../api/requests.ts";
import type { FileNotKept, FileOfRun, ReviewRequest } from "../../api/types.ts";
import { bytes, plural, shortHash } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { isHeldFromMe, isOver } from "../../live/sight.ts";
import { Card, NotReported } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Output } from "../../parts/Output.tsx";
import { Table } from "../../parts/Table.tsx";
import { Held, Removed } from "./Absent.tsx";

const PREVIEW_MOST = 1_000_000; // bytes

function Preview({ request, file }: { request: ReviewRequest; file: FileOfRun }) {
  const text = useSignal<string | undefined>(undefined);
  const why = useSignal("");
  const look = () =>
    fileText(request.id, file.path).then(
      (got) => (text.value = got),
      (cause: unknown) => (why.value = wordsOf(cause).detail || wordsOf(cause).title),
    );
  return (
    <Card
      title={visibleLine(file.path)}
      mono
      bare
      side={
        <a class="btn sm" href={fileAddress(request.id, file.path)} download>
          <Icon name="down2" />
          Download
        </a>
      }
    >
      {text.value === undefined ? (
        <div class="pad">
          {file.size <= PREVIEW_MOST && (
            <button type="button" class="btn sm" onClick={() => void look()}>
              Show it as text
            </button>
          )}
          <p class="small dim">
            {why.value ||
              (file.size > PREVIEW_MOST
                ? `It has ${bytes(file.size)}: too much to show here.`
                : request.released
                  ? ""
                  : "Looking at a held file is written into the audit log.")}
          </p>
        </div>
      ) : (
        <div class="pad">
          <Output name={`preview of ${visibleLine(file.path)}`} text={text.value} raw />
        </div>
      )}
    </Card>
  );
}

const CAUSES: Record<string, string> = {
  "too-large": "too large to keep",
  name: "its name cannot be asked for",
  unreadable: "the pool did not give it",
  changed: "what the pool gave is not what it reported",
};

function NotKept({ files }: { files: FileNotKept[] }) {
  return (
    <Card title="Not kept" bare foot="Named, but their bytes are not here: nobody can be given them.">
      <Table
        caption="Files that are not kept"
        rows={files}
        keyOf={(file) => file.path}
        columns={[
          { name: "File", class: "grow", cell: (file) => <span class="mono">{visibleLine(file.path)}</span> },
          { name: "Why", cell: (file) => visibleLine(CAUSES[file.cause ?? ""] ?? file.cause ?? "–") },
          { name: "Size", class: "num", cell: (file) => (file.size === undefined ? "–" : bytes(file.size)) },
        ]}
      />
    </Card>
  );
}

/** Who may have them now, and from whom it is known that there are no others. */
function wordsUnder(request: ReviewRequest): string {
  const door = request.released
    ? "Released: the submitter has them."
    : isOver(request)
      ? "Not released: the submitter never gets them."
      : "Held until release: the submitter cannot read them yet.";
  return request.filesFrom === "list" ? `${door} Told by the list of a foreign pool, not measured.` : door;
}

function FileTable({
  request,
  files,
  chosen,
  choose,
}: {
  request: ReviewRequest;
  files: FileOfRun[];
  chosen: FileOfRun | undefined;
  choose: (file: FileOfRun) => void;
}) {
  return (
    <div class="card">
      <Table
        caption={request.released ? "Files made, released" : "Files made, held"}
        rows={files}
        keyOf={(file) => file.path}
        chosen={(file) => file === chosen}
        columns={[
          {
            name: "File",
            class: "grow",
            cell: (file) => (
              <button type="button" class="link row tight" onClick={() => choose(file)}>
                <Icon name={/\.(png|jpe?g|svg|gif|webp)$/i.test(file.path) ? "image" : "file"} />
                {visibleLine(file.path)}
              </button>
            ),
          },
          { name: "Change", cell: (file) => file.change ?? "–" },
          { name: "Size", class: "num", cell: (file) => bytes(file.size) },
          {
            name: "SHA-256",
            class: "lo mono dim",
            cell: (file) => <span title={file.sha256}>{shortHash(file.sha256)}</span>,
          },
          {
            name: "Get",
            cell: (file) => (
              <a
                class="copy"
                href={fileAddress(request.id, file.path)}
                download
                aria-label={`Download ${visibleLine(file.path)}`}
              >
                <Icon name="down2" />
              </a>
            ),
          },
        ]}
      />
    </div>
  );
}

/** What the run made, with the bytes that were voted on. */
export function FilesTab({ request }: { request: ReviewRequest }) {
  const chosen = useSignal<FileOfRun | undefined>(undefined);
  if (request.contentRemovedAt) return <Removed request={request} />;
  if (!request.filesFrom && isHeldFromMe(request) && request.attempts) return <Held request={request} />;
  if (!request.filesFrom)
    return (
      <p class="small sub">
        {request.attempts && request.result ? (
          <>
            <NotReported />: nobody can tell which files this run made.
          </>
        ) : (
          "Files are listed when the run is over."
        )}
      </p>
    );
  const files = request.files ?? [];
  const lost = request.filesNotKept ?? [];
  if (files.length === 0 && lost.length === 0 && !request.filesLeftOut)
    return <p class="small sub">The run made no file and changed none.</p>;
  return (
    <div class="cols">
      <div class="stack">
        {files.length > 0 && (
          <FileTable request={request} files={files} chosen={chosen.value} choose={(file) => (chosen.value = file)} />
        )}
        <p class="small dim">{wordsUnder(request)}</p>
        {lost.length > 0 && <NotKept files={lost} />}
        {!!request.filesLeftOut && (
          <p class="small is-held">
            {plural(request.filesLeftOut, "more file was", "more files were")} made that are not even named.
          </p>
        )}
      </div>
      {chosen.value && <Preview key={chosen.value.path} request={request} file={chosen.value} />}
    </div>
  );
}
