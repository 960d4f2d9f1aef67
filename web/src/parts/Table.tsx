import type { ComponentChildren, Key } from "preact";

export interface Column<Row> {
  name: string;
  /** "num", "grow", "lo": classes of style/tables.css. */
  class?: string;
  cell: (row: Row) => ComponentChildren;
}

export function Table<Row>(props: {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => Key;
  chosen?: (row: Row) => boolean;
}) {
  return (
    <div class="x" tabIndex={0} role="region" aria-label={props.caption}>
      <table class="tbl">
        <caption class="vh">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th scope="col" class={column.class}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)} class={props.chosen?.(row) ? "cur" : undefined}>
              {props.columns.map((column) => (
                <td class={column.class}>{column.cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
