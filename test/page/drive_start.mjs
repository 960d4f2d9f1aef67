// SPDX-License-Identifier: MIT
// How the page begins: what is there before any script, and what is asked for one behind the other. It counts what waits for what, and
// no milliseconds: those are the machine's. Started by page_test.py with a server of its own.
import assert from "node:assert/strict";
import { api, BASE, only, run, visitor } from "./rig.mjs";

/** Requests whose path fits are held until `release`; what was asked is in `asked`. */
async function hold(page, pattern) {
  const asked = [];
  let release;
  const open = new Promise((resolve) => (release = resolve));
  await page.route(pattern, async (route) => {
    asked.push(new URL(route.request().url()).pathname);
    await open;
    await route.continue().catch(() => undefined); // the window may be gone
  });
  return { asked, release };
}

/** Waits until all of `paths` were asked for. */
async function areAsked(held, paths) {
  for (let times = 0; times < 400 && !paths.every((path) => held.asked.includes(path)); times++) await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual([...new Set(held.asked)].sort(), paths);
}

const painted = () => performance.getEntriesByName("first-contentful-paint").length > 0;

const tests = {
  async "the frame is painted before any script has come, and what the server has is asked for meanwhile, once"() {
    // RP-70
    const page = await visitor();
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const scripts = await hold(page, /\/assets\/.*\.js$/);
    await page.goto(`${BASE}/`, { waitUntil: "commit" });
    await page.locator(".rail").getByText("Sallyport").waitFor();
    await page.waitForFunction(painted);
    assert.equal(await page.locator("main").count(), 0); // no script has run
    const before = await page.locator(".rail .brand .t").boundingBox();
    const inTime = async () => asked.includes("/openapi.json");
    for (let times = 0; times < 400 && !(await inTime()); times++) await page.waitForTimeout(50);
    assert.ok(await inTime());
    scripts.release();
    await page.getByText("Nothing stands between the doors").waitFor();
    assert.deepEqual(await page.locator(".rail .brand .t").boundingBox(), before, "the frame stays where it is");
    assert.equal(asked.filter((path) => path === "/openapi.json").length, 1);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "behind what the server has, all of the first view is asked for side by side"() {
    // RP-70
    await api("POST", "/v1/requests", { code: "1", gate: "before", purpose: "The first row" });
    const page = await visitor();
    const held = await hold(page, /\/v1\/(?!events)/);
    await page.goto(`${BASE}/`);
    await areAsked(held, ["/v1/hubs", "/v1/me", "/v1/requests"]);
    held.release();
    await page.getByText("The first row").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "whose the requests are is known before they stand under somebody's name"() {
    // RP-76
    const page = await visitor();
    const who = await hold(page, /\/v1\/me$/);
    const list = page.waitForResponse(/\/v1\/requests\?/);
    await page.goto(`${BASE}/`);
    await list;
    await page.locator("main [aria-busy=true]").first().waitFor({ state: "attached" });
    assert.equal(await page.getByText("The first row").count(), 0);
    assert.equal(await page.getByText("waits for you").count(), 0);
    who.release();
    await page.getByText("The first row").waitFor();
    await page.context().close();
  },
};

await run(only(tests));
