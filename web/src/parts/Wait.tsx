import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { pauseOf, troubleOf, type Failed } from "../format/trouble.ts";
import { leave, signedIn } from "../live/session.ts";
import { Note } from "./Box.tsx";
import { Mark } from "./Icon.tsx";

const QUIET_MS = 150;
const LONG_MS = 10_000;

/** How long something goes on: "short" says nothing yet, "long" has to say what it waits for. */
function usePhase(goesOn: boolean): "short" | "while" | "long" {
  const phase = useSignal<"short" | "while" | "long">("short");
  useEffect(() => {
    phase.value = "short";
    if (!goesOn) return undefined;
    const timers = [
      setTimeout(() => (phase.value = "while"), QUIET_MS),
      setTimeout(() => (phase.value = "long"), LONG_MS),
    ];
    return () => timers.forEach(clearTimeout);
  }, [goesOn, phase]);
  return phase.value;
}

/** Once something was sent and no answer comes: what is waited for. */
export function StillWaiting({ goesOn, what }: { goesOn: boolean; what: string }) {
  const phase = usePhase(goesOn);
  return (
    <p class={phase === "long" ? "small sub" : "vh"} role="status">
      {phase === "long" && `Still waiting for the server to answer with ${what}.`}
    </p>
  );
}

/** Something is on its way: nothing at first, then its shape, after ten seconds what it waits for. */
export function Skeleton({ lines = 3, what }: { lines?: number; what: string }) {
  const phase = usePhase(true);
  if (phase === "short") return null;
  return (
    <div class="pad stack" aria-busy="true" role="status">
      <span class="vh">Loading {what}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span class={index % 2 ? "skel w2" : "skel"} />
      ))}
      {phase === "long" && <p class="small sub">Still waiting for the server to answer with {what}.</p>}
    </div>
  );
}

interface Failing {
  failed: Failed;
  /** What was asked for. Without it something was to be changed, and only people try that again. */
  what?: string;
  again?: () => void;
  /** There is an older answer, which is shown. */
  kept?: boolean;
}

/** Asks again by itself, in growing pauses, while it is shown. */
function useTries({ failed, what, again }: Failing) {
  const tries = useSignal(0);
  const trying = useSignal(false);
  const { passes } = troubleOf(failed, what);
  const attempt = () => {
    if (trying.value) return; // another press would only lose the answer that is on its way
    trying.value = true;
    again?.();
  };
  useEffect(() => {
    trying.value = false;
    if (!passes || !again) return undefined;
    const timer = setTimeout(attempt, pauseOf(tries.value++));
    return () => clearTimeout(timer);
    // each failure is another object, also if it says the same
  }, [failed]);
  return { trying: trying.value, attempt };
}

/** In the place of what failed: what, why, and what mends it. */
export function Failure(props: Failing) {
  const { trying, attempt } = useTries(props);
  const { title, detail, passes, signIn } = troubleOf(props.failed, props.what);
  return (
    <Note tone="bad">
      <p role="alert">
        <b>{title}.</b> {detail}
        {props.kept && " What is shown is what was known before."}
        {passes && props.again && " The page tries again by itself."}
      </p>
      <div class="row tight">
        {props.again && (
          <button type="button" class="btn sm" aria-busy={trying} onClick={attempt}>
            Try again
          </button>
        )}
        {signIn && signedIn.value === "in" && (
          <button type="button" class="btn sm" onClick={() => void leave()}>
            {signIn}
          </button>
        )}
      </div>
      {props.what && <StillWaiting goesOn={trying} what={props.what} />}
    </Note>
  );
}

/** What a view asks for: `useAsk` has it, and a store can say it of what it holds. */
export interface Sought {
  answer: { readonly value: unknown };
  failure: { readonly value: Failed | undefined };
  again: () => void;
}

/** All that a view shows of a question besides its answer: that it is on its way, takes long, or failed. Nothing, once it is there. */
export function Awaiting({ of, what, lines }: { of: Sought; what: string; lines?: number }) {
  const failed = of.failure.value;
  const has = of.answer.value !== undefined;
  if (failed) return <Failure failed={failed} what={what} again={of.again} kept={has} />;
  return has ? null : <Skeleton what={what} {...(lines === undefined ? {} : { lines })} />;
}

export function Empty(props: { title: string; mark?: boolean; children?: ComponentChildren }) {
  return (
    <div class="empty">
      {props.mark && <Mark big />}
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}
