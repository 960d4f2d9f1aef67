import { useSignal } from "@preact/signals";
import type { Condition } from "../../../format/policy.ts";
import { visibleLine } from "../../../format/text.ts";
import { Icon } from "../../../parts/Icon.tsx";
import { ChoiceField, LinesField, TextField } from "./Field.tsx";
import { CONDITIONS, TAKES } from "./words.ts";

const LABEL = /^labels\./;
const wordOf = (name: string) =>
  CONDITIONS.find((one) => one.name === name || (LABEL.test(name) && LABEL.test(one.name)));

/** The words that a group has not yet; of labels there may be several. */
const restOf = (group: Condition[]) =>
  CONDITIONS.map((one) => one.name).filter((name) => LABEL.test(name) || !group.some((one) => one.name === name));

interface One {
  id: string;
  condition: Condition;
  faultOf: (field: string) => string | undefined;
  change: (condition: Condition | undefined) => void;
}

function OneCondition({ id, condition, faultOf, change }: One) {
  const word = wordOf(condition.name);
  const isLabel = LABEL.test(condition.name);
  const hint = word ? `${word.what}${word.after ? ", known after the run" : ""}. ${TAKES[word.takes]}` : undefined;
  return (
    <div class="condition">
      {isLabel && (
        <TextField
          id={`${id}-label`}
          label="Label"
          value={condition.name.replace(LABEL, "")}
          change={(label) => change({ ...condition, name: `labels.${label}` })}
        />
      )}
      <LinesField
        id={id}
        label={isLabel ? `Value of the label` : visibleLine(condition.name)}
        value={condition.values.join("\n")}
        hint={hint}
        fault={faultOf(condition.name)}
        change={(text) => change({ ...condition, values: text.replace(/\n+$/, "").split("\n") })}
      />
      <button
        type="button"
        class="btn sm icon quiet"
        aria-label={`Remove the condition ${visibleLine(condition.name)}`}
        onClick={() => change(undefined)}
      >
        <Icon name="x" />
      </button>
    </div>
  );
}

/** Chosen first and added then: whoever goes through the words by keys adds none on the way. */
function Another({ id, group, add }: { id: string; group: Condition[]; add: (name: string) => void }) {
  const chosen = useSignal("");
  const send = () => {
    if (chosen.value === "") return;
    add(chosen.value === "labels.NAME" ? "labels.env" : chosen.value);
    setTimeout(() => document.getElementById(`${id}-${group.length}`)?.focus());
  };
  return (
    <div class="row">
      <ChoiceField
        id={`${id}-add`}
        label={group.length === 0 ? "A condition" : "Another condition"}
        value={chosen.value}
        none="Choose…"
        options={restOf(group)}
        change={(name) => (chosen.value = name)}
      />
      <button type="button" class="btn" aria-disabled={chosen.value === ""} onClick={send}>
        Add it
      </button>
    </div>
  );
}

interface Shown {
  id: string;
  groups: Condition[][];
  faultOf: (field: string) => string | undefined;
  change: (groups: Condition[][]) => void;
}

/** When a rule matches: all of a group, and of the groups one. */
export function When({ id, groups, faultOf, change }: Shown) {
  const shown = groups.length > 0 ? groups : [[]];
  const setGroup = (index: number, group: Condition[]) => change(shown.map((old, at) => (at === index ? group : old)));
  return (
    <fieldset class="field">
      <legend>When</legend>
      {groups.length === 0 && <p class="small sub">Always: it has no condition.</p>}
      {shown.map((group, index) => (
        <div class="stack group" key={index}>
          {index > 0 && <p class="small sub">or</p>}
          {group.map((condition, at) => (
            <OneCondition
              key={at}
              id={`${id}-${index}-${at}`}
              condition={condition}
              faultOf={faultOf}
              change={(next) =>
                setGroup(
                  index,
                  next
                    ? group.map((old, place) => (place === at ? next : old))
                    : group.filter((old) => old !== condition),
                )
              }
            />
          ))}
          <Another
            key={group.length}
            id={`${id}-${index}`}
            group={group}
            add={(name) => setGroup(index, [...group, { name, values: [""] }])}
          />
        </div>
      ))}
      {groups.length > 0 && (
        <button
          type="button"
          class="btn sm quiet"
          onClick={() => change([...groups, [{ name: "labels.env", values: [""] }]])}
        >
          <Icon name="plus" />
          Or something else
        </button>
      )}
      {faultOf("") && (
        <span class="hint is-bad" role="alert">
          {faultOf("")}
        </span>
      )}
    </fieldset>
  );
}
