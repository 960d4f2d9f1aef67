import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { readAudit } from "../../api/audit.ts";
import { visible } from "../../format/text.ts";
import { Card, Note, NotReported, Pairs } from "../../parts/Box.tsx";
import { Copy, Hash } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { setQuery } from "../../route.ts";
import { canHash, sha256 } from "./chain.ts";

/** SHA-256 of an entry as it stands, computed here; undefined where the browser lets no page compute it. */
function useHash(text: string | undefined) {
  const hash = useSignal<string | undefined>(undefined);
  useEffect(() => {
    hash.value = undefined;
    if (text !== undefined && canHash()) void sha256(text).then((digest) => (hash.value = digest));
  }, [text, hash]);
  return hash.value;
}

export function Entry({ sequence }: { sequence: number }) {
  const asked = useAsk(`entry ${sequence}`, () => readAudit(sequence - 1, 2));
  const lines = asked.answer.value;
  const line = lines?.find((one) => one.entry.seq === sequence);
  const after = lines?.find((one) => one.entry.seq === sequence + 1);
  const hash = useHash(line?.text);
  if (!lines) return <Awaiting of={asked} what="the entry" />;
  if (!line) return <Note tone="plain">There is no entry {sequence}.</Note>;
  const agrees = after && hash ? after.entry.prev === hash : undefined;
  return (
    <Card
      title={`Entry ${sequence}`}
      bare
      side={
        <>
          <button
            type="button"
            class="btn sm icon quiet"
            aria-label="Entry before"
            aria-disabled={sequence <= 1}
            onClick={() => sequence > 1 && setQuery({ entry: String(sequence - 1) })}
          >
            <Icon name="left" />
          </button>
          <button
            type="button"
            class="btn sm icon quiet"
            aria-label="Entry after"
            aria-disabled={!after}
            onClick={() => after && setQuery({ entry: String(sequence + 1) })}
          >
            <Icon name="chev" />
          </button>
          <Copy text={line.text} what="the entry" />
        </>
      }
    >
      <pre class="code plain" tabIndex={0} role="region" aria-label={`Audit entry ${sequence}`}>
        <code>{visible(JSON.stringify(line.entry, null, 1))}</code>
      </pre>
      <div class="pad">
        <Pairs
          pairs={[
            [
              "Hash",
              hash ? <Hash hash={hash} what="the hash" /> : "This browser computes no hash for a page without TLS",
            ],
            ["Before it", line.entry.prev ? <Hash hash={line.entry.prev} what="the hash before" /> : <NotReported />],
            [
              "Recomputed here",
              agrees === undefined ? (
                "nothing to compare with: it is the newest"
              ) : (
                <span class={agrees ? "is-ok row tight" : "is-bad row tight"}>
                  <Icon name={agrees ? "check" : "warn"} />{" "}
                  {agrees ? "as the next entry says" : "not what the next entry says"}
                </span>
              ),
            ],
          ]}
        />
      </div>
    </Card>
  );
}
