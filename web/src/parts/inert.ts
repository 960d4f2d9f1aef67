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
}

const ROWS_MOST = 500;

/** The table, if one table is all that the HTML has to say; as text. */
export function tableOf(html: string): PlainTable | undefined {
  if (html.length > 2_000_000) return undefined;
  // Styles would not be applied anyway; each would be told in the console.
  const plain = html.replace(/<style[^]*?<\/style>/gi, "").replace(/\sstyle=("[^"]*"|'[^']*')/gi, "");
  const parsed = new DOMParser().parseFromString(policy.createHTML(plain), "text/html");
  const tables = parsed.querySelectorAll("table");
  const table = tables[0];
  if (!table || tables.length !== 1) return undefined;
  parsed.querySelectorAll("style,script").forEach((element) => element.remove());
  const rest = (parsed.body.textContent ?? "").replace(table.textContent ?? "", "").trim();
  if (rest.length > 80) return undefined;
  const cells = (row: HTMLTableRowElement) =>
    [...row.cells].map((cell) => ({ cell: (cell.textContent ?? "").trim(), header: cell.tagName === "TH" }));
  const head = [...(table.tHead?.rows ?? [])].map((row) => cells(row).map((one) => one.cell));
  const body = [...table.rows].filter((row) => row.parentElement !== table.tHead).slice(0, ROWS_MOST);
  return { head, body: body.map(cells) };
}
