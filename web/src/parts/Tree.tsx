import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon.tsx";

/** One place of a tree, with what is below it: there from the start, or when somebody opens it. */
export function Branch(props: {
  children: ComponentChildren;
  /** Whom the view is about. */
  current?: boolean;
  below?: ComponentChildren;
  /** Asked for when it is opened; `what` names it for who does not see it. */
  more?: { what: string; load: () => ComponentChildren };
}) {
  const open = useSignal(false);
  return (
    <li aria-current={props.current ? "true" : undefined}>
      <span class="row tight">
        {props.more && (
          <button
            type="button"
            class="btn sm icon quiet"
            aria-expanded={open.value}
            aria-label={props.more.what}
            onClick={() => (open.value = !open.value)}
          >
            <Icon name="chev" />
          </button>
        )}
        {props.children}
      </span>
      {props.below}
      {open.value && props.more?.load()}
    </li>
  );
}

/** Branches below one another; the outermost has a name. */
export const Tree = ({ label, children }: { label?: string; children: ComponentChildren }) => (
  <ul class="tree" aria-label={label}>
    {children}
  </ul>
);
