// SPDX-License-Identifier: MIT
// Writes src/api/routes.gen.ts: the routes that the page may ask, their methods and the names of their queries, out of the
// server's own /openapi.json. Usage: curl SERVER/openapi.json | node routes.mjs > src/api/routes.gen.ts
// The server is one with --auth: it has the routes of the browser's sign-in, too.
import { stdin, stdout } from "node:process";
import { text } from "node:stream/consumers";

const OURS = /^\/(v1|page)\/|^\/(openapi\.json|healthz|readyz|metrics)$/;
const METHODS = ["get", "put", "patch", "post", "delete"];

const { paths, components } = JSON.parse(await text(stdin));
const union = (names) => (names.length > 0 ? names.map((name) => JSON.stringify(name)).join(" | ") : "never");
const queryOf = ({ parameters = [] }) => parameters.filter((one) => one.in === "query").map((one) => one.name);

const ours = Object.keys(paths)
  .filter((path) => OURS.test(path))
  .sort();
const routes = ours.flatMap((path) =>
  METHODS.filter((method) => paths[path][method]).map(
    (method) => `  "${method.toUpperCase()} ${path}": ${union(queryOf(paths[path][method]))};`,
  ),
);
const kinds = components.schemas.Problem.properties.type.enum
  .map((type) => type.slice(type.lastIndexOf(":") + 1))
  .sort();

stdout.write(`// SPDX-License-Identifier: MIT
// Made by routes.mjs out of /openapi.json; not to be edited.

/** Each route, and the names that its query may have. */
export interface Routes {
${routes.join("\n")}
}

/** What a Problem may be, by the last part of its type. */
export type ProblemKind =
${kinds.map((kind) => `  | "${kind}"`).join("\n")};
`);
