/** The browser's own sign-in, where the server has one. */
import { callJson, callNothing, setToken } from "./client.ts";

export interface BrowserSession {
  signedIn: boolean;
  token?: string;
  expiresInSeconds?: number;
}

/** What is shown once: a key or a token; a name and its secret; a code that a person has confirmed elsewhere; or that of
 * a link which a command made. */
export type Shown =
  { credentials: string } | { name: string; secret: string } | { deviceCode: string } | { link: string };

export interface DeviceCode {
  device_code: string;
  user_code: string;
  expires_in: number;
  interval: number;
}

function keep(session: BrowserSession): BrowserSession {
  setToken(session.token);
  return session;
}

export const getSession = async () => keep(await callJson<BrowserSession>("/page/session"));

/** Of a device's code that nobody has confirmed yet: `signedIn` is false. */
export const signIn = async (shown: Shown, signal?: AbortSignal) =>
  keep(await callJson<BrowserSession>("/page/sign-in", { method: "POST", body: shown, ...(signal ? { signal } : {}) }));

export const beginDevice = () =>
  callJson<DeviceCode>("/common/oauth2/v2.0/devicecode", {
    method: "POST",
    text: { type: "application/x-www-form-urlencoded", content: "client_id=sallyport-page&scope=openid" },
  });

export async function signOut(everywhere: boolean): Promise<void> {
  await callNothing("/page/sign-out", { method: "POST", query: { everywhere: everywhere || undefined } });
  setToken(undefined);
}
