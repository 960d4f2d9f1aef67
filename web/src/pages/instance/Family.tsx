/** An instance among those that started it and those that it started: as deep as they go, when somebody opens them. */
import { getHistory, getInstance } from "../../api/scheduler.ts";
import type { Instance } from "../../api/types.ts";
import { childrenOf, type Child } from "../../format/history.ts";
import { count, shortId } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { ofInstance } from "../../live/connection.ts";
import { Card } from "../../parts/Box.tsx";
import { State, statusOf } from "../../parts/State.tsx";
import { Branch, Tree } from "../../parts/Tree.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href } from "../../route.ts";

const ABOVE_MOST = 20;
const SHOWN_MOST = 200; // children of one

/** Who started it, who started that, and so on: the outermost first. */
async function aboveOf(hub: string, parent: string | undefined): Promise<Instance[]> {
  const above: Instance[] = [];
  for (let id = parent; id !== undefined && above.length < ABOVE_MOST; id = above[0]?.parentInstanceId)
    above.unshift(await getInstance(hub, id));
  return above;
}

async function below(hub: string, id: string): Promise<Child[]> {
  const { executionId } = await getInstance(hub, id);
  return childrenOf(await getHistory(hub, id, executionId ?? ""));
}

function Link({ hub, id, name }: { hub: string; id: string; name: string | undefined }) {
  return (
    <>
      <a href={href("/instances", id, { hub })} title={visibleLine(id)}>
        {visibleLine(name ?? "without a name")}
      </a>
      <span class="mono dim small">{visibleLine(shortId(id))}</span>
    </>
  );
}

function Below({ hub, id }: { hub: string; id: string }) {
  const asked = useAsk(`${hub} ${id}`, () => below(hub, id), ofInstance(hub, id));
  if (!asked.answer.value) return <Awaiting of={asked} what="its children" lines={1} />;
  if (asked.answer.value.length === 0) return <p class="small dim">It has started no other.</p>;
  return (
    <>
      <Awaiting of={asked} what="its children" />
      <Children hub={hub} children={asked.answer.value} />
    </>
  );
}

function Children({ hub, children }: { hub: string; children: Child[] }) {
  return (
    <Tree>
      {children.slice(0, SHOWN_MOST).map((child) => (
        <Branch
          key={child.id}
          more={{
            what: `Children of ${visibleLine(child.name)} ${visibleLine(child.id)}`,
            load: () => <Below hub={hub} id={child.id} />,
          }}
        >
          <Link hub={hub} id={child.id} name={child.name} />
          <State state={child.state} />
        </Branch>
      ))}
      {children.length > SHOWN_MOST && (
        <li class="small dim">
          the first {SHOWN_MOST} of {count(children.length)}
        </li>
      )}
    </Tree>
  );
}

/** From the outermost down to the instance itself and its children. */
function Down({ hub, above, self, children }: { hub: string; above: Instance[]; self: Instance; children: Child[] }) {
  const [first, ...rest] = above;
  const one = first ?? self;
  return (
    <Branch
      current={first === undefined}
      below={
        first ? (
          <Tree>
            <Down hub={hub} above={rest} self={self} children={children} />
          </Tree>
        ) : (
          children.length > 0 && <Children hub={hub} children={children} />
        )
      }
    >
      {first ? (
        <Link hub={hub} id={one.instanceId} name={one.name} />
      ) : (
        <b title={visibleLine(one.instanceId)}>{visibleLine(one.name ?? "without a name")}</b>
      )}
      <State state={statusOf(one.orchestrationStatus)} />
    </Branch>
  );
}

export function Family({ hub, instance, children }: { hub: string; instance: Instance; children: Child[] }) {
  const parent = instance.parentInstanceId;
  const asked = useAsk(`${hub} ${parent ?? ""}`, () => aboveOf(hub, parent), ofInstance(hub, parent ?? ""));
  if (parent === undefined && children.length === 0) return null;
  const above = asked.answer.value;
  return (
    <Card title="Parent and children">
      <Awaiting of={asked} what="its parent" lines={2} />
      {above && (above[0]?.parentInstanceId ?? "") !== "" && (
        <p class="small dim">There are more above the {ABOVE_MOST} shown.</p>
      )}
      {above && (
        <Tree label="Parent and children">
          <Down hub={hub} above={above} self={instance} children={children} />
        </Tree>
      )}
    </Card>
  );
}
