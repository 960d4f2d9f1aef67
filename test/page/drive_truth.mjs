// SPDX-License-Identifier: MIT
// Nothing is shown that is not true: every route of the page, while the server has nothing, and before it has said what it is. Started
// by page_test.py with a server of its own, which has no request.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BASE, run, visitor } from "./rig.mjs";

/** What a view says of a server that has nothing: it may say so only when the server did. */
const CLAIMS =
  /Nothing (waits|was|is|follows)|None (is|of|stands|has)|Nobody|There is no (group|webhook|API key|person)|No entry|no entities|has no (state|policy|pool)|No policy was applied|\bnone of 0\b|\b0 (workers?|entries|events?|entities|rules?|requests?) (connected|so far)?/;

/** `empty`: what a view says of a server without anything; without it the view shows what the page knows already. */
const VIEWS = [
  { route: "", place: "/", empty: "Nothing waits" },
  { route: "requests", place: "/requests/id", empty: /no such request|no request/i },
  { route: "submit", place: "/submit" },
  { route: "confirm", place: "/confirm/id", empty: /no such request|no request/i },
  { route: "runs", place: "/runs", empty: "Nothing was submitted yet" },
  { route: "runs", place: "/runs/id", empty: /no such request|no request/i },
  { route: "orchestrations", place: "/orchestrations", empty: "Nothing was started in this hub" },
  { route: "instances", place: "/instances/id", empty: /no (such )?instance|not found/i },
  { route: "entities", place: "/entities", empty: "This hub has no entities" },
  { route: "entities", place: "/entities?entity=@a@b", empty: "This hub has no entities" },
  { route: "workers", place: "/workers", empty: /Worker/ },
  { route: "sessions", place: "/sessions", empty: "Ready" },
  { route: "policies", place: "/policies", empty: "The built-in policy rules every request" },
  { route: "policies", place: "/policies?tab=standing", empty: "None stands at present" },
  { route: "policies", place: "/policies?tab=away", empty: "Nobody is away." },
  { route: "policies", place: "/policies?tab=versions", empty: "No policy was applied yet" },
  { route: "audit", place: "/audit", empty: "server.started" },
  { route: "people", place: "/people", empty: "There is no group." },
  { route: "webhooks", place: "/webhooks", empty: "There is no webhook yet" },
  { route: "parts", place: "/parts" },
  { route: "api", place: "/api" },
];

/** Every route of the page has a row here. */
function eachRouteHasARow() {
  const routes = readFileSync(new URL("../../web/src/routes.ts", import.meta.url), "utf8");
  const names = [...routes.matchAll(/\{ name: "(\w*)"/g)].map((match) => match[1]);
  assert.ok(names.length > 10);
  assert.deepEqual(names.filter((name) => !VIEWS.some((view) => view.route === name)), []);
}

/** Text that people see in the view itself. */
const seen = (page) => page.locator("main").innerText();

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "each route of the page is looked at"() {
    // RP-76
    eachRouteHasARow();
  },

  async "a server that has nothing is said to have nothing, and what nobody measured is not zero"() {
    // RP-76
    const page = await visitor();
    for (const view of VIEWS.filter((one) => one.empty)) {
      await page.visit(view.place);
      await page.locator("main").getByText(view.empty).first().waitFor({ timeout: 10_000 }).catch(async () => assert.fail(`${view.place}: ${view.empty} is not in\n${await seen(page)}`));
      await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
    }
    await page.context().close();
  },

  async "before the server has said what it is, nothing is said of it"() {
    // RP-76
    for (const [path, what] of [["/openapi.json", "what it is and has"], ["/v1/me", "what it is and has"]]) {
      const page = await visitor();
      await page.clock.install();
      await page.route((url) => url.pathname === path, () => new Promise(() => undefined));
      await page.goto(`${BASE}/#/webhooks`);
      await page.locator("main").waitFor();
      await page.clock.fastForward(11_000);
      await page.getByText(`Still waiting for the server to answer with ${what}.`).or(page.getByText("answer with what this server has")).first().waitFor();
      assert.doesNotMatch(await seen(page), CLAIMS, path);
      await page.context().close();
    }
  },
};
await run(Object.fromEntries(Object.entries(tests).filter(([name]) => !only || new RegExp(only).test(name))));
