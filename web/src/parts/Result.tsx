import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Image, Result } from "../api/types.ts";
import { prettyJson, visible } from "../format/text.ts";
import { Note } from "./Box.tsx";
import { Copy } from "./Copy.tsx";
import { tableOf, type PlainTable } from "./inert.ts";

const PICTURES = new Set(["png", "jpeg", "jpg", "gif", "webp", "svg+xml"]);

/** One thing that the code showed. */
export interface Shown {
  kind: "picture" | "table" | "html" | "text";
  /** A picture's media type behind "image/". */
  format?: string;
  data: string;
}

function isImage(value: unknown): value is Image {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "image";
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function ofForms(forms: Record<string, unknown>, result: unknown): Shown | undefined {
  const resolve = (value: unknown) =>
    typeof value === "object" && value !== null && (value as { in?: unknown }).in === "result" ? result : value;
  for (const type of Object.keys(forms)) {
    const format = type.replace("image/", "");
    if (!type.startsWith("image/") || !PICTURES.has(format)) continue;
    const value = resolve(forms[type]);
    if (isImage(value)) return { kind: "picture", format: value.format, data: value.base64_data };
    if (typeof value === "string") return { kind: "picture", format, data: value };
  }
  const html = resolve(forms["text/html"]);
  if (typeof html === "string") return { kind: "html", data: html };
  const plain = textOf(resolve(forms["text/plain"] ?? Object.values(forms)[0]));
  return plain === "" ? undefined : { kind: "text", data: plain };
}

/** What there is to look at, in the order in which the code made it. */
export function shownOf(result: Result | undefined): Shown[] {
  if (!result) return [];
  const shown = (result.outputs ?? []).map((forms) => ofForms(forms, result.result));
  const list = shown.filter((one) => one !== undefined);
  if (list.length > 0) return list;
  if (isImage(result.result))
    return [{ kind: "picture", format: result.result.format, data: result.result.base64_data }];
  const text = textOf(result.result);
  return text === "" ? [] : [{ kind: "text", data: text }];
}

/** Only ever an image: what an SVG holds cannot run there. */
function Picture({ format, data, number }: { format: string; data: string; number: number }) {
  const encoded = format === "svg+xml" && data.trimStart().startsWith("<") ? encodeSvg(data) : data.replace(/\s/g, "");
  const known = PICTURES.has(format);
  return (
    <figure>
      <figcaption>
        plot {number}, {format}
      </figcaption>
      {known ? (
        <div class="plot">
          <img src={`data:image/${format};base64,${encoded}`} alt={`Plot ${number} that the code drew`} />
        </div>
      ) : (
        <p class="small sub">A picture of a kind that this page does not show.</p>
      )}
    </figure>
  );
}

function encodeSvg(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function csvOf(table: PlainTable): string {
  const quote = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell);
  return [...table.head, ...table.body.map((row) => row.map((one) => one.cell))]
    .map((row) => row.map(quote).join(","))
    .join("\n");
}

function ValueTable({ table }: { table: PlainTable }) {
  const columns = Math.max(0, ...table.body.map((row) => row.length));
  return (
    <div>
      <div class="cap">
        value, a table of {table.body.length} × {columns}
        <span class="end">
          <Copy text={csvOf(table)} what="the table as CSV" />
        </span>
      </div>
      <div class="card x" tabIndex={0} role="region" aria-label="Value, a table">
        <table class="tbl df">
          <caption class="vh">Value of the last expression</caption>
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
    </div>
  );
}

/** HTML in a frame of its own without script, without our origin, without a way out. */
function SealedFrame({ html }: { html: string }) {
  const address = useSignal<string | undefined>(undefined);
  useEffect(
    () => () => {
      if (address.value) URL.revokeObjectURL(address.value);
    },
    [address],
  );
  const show = () => (address.value = URL.createObjectURL(new Blob([html], { type: "text/html" })));
  if (address.value)
    return <iframe class="sealed" title="HTML that the code made, sealed off" sandbox="" src={address.value} />;
  return (
    <Note tone="plain">
      The value is HTML.{" "}
      <button type="button" class="btn sm" onClick={show}>
        Show it in a sealed frame
      </button>{" "}
      <span class="sub">
        No script, no request, no link leads out of it. What it looks like is the code’s own word.
      </span>
      <pre class="out">{visible(html.slice(0, 4000))}</pre>
    </Note>
  );
}

function Html({ html }: { html: string }) {
  const table = useMemo(() => tableOf(html), [html]);
  return table ? <ValueTable table={table} /> : <SealedFrame html={html} />;
}

export function ResultView({ result }: { result: Result | undefined }) {
  const shown = shownOf(result);
  if (!result) return <p class="small sub">Not run yet: there is no result.</p>;
  if (shown.length === 0) return <p class="small sub">The last expression had no value, and nothing was drawn.</p>;
  let plots = 0;
  return (
    <>
      {shown.map((one) => {
        if (one.kind === "picture") return <Picture format={one.format ?? ""} data={one.data} number={++plots} />;
        if (one.kind === "html") return <Html html={one.data} />;
        return (
          <div>
            <div class="cap">
              value
              <span class="end">
                <Copy text={one.data} what="the value" />
              </span>
            </div>
            <pre class="out" tabIndex={0} role="region" aria-label="Value">
              {visible(prettyJson(one.data))}
            </pre>
          </div>
        );
      })}
    </>
  );
}
