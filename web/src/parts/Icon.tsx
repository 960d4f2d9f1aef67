import { ICONS, type IconName } from "./icons.ts";

/** An icon; with a label it is an image for screen readers, too. */
export function Icon({ name, label, spin }: { name: IconName; label?: string; spin?: boolean }) {
  const said = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": true as const };
  return (
    <svg class={spin ? "i spin" : "i"} viewBox="0 0 16 16" {...said}>
      <path d={ICONS[name]} />
    </svg>
  );
}

/** The gate in the gate. */
export function Mark({ big }: { big?: boolean }) {
  return (
    <svg class={big ? "mark big" : "mark"} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M3.5 21.5V11a8.5 8.5 0 0 1 17 0v10.5" />
      <path class="in" d="M8 21.5V11.5a4 4 0 0 1 8 0v10Z" />
    </svg>
  );
}
