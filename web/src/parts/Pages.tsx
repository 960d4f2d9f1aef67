import { count } from "../format/size.ts";
import { setQuery } from "../route.ts";

/** The foot of a list in pages, the newest first; which page is in the address. */
export function Pages(props: { page: number; size: number; shown: number; of: number }) {
  const { page, size } = props;
  const from = page * size;
  const words =
    props.shown > 0
      ? `${count(from + 1)} to ${count(from + props.shown)} of ${count(props.of)}`
      : `none of ${count(props.of)}`;
  return (
    <footer>
      {words}
      {page > 0 && (
        <button
          type="button"
          class="btn sm"
          onClick={() => setQuery({ page: page > 1 ? String(page - 1) : undefined })}
        >
          Newer
        </button>
      )}
      {from + size < props.of && (
        <button type="button" class="btn sm" onClick={() => setQuery({ page: String(page + 1) })}>
          Older
        </button>
      )}
    </footer>
  );
}
