/** Whether this browser is signed in, where the server wants to know who asks. */
import { effect, signal } from "@preact/signals";
import { signInNeeded, wordsOf } from "../api/client.ts";
import { getSession, signIn, signOut } from "../api/session.ts";
import { toast } from "./toasts.ts";
import { place, setQuery } from "../route.ts";

/** "out": nothing is shown before somebody signs in. */
export const signedIn = signal<"unknown" | "not-needed" | "in" | "out">("unknown");
/** Why the link by which somebody came did not sign them in. */
export const linkFailure = signal("");
const RENEW_MS = 10 * 60_000; // the cookie is replaced at times, which needs a request

/** `wanted`: the server has sign-ins of browsers. */
export async function loadSession(wanted: boolean): Promise<void> {
  if (!wanted) {
    signedIn.value = "not-needed";
    return;
  }
  const link = place.peek().query.get("link");
  if (link !== null) setQuery({ link: undefined }); // it counts once, and has no business in the history
  if (link !== null && (await follow(link))) return;
  signedIn.value = (await getSession()).signedIn ? "in" : "out";
  if (link !== null && signedIn.value === "in") toast("bad", "The link changed nothing", linkFailure.value);
}

/** Whoever is signed in already stays so if the link does not count any more. */
async function follow(link: string): Promise<boolean> {
  try {
    if (!(await signIn({ link })).signedIn) return false;
  } catch (cause) {
    linkFailure.value = wordsOf(cause).detail || wordsOf(cause).title;
    return false;
  }
  signedIn.value = "in";
  toast("plain", "A link signed this browser in", "Your name in the menu is whose link it was.");
  return true;
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
