import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const FOCUSABLE = 'a[href],button:not([disabled]),input,select,textarea,[tabindex="0"]';

/** What lies over the page: focus stays inside, Escape closes, focus returns to where it was. */
export function Dialog(props: { label: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  // Before the next key comes: what is typed at once belongs to the dialog.
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.querySelector<HTMLElement>(FOCUSABLE)?.focus();
    return () => {
      const isInside = dialog?.contains(document.activeElement) === true;
      if (isInside && before instanceof HTMLElement) before.focus();
    };
  }, []);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      props.close();
    }
    if (event.key !== "Tab") return;
    const all = [...(box.current?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? all[all.length - 1] : all[0])?.focus();
  };
  return (
    <div class="pal" onClick={(event) => event.target === event.currentTarget && props.close()}>
      <div role="dialog" aria-modal="true" aria-label={props.label} ref={box} onKeyDown={onKey}>
        {props.children}
      </div>
    </div>
  );
}
