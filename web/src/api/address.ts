/** Where a route is, with its values and its query. That the server has the route, the method and the names is checked when this
 *  is compiled: routes.gen.ts is made out of the server's own /openapi.json. */
import type { Routes } from "./routes.gen.ts";

export type Route = keyof Routes;
/** A path as /openapi.json writes it, such as "/v1/requests/{id}". */
export type Path = Route extends `${string} ${infer Where}` ? Where : never;

export interface Address {
  method: string;
  url: string;
}

type Value = string | number;
type Values<Text extends string> = Text extends `${string}{${string}}${infer Rest}` ? [Value, ...Values<Rest>] : [];
type Query<R extends Route> = Partial<Record<Routes[R], string | number | boolean | undefined>>;

/** A value of several segments keeps its slashes: "{path}" is the end of its route. */
const encoded = (name: string, value: Value) =>
  name === "{path}" ? String(value).split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);

export function at<R extends Route>(route: R, values: Values<R>, query?: Query<R>): Address {
  const [method = "GET", pattern = ""] = route.split(" ");
  const rest: Value[] = [...values];
  const path = pattern.replace(/\{[^}]+\}/g, (name) => encoded(name, rest.shift() ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return { method, url: text ? `${path}?${text}` : path };
}
