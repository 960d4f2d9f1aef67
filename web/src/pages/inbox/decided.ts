import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { listRequests } from "../../api/requests.ts";
import type { ReviewRequest } from "../../api/types.ts";
import type { Failed } from "../../format/trouble.ts";
import { onChange } from "../../live/connection.ts";

const STATES = ["changes-requested", "approved", "rejected", "timed-out", "failed", "cancelled"];
const PAGE = 100;

/** Those that do not wait any more, newest first; read when the tab is opened, a page at a time. Events say what changes. */
export function useDecided(on: boolean) {
  const list = useSignal<ReviewRequest[] | undefined>(undefined);
  const more = useSignal<string | undefined>(undefined);
  const failure = useSignal<Failed | undefined>(undefined);

  const read = async (after?: string) => {
    try {
      const page = await listRequests({ state: STATES.join(","), order: "desc", limit: PAGE, after });
      list.value = after === undefined ? page.requests : [...(list.value ?? []), ...page.requests];
      more.value = page.next;
      failure.value = undefined;
    } catch (cause) {
      failure.value = wordsOf(cause);
    }
  };
  const turn = () => {
    const after = more.value;
    more.value = undefined; // asked for once
    if (after !== undefined) void read(after);
  };

  useEffect(() => {
    if (!on) return undefined;
    void read();
    return onChange((change) => {
      if (change.what === "all" || (change.what === "request" && !change.request)) void read();
      if (change.what !== "request" || !change.request || !list.value) return;
      const { request } = change;
      const others = list.value.filter((one) => one.id !== request.id);
      const isOne = STATES.includes(request.state);
      const created = (one: ReviewRequest) => one.createdAt ?? "";
      const at = others.findIndex((one) => created(one) < created(request));
      if (isOne && at >= 0) list.value = [...others.slice(0, at), request, ...others.slice(at)];
      else list.value = isOne && more.value === undefined ? [...others, request] : others;
    });
  }, [on]);
  return { list, more, failure, turn, again: () => void read() };
}
