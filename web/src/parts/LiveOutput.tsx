import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { count } from "../format/size.ts";
import { followOutput } from "../live/output.ts";
import { Output } from "./Output.tsx";

const KEPT_MOST = 2_000_000; // characters

/** What a run writes while it runs. */
export function LiveOutput({ id, run }: { id: string; run: number }) {
  const text = useSignal("");
  const lost = useSignal(0);
  const note = useSignal("");
  useEffect(
    () =>
      followOutput(id, run, {
        write: (piece) => {
          const all = text.value + piece;
          lost.value += Math.max(0, all.length - KEPT_MOST);
          text.value = all.slice(-KEPT_MOST);
        },
        say: (words) => (note.value = words),
      }),
    [id, run, text, lost, note],
  );
  return (
    <>
      {text.value ? (
        <Output name="live output" text={text.value} />
      ) : (
        <p class="small sub">It has written nothing yet.</p>
      )}
      {lost.value > 0 && (
        <p class="small is-held">
          cut: the last {count(KEPT_MOST)} of {count(KEPT_MOST + lost.value)} characters
        </p>
      )}
      {note.value && <p class="small dim">{note.value}</p>}
    </>
  );
}
