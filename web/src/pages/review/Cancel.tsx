import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { cancel } from "../../api/requests.ts";
import type { ReviewRequest } from "../../api/types.ts";
import { titleOf } from "../../format/title.ts";
import { loadDetail } from "../../live/requests.ts";
import { has } from "../../live/server.ts";
import { mayCancel } from "../../live/sight.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Icon } from "../../parts/Icon.tsx";

/** Gives a request up, once it was confirmed; not there for who may not. */
export function Cancel({ request }: { request: ReviewRequest }) {
  const sending = useSignal(false);
  if (!has("/v1/requests/{id}/cancel") || !mayCancel(request)) return null;
  const runs = request.state === "running";
  const give = async () => {
    const said = await ask({
      title: "Cancel this request?",
      text: runs
        ? "The run is interrupted, then killed. Nothing of it is released, and the request cannot be taken up again."
        : "Nothing of it is released, and it cannot be taken up again.",
      verb: "Cancel it",
      field: "Reason",
      optional: true,
    });
    if (!said || sending.value) return;
    sending.value = true;
    try {
      await cancel(request.id, said[0]);
      toast("plain", `Cancelled “${titleOf(request)}”.`);
    } catch (cause) {
      const { title, detail } = wordsOf(cause);
      toast("bad", title, detail);
    }
    sending.value = false;
    await loadDetail(request.id);
  };
  return (
    <button type="button" class="btn sm bad-o" aria-busy={sending.value} onClick={() => void give()}>
      <Icon name={sending.value ? "run" : "stop"} spin={sending.value} />
      Cancel
    </button>
  );
}
