import { getVersion, listVersions, type Version, type WholeVersion } from "../../api/policy.ts";
import { bytes } from "../../format/size.ts";
import { visible, visibleLine } from "../../format/text.ts";
import { highlightYaml } from "../../format/yaml.ts";
import { Card } from "../../parts/Box.tsx";
import { Code } from "../../parts/Code.tsx";
import { Copy, Hash } from "../../parts/Copy.tsx";
import { DiffView } from "../../parts/Diff.tsx";
import { Table } from "../../parts/Table.tsx";
import { Segments } from "../../parts/Tabs.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting, Empty } from "../../parts/Wait.tsx";
import { place, setQuery } from "../../route.ts";
import { draft } from "./draft.ts";

async function listAll(): Promise<Version[]> {
  const all: Version[] = [];
  let after: number | undefined;
  do {
    const page = await listVersions(after);
    all.push(...page.versions);
    after = page.next;
  } while (after !== undefined && all.length < 1000);
  return all;
}

/** What one version changed, or all of it. */
function One({ number, inForce }: { number: number; inForce: WholeVersion }) {
  const asked = useAsk(`version ${number}`, () =>
    Promise.all([getVersion(number), number > 0 ? getVersion(number - 1) : undefined]),
  );
  const shows = place.value.query.get("show") === "text" || number === 0 ? "text" : "changes";
  const both = asked.answer.value;
  if (!both) return <Awaiting of={asked} what={`version ${number}`} lines={8} />;
  const [version, before] = both;
  const take = () => {
    draft.value = { base: inForce.version, baseText: inForce.text, text: version.text };
    setQuery({ tab: undefined, version: undefined, show: undefined });
  };
  return (
    <Card
      title={`Version ${number}`}
      bare
      side={
        <>
          {number > 0 && (
            <Segments
              label="What is shown"
              options={[
                { id: "changes", name: "Changes" },
                { id: "text", name: "Text" },
              ]}
              chosen={shows}
              choose={(id) => setQuery({ show: id === "text" ? id : undefined })}
            />
          )}
          <button type="button" class="btn sm" onClick={take}>
            Take as a draft
          </button>
          <Copy text={version.text} what={`version ${number}`} />
        </>
      }
      foot={
        <>
          {version.comment && <span>{visible(version.comment)}</span>}
          {version.sha256 && (
            <span class="end row tight">
              {bytes(version.bytes ?? NaN)} <Hash hash={version.sha256} what={`the hash of version ${number}`} />
            </span>
          )}
        </>
      }
    >
      {shows === "text" || !before ? (
        <Code code={version.text} label={`Version ${number}`} colours={highlightYaml} />
      ) : (
        <DiffView before={before.text} after={version.text} label={`Version ${number} against ${number - 1}`} />
      )}
    </Card>
  );
}

const applier = (version: Version) =>
  version.via === "file" ? "a file at the start" : visibleLine(version.by?.name ?? version.by?.id ?? "–");

/** All versions, newest first; what each changed. */
export function Versions({ inForce }: { inForce: WholeVersion }) {
  const asked = useAsk("versions", listAll, undefined, inForce.version);
  const rows = asked.answer.value;
  const chosen = Number(place.value.query.get("version") ?? inForce.version);
  return (
    <div class="cols">
      <div class="card">
        <Awaiting of={asked} what="the versions" lines={6} />
        {rows && rows.length === 0 && (
          <Empty title="No policy was applied yet">
            <p>The one that is built in rules every request.</p>
          </Empty>
        )}
        {rows && rows.length > 0 && (
          <Table
            caption="Versions, newest first"
            rows={rows}
            keyOf={(row) => row.version}
            chosen={(row) => row.version === chosen}
            columns={[
              {
                name: "Version",
                class: "num",
                cell: (row) => (
                  <button
                    type="button"
                    class="link"
                    aria-current={row.version === chosen}
                    onClick={() => setQuery({ version: String(row.version) })}
                  >
                    {row.version}
                  </button>
                ),
              },
              { name: "When", cell: (row) => <Ago at={row.appliedAt} /> },
              { name: "By", cell: applier },
              { name: "Rules", class: "num lo", cell: (row) => row.rules ?? "–" },
              { name: "Why", class: "grow lo", cell: (row) => visibleLine(row.comment ?? "") },
            ]}
          />
        )}
      </div>
      <One key={chosen} number={chosen} inForce={inForce} />
    </div>
  );
}
