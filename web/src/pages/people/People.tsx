import {
  addMember,
  deleteGroup,
  deleteUser,
  grantRole,
  makeGroup,
  makeSecret,
  makeUser,
  removeMember,
  takeRole,
} from "../../api/directory.ts";
import { plural } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { Card } from "../../parts/Box.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Person } from "../../parts/Person.tsx";
import { Table } from "../../parts/Table.tsx";
import { afterAsking, handedOut, question, ROLES, shortRole, type Directory } from "./directory.ts";

interface Shown {
  directory: Directory;
  /** Whoever looks may change it. */
  writes: boolean;
  done: () => void;
}

const rolesOf = (directory: Directory, name: string) => directory.assignments.filter((one) => one.principal === name);
const groupsOf = (directory: Directory, name: string) => directory.groups.filter((one) => one.members.includes(name));

/** A form for a new person, whose secret is shown once. */
export function askForPerson(done: () => void): void {
  question.value = {
    title: "New person",
    text: "A first secret is shown once: give it to them. It may nothing before a role is granted.",
    verb: "Make it",
    fields: [
      { name: "name", label: "Name", hint: "such as alice@example.org: what they sign in with" },
      { name: "shown", label: "Shown as (optional)", optional: true },
      { name: "role", label: "Role", options: ROLES },
      { name: "scope", label: "Where", value: "/app", hint: "/ is everywhere; /app, /pool, /scheduler/HUB" },
    ],
    send: async ({ name = "", shown = "", role = "", scope = "" }) => {
      const made = await makeUser(name, shown);
      handedOut.value = { words: `The secret of ${made.name}`, secret: made.secret };
      await grantRole(role, name, scope).finally(done);
    },
  };
}

export function People({ directory, writes, done }: Shown) {
  const anew = (name: string) =>
    afterAsking(
      `Another secret for ${visibleLine(name)}?`,
      "Those that there are go on counting. It is shown once.",
      "Make it",
      async () => {
        const made = await makeSecret(name);
        handedOut.value = { words: `A secret of ${name}`, secret: made.secret };
      },
    );
  const remove = (name: string) =>
    afterAsking(
      `Delete ${visibleLine(name)}?`,
      "Their keys, secrets and roles go too, and whoever is signed in as them is turned away at once. What they decided stays.",
      "Delete",
      () => deleteUser(name),
    ).then(done);
  return (
    <Card
      title="People"
      bare
      side={
        <span class="small dim">
          {directory.users.length}, {plural(directory.groups.length, "group")}
        </span>
      }
    >
      {directory.users.length === 0 && (
        <p class="pad small sub">
          Nobody is in the directory yet{writes && <>: “New person” makes somebody, with a first secret</>}.
        </p>
      )}
      {directory.users.length > 0 && (
        <Table
          caption="People"
          rows={directory.users}
          keyOf={(user) => user.id}
          columns={[
            {
              name: "Name",
              cell: (user) => (
                <>
                  <Person person={user.name} />
                  {user.disabled && <div class="small is-bad">may not sign in</div>}
                </>
              ),
            },
            {
              name: "Role",
              cell: (user) => (
                <span
                  title={rolesOf(directory, user.name)
                    .map((one) => `${one.role} at ${one.scope}`)
                    .join("\n")}
                >
                  {[...new Set(rolesOf(directory, user.name).map((one) => shortRole(one.role)))].join(", ") || (
                    <span class="dim">none</span>
                  )}
                </span>
              ),
            },
            {
              name: "Groups",
              class: "lo sub",
              cell: (user) =>
                groupsOf(directory, user.name)
                  .map((group) => visibleLine(group.name))
                  .join(", "),
            },
            {
              name: "Change",
              class: "right",
              cell: (user) =>
                writes ? (
                  <>
                    <button
                      type="button"
                      class="btn sm quiet lo"
                      aria-label={`New secret for ${visibleLine(user.name)}`}
                      onClick={() => void anew(user.name)}
                    >
                      New secret
                    </button>
                    <button
                      type="button"
                      class="btn sm icon quiet"
                      aria-label={`Delete ${visibleLine(user.name)}`}
                      onClick={() => void remove(user.name)}
                    >
                      <Icon name="trash" />
                    </button>
                  </>
                ) : null,
            },
          ]}
        />
      )}
    </Card>
  );
}

/** A name in a list of those that can be taken out. */
function Seat({ name, group, writes, done }: { name: string; group: string; writes: boolean; done: () => void }) {
  const remove = () =>
    afterAsking(`Take ${visibleLine(name)} out of ${visibleLine(group)}?`, "It counts at once.", "Take out", () =>
      removeMember(group, name),
    ).then(done);
  return (
    <span class="chip">
      {visibleLine(name)}
      {writes && (
        <button type="button" aria-label={`Take ${visibleLine(name)} out`} onClick={() => void remove()}>
          <Icon name="x" />
        </button>
      )}
    </span>
  );
}

export function Groups({ directory, writes, done }: Shown) {
  const add = (group: string) => {
    question.value = {
      title: `Into ${visibleLine(group)}`,
      text: "The group’s roles, and its place in policies, are theirs from then on.",
      verb: "Add",
      fields: [
        {
          name: "member",
          label: "Who",
          options: [...directory.users, ...directory.applications].map((one) => one.name),
        },
      ],
      send: async ({ member = "" }) => addMember(group, member).then(done),
    };
  };
  const make = () => {
    question.value = {
      title: "New group",
      verb: "Make it",
      fields: [{ name: "name", label: "Name" }],
      send: async ({ name = "" }) => makeGroup(name).then(done),
    };
  };
  const remove = (group: string) =>
    afterAsking(
      `Delete the group ${visibleLine(group)}?`,
      "Its roles go. A policy that asks it asks nobody.",
      "Delete",
      () => deleteGroup(group),
    ).then(done);
  return (
    <Card
      title="Groups"
      side={
        writes && (
          <button type="button" class="btn sm" onClick={make}>
            <Icon name="plus" />
            New group
          </button>
        )
      }
    >
      {directory.groups.length === 0 && <p class="small sub">There is no group.</p>}
      <div class="stack">
        {directory.groups.map((group) => (
          <div key={group.id}>
            <div class="row">
              <b>{visibleLine(group.name)}</b>
              {writes && (
                <span class="end row tight">
                  <button
                    type="button"
                    class="btn sm quiet"
                    aria-label={`Add to ${visibleLine(group.name)}`}
                    onClick={() => add(group.name)}
                  >
                    Add
                  </button>
                  <button
                    type="button"
                    class="btn sm icon quiet"
                    aria-label={`Delete the group ${visibleLine(group.name)}`}
                    onClick={() => void remove(group.name)}
                  >
                    <Icon name="trash" />
                  </button>
                </span>
              )}
            </div>
            <div class="row tight">
              {group.members.length === 0 && <span class="small dim">nobody</span>}
              {group.members.map((name) => (
                <Seat key={name} name={name} group={group.name} writes={writes} done={done} />
              ))}
            </div>
          </div>
        ))}
      </div>
    </Card>
  );
}

export function Roles({ directory, writes, done }: Shown) {
  const grant = () => {
    question.value = {
      title: "Grant a role",
      verb: "Grant",
      fields: [
        { name: "role", label: "Role", options: ROLES },
        {
          name: "principal",
          label: "To",
          options: [...directory.users, ...directory.groups, ...directory.applications].map((one) => one.name),
        },
        { name: "scope", label: "Where", value: "/app", hint: "/ is everywhere; /app, /pool, /scheduler/HUB" },
      ],
      send: async ({ role = "", principal = "", scope = "" }) => grantRole(role, principal, scope).then(done),
    };
  };
  const take = (id: string, words: string) =>
    afterAsking("Take this role?", `${words}. It counts at once, for streams that are open too.`, "Take it", () =>
      takeRole(id),
    ).then(done);
  return (
    <Card
      title="Roles"
      bare
      side={
        writes && (
          <button type="button" class="btn sm" onClick={grant}>
            <Icon name="plus" />
            Grant
          </button>
        )
      }
    >
      {directory.assignments.length === 0 ? (
        <p class="pad small sub">No role is granted.</p>
      ) : (
        <Table
          caption="Roles"
          rows={directory.assignments}
          keyOf={(one) => one.id}
          columns={[
            { name: "Role", cell: (one) => shortRole(one.role) },
            { name: "To", cell: (one) => visibleLine(one.principal) },
            { name: "At", class: "lo mono", cell: (one) => visibleLine(one.scope) },
            {
              name: "Take",
              class: "right",
              cell: (one) =>
                writes ? (
                  <button
                    type="button"
                    class="btn sm icon quiet"
                    aria-label={`Take ${shortRole(one.role)} from ${visibleLine(one.principal)}`}
                    onClick={() =>
                      void take(one.id, `${visibleLine(one.principal)} is ${one.role} at ${visibleLine(one.scope)}`)
                    }
                  >
                    <Icon name="trash" />
                  </button>
                ) : null,
            },
          ]}
        />
      )}
    </Card>
  );
}

export function Applications({ directory }: Shown) {
  if (directory.applications.length === 0) return null;
  return (
    <Card title="Applications" bare>
      <Table
        caption="Applications"
        rows={directory.applications}
        keyOf={(one) => one.id}
        columns={[
          {
            name: "Application",
            cell: (one) => <Person person={{ id: one.id, name: one.name, kind: "application" }} />,
          },
          {
            name: "Role",
            cell: (one) =>
              rolesOf(directory, one.name)
                .map((role) => shortRole(role.role))
                .join(", ") || "–",
          },
          { name: "Client id", class: "lo mono dim", cell: (one) => visibleLine(one.clientId ?? "–") },
        ]}
      />
    </Card>
  );
}
