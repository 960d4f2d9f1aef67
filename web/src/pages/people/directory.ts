/** All of the directory that this page shows, and what it does to it. */
import { signal } from "@preact/signals";
import {
  listApplications,
  listAssignments,
  listGroups,
  listKeys,
  listUsers,
  type Application,
  type Assignment,
  type Group,
  type Key,
  type User,
} from "../../api/directory.ts";
import { wordsOf } from "../../api/client.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import type { Wanted } from "./Form.tsx";

export interface Directory {
  users: User[];
  groups: Group[];
  keys: Key[];
  applications: Application[];
  assignments: Assignment[];
}

export async function loadDirectory(): Promise<Directory> {
  const [users, groups, keys, applications, assignments] = await Promise.all([
    listUsers(),
    listGroups(),
    listKeys(),
    listApplications(),
    listAssignments(),
  ]);
  return { users, groups, keys, applications, assignments };
}

/** What was handed out and is shown this once. */
export const handedOut = signal<{ words: string; secret: string } | undefined>(undefined);

export interface Question {
  title: string;
  text?: string;
  verb: string;
  fields: Wanted[];
  send: (values: Record<string, string>) => Promise<void>;
}

/** The form that is open. */
export const question = signal<Question | undefined>(undefined);

/** Asks once, then does it; what goes wrong is said. */
export async function afterAsking(title: string, text: string, verb: string, act: () => Promise<unknown>) {
  if (!(await ask({ title, text, verb }))) return;
  await act().catch((cause: unknown) => toast("bad", wordsOf(cause).title, wordsOf(cause).detail));
}

/** Names of roles, as doc/sign-in.md lists them. */
export const ROLES = [
  "Sallyport Submitter",
  "Sallyport Reviewer",
  "Sallyport Operator",
  "Sallyport Auditor",
  "Durable Task Data Contributor",
  "Durable Task Worker",
  "Durable Task Data Reader",
  "Azure ContainerApps Session Executor",
  "Owner",
  "Contributor",
  "Reader",
];

/** "Sallyport Reviewer" is "Reviewer" to people, "Owner" is "Owner". */
export const shortRole = (role: string) => role.replace(/^Sallyport /, "");
