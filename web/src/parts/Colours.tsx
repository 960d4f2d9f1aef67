import { Icon } from "./Icon.tsx";
import { cycleTheme, theme } from "./theme.ts";

/** Goes on to the next of the colours: the system's, light, dark. */
export function Colours() {
  return (
    <button
      type="button"
      class="copy end"
      aria-label={`Colours: ${theme.value}`}
      title={`Colours: ${theme.value}`}
      onClick={cycleTheme}
    >
      <Icon name="theme" />
    </button>
  );
}
