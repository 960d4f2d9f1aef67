// SPDX-License-Identifier: MIT
// What the page asks of the API and is answered, held against the server's own /openapi.json: each call of each test.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.PAGE_MODULES}/`);
const Ajv = require("ajv/dist/2020").default;
const FAULTS_SHOWN = 12;
const BODIES_MS = 10_000;

const calls = [];
const pending = [];

async function keep(response) {
  if ((await response.serverAddr()) === null) return; // a test has made it up
  const request = response.request();
  const url = new URL(response.url());
  const type = (response.headers()["content-type"] ?? "").split(";")[0];
  const endless = type === "text/event-stream";
  calls.push({
    method: request.method(),
    path: url.pathname,
    query: url.searchParams,
    sent: request.postData(),
    sentType: ((await request.allHeaders())["content-type"] ?? "").split(";")[0],
    status: response.status(),
    type,
    body: endless ? "" : await response.text(),
  });
}

/** Keeps each call to /v1 of a browser's window. One that a closed window never got an answer to is none. */
export function record(context, base) {
  context.on("response", (response) => {
    if (response.url().startsWith(`${base}/v1/`)) pending.push(keep(response).catch(() => undefined));
  });
}

/** The paths with their patterns, those first that say more. */
function templates(document) {
  const words = (path) => path.replace(/\{[^}]+\}/g, "").length;
  return Object.keys(document.paths)
    .sort((one, other) => words(other) - words(one))
    .map((path) => ({
      path,
      pattern: new RegExp(`^${path.replace(/\{path\*?\}$/, "\u0000").replace(/\{[^}]+\}/g, "[^/]+").replace("\u0000", ".+")}$`),
    }));
}

/** What the text of a query stands for. */
function meant(schema, text) {
  if (["integer", "number"].includes(schema.type)) return Number(text);
  return schema.type === "boolean" && ["true", "false"].includes(text) ? text === "true" : text;
}

/** Says where values do not fit schemas of the document. */
function makeFits(document) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const known = new Map();
  return (schema, value) => {
    const key = JSON.stringify(schema);
    if (!known.has(key)) known.set(key, ajv.compile({ ...schema, components: document.components }));
    const validate = known.get(key);
    return validate(value) ? [] : validate.errors.slice(0, 3).map((one) => `${one.instancePath || "/"} ${one.message}`);
  };
}

function queryFaults(operation, call, fits) {
  const known = new Map((operation.parameters ?? []).filter((one) => one.in === "query").map((one) => [one.name, one.schema ?? {}]));
  return [...call.query].flatMap(([name, text]) => {
    if (!known.has(name)) return [`no parameter "${name}"`];
    const schema = known.get(name);
    return fits(schema, meant(schema, text)).map((fault) => `${name}=${text}: ${fault}`);
  });
}

function bodyFaults(operation, call, fits) {
  if (call.sent === null || call.sent === "") return [];
  const content = operation.requestBody?.content;
  if (!content) return ["a body where none is described"];
  const media = content[call.sentType];
  if (!media) return [`a body of ${call.sentType}`];
  return call.sentType === "application/json" && media.schema ? fits(media.schema, JSON.parse(call.sent)).map((one) => `sent: ${one}`) : [];
}

function answerFaults(operation, call, fits) {
  const group = `${String(call.status)[0]}XX`;
  const answer = operation.responses[call.status] ?? operation.responses[group] ?? operation.responses.default;
  if (!answer) return [`an answer ${call.status}`];
  const content = answer.content;
  if (!content || call.body === "") return [];
  const media = content[call.type] ?? content["*/*"];
  if (!media) return [`an answer of ${call.type}`];
  return /json$/.test(call.type) && media.schema ? fits(media.schema, JSON.parse(call.body)).map((one) => `answer: ${one}`) : [];
}

/** What does not fit, a line each; and how many calls of how many routes there were. */
export async function checkCalls(document) {
  await Promise.race([Promise.all(pending), new Promise((resolve) => setTimeout(resolve, BODIES_MS).unref())]); // of a server that was killed
  const fits = makeFits(document);
  const paths = templates(document);
  const faults = new Map();
  const routes = new Set();
  for (const call of calls) {
    const path = paths.find((one) => one.pattern.test(decodeURI(call.path)) && document.paths[one.path][call.method.toLowerCase()])?.path;
    const operation = path && document.paths[path][call.method.toLowerCase()];
    const name = `${call.method} ${path ?? call.path}`;
    routes.add(name);
    const found = operation
      ? [queryFaults, bodyFaults, answerFaults].flatMap((look) => look(operation, call, fits))
      : ["a route that is not described"];
    for (const fault of found) faults.set(`${name} ${call.status}: ${fault}`, true);
  }
  return { calls: calls.length, routes: routes.size, faults: [...faults.keys()].slice(0, FAULTS_SHOWN) };
}
