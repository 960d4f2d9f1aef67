import { signal } from "@preact/signals";
import { Dialog } from "./Dialog.tsx";
import { lettersOn, setLetters } from "./keys.ts";

const open = signal(false);
export const openKeysHelp = () => (open.value = true);

const ROWS: [string, string][] = [
  ["Ctrl K", "jump to anything"],
  ["j  k", "next, previous"],
  ["o", "open"],
  ["a  c  r", "approve, changes, reject: the first press arms, Enter sends"],
  ["e", "revise"],
  ["1 … 7", "tab of the right pane"],
  ["d  w", "code or difference, wrap"],
  ["/", "filter"],
  ["g then i s r o p a", "inbox, submit, runs, orchestrations, policies, audit"],
  ["Ctrl Enter", "send the form"],
  ["Esc", "close, go back"],
];

export function KeysHelp() {
  if (!open.value) return null;
  return (
    <Dialog label="Keys" close={() => (open.value = false)}>
      <div class="pad stack ask">
        <h2>Keys</h2>
        <dl class="kv">
          {ROWS.map(([keys, words]) => (
            <>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{words}</dd>
            </>
          ))}
        </dl>
        <label class="pick">
          <input
            type="checkbox"
            checked={lettersOn.value}
            onChange={(event) => setLetters(event.currentTarget.checked)}
          />
          Single letters do something
        </label>
        <button type="button" class="btn" onClick={() => (open.value = false)}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
