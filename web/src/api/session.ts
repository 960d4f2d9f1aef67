/** The browser's own sign-in, where the server has one. */
import { callJson, callNothing, setToken } from "./client.ts";

export interface BrowserSession {
  signedIn: boolean;
  token?: string;
  expiresInSeconds?: number;
}

function keep(session: BrowserSession): BrowserSession {
  setToken(session.token);
  return session;
}

export const getSession = async () => keep(await callJson<BrowserSession>("/page/session"));
export const signIn = async (credentials: string) =>
  keep(await callJson<BrowserSession>("/page/sign-in", { method: "POST", body: { credentials } }));

export async function signOut(): Promise<void> {
  await callNothing("/page/sign-out", { method: "POST" });
  setToken(undefined);
}
