import { place, setQuery } from "../route.ts";

/** A field of a list's head: what it holds is in the address, and a change starts at the first page. */
export function SearchField({ label, placeholder = label }: { label: string; placeholder?: string }) {
  return (
    <>
      <label class="vh" for="q">
        {label}
      </label>
      <input
        class="in auto"
        id="q"
        value={place.value.query.get("q") ?? ""}
        placeholder={placeholder}
        onChange={(event) => setQuery({ q: event.currentTarget.value, page: undefined })}
      />
    </>
  );
}

/** One state of a list's rows, or all; in the address, too. */
export function StateChips({ states, nameOf }: { states: string[]; nameOf?: (state: string) => string }) {
  const chosen = place.value.query.get("state") ?? undefined;
  const chip = (state: string | undefined, name: string) => (
    <button
      type="button"
      class="chip"
      aria-pressed={state === chosen}
      onClick={() => setQuery({ state: state === chosen ? undefined : state, page: undefined })}
    >
      {name}
    </button>
  );
  return (
    <div class="row" role="group" aria-label="State">
      {chip(undefined, "All")}
      {states.map((state) => chip(state, nameOf ? nameOf(state) : state))}
    </div>
  );
}
