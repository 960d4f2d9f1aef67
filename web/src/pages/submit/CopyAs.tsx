import { useSignal } from "@preact/signals";
import type { Upload } from "../../api/requests.ts";
import type { Submission } from "../../api/types.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Panel, Tabs } from "../../parts/Tabs.tsx";

const shellQuote = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** What goes with the code. */
function membersOf(submission: Submission): Record<string, unknown> {
  const members: Record<string, unknown> = { ...submission };
  delete members["code"];
  return members;
}

/** curl's own quotes around a file name: a `;` or a `,` ends it otherwise. */
const curlName = (path: string) => `"${path.replace(/[\\"]/g, "\\$&")}"`;

/** A form: each file is a part. */
function formCurl(submission: Submission, uploads: Upload[]): string {
  const parts = [
    `request=${JSON.stringify(membersOf(submission))};type=application/json`,
    "code=@main.py",
    ...uploads.map(({ path }) => `file=@${curlName(path.split("/").pop() ?? path)};filename=${curlName(path)}`),
  ];
  return [
    `curl ${shellQuote(`${location.origin}/v1/requests`)}`,
    ...parts.map((part) => `-F ${shellQuote(part)}`),
  ].join(" \\\n  ");
}

/** What the oldest members need is no more than an address. */
function plainCurl(submission: Submission): string {
  const query = new URLSearchParams();
  if (submission.submittedBy) query.set("submittedBy", submission.submittedBy);
  if (submission.approvalTimeoutSeconds) query.set("approvalTimeoutSeconds", String(submission.approvalTimeoutSeconds));
  return `curl ${shellQuote(`${location.origin}/v1/requests?${query.toString()}`)} \\
  -H 'Content-Type: text/x-python' \\
  --data-binary @main.py`;
}

function curlOf(submission: Submission, uploads: Upload[]): string {
  if (uploads.length > 0) return formCurl(submission, uploads);
  if (!submission.gate && !submission.purpose) return plainCurl(submission);
  const members = JSON.stringify(membersOf(submission));
  return `jq -Rs '${members.replace(/'/g, "'\\''")} + {code: .}' main.py |
  curl ${shellQuote(`${location.origin}/v1/requests`)} \\
    -H 'Content-Type: application/json' -d @-`;
}

function pythonOf(submission: Submission, uploads: Upload[]): string {
  const files = uploads.map(({ path }) => path);
  const withFiles =
    files.length === 0
      ? ""
      : `
body["files"] = [{"path": path, "content": base64.b64encode(open(path, "rb").read()).decode()}
                 for path in ${JSON.stringify(files)}]`;
  return `import ${files.length > 0 ? "base64, " : ""}json, urllib.request

body = json.loads(${JSON.stringify(JSON.stringify(membersOf(submission)))})
body["code"] = open("main.py").read()${withFiles}
request = urllib.request.Request(
    "${location.origin}/v1/requests", json.dumps(body).encode(),
    {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request)))`;
}

/** The same submission for a terminal and a program. */
export function CopyAs({ submission, uploads }: { submission: Submission; uploads: Upload[] }) {
  const chosen = useSignal("curl");
  const text = chosen.value === "curl" ? curlOf(submission, uploads) : pythonOf(submission, uploads);
  return (
    <section class="card">
      <header>
        <h2>Copy as</h2>
        <div class="row tight end">
          <Copy text={text} what="the command" />
        </div>
      </header>
      <Tabs
        tabs={[
          { id: "curl", name: "curl" },
          { id: "python", name: "Python" },
        ]}
        chosen={chosen.value}
        label="Copy as"
        panel="copy-as"
        choose={(id) => (chosen.value = id)}
      />
      <Panel id="copy-as" tab={chosen.value}>
        <pre class="code plain">
          <code>{text}</code>
        </pre>
      </Panel>
    </section>
  );
}
