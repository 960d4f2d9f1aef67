// SPDX-License-Identifier: MIT
// The pages of the scheduler in a hub that is not the first: what is started there, a tree of sub-orchestrations, verbs, entities and
// workers. Started by page_test.py with a server and a worker that knows MonthEnd, Close and Ledger.
import assert from "node:assert/strict";
import { api, axe, BASE, looksRight, run, server, shots, visitor } from "./rig.mjs";
import { mkdirSync } from "node:fs";

const HUB = "reports";

/** In that hub, as a program would. */
const inHub = (method, path, body) =>
  fetch(`${BASE}/v1/taskhubs${path}`, {
    method,
    headers: { "x-taskhub": HUB, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).then(async (response) => {
    assert.ok(response.ok, `${path}: ${response.status}`);
    const text = await response.text();
    return text ? JSON.parse(text) : undefined;
  });

const tree = (page) => page.getByRole("list", { name: "Parent and children" });
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** A verb of an instance, with its question answered. */
async function verb(page, name, field, value) {
  await button(page, name).click();
  const dialog = page.getByRole("dialog");
  if (field) await dialog.getByLabel(field).fill(value);
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "another hub has its own entities, and no instance of the first"() {
    // RP-74
    await api("PUT", `/v1/hubs/${HUB}`, {});
    await inHub("POST", "/entities/@counter@orders/signal", { operation: "add", input: "1" });
    const page = await visitor();
    await page.visit("/entities");
    await page.getByText("This hub has no entities").waitFor();
    await page.getByLabel("Task hub").selectOption(HUB);
    await page.getByRole("link", { name: "counter orders" }).click();
    await page.getByText("It has no state.").waitFor();
    await page.getByLabel("Operation").fill("add");
    await button(page, "Send").click();
    await page.getByText("add: sent.").waitFor();
    assert.match(page.url(), /hub=reports/);
    await looksRight(page, "entities");
    await page.visit(`/workers?hub=${HUB}`);
    await page.getByText("Nobody works for this hub").waitFor();
    await page.visit(`/entities?hub=${HUB}&key=counter@`);
    await page.getByRole("row", { name: /counter orders/ }).getByText("none", { exact: true }).waitFor();
    await page.route("**/entities/*/state", (route) => route.fulfill({ status: 200, contentType: "text/plain", body: '{"value": 48211}' }));
    await page.visit("/");
    await page.visit(`/entities?hub=${HUB}&key=counter@orders`);
    await page.getByRole("row", { name: /counter orders/ }).getByText('{"value": 48211}').waitFor();
    await looksRight(page, "entities-state");
    await page.getByLabel("Name and key").fill("other@orders");
    await page.getByLabel("Name and key").press("Enter");
    await page.getByText("None is called that").waitFor();
    assert.deepEqual(page.faults.filter((fault) => !/404/.test(fault)), []); // its state is not there, as the server says
    await page.context().close();
  },

  async "what is started in another hub is followed there, as a tree with links both ways, and steered"() {
    // RP-74, RP-75
    const page = await visitor();
    await page.visit("/orchestrations");
    await page.getByLabel("Task hub").selectOption(HUB);
    await page.getByText("Nothing was started in this hub").waitFor();
    await button(page, "Start").click();
    await page.getByRole("dialog").getByLabel("Name").fill("MonthEnd");
    await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
    await page.getByRole("heading", { name: "MonthEnd" }).waitFor();
    await page.getByText("Why it does not move:").waitFor();
    assert.equal(await tree(page).count(), 0); // it has neither
    await page.getByRole("link", { name: "See workers" }).click();
    await page.getByText("Nobody works for this hub").waitFor();
    const unheard = page.getByRole("listitem").filter({ hasText: "MonthEnd" });
    assert.match(await unheard.innerText(), /orchestration MonthEnd.*no worker is connected to its task hub: 1 instance waits/s);
    await looksRight(page, "workers-nobody");
    await server("work");
    await page.getByRole("table", { name: `Workers of ${HUB}` }).waitFor();
    await page.goBack();

    const close = tree(page).getByRole("link", { name: "Close", exact: true });
    await close.nth(1).waitFor();
    assert.equal(await close.count(), 2);
    await page.getByRole("button", { name: "Children of Close close-eu" }).click();
    const ledger = tree(page).getByRole("listitem").filter({ hasText: "Ledger" }).last();
    await ledger.getByText("Completed").waitFor();
    await looksRight(page, "instance-tree");

    await tree(page).getByTitle("close-us").click();
    await page.getByRole("heading", { name: "Close" }).waitFor();
    await tree(page).getByRole("link", { name: "MonthEnd" }).waitFor();
    await verb(page, "Suspend", "Reason", "a look first");
    await page.locator(".crumb").getByText("Suspended").waitFor();
    await verb(page, "Resume");
    await page.locator(".crumb").getByText("Running").waitFor();
    await verb(page, "Raise event", "Name of the event", "Go");
    await page.locator(".crumb").getByText("Completed").waitFor(); // live, in this hub
    await page.getByRole("region", { name: "Output" }).getByText("closed").waitFor();
    await tree(page).getByRole("link", { name: "MonthEnd" }).click();
    await page.getByRole("heading", { name: "MonthEnd" }).waitFor();
    await page.locator(".crumb").getByText("Completed").waitFor();

    await verb(page, "Purge");
    await page.getByRole("heading", { name: "Orchestrations" }).waitFor();
    await page.getByRole("table", { name: `Instances of ${HUB}, newest first` }).getByText("Close").first().waitFor();
    assert.equal(await page.getByRole("link", { name: "MonthEnd" }).count(), 0);
    assert.deepEqual(await axe(page), []);
    await page.getByLabel("Task hub").selectOption("default");
    await page.getByText("Nothing was started in this hub").waitFor();
    assert.deepEqual(page.faults.filter((fault) => !/404/.test(fault)), []); // what was purged is not there
    await page.context().close();
  },

  async "each task has a bar of its own, its tries inside, and many of one name are one row until it is opened"() {
    // RP-75
    await api("PUT", `/v1/hubs/${HUB}`, {});
    await server("work");
    await inHub("POST", "/orchestrations", { name: "Import", instanceId: "import-1" });
    const page = await visitor();
    await page.visit(`/instances/import-1?hub=${HUB}`);
    await page.locator(".crumb").getByText("Completed").waitFor();
    const lanes = page.getByRole("list", { name: "Timeline of the instance" }).getByRole("img");
    const said = async () => (await lanes.evaluateAll((all) => all.map((one) => one.ariaLabel))).map((label) => label.replace(/[\d.,]+ m?s/, "#"));
    assert.deepEqual(await said(), ["Import: over, #", "Load, 1 of 3: failed, done, #, 1 retry", "Load, 2 of 3: done, #", "Load, 3 of 3: done, #", "Count × 10: #"]);
    await looksRight(page, "instance-tasks");
    await page.getByRole("button", { name: "Count × 10" }).click();
    await page.getByRole("img", { name: /^Count, 10 of 10: done/ }).waitFor();
    assert.equal(await lanes.count(), 14);
    await page.getByRole("button", { name: "Count, 1 of 10" }).click();
    await page.getByRole("button", { name: "Count × 10" }).waitFor();
    const ended = page.getByRole("table", { name: "History of the instance" }).getByRole("row", { name: /taskCompleted Load/ });
    assert.equal(await ended.count(), 3); // what ends says what it ends
    assert.match(await ended.first().innerText(), /\d m?s$/);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "who works no more is said to be gone, while one looks"() {
    // RP-76
    const page = await visitor();
    let there = ["etl-1", "etl-2"];
    await page.clock.install();
    await page.route("**/v1/taskhubs/workers", (route) =>
      route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({ workers: there.map((workerId) => ({ workerId })) }) }),
    );
    await page.visit("/workers");
    await page.getByText("2 workers connected").waitFor();
    assert.equal(await page.getByText("Gone since this page was opened").count(), 0);
    const turnTo = async (words) => {
      for (let times = 0; times < 40 && (await page.getByText(words).count()) === 0; times++) await page.clock.runFor(1000);
      await page.getByText(words).waitFor();
    };
    there = ["etl-1"];
    await turnTo("1 worker connected");
    await page.getByRole("listitem").filter({ hasText: "etl-2" }).getByText("is not connected any more").waitFor();
    assert.deepEqual(await axe(page), []);
    there = ["etl-1", "etl-2"];
    await turnTo("2 workers connected");
    await page.getByText("Gone since this page was opened").waitFor({ state: "detached" });
    await page.context().close();
  },
};
if (shots) mkdirSync(shots, { recursive: true });
await run(Object.fromEntries(Object.entries(tests).filter(([name]) => !only || new RegExp(only).test(name))));
