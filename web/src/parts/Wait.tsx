import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Note } from "./Box.tsx";
import { Mark } from "./Icon.tsx";

const QUIET_MS = 150;
const LONG_MS = 10_000;

/** Something is on its way: nothing at first, then its shape, after ten seconds what it waits for. */
export function Skeleton({ lines = 3, what }: { lines?: number; what: string }) {
  const phase = useSignal(0);
  useEffect(() => {
    const timers = [setTimeout(() => (phase.value = 1), QUIET_MS), setTimeout(() => (phase.value = 2), LONG_MS)];
    return () => timers.forEach(clearTimeout);
  }, [phase]);
  if (phase.value === 0) return null;
  return (
    <div class="pad stack" aria-busy="true" role="status">
      <span class="vh">Loading {what}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span class={index % 2 ? "skel w2" : "skel"} />
      ))}
      {phase.value === 2 && <p class="small sub">Still waiting for the server to answer with {what}.</p>}
    </div>
  );
}

/** In the place of what failed: what, why, what to do. */
export function Failure(props: { title: string; detail?: string; again?: () => void }) {
  return (
    <Note tone="bad" live>
      <b>{props.title}.</b> {props.detail}{" "}
      {props.again && (
        <button type="button" class="btn sm" onClick={props.again}>
          Try now
        </button>
      )}
    </Note>
  );
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
