/** Workers that went while this page was open: the server knows only those that are there. */
import { signal } from "@preact/signals";

export interface Gone {
  workerId: string;
  /** When it was missed, in milliseconds. */
  at: number;
}

const GONE_MOST = 20;

const seen = new Map<string, Set<string>>();
const goneByHub = signal<ReadonlyMap<string, Gone[]>>(new Map());

export const goneFrom = (hub: string): Gone[] => goneByHub.value.get(hub) ?? [];

/** Who works for the hub now; who did when this was said before, and does not any more, is gone. */
export function noteWorkers(hub: string, ids: string[]): void {
  const now = new Set(ids);
  const before = seen.get(hub) ?? now;
  seen.set(hub, now);
  const left = [...before].filter((id) => !now.has(id)).map((workerId) => ({ workerId, at: Date.now() }));
  const known = goneByHub.peek().get(hub) ?? [];
  const stay = known.filter((one) => !now.has(one.workerId));
  if (left.length === 0 && stay.length === known.length) return;
  goneByHub.value = new Map(goneByHub.peek()).set(hub, [...left, ...stay].slice(0, GONE_MOST));
}
