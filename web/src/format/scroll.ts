/** Scrolling over more lines than a browser can make a box high: the box is as high as it may be, and its place stands for one in all
 *  lines. Small steps go as far as they look, jumps go to their share. Pure. */

/** Browsers cut boxes higher than some 17 million pixels (Firefox) or 33 million (Chromium). */
export const HEIGHT_MOST = 12_000_000;

export interface View {
  /** The box's own place, in pixels. */
  top: number;
  /** The place among all lines, in pixels. */
  place: number;
}

/** `all`: height of all lines; `seen`: of what is in view; pixels. */
export function scrolled(before: View, top: number, all: number, seen: number): View {
  const high = Math.min(all, HEIGHT_MOST);
  const [last, end] = [high - seen, all - seen];
  if (all <= HEIGHT_MOST || last <= 0) return { top, place: top };
  const step = top - before.top;
  if (top <= 0) return { top, place: 0 };
  if (top >= last - 1) return { top, place: end };
  const place = Math.abs(step) < seen * 2 ? before.place + step : (top / last) * end;
  return { top, place: Math.max(0, Math.min(end, place)) };
}
