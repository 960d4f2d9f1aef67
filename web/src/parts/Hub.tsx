import { useEffect } from "preact/hooks";
import { followHub } from "../live/connection.ts";
import { firstHub, hubs } from "../live/server.ts";
import { place, setQuery } from "../route.ts";

/** The task hub that a view is about: out of the address, else the first there is. */
export const hubOf = () => place.value.query.get("hub") ?? firstHub.value;

/** The same, followed while the view is there. */
export function useHub(): string {
  const hub = hubOf();
  useEffect(() => followHub(hub), [hub]);
  return hub;
}

export function HubChoice() {
  const chosen = hubOf();
  const names = [...new Set([chosen, ...hubs.value.map((hub) => hub.name)])];
  return (
    <>
      <label class="vh" for="hub">
        Task hub
      </label>
      <select
        class="in auto"
        id="hub"
        value={chosen}
        onChange={(event) => setQuery({ hub: event.currentTarget.value, page: undefined })}
      >
        {names.map((name) => (
          <option value={name}>Hub: {name}</option>
        ))}
      </select>
    </>
  );
}
