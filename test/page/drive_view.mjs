// SPDX-License-Identifier: MIT
// How the page shows what there is: an instance of the scheduler, places that come back, waits that say for what. Started
// by page_test.py with a server.
import assert from "node:assert/strict";
import { api, axe, BASE, run, visitor, waiting } from "./rig.mjs";

async function ended(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "an instance is shown as bars, events and payloads, with why it does not move"() {
    // RP-75
    const id = await waiting("print('moves on approval')");
    const page = await visitor();
    await page.visit(`/instances/${id}`);
    const bars = page.getByRole("list", { name: "Timeline of the instance" });
    await bars.getByText("CodeExecutionOrchestrator").waitFor();
    assert.ok((await bars.getByRole("img").count()) >= 2, "a bar for the instance and one for its run");
    await page.getByText("Why it does not move:").waitFor();
    await page.getByRole("cell", { name: "executionStarted" }).waitFor();
    await page.getByRole("button", { name: "JSON" }).click();
    await page.getByLabel("History as JSON").getByText("executionStarted").waitFor();
    assert.match(page.url(), /history=json/);
    await page.getByRole("region", { name: "Input" }).waitFor();
    await page.getByText("Not there yet: it is not over.").waitFor();
    assert.deepEqual(await axe(page), []);

    await api("POST", `/v1/requests/${id}/votes`, { answer: "approve" });
    await page.getByText("Why it does not move:").waitFor({ state: "detached" });
    await page.getByRole("region", { name: "Output" }).waitFor();
    await ended(page);
  },

  async "an instance that cannot take a verb says why, and one that can asks first"() {
    // RP-75
    const id = await waiting("print('ended by hand')");
    const page = await visitor();
    await page.visit(`/instances/${id}`);
    assert.equal(await page.getByRole("button", { name: "Purge" }).getAttribute("title"), "Only when it is over");
    await page.getByRole("button", { name: "Terminate" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This cannot be taken back.").waitFor();
    await dialog.getByLabel("Reason").fill("no longer wanted");
    await dialog.getByRole("button", { name: "Terminate" }).click();
    await page.getByText("Terminate: done.").waitFor();
    await page.getByRole("button", { name: "Terminate", description: "It is over" }).waitFor();
    await ended(page);
  },

  async "a log of 50 MB scrolls to its last line, and its long lines wrap when somebody wants it"() {
    // RP-72
    const page = await visitor();
    await page.visit("/parts");
    await page.getByRole("button", { name: "A log of 50 MB" }).click({ timeout: 90_000 });
    const log = page.getByRole("region", { name: "huge" });
    await log.getByText("line 0 of a log that somebody will read").waitFor();
    const lines = await page.evaluate(() => document.querySelectorAll("pre[aria-label=huge] .o").length);
    assert.ok(lines < 1000, `${lines} lines are in the page`);
    const to = (share) =>
      log.evaluate((box, share) => (box.scrollTop = share * (box.scrollHeight - box.clientHeight)), share);
    await to(0.5);
    await log.getByText(/^line [3-7]\d{5} of a log/).first().waitFor();
    await to(1);
    await log.getByText("the last line").waitFor();
    await log.getByText(/^ … 1,000,0\d\d|9\d\d,\d{3} more characters: Wrap shows them/).waitFor();
    await page.locator("[data-part=Output]").getByRole("button", { name: "Wrap" }).last().click();
    await to(0.999);
    await to(1);
    await log.getByText("the last line").waitFor();
    const wide = await log.evaluate((box) => box.scrollWidth - box.clientWidth);
    assert.ok(wide <= 0, `wrapped rows are ${wide} px too wide`);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "as many lines as a run can keep are shown to the last one"() {
    // RP-72
    const id = await waiting("for number in range(60000): print('row', number)\nprint('y' * 30000)\nprint('the end')");
    const page = await visitor();
    await page.visit(`/requests/${id}?tab=output`);
    const log = page.getByRole("region", { name: "stdout" });
    await log.getByText("row 0", { exact: true }).waitFor();
    await log.evaluate((box) => (box.scrollTop = box.scrollHeight));
    await log.getByText("the end").waitFor();
    await log.getByText("13,616 more characters: Wrap shows them").waitFor();
    await ended(page);
  },

  async "what one looks at is in the address, and Back restores it with its scroll"() {
    // RP-72
    for (let i = 0; i < 30; i++) await waiting(`print('row ${i}')`, { purpose: `Row ${i}` });
    const page = await visitor();
    await page.visit("/runs");
    await page.getByText("Row 0", { exact: true }).scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => window.scrollY);
    assert.ok(before > 0, "the list is longer than the screen");
    await page.getByText("Row 0", { exact: true }).click();
    await page.waitForURL(/#\/(runs|requests)\//);
    await page.goBack();
    await page.getByText("Row 0", { exact: true }).waitFor();
    await page.waitForFunction((top) => Math.abs(window.scrollY - top) < 5, before);

    const copy = await visitor();
    const id = await waiting("print('a place of its own')");
    await page.visit(`/requests/${id}`);
    await page.getByRole("tab", { name: /Inputs/ }).click();
    await copy.goto(page.url());
    await copy.getByRole("tab", { name: /Inputs/, selected: true }).waitFor();
    await ended(copy);
    await ended(page);
  },

  async "a wait says what it waits for, and a failure says what and why"() {
    // RP-76
    const id = await waiting("print('slow to be told')");
    const page = await visitor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route(`${BASE}/v1/requests/${id}*`, async (route) => {
      await held;
      await route.continue();
    });
    await page.visit(`/requests/${id}`);
    await page.getByText(/^Still waiting for the server to answer with /).waitFor();
    release();
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    assert.equal(await page.getByText(/^Still waiting/).count(), 0);

    await page.visit("/requests/no-such-request");
    await page.getByText(/There is no such request|no request/i).first().waitFor();
    assert.equal(await page.locator("[aria-busy=true]").count(), 0);
    page.faults.length = 0; // the console says that the server knew none
    await ended(page);
  },
};
await run(Object.fromEntries(Object.entries(tests).filter(([name]) => !only || new RegExp(only).test(name))));
