import { visibleLine } from "../format/text.ts";
import { Note } from "./Box.tsx";
import { Copy } from "./Copy.tsx";

/** A secret that was handed out and is not shown again. */
export function SecretOnce(props: { words: string; secret: string; done: () => void }) {
  return (
    <Note tone="ok" icon="key" live>
      <b>{visibleLine(props.words)}. Copy it now: it is not shown again.</b>
      <br />
      <span class="mono secret">{props.secret}</span> <Copy text={props.secret} what="the secret" />{" "}
      <button type="button" class="btn sm quiet" onClick={props.done}>
        Done
      </button>
    </Note>
  );
}
