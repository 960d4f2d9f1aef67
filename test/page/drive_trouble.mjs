// SPDX-License-Identifier: MIT
// What every view says when its server is slow, gone, refuses, knows nothing of it or fails, what mends that, and that it is mended
// then. The trouble is made in the browser, on the way to the server. Started by page_test.py with a server of its own.
import assert from "node:assert/strict";
import { api, axe, BASE, only, run, visitor } from "./rig.mjs";
import { eachRouteHasARow, VIEWS } from "./views.mjs";

const SOON_MS = 20_000;
const ASKS = /\/(v1\/(?!me$|hubs$|events)|healthz)/;
const SOMEBODY = { status: 200, contentType: "application/json", body: '{"signedIn":true,"token":"t"}' };
const NOBODY = { status: 200, contentType: "application/json", body: '{"signedIn":false}' };

const problem = (status) => ({
  status,
  contentType: "application/problem+json",
  body: JSON.stringify({ type: "urn:sallyport:problem:made-up", title: "It Broke", detail: "Told by a test.", status }),
});

/** `alert`: what a view says, by itself or with the server's words. `mends`: the button that mends it; without one it mends itself. */
const TROUBLES = [
  { name: "slow", status: /^Still waiting for the server to answer with .+\.$/ },
  { name: "gone", answer: (route) => route.abort(), alert: /^The server does not answer\. .*The page tries again by itself\.$/ },
  { name: "403", answer: (route) => route.fulfill(problem(403)), alert: /^You may not see .+\. It Broke: Told by a test\.$/, mends: "Try again" },
  { name: "404", answer: (route) => route.fulfill(problem(404)), alert: /^Not found: .+\. It Broke: Told by a test\. It may be gone/, mends: "Try again" },
  { name: "500", answer: (route) => route.fulfill(problem(500)), alert: /^The server failed to answer with .+\. It Broke/, mends: "Try again" },
  { name: "503", answer: (route) => route.fulfill(problem(503)), alert: /^It Broke\. Told by a test\. The page tries again by itself\.$/ },
];

/** A switch for what the page asks: `make(trouble)` and `end()`. What is held by "slow" goes on at the end. */
async function troubleMaker(page, pattern) {
  let made;
  let held = [];
  await page.route(pattern, async (route) => {
    if (!made) return route.fallback().catch(() => undefined);
    if (made.answer) return made.answer(route).catch(() => undefined);
    held.push(route);
  });
  return {
    make: (trouble) => (made = trouble),
    end: async () => {
      made = undefined;
      const waits = held;
      held = [];
      await Promise.all(waits.map((route) => route.fallback().catch(() => undefined)));
    },
  };
}

/** A visitor whose clock the test can turn; refused answers are no faults here. */
async function troubled() {
  const page = await visitor();
  page.setDefaultTimeout(SOON_MS);
  await page.clock.install();
  page.others = () => page.faults.filter((fault) => !/Failed to load resource/.test(fault));
  return page;
}

/** As with `--auth`: the server has sign-ins, and says of this one what `session` gives. */
async function withSignIn(page, session) {
  const document = await api("GET", "/openapi.json");
  document.paths["/page/session"] = { get: {} };
  await page.route("**/openapi.json", (route) => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify(document) }));
  await page.route("**/page/session", (route) => route.fulfill(session()));
}

const alerts = (page) => page.locator("main [role=alert]");
const turn = (page, seconds) => page.clock.fastForward(seconds * 1000);
const goTo = (page, place) => page.evaluate((hash) => (location.hash = hash), place);
const told = async (locator) => (await locator.first().innerText()).replace(/\s+/g, " ").trim();

/** Each answer that is waited for may take a turn of the clock, since pauses and gathering go by it. The answers themselves go by the
 *  clock of the machine: turns alone are over before a slow server has answered once. */
async function until(page, words, look) {
  for (const end = Date.now() + SOON_MS; Date.now() < end; ) {
    if (await look()) return;
    await page.clock.runFor(250);
  }
  assert.fail(`${words} in\n${await page.locator("main").innerText()}`);
}

async function says(page, view, trouble) {
  const where = `${view.place}, ${trouble.name}: `;
  if (trouble.name === "404" && view.absent) {
    await page.getByText(view.absent).waitFor();
    return;
  }
  if (trouble.status) {
    await page.locator("main [aria-busy=true]").first().waitFor({ state: "attached" });
    const words = page.locator("main [role=status]").getByText(trouble.status);
    // What is busy at first may be the part of the page that is on its way, and the question behind it begins to wait later.
    await until(page, `${where}it takes long`, async () => (await turn(page, 11), (await words.count()) > 0));
    assert.equal(await alerts(page).count(), 0, `${where}nothing failed`);
    return;
  }
  await alerts(page).first().waitFor().catch(async () => assert.fail(`${where}no alert in\n${await page.locator("body").innerText()}`));
  // A view of several parts tells of one after the other.
  await until(page, `${where}the alert is another one`, async () => trouble.alert.test(await told(alerts(page))));
  await until(page, `${where}something still turns`, async () => (await page.locator("main [aria-busy=true]").count()) === 0);
  const verbs = ["Try again", ...(trouble.name === "403" ? ["Sign in as somebody else"] : [])];
  for (const name of verbs) {
    const verb = page.locator("main").getByRole("button", { name }).first();
    await verb.waitFor().catch(() => assert.fail(`${where}no button "${name}"`)); // a view may be drawn anew meanwhile
  }
}

async function isMended(page, view, trouble) {
  const where = `${view.place}, after ${trouble.name}: `;
  const again = page.locator("main").getByRole("button", { name: "Try again" });
  if (trouble.name === "404" && view.absent) return;
  await until(page, `${where}trouble`, async () => {
    if (trouble.mends) await again.evaluateAll((buttons) => buttons.forEach((button) => button.click()));
    else await turn(page, 4);
    return (await alerts(page).count()) === 0 && (await page.locator("main [aria-busy=true]").count()) === 0;
  });
  await page.locator("main").getByText(view.full).first().waitFor().catch(() => assert.fail(`${where}no ${view.full}`));
}

/** Requests of which each is asked for by one view only, so that none knows it already. */
async function placesOf(views) {
  const names = ["inbox", "requests", "confirm", "runs"];
  const made = await Promise.all(names.map((name) => api("POST", "/v1/requests?wait=60s&until=result", { code: "1 + 1", purpose: `Of ${name}` })));
  const ids = Object.fromEntries(names.map((name, at) => [name, made[at].id]));
  return views.map((view) => ({ ...view, place: view.place.replace(/\bid$/, ids[view.route] ?? ids.inbox) }));
}

const asking = await placesOf(VIEWS.filter((view) => view.full));

// The rows of these load what they show: whoever comes from there knows requests already, so each list has a visitor of its own.
const inbox = asking.filter((view) => view.route === "");
const runs = asking.filter((view) => view.place === "/runs");
const others = asking.filter((view) => !inbox.includes(view) && !runs.includes(view));

/** One visitor goes through views, and meets that trouble in each. */
async function walk(views, trouble) {
  const page = await troubled();
  await withSignIn(page, () => SOMEBODY);
  const maker = await troubleMaker(page, ASKS);
  for (const view of views) {
    maker.make(trouble);
    if (view === views[0]) await page.visit(view.place);
    else await goTo(page, view.place);
    await says(page, view, trouble);
    await maker.end();
    await isMended(page, view, trouble);
  }
  assert.deepEqual(page.others(), []);
  await page.context().close();
}

const tests = {
  async "each route of the page is troubled"() {
    eachRouteHasARow();
    assert.ok(asking.length >= 18);
  },

  async "every view says what is so, and is mended: slow, gone, 403, 404, 500, 503"() {
    // RP-76
    await Promise.all(TROUBLES.flatMap((trouble) => [inbox, runs, others].map((views) => walk(views, trouble))));
  },

  async "a server that goes while a view is shown is said to be gone, the view stays, and goes on after it"() {
    // RP-76
    const page = await troubled();
    const everything = await troubleMaker(page, ASKS);
    let goes = false;
    await page.route(/\/v1\/events/, (route) => (goes ? route.abort() : route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 50\n\n" })));
    const shown = async () => (await page.locator("main").innerText()).replace(/[\d.,]+ ?(s|ms|min|h)?\b|just now|ago/g, "#");
    await page.visit("/");
    for (const view of asking) {
      await goTo(page, view.place);
      await page.locator("main").getByText(view.full).first().waitFor();
      await until(page, view.place, async () => (await page.locator("main [aria-busy=true]").count()) === 0);
      goes = true;
      everything.make(TROUBLES[1]);
      await page.waitForTimeout(60);
      const banner = page.locator(".banner[role=alert]").getByText("Connection lost");
      await until(page, `${view.place}: nobody says that it is gone`, async () => (await turn(page, 1), (await banner.count()) === 1));
      assert.match(await shown(), typeof view.full === "string" ? new RegExp(view.full.replace(/\d/g, "#")) : view.full, view.place);
      assert.ok(await page.locator(".banner").getByRole("button", { name: "Try now" }).isVisible());
      goes = false;
      await everything.end();
      await until(page, `${view.place}: it is back, and nobody says so`, async () => (await turn(page, 2), (await banner.count()) + (await alerts(page).count()) === 0));
      await page.locator("main").getByText(view.full).first().waitFor();
    }
    assert.deepEqual(page.others(), []);
    await page.context().close();
  },

  async "before the server has said what it is, its trouble is said, and the page begins when it is over"() {
    // RP-76
    for (const trouble of TROUBLES) {
      const page = await troubled();
      const maker = await troubleMaker(page, /\/openapi\.json/);
      maker.make(trouble);
      await page.visit("/runs");
      await says(page, { place: "start" }, { ...trouble, name: trouble.name === "403" ? "refused" : trouble.name });
      await maker.end();
      await isMended(page, { place: "start", full: "Of runs" }, trouble);
      await until(page, "it is live", async () => (await page.locator(".live").getByText("Live", { exact: true }).count()) > 0);
      assert.deepEqual(page.others(), []);
      await page.context().close();
    }
  },

  async "a part of the page that does not come says so, and comes when the server is back"() {
    // RP-76
    const page = await troubled();
    const gone = TROUBLES[1];
    const parts = await troubleMaker(page, /\/assets\/audit-|\/healthz/);
    await page.visit("/");
    parts.make(gone);
    await goTo(page, "/audit");
    await says(page, { place: "/audit" }, gone);
    await parts.end();
    await isMended(page, { place: "/audit", full: "server.started" }, gone);
    await page.context().close();
  },

  async "what is sent says when it takes long or fails, and is sent again by people only, as the same"() {
    // RP-76
    const page = await troubled();
    const keys = [];
    page.on("request", (request) => request.method() === "POST" && keys.push(request.headers()["idempotency-key"]));
    const maker = await troubleMaker(page, /\/v1\/requests$/);
    await page.visit("/submit?example=hello");
    const send = page.getByRole("button", { name: /^Submit/ });
    await page.locator("button:not([aria-disabled=true])", { hasText: /^Submit/ }).waitFor();
    for (const trouble of TROUBLES) {
      maker.make(trouble);
      const button = (await alerts(page).count()) > 0 ? page.getByRole("button", { name: "Try again" }) : send;
      await button.click();
      if (trouble.status) {
        await until(page, "it takes long", async () => (await turn(page, 11), (await page.locator("main [role=status]").getByText(trouble.status).count()) > 0));
        maker.make(TROUBLES[1]);
        await maker.end();
        break;
      }
    }
    await page.getByText(/^Request /).first().waitFor();
    assert.ok(await api("GET", "/v1/requests?limit=1"));
    const before = keys.length;
    await page.visit("/");
    await page.visit("/submit?example=hello");
    for (const trouble of TROUBLES.slice(1)) {
      maker.make(trouble);
      await (trouble === TROUBLES[1] ? send : page.getByRole("button", { name: "Try again" })).click();
      await alerts(page).getByText(trouble.name === "gone" ? "The server does not answer." : "It Broke.").waitFor();
      await turn(page, 30);
    }
    await maker.end();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText(/^Request /).first().waitFor();
    const sent = keys.slice(before);
    assert.equal(sent.length, TROUBLES.length, "once for each press, and never by itself");
    assert.equal(new Set(sent).size, 1, "all of them the same submission");
    assert.notEqual(sent[0], keys[0]);
    assert.deepEqual(page.others(), []);
    await page.context().close();
  },

  async "who signs in is told what is wrong, and gets in when it is over"() {
    // RP-76
    const page = await troubled();
    let session = NOBODY;
    await withSignIn(page, () => session);
    await page.visit("/");
    await page.route("**/page/sign-in", (route) => route.fulfill(SOMEBODY));
    const maker = await troubleMaker(page, /\/page\/sign-in/);
    await page.getByLabel("Key or token").fill("spk_made_up");
    const send = page.getByRole("button", { name: "Sign in", exact: true });
    for (const [trouble, words] of [
      [TROUBLES[1], "Not signed in: The server does not answer. It may be restarting."],
      [{ answer: (route) => route.fulfill(problem(401)) }, "Not signed in: Told by a test."],
      [TROUBLES[4], "Not signed in: Told by a test."],
    ]) {
      maker.make(trouble);
      await send.click();
      await alerts(page).getByText(words).waitFor();
    }
    assert.deepEqual(await axe(page), []);
    maker.make(TROUBLES[0]);
    session = SOMEBODY;
    await send.click();
    const waits = page.getByRole("status").getByText("Still waiting for the server to answer with whether you are signed in.");
    await until(page, "it takes long", async () => (await turn(page, 11), (await waits.count()) > 0));
    await maker.end();
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    assert.deepEqual(page.others(), []);
    await page.context().close();
  },

  async "whoever is not signed in any more signs in, where they were"() {
    // RP-76
    const page = await troubled();
    await withSignIn(page, () => SOMEBODY);
    await page.route("**/page/sign-in", (route) => route.fulfill(SOMEBODY));
    const maker = await troubleMaker(page, ASKS);
    await page.visit("/");
    for (const view of asking.filter((one) => one.route !== "" && one.route !== "requests")) {
      maker.make({ answer: (route) => route.fulfill(problem(401)) });
      await goTo(page, view.place);
      const key = page.getByLabel("Key or token");
      await key.waitFor();
      await maker.end();
      await key.fill("spk_made_up");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.locator("main").getByText(view.full).first().waitFor().catch(() => assert.fail(`${view.place} after the sign-in`));
    }
    assert.deepEqual(page.others(), []);
    await page.context().close();
  },
};

await run(only(tests));
