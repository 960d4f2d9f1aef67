import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const CHUNK = 20; // rows
const ALL_MOST = 60; // rows: fewer are all there, so that the browser's search finds them
const ROW_PX = 112; // until one was measured
const AROUND_PX = 1200;

/** What a row bears, so that it is found again and a screen reader says where it stands. */
export interface Place {
  "data-id": string;
  "data-chunk": number;
  "aria-posinset"?: number;
  "aria-setsize"?: number;
}

/** How high the chunks of a list were when they were last seen, so that Back finds its place. */
const seen = new Map<string, { width: number; heights: (number | undefined)[] }>();

function heightsOf(name: string): (number | undefined)[] {
  const known = seen.get(name);
  if (known?.width === window.innerWidth) return known.heights;
  const heights: (number | undefined)[] = [];
  seen.set(name, { width: window.innerWidth, heights });
  return heights;
}

function usual(heights: (number | undefined)[]): number {
  const known = heights.filter((height) => height !== undefined);
  return known.length === 0 ? CHUNK * ROW_PX : known.reduce((sum, height) => sum + height, 0) / known.length;
}

/** Of the chunks that are there, from the first row's top to the last one's bottom. The last chunk may be short: it says nothing. */
function measure(list: HTMLElement, heights: (number | undefined)[]): void {
  const edges = new Map<number, { top: number; bottom: number; rows: number }>();
  for (const row of list.querySelectorAll<HTMLElement>(":scope > [data-chunk]")) {
    const { top, bottom } = row.getBoundingClientRect();
    const edge = edges.get(Number(row.dataset["chunk"]));
    if (edge) Object.assign(edge, { bottom, rows: edge.rows + 1 });
    else edges.set(Number(row.dataset["chunk"]), { top, bottom, rows: 1 });
  }
  for (const [chunk, edge] of edges) if (edge.rows === CHUNK) heights[chunk] = edge.bottom - edge.top;
}

/** The first and the last chunk near the view, by what is known of their heights. */
function nearView(list: HTMLElement, heights: (number | undefined)[], chunks: number): [number, number] {
  const each = usual(heights);
  let top = list.getBoundingClientRect().top;
  let [first, last] = [chunks - 1, 0];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const bottom = top + (heights[chunk] ?? each);
    if (bottom >= -AROUND_PX && top <= window.innerHeight + AROUND_PX) {
      first = Math.min(first, chunk);
      last = chunk;
    }
    top = bottom;
  }
  return [first, Math.max(first, last)];
}

function focused(list: HTMLElement | null): string | undefined {
  const row = document.activeElement?.closest<HTMLElement>("[data-id]");
  return row && list?.contains(row) ? row.dataset["id"] : undefined;
}

/** The page's policy allows no inline styles: they are set through the DOM. */
const Gap = ({ height }: { height: number }) => (
  <li
    class="gap"
    aria-hidden="true"
    ref={(element) => {
      if (element) element.style.height = `${height}px`;
    }}
  />
);

/** Rows of any height in the page's own scroll: of many only the chunks near the view are there, and those with the row that has
 *  the focus or is chosen; for the others stands the room that they take. */
export function Chunks<T>(props: {
  /** Under which its heights are remembered. */
  name: string;
  class: string;
  label: string;
  rows: T[];
  keyOf: (row: T) => string;
  /** An <li> that bears `place`. */
  row: (row: T, place: Place) => JSX.Element;
  chosen?: string | undefined;
  /** More come as one scrolls: nobody knows how many there are. */
  open?: boolean;
}) {
  const { rows, keyOf } = props;
  const list = useRef<HTMLUListElement>(null);
  const near = useSignal<[number, number]>([0, 0]);
  const all = rows.length <= ALL_MOST;
  const chunks = Math.ceil(rows.length / CHUNK);
  const heights = heightsOf(props.name);

  useLayoutEffect(() => {
    if (all) return undefined;
    const look = () => {
      if (!list.current) return;
      measure(list.current, heights);
      const next = nearView(list.current, heights, chunks);
      if (next[0] !== near.value[0] || next[1] !== near.value[1]) near.value = next;
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look, { passive: true });
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [all, chunks, heights, near]);

  const pinned = new Set<number>();
  for (const key of [props.chosen, focused(list.current)]) {
    const at = key === undefined ? -1 : rows.findIndex((row) => keyOf(row) === key);
    if (at >= 0) for (const step of [-1, 0, 1]) pinned.add(Math.floor((at + step) / CHUNK)); // the next key goes there
  }

  const children: JSX.Element[] = [];
  let gap = 0;
  const endGap = () => {
    if (gap > 0) children.push(<Gap key={`gap ${children.length === 0 ? "before" : children.length}`} height={gap} />);
    gap = 0;
  };
  for (let chunk = 0; chunk < chunks; chunk++) {
    const [first, last] = near.value;
    if (!all && (chunk < first || chunk > last) && !pinned.has(chunk)) {
      const whole = heights[chunk] ?? usual(heights);
      gap += chunk === chunks - 1 ? (whole * (rows.length - chunk * CHUNK)) / CHUNK : whole;
      continue;
    }
    endGap();
    for (let index = chunk * CHUNK; index < Math.min(rows.length, (chunk + 1) * CHUNK); index++) {
      const row = rows[index] as T;
      const where = all ? {} : { "aria-posinset": index + 1, "aria-setsize": props.open ? -1 : rows.length };
      children.push(props.row(row, { "data-id": keyOf(row), "data-chunk": chunk, ...where }));
    }
  }
  endGap();
  return (
    <ul class={props.class} aria-label={props.label} ref={list}>
      {children}
    </ul>
  );
}
