import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { followOutput } from "../live/output.ts";
import { Output } from "./Output.tsx";

/** What a run writes while it runs. */
export function LiveOutput({ id, run }: { id: string; run: number }) {
  const text = useSignal("");
  const note = useSignal("");
  useEffect(
    () =>
      followOutput(id, run, {
        write: (piece) => (text.value = (text.value + piece).slice(-2_000_000)),
        say: (words) => (note.value = words),
      }),
    [id, run, text, note],
  );
  return (
    <>
      {text.value ? (
        <Output name="live output" text={text.value} />
      ) : (
        <p class="small sub">It has written nothing yet.</p>
      )}
      {note.value && <p class="small dim">{note.value}</p>}
    </>
  );
}
