import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Tab {
  id: string;
  name: string;
  count?: number | string | undefined;
  held?: boolean;
}

/** Tabs of the ARIA pattern: arrows move, the panel is named by its tab. */
export function Tabs(props: {
  tabs: Tab[];
  chosen: string;
  label: string;
  panel: string;
  choose: (id: string) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // On a phone not all are in view: only their own row is moved, not the page.
    const tab = list.current?.querySelector('[aria-selected="true"]')?.getBoundingClientRect();
    const row = list.current?.getBoundingClientRect();
    if (list.current && tab && row)
      list.current.scrollLeft += Math.max(0, tab.right - row.right) + Math.min(0, tab.left - row.left);
  }, [props.chosen]);
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const at = props.tabs.findIndex((tab) => tab.id === props.chosen);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    if (!next) return;
    event.preventDefault();
    props.choose(next.id);
    document.getElementById(`t-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} onKeyDown={onKey} ref={list}>
      {props.tabs.map((tab) => (
        <button
          type="button"
          role="tab"
          id={`t-${tab.id}`}
          aria-controls={props.panel}
          aria-selected={tab.id === props.chosen}
          tabIndex={tab.id === props.chosen ? 0 : -1}
          onClick={() => props.choose(tab.id)}
        >
          {tab.name}
          {tab.count !== undefined && <span class={tab.held ? "n held" : "n"}>{tab.count}</span>}
        </button>
      ))}
    </div>
  );
}

export function Panel(props: { id: string; tab: string; class?: string; children: ComponentChildren }) {
  return (
    <div role="tabpanel" id={props.id} aria-labelledby={`t-${props.tab}`} class={props.class} tabIndex={0}>
      {props.children}
    </div>
  );
}

export function Segments<T extends string>(props: {
  label: string;
  options: { id: T; name: string }[];
  chosen: T;
  choose: (id: T) => void;
}) {
  return (
    <div class="seg" role="group" aria-label={props.label}>
      {props.options.map((option) => (
        <button type="button" aria-pressed={option.id === props.chosen} onClick={() => props.choose(option.id)}>
          {option.name}
        </button>
      ))}
    </div>
  );
}
