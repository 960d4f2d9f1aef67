/** What an instance says of why it does not move, as far as it is that nobody listens. Pure. */

export interface Unheard {
  /** "activity", "orchestration", "entity". */
  kind: string;
  name: string;
  /** In the scheduler's words. */
  why: string;
}

const NOBODY =
  /(activity|orchestration|entity) "((?:[^"\\]|\\.)*)"[^()]*\((no worker is connected to its task hub|no connected worker takes that name|connected workers take that name, but not in that version)\)/;

/** Undefined: somebody listens, or it waits for something else. */
export function unheardOf(standing: string | undefined): Unheard | undefined {
  const [, kind, name, why] = NOBODY.exec(standing ?? "") ?? [];
  return kind === undefined || name === undefined || why === undefined ? undefined : { kind, name, why };
}

export interface Waits extends Unheard {
  /** The instances that wait for it, those first that were given first. */
  ids: string[];
}

/** One row for each name, in the order in which the instances are given. */
export function gatherUnheard(instances: { instanceId: string; standing?: string | undefined }[]): Waits[] {
  const rows = new Map<string, Waits>();
  for (const { instanceId, standing } of instances) {
    const unheard = unheardOf(standing);
    if (!unheard) continue;
    const key = `${unheard.kind} ${unheard.name} ${unheard.why}`;
    const row = rows.get(key) ?? { ...unheard, ids: [] };
    row.ids.push(instanceId);
    rows.set(key, row);
  }
  return [...rows.values()];
}
