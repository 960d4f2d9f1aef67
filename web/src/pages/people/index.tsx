import { visibleLine } from "../../format/text.ts";
import { has, may, me } from "../../live/server.ts";
import { leave, signedIn } from "../../live/session.ts";
import { Card, Note, PageHead, Pairs } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { SecretOnce } from "../../parts/SecretOnce.tsx";
import { useTitle } from "../../parts/title.ts";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";
import { href } from "../../route.ts";
import { handedOut, loadDirectory, question } from "./directory.ts";
import { Form } from "./Form.tsx";
import { askForKey, Keys } from "./Keys.tsx";
import { Applications, askForPerson, Groups, People as Persons, Roles } from "./People.tsx";

function Myself() {
  const who = me.value;
  const roles = (who?.roles ?? []).map((role) =>
    typeof role === "string" ? role : `${role.role} at ${role.scope ?? "/"}`,
  );
  return (
    <Card title="You">
      <div class="stack">
        <Pairs
          pairs={[
            ["Name", who ? visibleLine(who.id === "local" ? "local" : who.name) : undefined],
            ["Roles", roles.length > 0 ? roles.map(visibleLine).join(", ") : undefined],
            ["Away", has("/v1/absences") && <a href={href("/policies", undefined, { tab: "away" })}>hand over</a>],
            ["Sessions", signedIn.value === "in" ? "12 h each, also over a restart of the server" : undefined],
          ]}
        />
        {signedIn.value === "in" && (
          <div class="row">
            <button type="button" class="btn" onClick={() => void leave()}>
              Sign out
            </button>
            <button type="button" class="btn quiet" onClick={() => void leave(true)}>
              Sign out everywhere
            </button>
          </div>
        )}
        {who?.id === "local" && (
          <p class="small sub">
            This server wants no sign-in: whoever reaches it on this machine may everything.{" "}
            <code>sallyport dev --auth --tls</code> asks who is there.
          </p>
        )}
      </div>
    </Card>
  );
}

function HandedOut() {
  const out = handedOut.value;
  return out ? <SecretOnce {...out} done={() => (handedOut.value = undefined)} /> : null;
}

function Directory() {
  const asked = useAsk("directory", loadDirectory);
  const directory = asked.answer.value;
  const writes = may("directory-write");
  const open = question.value;
  if (!directory)
    return (
      <>
        <PageHead title="People and keys" />
        <Awaiting of={asked} what="the directory" lines={6} />
        <Myself />
      </>
    );
  const shown = { directory, writes, done: asked.again };
  return (
    <>
      <PageHead title="People and keys" under="Who uses a key is its owner; two keys of one person are one vote">
        {writes && (
          <>
            <button type="button" class="btn" onClick={() => askForPerson(asked.again)}>
              <Icon name="plus" />
              New person
            </button>
            <button type="button" class="btn pri" onClick={() => askForKey(directory, asked.again)}>
              <Icon name="key" />
              New key
            </button>
          </>
        )}
      </PageHead>
      <HandedOut />
      <Awaiting of={asked} what="the directory" />
      <div class="cols wide-cols">
        <Persons {...shown} />
        <Keys {...shown} />
      </div>
      <div class="cols">
        <Groups {...shown} />
        <Roles {...shown} />
        <Myself />
        <Applications {...shown} />
      </div>
      {open && <Form key={open.title} {...open} close={() => (question.value = undefined)} />}
    </>
  );
}

export default function People() {
  useTitle("People and keys");
  return (
    <main id="main" class="page" tabIndex={-1}>
      {has("/v1/directory/users") ? (
        <Directory />
      ) : (
        <>
          <PageHead title="People and keys" under="Who uses a key is its owner; two keys of one person are one vote" />
          <Note tone="plain">This server keeps no directory.</Note>
          <Myself />
        </>
      )}
    </main>
  );
}
