// SPDX-License-Identifier: MIT
// Nothing is shown that is not true: every route of the page, while the server has nothing, and before it has said what it is. Started
// by page_test.py with a server of its own, which has no request.
import assert from "node:assert/strict";
import { BASE, run, visitor } from "./rig.mjs";
import { eachRouteHasARow, VIEWS } from "./views.mjs";

/** What a view says of a server that has nothing: it may say so only when the server did. */
const CLAIMS =
  /Nothing (waits|was|is|follows)|None (is|of|stands|has)|Nobody|There is no (group|webhook|API key|person)|No entry|no entities|has no (state|policy|pool)|No policy was applied|\bnone of 0\b|\b0 (workers?|entries|events?|entities|rules?|requests?) (connected|so far)?/;

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
