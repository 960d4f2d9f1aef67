import { batch, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { count } from "../format/size.ts";
import { visible } from "../format/text.ts";
import { followOutput, type RunStatus, type Stream } from "../live/output.ts";
import { Note } from "./Box.tsx";
import { Output } from "./Output.tsx";
import { ResultView } from "./Result.tsx";

const KEPT_MOST = 2_000_000; // characters of a stream
const GATHER_MS = 80;

interface Written {
  text: string;
  /** Characters in front of it that are not kept here. */
  lost: number;
}

const NOTHING: Written = { text: "", lost: 0 };

function grown(written: Written, piece: string): Written {
  const all = written.text + piece;
  return { text: all.slice(-KEPT_MOST), lost: written.lost + Math.max(0, all.length - KEPT_MOST) };
}

/** What was written so far; pieces that come together are drawn together. */
function useOutput(id: string, run: number) {
  const stdout = useSignal(NOTHING);
  const stderr = useSignal(NOTHING);
  const outputs = useSignal<Record<string, unknown>[]>([]);
  const status = useSignal<RunStatus | undefined>(undefined);
  const broken = useSignal(false);
  useEffect(() => {
    const streams = { stdout, stderr };
    const pending: Record<Stream, string> = { stdout: "", stderr: "" };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () =>
      batch(() => {
        timer = undefined;
        for (const name of ["stdout", "stderr"] as const) {
          if (pending[name] !== "") streams[name].value = grown(streams[name].value, pending[name]);
          pending[name] = "";
        }
      });
    const forget = () =>
      batch(() => {
        pending.stdout = pending.stderr = "";
        stdout.value = stderr.value = NOTHING;
        outputs.value = [];
        status.value = undefined;
        broken.value = false;
      });
    forget();
    const stop = followOutput(id, run, {
      write(stream, piece) {
        pending[stream] += piece;
        timer ??= setTimeout(draw, GATHER_MS);
      },
      display: (output) => (outputs.value = [...outputs.value, output]),
      say: (said) => (status.value = said),
      forget,
      lose: () => (broken.value = true),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id, run, stdout, stderr, outputs, status, broken]);
  return { stdout, stderr, outputs, status, broken };
}

/** What is known of the run itself, in a sentence. */
function wordsOf(status: RunStatus | undefined): string | undefined {
  if (!status) return undefined;
  if (status.status === "queued") return "Not started yet: it waits for a session.";
  if (status.status === "over") return visible(status.words ?? "It is over.");
  return status.live === false ? "It runs in a pool that tells its output when the run is over." : undefined;
}

function Piece({ name, written }: { name: string; written: Written }) {
  if (written.text === "") return null;
  return (
    <>
      {written.lost > 0 && (
        <p class="small is-held">
          cut: the last {count(written.text.length)} of {count(written.text.length + written.lost)} characters
        </p>
      )}
      <Output name={name} text={written.text} live />
    </>
  );
}

export interface LiveView {
  stdout: Written;
  stderr: Written;
  outputs: Record<string, unknown>[];
  status: RunStatus | undefined;
  broken: boolean;
}

/** What there is to see of a run that goes on. */
export function LiveOutputView({ stdout, stderr, outputs, status, broken }: LiveView) {
  if (status?.held)
    return (
      <Note tone="held">
        <b>{status.status === "over" ? "It is over." : status.status === "queued" ? "Not started yet." : "It runs."}</b>{" "}
        What it writes is held until somebody has approved it.
      </Note>
    );
  const words = wordsOf(status);
  const silent = stdout.text === "" && stderr.text === "";
  return (
    <>
      <Piece name="stdout" written={stdout} />
      <Piece name="stderr" written={stderr} />
      {outputs.length > 0 && <ResultView result={{ status: "", outputs }} />}
      {silent && status?.status === "running" && status.live !== false && (
        <p class="small sub">It has written nothing yet.</p>
      )}
      {words && <p class="small sub">{words}</p>}
      {broken && <p class="small is-bad">The output cannot be followed now; it is shown when the run is over.</p>}
    </>
  );
}

/** What a run writes while it runs. */
export function LiveOutput({ id, run }: { id: string; run: number }) {
  const { stdout, stderr, outputs, status, broken } = useOutput(id, run);
  return (
    <LiveOutputView
      stdout={stdout.value}
      stderr={stderr.value}
      outputs={outputs.value}
      status={status.value}
      broken={broken.value}
    />
  );
}
