import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { count, plural } from "../format/size.ts";
import { visible } from "../format/text.ts";
import { Note } from "./Box.tsx";
import { Copy } from "./Copy.tsx";
import { tableOf, type PlainTable } from "./inert.ts";

const PREVIEW_MOST = 4000; // characters

function csvOf(table: PlainTable): string {
  const quote = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell);
  return [...table.head, ...table.body.map((row) => row.map((one) => one.cell))]
    .map((row) => row.map(quote).join(","))
    .join("\n");
}

/** What of the HTML is not in view beside its table: never less than is missing. */
function leftOut(table: PlainTable, html: string): string {
  const size = `${count(table.characters)} of ${plural(html.length, "character")} of the HTML are text in view`;
  return `${size}; ${plural(table.attributes, "attribute")}, ${plural(table.comments, "comment")} and the rest of its markup are not.`;
}

function ValueTable({ table, html, name }: { table: PlainTable; html: string; name: string }) {
  const whole = table.body.length === table.rows;
  return (
    <div>
      <div class="cap wraps">
        value, a table of {count(table.rows)} × {count(table.columns)}
        {!whole && (
          <span class="is-held">
            cut: the first {count(table.body.length)} of {count(table.rows)} rows
          </span>
        )}
        <span class="end">
          <Copy text={csvOf(table)} what={whole ? "the table as CSV" : "the rows shown as CSV"} />
        </span>
      </div>
      <div class="card x" tabIndex={0} role="region" aria-label={`${name}, a table`}>
        <table class="tbl df">
          <caption class="vh">{name}, a table</caption>
          <thead>
            {table.head.map((row) => (
              <tr>{row.map((cell) => (cell === "" ? <td /> : <th scope="col">{visible(cell)}</th>))}</tr>
            ))}
          </thead>
          <tbody>
            {table.body.map((row) => (
              <tr>
                {row.map((one) =>
                  one.header ? <th scope="row">{visible(one.cell)}</th> : <td>{visible(one.cell)}</td>,
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {table.beside && (
        <p class="small beside">
          <span class="dim">Beside the table:</span> {visible(table.beside)}
        </p>
      )}
      <p class="small dim">{leftOut(table, html)}</p>
    </div>
  );
}

/** HTML in a frame of its own without script, without our origin, without a way out. */
function SealedFrame({ html, name }: { html: string; name: string }) {
  const address = useSignal<string | undefined>(undefined);
  useEffect(
    () => () => {
      if (address.value) URL.revokeObjectURL(address.value);
    },
    [address],
  );
  const show = () => (address.value = URL.createObjectURL(new Blob([html], { type: "text/html" })));
  if (address.value)
    return (
      <iframe class="sealed" title={`${name}, HTML that the code made, sealed off`} sandbox="" src={address.value} />
    );
  return (
    <Note tone="plain">
      The value is HTML.{" "}
      <button type="button" class="btn sm" onClick={show}>
        Show it in a sealed frame
      </button>{" "}
      <span class="sub">
        No script, no request, no link leads out of it. What it looks like is the code’s own word.
      </span>
      {html.length > PREVIEW_MOST && (
        <p class="small is-held">
          cut: the first {count(PREVIEW_MOST)} of {count(html.length)} characters
        </p>
      )}
      <pre class="out" tabIndex={0} role="region" aria-label={`${name}, HTML`}>
        {visible(html.slice(0, PREVIEW_MOST))}
      </pre>
    </Note>
  );
}

/** HTML as text of its one table, or sealed. What it says besides is for whoever shows it to offer as text. */
export function Html({ html, name }: { html: string; name: string }) {
  const table = useMemo(() => tableOf(html), [html]);
  return table ? <ValueTable table={table} html={html} name={name} /> : <SealedFrame html={html} name={name} />;
}
