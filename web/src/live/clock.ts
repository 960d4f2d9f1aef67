/** The time that views show; it stands still while the connection is lost, since then nothing is known to be so. */
import { signal } from "@preact/signals";

export const now = signal(Date.now());
let halted = false;

export function haltClock(halt: boolean): void {
  halted = halt;
  if (!halt) now.value = Date.now();
}

export function startClock(): void {
  setInterval(() => {
    if (!halted && document.visibilityState === "visible") now.value = Date.now();
  }, 1000);
}
