import type { RuleShape } from "../../../format/policy.ts";
import { ChoiceField, TextField } from "./Field.tsx";
import { Stages, type StageEdits } from "./Stages.tsx";
import { DEMANDS, type Demand } from "./words.ts";

const FIRST = 4;

interface Shown {
  id: string;
  shape: RuleShape;
  /** What holds where nothing is said. */
  none: string;
  faultOf: (key: string) => string | undefined;
  change: (key: string, values: string[] | undefined) => void;
  stages: StageEdits;
}

const wordsOf = (key: string) => `${key.slice(0, 1).toUpperCase()}${key.slice(1).replaceAll("_", " ")}`;

const listOf = (text: string) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

function OneDemand({ demand, shown }: { demand: Demand; shown: Shown }) {
  const { key } = demand;
  const values = shown.shape.values[key] ?? [];
  const props = {
    id: `${shown.id}-${key}`,
    label: wordsOf(key),
    value: values.join(", "),
    hint: demand.what,
    fault: shown.faultOf(key),
    change: (text: string) => {
      const next = demand.list ? listOf(text) : [text.trim()];
      shown.change(key, text.trim() === "" ? undefined : next);
    },
  };
  if (demand.options) return <ChoiceField {...props} options={demand.options} none={shown.none} />;
  return <TextField {...props} placeholder={shown.none} />;
}

/** What is demanded where people are asked. */
export function Demands(shown: Shown) {
  const show = (demands: Demand[]) =>
    demands.map((demand) => <OneDemand key={demand.key} demand={demand} shown={shown} />);
  const rest = DEMANDS.slice(FIRST);
  const isSaid = rest.some((one) => shown.shape.values[one.key] !== undefined);
  const isStaged = shown.shape.stages.length > 0;
  return (
    <>
      <Stages
        id={`${shown.id}-stages`}
        stages={shown.shape.stages}
        edits={shown.stages}
        faultOf={(key) => shown.faultOf(key === "" ? "stages" : `stages/${key}`)}
      />
      <div class="fields">{show(DEMANDS.slice(isStaged ? 2 : 0, FIRST))}</div>
      <details open={isSaid}>
        <summary class="small sub">More that can be demanded</summary>
        <div class="fields">{show(rest)}</div>
      </details>
    </>
  );
}
