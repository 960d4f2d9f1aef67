import { useRef } from "preact/hooks";
import type { Fault } from "../../../api/policy.ts";
import {
  addRule,
  addStage,
  fieldAt,
  moveRule,
  moveStage,
  readPolicy,
  removeRule,
  removeStage,
  setStage,
  setValue,
  setWhen,
  type RuleShape,
  type Where,
} from "../../../format/policy.ts";
import { visible, visibleLine } from "../../../format/text.ts";
import { Note } from "../../../parts/Box.tsx";
import { Icon } from "../../../parts/Icon.tsx";
import { Demands } from "./Demands.tsx";
import { ChoiceField, TextField } from "./Field.tsx";
import type { StageEdits } from "./Stages.tsx";
import { When } from "./When.tsx";

interface Shown {
  text: string;
  /** What the server found, and in which field. */
  fault: string | undefined;
  field: string;
  edit: (text: string) => void;
}

const nameOf = (rule: RuleShape, index: number) => visibleLine(rule.values["name"]?.[0] || `rule ${index + 1}`);

/** The fault of a field, if it is that one's. */
const faultIn = (shown: Shown, prefix: string) => (key: string) =>
  shown.field === `${prefix}/${key}` ? shown.fault : undefined;

const stageEdits = ({ text, edit }: Shown, where: Where): StageEdits => ({
  add: () => edit(addStage(text, where)),
  remove: (stage) => edit(removeStage(text, where, stage)),
  move: (stage, by) => edit(moveStage(text, where, stage, by)),
  set: (stage, key, values) => edit(setStage(text, where, stage, key, values)),
});

interface OneRule extends Shown {
  rule: RuleShape;
  index: number;
  last: boolean;
  /** The focus goes with the rule. */
  moved: (index: number, verb: string) => void;
}

function Verbs({ text, edit, rule, index, last, moved }: OneRule) {
  const name = nameOf(rule, index);
  const move = (by: 1 | -1, verb: string) => {
    edit(moveRule(text, index, by));
    moved(index + by, verb);
  };
  return (
    <div class="row tight end">
      <button
        type="button"
        class="btn sm quiet"
        data-verb="up"
        aria-label={`Move ${name} up`}
        aria-disabled={index === 0}
        onClick={() => index > 0 && move(-1, "up")}
      >
        Up
      </button>
      <button
        type="button"
        class="btn sm quiet"
        data-verb="down"
        aria-label={`Move ${name} down`}
        aria-disabled={last}
        onClick={() => !last && move(1, "down")}
      >
        Down
      </button>
      <button
        type="button"
        class="btn sm icon quiet"
        aria-label={`Remove ${name}`}
        onClick={() => {
          edit(removeRule(text, index));
          moved(-1, "add");
        }}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

function Rule(props: OneRule) {
  const { text, edit, rule, index } = props;
  const id = `rule-${index}`;
  const faultOf = faultIn(props, String(index));
  const value = (key: string) => rule.values[key]?.join("\n") ?? "";
  const set = (key: string, values: string[] | undefined) => edit(setValue(text, index, key, values));
  const verb = value("do");
  return (
    <li class="card" data-rule={index}>
      <header>
        <h3>{nameOf(rule, index)}</h3>
        <Verbs {...props} />
      </header>
      <div class="pad stack">
        {props.field === String(index) && props.fault && (
          <Note tone="bad">
            <span role="alert">{visible(props.fault)}</span>
          </Note>
        )}
        <div class="fields">
          <TextField
            id={`${id}-name`}
            label="Name"
            value={value("name")}
            hint="What people read; no two rules have the same."
            fault={faultOf("name")}
            change={(name) => set("name", [name])}
          />
          <ChoiceField
            id={`${id}-do`}
            label="Does"
            value={verb}
            options={["deny", "ask", "allow"]}
            hint="Deny wins over ask, ask over allow."
            fault={faultOf("do")}
            change={(word) => set("do", [word])}
          />
        </div>
        <When
          id={id}
          groups={rule.when}
          faultOf={(name) => faultOf(name === "" ? "when" : `when/${name}`)}
          change={(groups) => edit(setWhen(text, index, groups))}
        />
        <TextField
          id={`${id}-message`}
          label="Message (optional)"
          value={value("message")}
          hint="What submitter and reviewers are told."
          fault={faultOf("message")}
          change={(message) => set("message", message === "" ? undefined : [message])}
        />
        {verb === "ask" && (
          <Demands
            id={id}
            shape={rule}
            none="as the defaults"
            faultOf={faultOf}
            change={set}
            stages={stageEdits(props, index)}
          />
        )}
      </div>
    </li>
  );
}

/** A policy in fields. It holds nothing itself: each change is one of the text, and what it shows is what the text says. */
export default function PolicyForm({
  text,
  fault,
  edit,
}: {
  text: string;
  fault: Fault | undefined;
  edit: Shown["edit"];
}) {
  const box = useRef<HTMLDivElement>(null);
  const shape = readPolicy(text);
  if (!shape)
    return (
      <div class="pad">
        <Note tone="held" live>
          <b>A form cannot show this text.</b> It has a fault in its YAML, or is written in braces: it is mended in the
          text.
        </Note>
      </div>
    );
  const field = fault?.line === undefined ? "" : fieldAt(text, fault.line, fault.column ?? 1);
  const shown: Shown = { text, fault: fault?.detail, field, edit };
  const focus = (index: number, verb: string) =>
    setTimeout(() => {
      const rule = index < 0 ? box.current : box.current?.querySelector(`[data-rule="${index}"]`);
      rule?.querySelector<HTMLElement>(`[data-verb="${verb}"]`)?.focus();
    });
  return (
    <div class="pad stack policy-form" ref={box}>
      <fieldset class="stack">
        <legend>
          <b>Defaults</b> <span class="small sub">what every request demands that people are asked about</span>
        </legend>
        <Demands
          id="defaults"
          shape={shape.defaults}
          none="not said"
          faultOf={faultIn(shown, "defaults")}
          change={(key, values) => edit(setValue(text, "defaults", key, values))}
          stages={stageEdits(shown, "defaults")}
        />
      </fieldset>
      <ol class="stack plain-list" aria-label="Rules">
        {shape.rules.map((rule, index) => (
          <Rule
            key={index}
            {...shown}
            rule={rule}
            index={index}
            last={index === shape.rules.length - 1}
            moved={focus}
          />
        ))}
      </ol>
      <div class="row">
        <button
          type="button"
          class="btn"
          data-verb="add"
          onClick={() => {
            edit(addRule(text, `rule ${shape.rules.length + 1}`));
            setTimeout(() => document.getElementById(`rule-${shape.rules.length}-name`)?.focus());
          }}
        >
          <Icon name="plus" />
          Add a rule
        </button>
        <span class="small dim">The order of rules changes nothing; it is for whoever reads them.</span>
      </div>
    </div>
  );
}
