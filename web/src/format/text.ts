/** Text that strangers wrote, made safe to look at: nothing in it may hide, reorder or draw. Pure. */

// What cannot be seen or turns the direction of reading: controls, bidi marks (UAX 9), invisible joiners, BOM.
const HIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Hidden characters as `\u202e`; line feeds and tabs stay. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same on one line: for names, titles and cells of a table. */
export function visibleLine(text: string): string {
  return visible(text).replace(/[\n\t]/g, (character) => (character === "\n" ? "⏎" : " "));
}

/** Lines without the empty one behind a last line feed. */
export function lines(text: string): string[] {
  const all = text.replace(/\r\n?/g, "\n").split("\n");
  if (all.length > 1 && all[all.length - 1] === "") all.pop();
  return all;
}

/** The first line that says something. */
export function firstLine(text: string, skip?: RegExp): string | undefined {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const line = text.slice(start, Math.min(end, start + 300)).trim();
    if (line !== "" && !(skip && skip.test(line))) return line;
    start = end + 1;
  }
  return undefined;
}

/** JSON laid out. What is none stays as it is, and so does what would read otherwise: a member that stands twice, a number
 *  that a double does not hold. */
export function prettyJson(text: string): string {
  try {
    const laidOut = JSON.stringify(JSON.parse(text), null, 2);
    return unspaced(laidOut) === unspaced(text) ? laidOut : text;
  } catch {
    return text;
  }
}

function unspaced(text: string): string {
  return text.replace(/\s/g, "");
}
