/** What the server is: its routes, who asks, its task hubs. Views show what is there and say what is not. */
import { computed, signal } from "@preact/signals";
import { wordsOf } from "../api/client.ts";
import type { Path } from "../api/address.ts";
import { getHealth, getMe, getOpenApi } from "../api/server.ts";
import { listHubs } from "../api/scheduler.ts";
import type { Failed } from "../format/trouble.ts";
import { loadSession, signedIn } from "./session.ts";
import type { Hub, Me, OpenApi } from "../api/types.ts";

export const openApi = signal<OpenApi | undefined>(undefined);
export const me = signal<Me | undefined>(undefined);
export const hubs = signal<Hub[]>([]);
/** The hub that a view is about when the address names none, and in which requests run unless the server's settings say otherwise. */
export const firstHub = computed(
  () => (hubs.value.find((hub) => hub.name === "default") ?? hubs.value[0])?.name ?? "default",
);
export const bootFailure = signal<Failed | undefined>(undefined);

const paths = computed(() => new Set(Object.keys(openApi.value?.paths ?? {})));

/** True once the server is known to have a route, written as in /openapi.json. */
export const has = (path: Path): boolean => paths.value.has(path);
export const known = computed(() => openApi.value !== undefined);
export const hasRequests = computed(() => has("/v1/requests"));
export const hasScheduler = computed(() => has("/v1/taskhubs/orchestrations/query"));
/** Votes, revisions, files: the whole model of a review. */
export const hasVotes = computed(() => has("/v1/requests/{id}/votes"));

/** True unless the server says that whoever asks lacks the permission. */
export function may(permission: string): boolean {
  const granted = me.value?.permissions;
  return granted === undefined || granted.includes(permission);
}

export async function loadHubs(): Promise<void> {
  if (has("/v1/hubs")) hubs.value = await listHubs();
}

/** Undefined: the server answers, whatever it says. */
export async function whyGone(): Promise<Failed | undefined> {
  try {
    await getHealth();
    return undefined;
  } catch (cause) {
    const failed = wordsOf(cause);
    return failed.status === 0 ? failed : undefined;
  }
}

/** What it has, and whether somebody is signed in; all that views show can be asked for behind that, side by side. False: it
 *  failed, or somebody has to sign in. */
export async function loadServer(): Promise<boolean> {
  try {
    openApi.value ??= await getOpenApi();
    await loadSession(has("/page/session"));
  } catch (cause) {
    bootFailure.value = wordsOf(cause);
    return false;
  }
  return signedIn.value !== "out";
}

/** Who asks, and the task hubs. False: it failed. */
export async function loadWho(): Promise<boolean> {
  const asksForHubs = loadHubs().catch(() => undefined); // a person may not be allowed to see hubs; the views of hubs say so
  try {
    me.value = await getMe(paths.value);
    bootFailure.value = undefined;
  } catch (cause) {
    bootFailure.value = wordsOf(cause);
    return false;
  }
  await asksForHubs;
  return true;
}
