// SPDX-License-Identifier: MIT
// The views of the page, one row each: what each says of a server that has nothing, and of one that has something.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** `empty`: what a view says of a server without anything; without it the view shows what the page knows already. `full`: what it shows
 *  of a request, whose id and purpose ("Of REQUEST") a test puts in the place of ID; without it the view asks nothing to be shown.
 *  `absent`: in the place of "Not found". */
export const VIEWS = [
  { route: "", place: "/", empty: "Nothing waits", full: "Of inbox" },
  { route: "", place: "/?tab=done", empty: "Nothing was decided yet", full: "Nothing was decided yet" },
  { route: "requests", place: "/requests/id", empty: /no such request|no request/i, full: "Waiting for a decision", absent: "There is no request with this id" },
  { route: "submit", place: "/submit" },
  { route: "confirm", place: "/confirm/id", empty: /not found: the request/i, full: "Opening this page decided nothing" },
  { route: "runs", place: "/runs", empty: "Nothing was submitted yet", full: "Of runs" },
  { route: "runs", place: "/runs/id", empty: /not found: the run/i, full: "request.submitted" },
  { route: "orchestrations", place: "/orchestrations", empty: "Nothing was started in this hub", full: "CodeExecutionOrchestrator" },
  { route: "instances", place: "/instances/id", empty: /not found: the instance/i, full: "Timeline" },
  { route: "entities", place: "/entities", empty: "This hub has no entities", full: "This hub has no entities" },
  { route: "entities", place: "/entities?entity=@a@b", empty: "This hub has no entities" },
  { route: "workers", place: "/workers", empty: /Worker/, full: /connected/ },
  { route: "sessions", place: "/sessions", empty: "Ready", full: "Layer" },
  { route: "policies", place: "/policies", empty: "The built-in policy rules every request", full: "It has no rules" },
  { route: "policies", place: "/policies?tab=standing", empty: "None stands at present", full: "None stands at present" },
  { route: "policies", place: "/policies?tab=away", empty: "Nobody is away.", full: "Nobody is away." },
  { route: "policies", place: "/policies?tab=versions", empty: "No policy was applied yet", full: "No policy was applied yet" },
  { route: "audit", place: "/audit", empty: "server.started", full: "server.started" },
  { route: "audit", place: "/audit?entry=1", full: "Entry 1" },
  { route: "people", place: "/people", empty: "Nobody is in the directory yet", full: "There is no group." },
  { route: "webhooks", place: "/webhooks", empty: "There is no webhook yet", full: "There is no webhook yet" },
  { route: "parts", place: "/parts" },
  { route: "api", place: "/api" },
];

/** Every route of the page has a row here. */
export function eachRouteHasARow() {
  const routes = readFileSync(new URL("../../web/src/routes.ts", import.meta.url), "utf8");
  const names = [...routes.matchAll(/\{ name: "(\w*)"/g)].map((match) => match[1]);
  assert.ok(names.length > 10);
  assert.deepEqual(names.filter((name) => !VIEWS.some((view) => view.route === name)), []);
}
