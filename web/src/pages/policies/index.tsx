import { callJson } from "../../api/client.ts";
import { prettyJson, visible } from "../../format/text.ts";
import { has } from "../../live/server.ts";
import { Card, Note, PageHead } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Failure, Skeleton } from "../../parts/Wait.tsx";

/** The text of the policy in force, whichever member of the answer holds it; else the answer itself. */
function textOf(answer: Record<string, unknown>): string {
  for (const name of ["text", "toml", "source"]) {
    const value = answer[name];
    if (typeof value === "string") return value;
  }
  return prettyJson(JSON.stringify(answer));
}

function InForce() {
  const asked = useAsk("policy", () => callJson<Record<string, unknown>>("/v1/policy"));
  const answer = asked.answer.value;
  if (!answer)
    return asked.failure.value ? (
      <Failure {...asked.failure.value} again={asked.again} />
    ) : (
      <Skeleton lines={8} what="the policy" />
    );
  const text = textOf(answer);
  const version = answer["version"];
  return (
    <Card
      title={typeof version === "number" ? `Version ${version}` : "In force"}
      bare
      side={<Copy text={text} what="the policy" />}
    >
      <pre class="code plain" tabIndex={0} role="region" aria-label="The policy in force">
        <code>{visible(text)}</code>
      </pre>
    </Card>
  );
}

export default function Policies() {
  useTitle("Policies");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Policies" under="Which requests are asked about, by whom, and until when" />
      {has("/v1/policy") ? (
        <InForce />
      ) : (
        <>
          <Note tone="plain">
            <b>This server has no policy file.</b> The defaults hold for every request.
          </Note>
          <Card title="The defaults">
            <ul class="stack">
              <li>Code runs at once; its result is held until somebody decides.</li>
              <li>One approval of a person who has the right releases it; one rejection ends it.</li>
              <li>
                Nobody decided in time: nothing is released. How long that is, the submission says; without a word,{" "}
                <code>--approval-timeout</code>.
              </li>
              <li>Code that raised is told to its submitter, and nobody is asked about it.</li>
            </ul>
          </Card>
        </>
      )}
    </main>
  );
}
