/** Whether this browser is signed in, where the server wants to know who asks. */
import { effect, signal } from "@preact/signals";
import { signInNeeded } from "../api/client.ts";
import { getSession, signOut } from "../api/session.ts";

/** "out": nothing is shown before somebody signs in. */
export const signedIn = signal<"unknown" | "not-needed" | "in" | "out">("unknown");
const RENEW_MS = 10 * 60_000; // the cookie is replaced at times, which needs a request

/** `wanted`: the server has sign-ins of browsers. */
export async function loadSession(wanted: boolean): Promise<void> {
  if (!wanted) {
    signedIn.value = "not-needed";
    return;
  }
  signedIn.value = (await getSession()).signedIn ? "in" : "out";
}

export async function leave(everywhere = false): Promise<void> {
  await signOut(everywhere);
  location.reload();
}

export function startSession(): void {
  setInterval(() => {
    if (signedIn.value === "in") void loadSession(true).catch(() => undefined);
  }, RENEW_MS);
  effect(() => {
    if (!signInNeeded.value) return;
    signInNeeded.value = false;
    if (signedIn.peek() === "in") signedIn.value = "out";
  });
}
