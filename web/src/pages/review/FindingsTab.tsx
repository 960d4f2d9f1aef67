import type { ReviewRequest } from "../../api/types.ts";
import { visibleLine } from "../../format/text.ts";
import { Card, Note, Tag } from "../../parts/Box.tsx";

const SHOWN_MOST = 200;

function Names({ title, names }: { title: string; names: string[] | undefined }) {
  if (!names) return null;
  const shown = names.slice(0, SHOWN_MOST);
  return (
    <Card
      title={title}
      {...(names.length > shown.length ? { foot: `${shown.length} of ${names.length} are shown.` } : {})}
    >
      {names.length === 0 ? (
        <p class="small sub">None were found.</p>
      ) : (
        <ul class="row" aria-label={title}>
          {shown.map((name) => (
            <li>
              <Tag>
                <span class="mono">{visibleLine(name)}</span>
              </Tag>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** What a session found in the code without running it. */
export function FindingsTab({ request }: { request: ReviewRequest }) {
  const syntax = request.syntax;
  return (
    <>
      {request.stage === "before" && (
        <Note tone="held">
          <b>Nothing has run.</b> There is no output to judge yet: approving runs it.
        </Note>
      )}
      {syntax?.error ? (
        <Note tone="bad">
          <b>The code could not be taken apart.</b> {visibleLine(syntax.error)}
        </Note>
      ) : (
        <>
          <Names title="Imports" names={syntax?.imports} />
          <Names title="Calls" names={syntax?.calls} />
          <p class="small dim">
            Found inside a session, by reading. What code puts together while it runs is not found so.
          </p>
        </>
      )}
    </>
  );
}
