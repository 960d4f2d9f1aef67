// SPDX-License-Identifier: MIT
// The inbox with thousands that wait. Started by page_test.py with a server that has PAGE_COUNT of them.
import assert from "node:assert/strict";
import { api, axe, BASE, only, run, shots, visitor } from "./rig.mjs";

const COUNT = Number(process.env.PAGE_COUNT);
const ROWS_MOST = 260; // in the page at once: those around the view, and around what is chosen or has the focus
const PAGE = 100; // as live/waiting.ts asks for them
const rows = (page) => page.locator(".inbox > li[data-id]");

/** What the page asks the API for from now on: lists, and single requests. */
function listen(page) {
  const asked = { lists: 0, details: 0 };
  page.on("request", (request) => {
    const path = request.url().replace(BASE, "");
    if (/^\/v1\/requests\?/.test(path)) asked.lists++;
    if (/^\/v1\/requests\/[0-9a-f-]{36}$/.test(path)) asked.details++;
  });
  return asked;
}

/** Whether there are rows in the whole of the view, and how many there are in the page. */
const view = (page) =>
  page.evaluate(() => {
    const at = (height) => document.elementFromPoint(700, height)?.closest(".inbox > li[data-id]");
    return {
      filled: [300, 500, 700].every((height) => at(height)),
      middle: Number(at(500)?.getAttribute("aria-posinset")),
      drawn: document.querySelectorAll(".inbox > li[data-id]").length,
    };
  });

async function toTheEnd(page) {
  const known = () => page.evaluate(() => document.querySelector("#t-me .n")?.textContent);
  for (let turn = 0; turn < 2 * (COUNT / PAGE) && (await known())?.endsWith("+"); turn++) {
    const before = await known();
    // Again and again: a row that is drawn late makes the list longer behind a scroll to its end.
    await page.waitForFunction(
      (was) => {
        window.scrollTo(0, document.documentElement.scrollHeight);
        return document.querySelector("#t-me .n")?.textContent !== was;
      },
      before,
      { polling: 50 },
    );
    assert.ok((await view(page)).drawn <= ROWS_MOST);
  }
  return known();
}

const tests = {
  async "ten thousand that wait are scrolled through without end, and few rows are there at once"() {
    // RP-70
    const page = await visitor();
    const asked = listen(page);
    await page.visit("/");
    await rows(page).first().waitFor();
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    console.log(`first contentful paint with ${COUNT} waiting: ${Math.round(paint)} ms`);
    assert.equal(asked.lists, 1, "the first page is one question");

    assert.equal(await toTheEnd(page), String(COUNT));
    assert.ok(asked.lists <= 2 + COUNT / PAGE, `${asked.lists} lists for ${COUNT} requests`);
    const last = rows(page).last();
    for (let turn = 0; turn < 100 && (await last.getAttribute("aria-posinset")) !== String(COUNT); turn++) {
      await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
      await page.waitForTimeout(50); // the last page has made it longer
    }
    assert.deepEqual([await last.getAttribute("aria-posinset"), await last.getAttribute("aria-setsize")], [String(COUNT), String(COUNT)]);
    for (const part of [0.83, 0.21, 0.5, 0.02, 0.97, 0.66]) {
      await page.evaluate((to) => window.scrollTo(0, to * document.documentElement.scrollHeight), part);
      await page.waitForFunction(() => document.elementFromPoint(700, 500)?.closest(".inbox > li[data-id]"));
      await page.waitForTimeout(50);
      const { filled, middle, drawn } = await view(page);
      assert.ok(filled, `a hole at ${part} of the list`);
      assert.ok(Math.abs(middle / COUNT - part) < 0.05, `row ${middle} at ${part} of the list`);
      assert.ok(drawn <= ROWS_MOST, `${drawn} rows at once`);
    }
    assert.ok(asked.lists <= 2 + COUNT / PAGE, "nothing is asked for twice");
    if (shots) await page.screenshot({ path: `${shots}/inbox-many.png` });
    assert.deepEqual(await axe(page), []);

    // Back finds its place.
    await page.waitForTimeout(300);
    const before = await view(page);
    await rows(page).filter({ has: page.locator("h2 a") }).nth(Math.floor(before.drawn / 2)).locator("h2 a").evaluate((link) => link.click());
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await page.goBack();
    await page.waitForFunction(
      (was) => Math.abs(Number(document.elementFromPoint(700, 500)?.closest(".inbox > li[data-id]")?.getAttribute("aria-posinset")) - was) <= 2,
      before.middle,
    );
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "events change rows one by one; nothing reloads the list"() {
    // RP-70, RP-73
    const page = await visitor();
    const asked = listen(page);
    await page.visit("/");
    await rows(page).first().waitFor();
    await page.locator(".rail-foot").getByText("Live", { exact: true }).waitFor();
    await page.waitForTimeout(1000); // the rows in view have asked for what lists do not have
    const listed = asked.lists;
    const many = (await api("GET", "/v1/requests?state=waiting&limit=50")).requests.slice(20);
    const details = asked.details;
    await Promise.all(many.map(({ id }) => api("POST", `/v1/requests/${id}/votes`, { answer: "reject", comment: "no" })));
    await page.waitForFunction((gone) => gone.every((id) => !document.querySelector(`[data-id="${id}"]`)), many.map(({ id }) => id));
    assert.ok(asked.details - details <= 40, `${asked.details - details} questions for ${many.length} decisions`);

    await page.evaluate(() => window.scrollTo(0, 300));
    await api("POST", "/v1/requests", { code: "print('new')", gate: "before", purpose: "The newest" });
    await page.getByRole("button", { name: "1 new" }).click();
    assert.equal(asked.lists, listed, "no list was asked for");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "by keys through the list: the focus stays with its row however far one scrolls"() {
    // RP-70, RP-71
    const page = await visitor();
    await page.visit("/");
    await rows(page).first().waitFor();
    for (let turn = 0; turn < 3; turn++) {
      await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
      await page.waitForTimeout(400);
    }
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const focused = () => page.evaluate(() => document.activeElement.closest("[data-id]")?.getAttribute("aria-posinset"));
    const at = Number(await focused());
    assert.ok(at >= 1);
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await page.waitForTimeout(300);
    assert.equal(Number(await focused()), at, "the row with the focus is still there");
    await page.keyboard.press("j");
    await page.waitForFunction((next) => document.activeElement.closest("[data-id]")?.getAttribute("aria-posinset") === next, String(at + 1));
    await page.keyboard.press("o");
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "a filter looks through all that wait, not only through what was read"() {
    // RP-70, RP-76
    const page = await visitor();
    await page.visit(`/?filter=${encodeURIComponent(`Waiting ${COUNT - 7}`)}`);
    await page.getByText(/^Looking through the rest/).waitFor();
    assert.equal(await page.getByText("None matches the filter").count(), 0);
    await page.getByRole("link", { name: `Waiting ${COUNT - 7}`, exact: true }).waitFor();
    await page.visit("/?filter=nothing-has-this");
    await page.getByText("None matches the filter").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },
};

await run(only(tests));
