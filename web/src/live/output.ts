/** The output of a run while it runs (server-sent events `stdout`, `stderr`, `status`). */
import { outputAddress } from "../api/requests.ts";

export interface OutputListener {
  write(piece: string): void;
  say(words: string): void;
}

function textOf(data: string): string {
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed === "string") return parsed;
    if (typeof parsed === "object" && parsed !== null && "text" in parsed && typeof parsed.text === "string")
      return parsed.text;
  } catch {
    /* the text itself */
  }
  return data;
}

export function followOutput(id: string, run: number, listener: OutputListener): () => void {
  const source = new EventSource(outputAddress(id, run));
  const write = (event: MessageEvent<string>) => listener.write(textOf(event.data));
  source.addEventListener("stdout", write as EventListener);
  source.addEventListener("stderr", write as EventListener);
  source.addEventListener("end", () => source.close());
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) listener.say("The output cannot be followed while it runs.");
  };
  return () => source.close();
}
