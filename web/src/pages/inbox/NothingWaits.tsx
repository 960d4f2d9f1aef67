import { EXAMPLES } from "../../format/examples.ts";
import { Card } from "../../parts/Box.tsx";
import { Command } from "../../parts/Command.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Empty } from "../../parts/Wait.tsx";
import { href, setQuery } from "../../route.ts";

const curl = () => `curl -X POST ${location.origin}/code/execute \\
  -H 'Content-Type: application/json' -d '"print(6 * 7)"'`;

/** Why the list is empty, and the one next step. */
export function NothingWaits({ tab, filtered, none }: { tab: string; filtered: boolean; none: boolean }) {
  if (filtered)
    return (
      <Empty title="None matches the filter">
        <button type="button" class="btn" onClick={() => setQuery({ filter: undefined })}>
          Clear the filter
        </button>
      </Empty>
    );
  if (tab === "done") return <Empty title="Nothing was decided yet" />;
  if (tab === "others") return <Empty title="Nothing of yours waits for somebody else" />;
  return (
    <>
      <Empty title="Nothing stands between the doors" mark>
        <p>
          Code that someone submits runs in an isolated session. Its result waits here until you open the second door.
        </p>
        <div class="row">
          <a class="btn pri" href={href("/submit", undefined, { example: "hello" })}>
            <Icon name="play" />
            Run an example
          </a>
          <a class="btn" href={href("/submit")}>
            Submit code
          </a>
        </div>
      </Empty>
      {none && (
        <div class="pad stack">
          <div class="cols">
            {EXAMPLES.map((example) => (
              <Card
                title={example.name}
                foot={<a href={href("/submit", undefined, { example: example.id })}>Try it</a>}
              >
                <p class="small sub">{example.about}</p>
              </Card>
            ))}
          </div>
          <Command title="Or from a terminal" text={curl()} />
        </div>
      )}
    </>
  );
}
