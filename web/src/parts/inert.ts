/** HTML of strangers, read without being shown: a document that runs nothing and loads nothing. */

interface Policy {
  createHTML(text: string): string;
}

interface Factory {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
/** The one policy of the page (Trusted Types): used for DOMParser, whose documents are inert, and nowhere else. */
const policy: Policy = factory
  ? factory.createPolicy("sallyport-inert", { createHTML: (text) => text })
  : { createHTML: (text) => text };

export interface PlainTable {
  head: string[][];
  body: { cell: string; header: boolean }[][];
  columns: number;
  /** Rows that there are behind the head; `body` has the first of them. */
  rows: number;
  /** Text that stands in no cell. */
  beside: string;
  /** Characters of cells and of text beside them; the rest of the HTML is not in view. */
  characters: number;
  comments: number;
  attributes: number;
}

const ROWS_MOST = 500;
const HEAD_MOST = 20;
const BESIDE_MOST = 80; // characters; with more the HTML has more to say than a table
const SIZE_MOST = 2_000_000;

/** A document of the HTML that knows no style: none would be applied, and each would be told in the console. In front of each
 *  "style" stands `mark`, which nobody can have guessed; text is given back without it. */
function read(html: string): { parsed: Document; mark: string } {
  const mark = `x-${Math.random().toString(36).slice(2)}-`;
  const marked = html.replace(/style/gi, (word) => mark + word);
  return { parsed: new DOMParser().parseFromString(policy.createHTML(marked), "text/html"), mark };
}

function commentsIn(node: Document): number {
  const walker = node.createTreeWalker(node, NodeFilter.SHOW_COMMENT);
  let found = 0;
  while (walker.nextNode()) found++;
  return found;
}

/** The table, if one table is all that the HTML has to say; as text, with what of the HTML is not in it. */
export function tableOf(html: string): PlainTable | undefined {
  if (html.length > SIZE_MOST) return undefined;
  const { parsed, mark } = read(html);
  const textOf = (node: Node) => (node.textContent ?? "").replaceAll(mark, "").trim();
  const attributes = [...parsed.querySelectorAll("*")].reduce((sum, one) => sum + one.attributes.length, 0);
  const comments = commentsIn(parsed);
  parsed.querySelectorAll(`${mark}style,script,template`).forEach((element) => element.remove());
  const tables = parsed.querySelectorAll("table");
  const table = tables[0];
  if (!table || tables.length !== 1) return undefined;
  parsed.querySelectorAll("br").forEach((element) => element.replaceWith("\n"));
  const cells = (row: HTMLTableRowElement) =>
    [...row.cells].map((cell) => ({ cell: textOf(cell), header: cell.tagName === "TH" }));
  const rows = [...table.rows];
  const head = rows.filter((row) => row.parentElement === table.tHead).map((row) => cells(row).map((one) => one.cell));
  if (head.length > HEAD_MOST) return undefined;
  const all = rows.filter((row) => row.parentElement !== table.tHead).map(cells);
  rows.forEach((row) => [...row.cells].forEach((cell) => cell.remove()));
  const beside = textOf(parsed.documentElement).replace(/\s+/g, " ");
  if (beside.length > BESIDE_MOST) return undefined;
  const body = all.slice(0, ROWS_MOST);
  const shown = [...head.flat(), ...body.flat().map((one) => one.cell)];
  return {
    head,
    body,
    columns: Math.max(0, ...head.map((row) => row.length), ...body.map((row) => row.length)),
    rows: all.length,
    beside,
    characters: shown.reduce((sum, cell) => sum + cell.length, beside.length),
    comments,
    attributes,
  };
}
