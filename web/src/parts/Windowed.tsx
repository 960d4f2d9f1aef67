import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const ALL_MOST = 2000; // lines: fewer are all there, so that the browser's search finds them
const AROUND = 60;

/** Lines of one height in a box that scrolls; of many only those near the view are in the page. */
export function Windowed(props: {
  class: string;
  label: string;
  count: number;
  lineHeight: number;
  line: (index: number) => JSX.Element;
  /** Lines are added: who sees the last one goes on seeing it. */
  live?: boolean;
}) {
  const box = useRef<HTMLPreElement>(null);
  const first = useSignal(0);
  const all = props.count <= ALL_MOST;
  const visibleLines = Math.ceil(2000 / props.lineHeight);
  const from = all ? 0 : Math.max(0, first.value - AROUND);
  const to = all ? props.count : Math.min(props.count, first.value + visibleLines + AROUND);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (props.live && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const onScroll = () => {
    if (!box.current) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    atEnd.current = scrollTop + clientHeight >= scrollHeight - props.lineHeight;
    if (all) return;
    const next = Math.floor(box.current.scrollTop / props.lineHeight);
    if (Math.abs(next - first.value) > AROUND / 2) first.value = next;
  };
  const pad = (lines: number) =>
    lines > 0 ? <span class="gap" ref={(el) => setHeight(el, lines * props.lineHeight)} /> : null;
  return (
    <pre
      class={props.class}
      tabIndex={0}
      role={props.live ? "log" : "region"}
      aria-label={props.label}
      ref={box}
      onScroll={onScroll}
    >
      <code ref={(el) => startAt(el, from)}>
        {pad(from)}
        {Array.from({ length: to - from }, (_, index) => props.line(from + index))}
        {pad(props.count - to)}
      </code>
    </pre>
  );
}

// Styles are set through the DOM: the page's policy allows no inline ones.
function setHeight(element: HTMLElement | null, height: number): void {
  if (element) element.style.height = `${height}px`;
}

function startAt(element: HTMLElement | null, line: number): void {
  if (element) element.style.counterReset = `l ${line}`;
}
