import type { Stage } from "../../../format/policy.ts";
import { visibleLine } from "../../../format/text.ts";
import { Icon } from "../../../parts/Icon.tsx";
import { TextField } from "./Field.tsx";

export interface StageEdits {
  add: () => void;
  remove: (stage: number) => void;
  move: (stage: number, by: 1 | -1) => void;
  set: (stage: number, key: string, values: string[] | undefined) => void;
}

interface Shown {
  id: string;
  stages: Stage[];
  edits: StageEdits;
  /** The fault of "0/approvals" and so on. */
  faultOf: (key: string) => string | undefined;
}

const FIELDS = [
  { key: "name", label: "Name (optional)", none: "", hint: "What people read." },
  { key: "approvals", label: "Approvals", none: "1", hint: "How many different people must approve." },
  {
    key: "reviewers",
    label: "Reviewers",
    none: "anyone who may decide",
    hint: "Several with commas, such as group:data, user:mina.",
  },
] as const;

const listOf = (text: string) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

/** The button that was pressed, or what stands in its place then, has the focus. */
function focusOn(id: string): void {
  setTimeout(() => document.getElementById(id)?.focus());
}

function Verbs({
  id,
  index,
  count,
  name,
  edits,
}: {
  id: string;
  index: number;
  count: number;
  name: string;
  edits: StageEdits;
}) {
  const move = (by: 1 | -1, verb: string) => {
    edits.move(index, by);
    focusOn(`${id}-${index + by}-${verb}`);
  };
  const verb = (word: "up" | "down", by: 1 | -1, isLast: boolean) => (
    <button
      type="button"
      class="btn sm quiet"
      id={`${id}-${index}-${word}`}
      aria-label={`Move ${name} ${word}`}
      aria-disabled={isLast}
      onClick={() => !isLast && move(by, word)}
    >
      {word === "up" ? "Up" : "Down"}
    </button>
  );
  return (
    <div class="row tight end">
      {verb("up", -1, index === 0)}
      {verb("down", 1, index === count - 1)}
      <button
        type="button"
        class="btn sm icon quiet"
        aria-label={`Remove ${name}`}
        onClick={() => {
          edits.remove(index);
          focusOn(`${id}-add`);
        }}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

function OneStage({ id, stage, index, count, edits, faultOf }: Shown & { stage: Stage; index: number; count: number }) {
  const said = visibleLine(stage["name"]?.[0] ?? "");
  return (
    <li class="group stack">
      <div class="row">
        <b class="small">{`${index + 1}. ${said || "Stage"}`}</b>
        <Verbs id={id} index={index} count={count} name={said || `stage ${index + 1}`} edits={edits} />
      </div>
      <div class="fields">
        {FIELDS.map(({ key, label, none, hint }) => (
          <TextField
            key={key}
            id={`${id}-${index}-${key}`}
            label={label}
            value={(stage[key] ?? []).join(", ")}
            placeholder={none}
            hint={hint}
            fault={faultOf(`${index}/${key}`)}
            change={(text) => {
              const next = key === "reviewers" ? listOf(text) : [text.trim()];
              edits.set(index, key, text.trim() === "" ? undefined : next);
            }}
          />
        ))}
      </div>
      {faultOf(String(index)) && (
        <span class="hint is-bad" role="alert">
          {faultOf(String(index))}
        </span>
      )}
    </li>
  );
}

/** Who approves, one group after the other. Without stages only the way to them. */
export function Stages(shown: Shown) {
  const { id, stages, edits, faultOf } = shown;
  const add = (
    <button
      type="button"
      class="btn sm quiet"
      id={`${id}-add`}
      onClick={() => {
        edits.add();
        focusOn(`${id}-${stages.length}-name`);
      }}
    >
      <Icon name="plus" />
      {stages.length === 0 ? "Approve in stages, one after the other" : "Another stage"}
    </button>
  );
  if (stages.length === 0) return <div>{add}</div>;
  return (
    <fieldset class="field">
      <legend>Stages</legend>
      <p class="small sub">
        One after the other; nobody counts in two of them. They take the place of approvals and reviewers.
      </p>
      <ol class="stack plain-list">
        {stages.map((stage, index) => (
          <OneStage key={index} {...shown} stage={stage} index={index} count={stages.length} />
        ))}
      </ol>
      {faultOf("") && (
        <span class="hint is-bad" role="alert">
          {faultOf("")}
        </span>
      )}
      <div>{add}</div>
    </fieldset>
  );
}
