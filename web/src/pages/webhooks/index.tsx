import { has } from "../../live/server.ts";
import { Card, Note, PageHead } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { useTitle } from "../../parts/title.ts";

const follow = () =>
  has("/v1/events")
    ? `curl -N ${location.origin}/v1/events`
    : `curl -N '${location.origin}/v1/taskhubs/changes?taskhub=default'`;

/** What is not there is said to be so, with what does it meanwhile. */
export default function Webhooks() {
  useTitle("Webhooks");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Webhooks" under="Telling other programs what happens to a request" />
      <Note tone="plain">
        <b>This server sends no webhooks.</b> It has a stream of events instead: a program that listens to it hears the
        same and misses nothing, since it goes on where it was when it comes back.
      </Note>
      <Card
        title="Follow the events"
        bare
        side={<Copy text={follow()} what="the command" />}
        foot="Each event has an id; send the last one as Last-Event-ID and nothing is missed."
      >
        <pre class="code plain" tabIndex={0} role="region" aria-label="Command">
          <code>{follow()}</code>
        </pre>
      </Card>
    </main>
  );
}
