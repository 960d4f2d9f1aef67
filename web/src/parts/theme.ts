/** Colours: as the system says, or one of the two. */
import { signal } from "@preact/signals";

const ORDER = ["system", "light", "dark"] as const;
type Theme = (typeof ORDER)[number];
const STORED = "sallyport-colours";

function stored(): Theme {
  try {
    return ORDER.find((one) => one === localStorage.getItem(STORED)) ?? "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(stored());

function apply(): void {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
}

export function cycleTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? "system";
  apply();
  try {
    localStorage.setItem(STORED, theme.value);
  } catch {
    /* it holds for this visit */
  }
}

export const startTheme = apply;
