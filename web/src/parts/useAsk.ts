/** What a view asks of the server and shows: the last answer, why there is none, and asking again when something changes. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../api/client.ts";
import type { Failed } from "../format/trouble.ts";
import { onChange, type Change } from "../live/connection.ts";

export interface Asked<T> {
  answer: { readonly value: T | undefined };
  failure: { readonly value: Failed | undefined };
  again: () => void;
}

/** What came back, and what it was asked for: an answer about something else is none. */
interface Came<T> {
  key: string;
  answer?: T;
  failure?: Failed;
}

const GATHER_MS = 250;

/** A server that is there again may know what it could not tell before. */
const mendsFailure = (change: Change) => change.what === "all" || change.what === "back";

/** Asks when `key` changes, and again, gathered, when `concerns` says that a change matters, or when `anew` is another one. `key` names
 *  what is asked for: until the answer about it comes there is none. */
export function useAsk<T>(
  key: string,
  load: () => Promise<T>,
  concerns?: (change: Change) => boolean,
  anew?: string | number,
): Asked<T> {
  const came = useSignal<Came<T>>({ key });
  const turn = useSignal(0);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const before = () => (came.peek().key === key ? came.peek() : { key });
    const once = () => {
      timer = undefined;
      load().then(
        (answer) => {
          if (current) came.value = { key, answer };
        },
        (cause: unknown) => {
          if (current) came.value = { ...before(), failure: wordsOf(cause) };
        },
      );
    };
    once();
    const stop = onChange((change) => {
      const mends = mendsFailure(change) && before().failure !== undefined;
      if (mends || concerns?.(change)) timer ??= setTimeout(once, GATHER_MS);
    });
    return () => {
      current = false;
      clearTimeout(timer);
      stop();
    };
    // `load` and `concerns` are what `key` stands for
  }, [key, anew, turn.value]);
  const known: Came<T> = came.value.key === key ? came.value : { key };
  return { answer: { value: known.answer }, failure: { value: known.failure }, again: () => turn.value++ };
}

/** Asks again that long after each answer, and each failure; undefined: not by itself. */
export function useAskAgain<T>(asked: Asked<T>, wait: number | undefined): void {
  const answer = asked.answer.value;
  const failure = asked.failure.value;
  useEffect(() => {
    if (wait === undefined) return undefined;
    const timer = setTimeout(asked.again, wait);
    return () => clearTimeout(timer);
    // each answer has its own wait
  }, [answer, failure]);
}
