import { useSignal } from "@preact/signals";
import type { Submission } from "../../api/types.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Panel, Tabs } from "../../parts/Tabs.tsx";

const shellQuote = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** What goes with the code; files are named, not spelled out. */
function membersOf(submission: Submission): Record<string, unknown> {
  const members: Record<string, unknown> = { ...submission };
  delete members["code"];
  if (submission.files) members["files"] = submission.files.map((file) => ({ path: file.path, base64: "…" }));
  return members;
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

function curlOf(submission: Submission): string {
  if (!submission.gate && !submission.purpose) return plainCurl(submission);
  const members = JSON.stringify(membersOf(submission));
  return `jq -Rs '${members.replace(/'/g, "'\\''")} + {code: .}' main.py |
  curl ${shellQuote(`${location.origin}/v1/requests`)} \\
    -H 'Content-Type: application/json' -d @-`;
}

function pythonOf(submission: Submission): string {
  return `import json, urllib.request

body = json.loads(${JSON.stringify(JSON.stringify(membersOf(submission)))})
body["code"] = open("main.py").read()
request = urllib.request.Request(
    "${location.origin}/v1/requests", json.dumps(body).encode(),
    {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request)))`;
}

/** The same submission for a terminal and a program. */
export function CopyAs({ submission }: { submission: Submission }) {
  const chosen = useSignal("curl");
  const text = chosen.value === "curl" ? curlOf(submission) : pythonOf(submission);
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
