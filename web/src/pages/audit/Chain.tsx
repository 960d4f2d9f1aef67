import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { count, plural } from "../../format/size.ts";
import { exact, parseTime } from "../../format/time.ts";
import { Note } from "../../parts/Box.tsx";
import { canHash, checkChain, type Chain } from "./chain.ts";

const SIGNED = {
  holds: "Its end is signed by this server’s key.",
  broken: "What the server signed as its end is something else.",
  unchecked: "This browser cannot check the signature of its end.",
};

function Verdict({ chain }: { chain: Chain }) {
  const when = new Date(chain.at).toLocaleTimeString();
  const since = parseTime(chain.since);
  if (chain.brokenAt !== undefined || chain.signed === "broken")
    return (
      <Note tone="bad" live>
        <b>The chain is broken{chain.brokenAt === undefined ? " at its end" : ` behind entry ${chain.brokenAt}`}.</b>{" "}
        Looked at {plural(chain.entries, "entry", "entries")} at {when}. Keep a copy of the data folder, and compare it
        with the heads that were kept elsewhere.
      </Note>
    );
  return (
    <Note tone="ok" live>
      <b>The chain is whole.</b> {plural(chain.entries, "entry", "entries")}
      {!Number.isNaN(since) && (
        <>
          {" "}
          since <time title={exact(since)}>{new Date(since).toLocaleDateString([], { dateStyle: "medium" })}</time>
        </>
      )}
      , each hash recomputed in this browser at {when}. {chain.signed && SIGNED[chain.signed]}
    </Note>
  );
}

/** Recomputes the whole log when somebody asks for it. */
export function ChainCheck() {
  const looked = useSignal<number | undefined>(undefined);
  const chain = useSignal<Chain | undefined>(undefined);
  const failure = useSignal("");
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const check = async () => {
    const own = (stop.current = new AbortController());
    looked.value = 0;
    failure.value = "";
    try {
      chain.value = await checkChain((entries) => (looked.value = entries), own.signal);
    } catch (cause) {
      failure.value = own.signal.aborted ? "" : wordsOf(cause).detail || wordsOf(cause).title;
    }
    looked.value = undefined;
  };
  if (looked.value !== undefined)
    return (
      <Note tone="plain" live>
        Recomputing: {count(looked.value)} entries so far.{" "}
        <button type="button" class="btn sm" onClick={() => stop.current.abort()}>
          Stop
        </button>
      </Note>
    );
  return (
    <>
      {chain.value && <Verdict chain={chain.value} />}
      {failure.value && (
        <Note tone="bad" live>
          <b>Not checked.</b> {failure.value}
        </Note>
      )}
      <div class="row">
        <button type="button" class="btn" aria-disabled={!canHash()} onClick={() => canHash() && void check()}>
          {chain.value ? "Check again" : "Check the whole chain"}
        </button>
        <span class="small dim">
          {canHash()
            ? "Every entry has the hash of the one before; this browser recomputes them all."
            : "This browser computes no hash for a page without TLS."}
        </span>
      </div>
    </>
  );
}
