/** People, groups, keys and grants. */
import { callJson, callNothing } from "./client.ts";

const ROOT = "/v1/directory";
const at = (...parts: string[]) => `${ROOT}/${parts.map(encodeURIComponent).join("/")}`;

export interface User {
  id: string;
  name: string;
  displayName?: string;
  disabled?: boolean;
  createdAt?: string;
}

export interface Group {
  id: string;
  name: string;
  members: string[];
}

export interface Application {
  id: string;
  name: string;
  clientId?: string;
  resourceId?: string;
}

export interface Key {
  id: string;
  name: string;
  /** The first characters, by which people know it again. */
  hint?: string;
  owner?: string;
  /** Separated by commas; "": all that the owner has. */
  roles?: string;
  scope?: string;
  createdAt?: string;
  expiresAt?: string;
  lastUsedAt?: string;
  revokedAt?: string;
}

export interface Assignment {
  id: string;
  role: string;
  principal: string;
  scope: string;
}

export const listUsers = async () => (await callJson<{ users: User[] }>(at("users"))).users;
export const listGroups = async () => (await callJson<{ groups: Group[] }>(at("groups"))).groups;
export const listKeys = async () => (await callJson<{ keys: Key[] }>(at("keys"))).keys;
export const listApplications = async () =>
  (await callJson<{ applications: Application[] }>(at("applications"))).applications;
export const listAssignments = async () =>
  (await callJson<{ assignments: Assignment[] }>(at("assignments"))).assignments;

const post = <T>(path: string, body: unknown) => callJson<T>(path, { method: "POST", body });
const remove = (path: string) => callNothing(path, { method: "DELETE" });

/** The answer has a secret that is shown this once. */
export const makeUser = (name: string, displayName: string) =>
  post<{ name: string; secret: string }>(at("users"), { name, ...(displayName ? { displayName } : {}) });
export const deleteUser = (name: string) => remove(at("users", name));
export const makeSecret = (name: string) => callJson<{ secret: string }>(at("secrets", name), { method: "POST" });

export const makeGroup = (name: string) => post<Group>(at("groups"), { name });
export const deleteGroup = (name: string) => remove(at("groups", name));
export const addMember = (group: string, member: string) =>
  callNothing(at("groups", group, "members"), { method: "POST", body: { member } });
export const removeMember = (group: string, member: string) => remove(at("groups", group, "members", member));

export interface KeyWish {
  name: string;
  owner?: string;
  roles?: string;
  scope?: string;
  expiresInSeconds?: number;
}

export const makeKey = (wish: KeyWish) => post<{ name: string; key: string }>(at("keys"), wish);
export const revokeKey = (id: string) => remove(at("keys", id));

export const grantRole = (role: string, principal: string, scope: string) =>
  post<Assignment>(at("assignments"), { role, principal, scope });
export const takeRole = (id: string) => remove(at("assignments", id));
