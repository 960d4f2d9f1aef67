import { useRef } from "preact/hooks";
import { applyPolicy, faultOf, type WholeVersion } from "../../api/policy.ts";
import { Problem, wordsOf } from "../../api/client.ts";
import { plural } from "../../format/size.ts";
import { highlightYaml } from "../../format/yaml.ts";
import { visible } from "../../format/text.ts";
import { may } from "../../live/server.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Card, Note, Tag } from "../../parts/Box.tsx";
import { Code } from "../../parts/Code.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { DiffView } from "../../parts/Diff.tsx";
import { Editor } from "../../parts/Editor.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { place, setQuery } from "../../route.ts";
import { checked, discard, draft, edit, isChanged, rehearsed, type Draft } from "./draft.ts";

const NAME = "policy.yaml";

/** Where a line begins in a text, in characters. */
function startOf(text: string, line: number): number {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf("\n", at);
    if (next < 0) return at;
    at = next + 1;
  }
  return at;
}

function Verdict() {
  const known = checked.value;
  if (!known) return <span class="small dim">looking at it…</span>;
  if (known.fault) return <span class="small is-bad">refused</span>;
  if (known.failure) return <span class="small is-held">not checked</span>;
  return (
    <span class="small is-ok row tight">
      <Icon name="check" />
      valid
    </span>
  );
}

/** What is wrong with the draft, and a way to the place. */
function WhatIsWrong({ goTo }: { goTo: (line: number, column: number) => void }) {
  const fault = checked.value?.fault;
  const failure = checked.value?.failure;
  if (failure)
    return (
      <Note tone="held" live>
        <b>Nobody looked at this text yet.</b> {failure}
      </Note>
    );
  if (!fault) return null;
  return (
    <Note tone="bad" live>
      {fault.line !== undefined && (
        <b>
          Line {fault.line}, column {fault.column ?? 1}:{" "}
        </b>
      )}
      {visible(fault.detail)}
      {fault.line !== undefined && (
        <>
          {" "}
          <button type="button" class="btn sm" onClick={() => goTo(fault.line ?? 1, fault.column ?? 1)}>
            Go there
          </button>
        </>
      )}
    </Note>
  );
}

const SHOWS: { id: "text" | "form" | "changes"; name: string }[] = [
  { id: "text", name: "Text" },
  { id: "form", name: "Form" },
  { id: "changes", name: "Changes" },
];

/** The form is loaded when it is first wanted: it reads YAML here. */
function InFields({ own }: { own: Draft }) {
  const asked = useAsk("form", async () => (await import("./form/index.tsx")).default);
  const Form = asked.answer.value;
  if (!Form) return <Awaiting of={asked} what="the form" />;
  return <Form text={own.text} fault={checked.value?.fault} edit={edit} />;
}

function Drafted({ own }: { own: Draft }) {
  const box = useRef<HTMLDivElement>(null);
  const shows = SHOWS.find((one) => one.id === place.value.query.get("show"))?.id ?? "text";
  const goTo = async (line: number, column: number) => {
    setQuery({ show: undefined });
    await new Promise((drawn) => setTimeout(drawn));
    const field = box.current?.querySelector("textarea");
    if (!field) return;
    const at = startOf(own.text, line) + column - 1;
    field.focus();
    field.setSelectionRange(at, at);
  };
  return (
    <Card
      title={NAME}
      mono
      bare
      side={
        <>
          <Tag tone="held">draft</Tag>
          <Verdict />
          <Segments
            label="What is shown"
            options={SHOWS}
            chosen={shows}
            choose={(id) => setQuery({ show: id === "text" ? undefined : id })}
          />
        </>
      }
      foot={
        <>
          <span>{isChanged.value ? `Differs from version ${own.base}` : `As version ${own.base}`}</span>
          {isChanged.value && (
            <button type="button" class="btn sm quiet end" onClick={() => edit(own.baseText)}>
              Undo all
            </button>
          )}
        </>
      }
    >
      <div class="pad-note">
        <WhatIsWrong goTo={(line, column) => void goTo(line, column)} />
      </div>
      {shows === "form" && <InFields own={own} />}
      {shows === "changes" && (
        <DiffView before={own.baseText} after={own.text} label={`The draft against version ${own.base}`} />
      )}
      {shows === "text" && (
        <div ref={box}>
          <Editor
            label={`${NAME}, a draft`}
            value={own.text}
            change={edit}
            colours={highlightYaml}
            indent="  "
            hit={checked.value?.fault?.line}
          />
        </div>
      )}
    </Card>
  );
}

export function File({ inForce }: { inForce: WholeVersion }) {
  if (draft.value) return <Drafted own={draft.value} />;
  return (
    <Card
      title={NAME}
      mono
      bare
      side={<Copy text={inForce.text} what="the policy" />}
      foot={inForce.version === 0 ? "Built in: it rules until another one is applied." : undefined}
    >
      <Code code={inForce.text} label="The policy in force" colours={highlightYaml} />
    </Card>
  );
}

/** In place of the one that the draft began from: of another that came meanwhile nobody has seen what is lost. */
async function apply(own: Draft, done: () => void): Promise<void> {
  const meaning = checked.value?.meaning;
  const values = await ask({
    title: `Apply as version ${own.base + 1}?`,
    text: `${plural(meaning?.rules.length ?? 0, "rule")}. It rules what is handed in from now on, and runs that end; requests that wait go on by what was asked for them.`,
    verb: "Apply",
    second: "Why, for the history",
  });
  if (!values) return;
  try {
    const { version } = await applyPolicy(own.text, own.base, values[1]);
    discard();
    toast("ok", `Version ${version} is in force`);
    done();
  } catch (cause) {
    if (cause instanceof Problem && cause.kind === "policy-replaced") {
      toast("bad", "Another version came meanwhile", "Your draft is kept: see what changed below Versions.");
      done();
    } else if (faultOf(cause)) edit(own.text);
    else toast("bad", wordsOf(cause).title, wordsOf(cause).detail);
  }
}

/** Begins a draft, discards it, applies it; a button that cannot says why. */
export function Verbs({ inForce, applied }: { inForce: WholeVersion; applied: () => void }) {
  const own = draft.value;
  if (!own)
    return (
      <button
        type="button"
        class="btn"
        onClick={() => {
          rehearsed.value = undefined;
          draft.value = { base: inForce.version, baseText: inForce.text, text: inForce.text };
        }}
      >
        Edit a draft
      </button>
    );
  const why = !may("policy-write")
    ? "Operators and owners apply policies."
    : inForce.version !== own.base
      ? `Version ${inForce.version} came meanwhile.`
      : !isChanged.value
        ? "Nothing is changed yet."
        : checked.value?.fault
          ? "It has a fault."
          : !checked.value?.meaning
            ? "It is being looked at."
            : "";
  return (
    <>
      {why && (
        <span class="small dim" id="why-not">
          {why}
        </span>
      )}
      <button type="button" class="btn" onClick={discard}>
        Discard
      </button>
      {inForce.version !== own.base && (
        <button
          type="button"
          class="btn"
          onClick={() => (draft.value = { base: inForce.version, baseText: inForce.text, text: own.text })}
        >
          Take it as the base
        </button>
      )}
      <button
        type="button"
        class="btn pri"
        aria-disabled={why !== ""}
        aria-describedby={why ? "why-not" : undefined}
        onClick={() => why === "" && void apply(own, applied)}
      >
        Apply as {inForce.version + 1}…
      </button>
    </>
  );
}
