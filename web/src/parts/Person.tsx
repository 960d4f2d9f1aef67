import type { Person as Named } from "../api/types.ts";
import { visibleLine } from "../format/text.ts";

const MACHINES = new Set(["key", "application", "service", "agent", "managed-identity"]);

/** Round for a person, square for a machine. */
export function Person({ person, extra }: { person: string | Named | undefined; extra?: string }) {
  const name = typeof person === "string" ? person : person?.name || person?.id;
  if (!name) return <span class="dim">submitter not reported</span>;
  const machine = typeof person === "object" && person.kind !== undefined && MACHINES.has(person.kind);
  const shown = visibleLine(name);
  return (
    <span class="who">
      <span class={machine ? "av bot" : "av"} aria-hidden="true">
        {machine ? shown.slice(0, 1) : shown.slice(0, 1).toUpperCase()}
      </span>
      <span class="cut" title={shown}>
        {shown}
        {extra}
      </span>
    </span>
  );
}
