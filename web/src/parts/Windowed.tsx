import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { HEIGHT_MOST, scrolled, type View } from "../format/scroll.ts";

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
  const { count, lineHeight } = props;
  const box = useRef<HTMLPreElement>(null);
  const drawn = useSignal<View>({ top: 0, place: 0 });
  const last = useRef<View>({ top: 0, place: 0 });
  const all = count <= ALL_MOST;
  const height = count * lineHeight;
  const first = Math.floor(drawn.value.place / lineHeight);
  const visibleLines = Math.ceil(2000 / lineHeight);
  const from = all ? 0 : Math.min(Math.max(0, first - AROUND), count - 1);
  const to = all ? count : Math.min(count, first + visibleLines + AROUND);
  const above = all ? 0 : Math.max(0, from * lineHeight + drawn.value.top - drawn.value.place);
  const below = all ? 0 : Math.max(0, Math.min(height, HEIGHT_MOST) - above - (to - from) * lineHeight);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (props.live && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const onScroll = () => {
    if (!box.current) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    atEnd.current = scrollTop + clientHeight >= scrollHeight - lineHeight;
    if (all) return;
    const [now, before] = [scrolled(last.current, scrollTop, height, clientHeight), drawn.value];
    last.current = now;
    const far = Math.abs(now.place - before.place) > (AROUND / 2) * lineHeight;
    if (far || now.top - now.place !== before.top - before.place) drawn.value = now;
  };
  const pad = (pixels: number) => (pixels > 0 ? <span class="gap" ref={(el) => setHeight(el, pixels)} /> : null);
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
        {pad(above)}
        {Array.from({ length: Math.max(0, to - from) }, (_, index) => props.line(from + index))}
        {pad(below)}
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
