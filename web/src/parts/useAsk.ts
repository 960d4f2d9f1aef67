/** What a view asks of the server and shows: the last answer, why there is none, and asking again when something changes. */
import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../api/client.ts";
import { onChange, type Change } from "../live/connection.ts";

export interface Asked<T> {
  answer: ReadonlySignal<T | undefined>;
  failure: ReadonlySignal<{ title: string; detail: string } | undefined>;
  again: () => void;
}

const GATHER_MS = 250;

/** Asks when `key` changes, and again, gathered, when `concerns` says that a change matters. */
export function useAsk<T>(key: string, load: () => Promise<T>, concerns?: (change: Change) => boolean): Asked<T> {
  const answer = useSignal<T | undefined>(undefined);
  const failure = useSignal<{ title: string; detail: string } | undefined>(undefined);
  const turn = useSignal(0);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = () => {
      timer = undefined;
      load().then(
        (got) => {
          if (!current) return;
          answer.value = got;
          failure.value = undefined;
        },
        (cause: unknown) => {
          if (current) failure.value = wordsOf(cause);
        },
      );
    };
    once();
    const stop = concerns
      ? onChange((change) => {
          if (concerns(change)) timer ??= setTimeout(once, GATHER_MS);
        })
      : undefined;
    return () => {
      current = false;
      clearTimeout(timer);
      stop?.();
    };
    // `load` and `concerns` are what `key` stands for
  }, [key, turn.value]);
  return { answer, failure, again: () => turn.value++ };
}
