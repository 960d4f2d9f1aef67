import { getInstance, queryInstances } from "../../api/scheduler.ts";
import type { Instance } from "../../api/types.ts";
import { gatherUnheard, type Waits } from "../../format/standing.ts";
import { plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { Card } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useAsk, useAskAgain } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href } from "../../route.ts";

const LOOKED_MOST = 20; // each is asked for by itself: a list has no word on why one stands
const ASK_AGAIN_MS = 10_000;
const ACTIVE = ["ORCHESTRATION_STATUS_PENDING", "ORCHESTRATION_STATUS_RUNNING"];

interface Looked {
  rows: Waits[];
  instances: Instance[];
  of: number;
}

/** The oldest that have not ended, and what each waits for. */
async function look(hub: string): Promise<Looked> {
  const page = await queryInstances(hub, { status: ACTIVE, count: LOOKED_MOST, oldest: true });
  const instances = await Promise.all(
    page.orchestrations.map((one) => getInstance(hub, one.instanceId).catch(() => one)), // one may have ended meanwhile
  );
  return { rows: gatherUnheard(instances), instances, of: page.totalCount };
}

function Row({ hub, row, looked }: { hub: string; row: Waits; looked: Looked }) {
  const [first = ""] = row.ids;
  const since = looked.instances.find((one) => one.instanceId === first)?.createdTimestamp;
  return (
    <li>
      <span class="is-bad">
        <Icon name="warn" />
      </span>
      <div>
        {row.kind} <b>{visibleLine(row.name)}</b>{" "}
        <span class="small sub">
          · {row.why}: {plural(row.ids.length, "instance waits", "instances wait")},{" "}
          <a href={href("/instances", first, { hub })} title={visibleLine(first)}>
            the first
          </a>{" "}
          begun <Ago at={since} />
        </span>
      </div>
    </li>
  );
}

/** What was started and cannot go on, since no worker takes it. */
export function Unheard({ hub }: { hub: string }) {
  const asked = useAsk(`unheard ${hub}`, () => look(hub));
  useAskAgain(asked, ASK_AGAIN_MS);
  const looked = asked.answer.value;
  return (
    <Card title="Nobody listens for" bare={!looked || looked.rows.length > 0}>
      <Awaiting of={asked} what="what nobody listens for" lines={1} />
      {looked && looked.rows.length === 0 && (
        <p class="small sub">
          {looked.of === 0 ? "Nothing runs in this hub." : `Somebody listens for all that the ${counted(looked)} for.`}
        </p>
      )}
      {looked && looked.rows.length > 0 && (
        <ul class="log pad">
          {looked.rows.map((row) => (
            <Row key={`${row.kind} ${row.name} ${row.why}`} hub={hub} row={row} looked={looked} />
          ))}
        </ul>
      )}
      {looked && looked.rows.length > 0 && looked.of > looked.instances.length && (
        <p class="pad small dim">Of the {counted(looked)}.</p>
      )}
    </Card>
  );
}

const counted = ({ instances, of }: Looked) =>
  of > instances.length
    ? `oldest ${instances.length} of ${of} that run wait`
    : `${plural(of, "instance that runs waits", "instances that run wait")}`;
