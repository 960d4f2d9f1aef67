import { useSignal } from "@preact/signals";
import { shortHash, shortId } from "../format/size.ts";
import { visibleLine } from "../format/text.ts";
import { Icon } from "./Icon.tsx";

/** Copies; says so for two seconds. Where the browser lets no page copy (plain http elsewhere than on loopback), so, too. */
export function Copy({ text, what }: { text: string; what: string }) {
  const said = useSignal("");
  const copy = () => {
    const done = (word: string) => {
      said.value = word;
      setTimeout(() => (said.value = ""), 2000);
    };
    if (!("clipboard" in navigator)) done("This browser does not let a page copy here");
    else
      navigator.clipboard.writeText(text).then(
        () => done("Copied"),
        () => done("Not copied"),
      );
  };
  return (
    <>
      <button
        type="button"
        class="copy"
        aria-label={`Copy ${what}`}
        title={said.value || `Copy ${what}`}
        onClick={copy}
      >
        <Icon name={said.value === "Copied" ? "check" : "copy"} />
      </button>
      <span class="vh" role="status">
        {said.value}
      </span>
    </>
  );
}

export function Hash({ hash, what }: { hash: string; what: string }) {
  return (
    <span class="hash" title={hash}>
      {shortHash(hash)}
      <Copy text={hash} what={what} />
    </span>
  );
}

export function Id({ id, what }: { id: string; what: string }) {
  return (
    <>
      <span class="mono cut" title={id}>
        {visibleLine(shortId(id))}
      </span>
      <Copy text={id} what={what} />
    </>
  );
}
