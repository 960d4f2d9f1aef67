/** A text of a terminal as lines that are made when they are looked at: 50 MB cost two numbers a line. Pure. */
import { penOf, SEQUENCE, styleOf, type Run } from "./ansi.ts";

export interface Log {
  lines: number;
  /** Characters of the longest line, with what is not shown of it. */
  longest: number;
  /** Runs of a line; of `from` on at most `most` characters of its text as it was sent. */
  line(index: number, from?: number, most?: number): Run[];
  /** Characters of a line as it was sent. */
  length(index: number): number;
}

/** Numbers in a row, as many as come. */
class Numbers {
  private all = new Uint32Array(1024);
  count = 0;

  push(value: number): void {
    if (this.count === this.all.length) {
      const more = new Uint32Array(this.count * 2);
      more.set(this.all);
      this.all = more;
    }
    this.all[this.count++] = value;
  }

  at(index: number): number {
    return this.all[index] ?? 0;
  }

  /** How many are at most `value`; they rise. */
  upTo(value: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where the sequences of the text are, and the pen behind each. */
function sequencesOf(text: string) {
  const starts = new Numbers();
  const ends = new Numbers();
  const styles: string[] = [];
  const pen = penOf();
  if (text.includes("\u001b"))
    for (const match of text.matchAll(SEQUENCE)) {
      starts.push(match.index);
      ends.push(match.index + match[0].length);
      styles.push(styleOf(pen, match));
    }
  return { starts, ends, styles };
}

/** Line feeds within a sequence end no line. */
function linesOf(text: string, starts: Numbers, ends: Numbers): Numbers {
  const begins = new Numbers();
  begins.push(0);
  let next = 0; // the first sequence that is not over at `at`
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    while (next < ends.count && ends.at(next) <= at) next++;
    if (next < starts.count && starts.at(next) <= at) at = ends.at(next) - 1;
    else begins.push(at + 1);
  }
  return begins;
}

/** `raw`: its sequences are text. A line feed at the end begins no line. */
export function logOf(text: string, raw = false): Log {
  const none = { starts: new Numbers(), ends: new Numbers(), styles: [] as string[] };
  const { starts, ends, styles } = raw ? none : sequencesOf(text);
  const begins = linesOf(text, starts, ends);
  const lines = begins.count > 1 && begins.at(begins.count - 1) === text.length ? begins.count - 1 : begins.count;
  const end = (index: number) => (index + 1 < begins.count ? begins.at(index + 1) - 1 : text.length);
  const length = (index: number) => end(index) - begins.at(index);
  let longest = 0;
  for (let index = 0; index < lines; index++) longest = Math.max(longest, length(index));
  const line = (index: number, from = 0, most = Infinity) => {
    const first = begins.at(index) + from;
    const last = Math.min(end(index), first + most);
    let next = starts.upTo(first) - 1; // the sequence that holds `first`, or the one before
    let style = next >= 0 ? (styles[next] ?? "") : "";
    let at = next >= 0 ? Math.max(first, ends.at(next)) : first;
    const runs: Run[] = [];
    for (next++; next < starts.count && starts.at(next) < last; next++) {
      if (starts.at(next) > at) runs.push({ text: text.slice(at, starts.at(next)), style });
      style = styles[next] ?? "";
      at = ends.at(next);
    }
    if (last > at) runs.push({ text: text.slice(at, last), style });
    return runs;
  };
  return { lines, longest, line, length };
}

/** Rows of at most `columns` characters: which line a row belongs to, and from which character on. */
export interface Rows {
  count: number;
  at(row: number): { line: number; from: number };
}

export function rowsOf(log: Log, columns: number): Rows {
  const begins = new Numbers(); // the first row of each line
  let count = 0;
  for (let index = 0; index < log.lines; index++) {
    begins.push(count);
    count += Math.max(1, Math.ceil(log.length(index) / columns));
  }
  const at = (row: number) => {
    const line = begins.upTo(row) - 1;
    return { line, from: (row - begins.at(line)) * columns };
  };
  return { count, at };
}
