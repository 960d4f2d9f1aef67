/** A draft of the policy: its text, what it means or why it is none, and what it would have done. It stays while one looks elsewhere. */
import { computed, effect, signal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { faultOf, rehearse, type Fault, type Meaning, type Rehearsal } from "../../api/policy.ts";
import type { Failed } from "../../format/trouble.ts";

export interface Draft {
  /** The version that it is to replace. */
  base: number;
  baseText: string;
  text: string;
}

export interface Checked {
  /** What was checked: an answer about other text says nothing. */
  text: string;
  meaning?: Meaning;
  fault?: Fault;
  failure?: string;
}

export const draft = signal<Draft | undefined>(undefined);
const lastCheck = signal<Checked | undefined>(undefined);

/** What is known of the draft as it stands; undefined while nobody has looked at it yet. */
export const checked = computed(() => (lastCheck.value?.text === draft.value?.text ? lastCheck.value : undefined));
export const isChanged = computed(() => draft.value !== undefined && draft.value.text !== draft.value.baseText);

export interface Rehearsed {
  text: string;
  last: number;
  answer?: Rehearsal;
  failure?: Failed;
}

export const rehearsed = signal<Rehearsed | undefined>(undefined);
export const rehearsing = signal(false);

export function edit(text: string): void {
  if (draft.value) draft.value = { ...draft.value, text };
}

export function discard(): void {
  draft.value = undefined;
  rehearsed.value = undefined;
}

export async function runRehearsal(text: string, last: number): Promise<void> {
  rehearsing.value = true;
  try {
    rehearsed.value = { text, last, answer: await rehearse(text, last) };
  } catch (cause) {
    rehearsed.value = { text, last, failure: wordsOf(cause) };
  }
  rehearsing.value = false;
}

const QUIET_MS = 300;

/** Asks the server what the text means when nobody has typed for a moment. */
effect(() => {
  const text = draft.value?.text;
  if (text === undefined) return undefined;
  const stop = new AbortController();
  const timer = setTimeout(() => {
    rehearse(text, 0, stop.signal).then(
      ({ policy }) => (lastCheck.value = { text, meaning: policy }),
      (cause: unknown) => {
        if (stop.signal.aborted) return;
        const fault = faultOf(cause);
        lastCheck.value = fault ? { text, fault } : { text, failure: wordsOf(cause).detail || wordsOf(cause).title };
      },
    );
  }, QUIET_MS);
  return () => {
    clearTimeout(timer);
    stop.abort();
  };
});
