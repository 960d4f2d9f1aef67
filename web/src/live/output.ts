/** What a run writes, from its start on and as it comes (server-sent events). The browser comes back to its place by itself. */
import { outputAddress } from "../api/requests.ts";
import { onChange } from "./connection.ts";

export type Stream = "stdout" | "stderr";

/** The run as its stream tells it. */
export interface RunStatus {
  status: "queued" | "running" | "over";
  run: number;
  /** False: its output comes when it is over, for its pool is a foreign one. */
  live?: boolean;
  /** Who reads may not see what it writes before it is released. */
  held?: boolean;
  ended?: string;
  why?: string;
  words?: string;
}

export interface OutputListener {
  write(stream: Stream, piece: string): void;
  /** One element of `result.outputs`. */
  display(output: Record<string, unknown>): void;
  say(status: RunStatus): void;
  /** What was sent so far is not what is kept: everything comes anew. */
  forget(): void;
  /** It cannot be followed. */
  lose(): void;
}

function parsed<T>(event: Event): T | undefined {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return undefined;
  }
}

function open(id: string, run: number, listener: OutputListener): EventSource {
  const source = new EventSource(outputAddress(id, run));
  for (const stream of ["stdout", "stderr"] as const)
    source.addEventListener(stream, (event) => listener.write(stream, parsed<{ text?: string }>(event)?.text ?? ""));
  source.addEventListener("display", (event) => {
    const output = parsed<Record<string, unknown>>(event);
    if (output) listener.display(output);
  });
  source.addEventListener("reset", () => listener.forget());
  source.addEventListener("status", (event) => {
    const status = parsed<RunStatus>(event);
    if (!status) return;
    if (status.status === "over") source.close(); // else the browser would come back, only to be told so again
    listener.say(status);
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) listener.lose();
  };
  return source;
}

/** Follows until the run is over, or the function that is returned is called. A server that was gone is asked from the start again. */
export function followOutput(id: string, run: number, listener: OutputListener): () => void {
  let source = open(id, run, listener);
  const stop = onChange((change) => {
    if (!["all", "back"].includes(change.what) || source.readyState !== EventSource.CLOSED) return;
    listener.forget();
    source = open(id, run, listener);
  });
  return () => {
    stop();
    source.close();
  };
}
