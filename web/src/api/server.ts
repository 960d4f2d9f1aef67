/** What this server is and has. */
import { at } from "./address.ts";
import { callFirst, callJson, callText, Problem } from "./client.ts";
import type { Health, Me, OpenApi } from "./types.ts";

export const getOpenApi = () => callFirst<OpenApi>(at("GET /openapi.json", []).url);
export const getHealth = () => callJson<Health>(at("GET /healthz", []));
export const getMetrics = () => callText("/metrics", { headers: { accept: "text/plain" } });

/** Who asks. The newer route first; a server without either has one local person. */
export async function getMe(paths: Set<string>): Promise<Me> {
  try {
    if (paths.has("/v1/me")) return await callJson<Me>(at("GET /v1/me", []));
    if (paths.has("/v1/directory/me")) return await callJson<Me>(at("GET /v1/directory/me", []));
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.status !== 404) throw cause;
  }
  return { id: "local", name: "local", kind: "local" };
}
