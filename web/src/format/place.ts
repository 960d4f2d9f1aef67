/** Where a reader of an event stream is: the id of an event is a number, or a name, "-" and a number. Pure. */

function partsOf(id: string): { stream: string; number: number } {
  const at = id.lastIndexOf("-") + 1;
  return { stream: id.slice(0, at), number: Number(id.slice(at)) };
}

/** True if whoever has had the event `last` has had `id`, too. */
export function isBehind(id: string, last: string | undefined): boolean {
  if (last === undefined) return false;
  const [one, other] = [partsOf(id), partsOf(last)];
  return one.stream === other.stream && one.number <= other.number;
}
