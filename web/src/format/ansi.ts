/** Colours of a terminal (ECMA-48 SGR) as runs of text with classes. Other escape sequences are dropped, since nothing
 *  from a run may move a cursor or draw outside its box. Pure. */

export interface Run {
  text: string;
  /** Classes of style/output.css: "a-r", "a-b", … */
  style: string;
}

export const SEQUENCE =
  // CSI, OSC, other escapes, and a carriage return that goes back to the start of a line.
  // eslint-disable-next-line no-control-regex
  /\u001b\[([0-9;:?]*)([@-~])|\u001b\](?:[^\u0007\u001b]*)(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]|\u001b/g;

const COLOURS = ["dim", "a-r", "a-g", "a-y", "a-i", "a-m", "a-c", ""];

export interface Pen {
  colour: string;
  bold: boolean;
  faint: boolean;
}

const wordsOf = (pen: Pen): string =>
  [pen.colour, pen.bold ? "a-b" : "", pen.faint ? "dim" : ""].filter(Boolean).join(" ");

function apply(pen: Pen, parameters: string): void {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(pen, { colour: "", bold: false, faint: false });
    else if (code === 1) pen.bold = true;
    else if (code === 2) pen.faint = true;
    else if (code === 22) pen.bold = pen.faint = false;
    else if (code >= 30 && code <= 37) pen.colour = COLOURS[code - 30] ?? "";
    else if (code >= 90 && code <= 97) pen.colour = COLOURS[code - 90] ?? "";
    else if (code === 39) pen.colour = "";
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4; // a colour by number: the plain one stays
  }
}

/** A pen as it is at the beginning of a text. */
export const penOf = (): Pen => ({ colour: "", bold: false, faint: false });

/** What is written with the pen behind that match of SEQUENCE. */
export function styleOf(pen: Pen, match: RegExpMatchArray): string {
  if (match[2] === "m") apply(pen, match[1] ?? "");
  return wordsOf(pen);
}

/** Escape sequences that are neither shown nor colours: a text can hide in them. */
export function droppedOf(text: string): { sequences: number; characters: number } {
  const dropped = { sequences: 0, characters: 0 };
  for (const match of text.matchAll(SEQUENCE)) {
    if (match[2] === "m") continue;
    dropped.sequences++;
    dropped.characters += match[0].length;
  }
  return dropped;
}

/** The text alone. */
export function withoutAnsi(text: string): string {
  return text.replace(SEQUENCE, "");
}
