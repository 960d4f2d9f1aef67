// SPDX-License-Identifier: MIT
// The page of a task scheduler alone, without the app: its users find what they have, and nothing that they have not. Started by
// page_test.py with a scheduler and a worker that knows MonthEnd, Close and Ledger.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { BASE, looksRight, only, run, server, shots, visitor } from "./rig.mjs";

const HUB = "reports";
const button = (page, name) => page.getByRole("button", { name, exact: true });
const putHub = () => fetch(`${BASE}/v1/hubs/${HUB}`, { method: "PUT", body: "{}", headers: { "content-type": "application/json" } });
const links = (page) => page.getByRole("navigation", { name: "Main" }).getByRole("link").allInnerTexts();

/** What is asked of the server that it does not have would be a fault in the console. */
async function ended(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const tests = {
  async "its first view is that of what it has, and it names no other"() {
    // RP-74
    const page = await visitor();
    await page.goto(`${BASE}/`);
    await page.getByRole("heading", { name: "Orchestrations" }).waitFor();
    await page.getByText("Nothing was started in this hub").waitFor();
    await page.locator(".rail-foot").getByText("Live", { exact: true }).waitFor();
    assert.deepEqual(await links(page), ["Orchestrations", "Entities", "Workers", "Audit", "People and keys", "API"]);
    await looksRight(page, "scheduler");
    await page.goBack();
    assert.equal(page.url(), "about:blank"); // and Back leaves it
    await ended(page);
  },

  async "a view of what it has not says so at once, and leads to what there is"() {
    // RP-74, RP-76
    const page = await visitor();
    for (const place of ["/requests/7f3a", "/submit", "/confirm/7f3a", "/runs", "/policies", "/webhooks"]) {
      await page.visit(place);
      await page.getByRole("heading", { name: "This server takes no requests" }).first().waitFor();
      assert.equal(await page.locator("[aria-busy=true]").count(), 0, place);
    }
    await looksRight(page, "scheduler-no-requests");
    await page.getByRole("link", { name: "To the orchestrations" }).click();
    await page.getByRole("heading", { name: "Orchestrations" }).waitFor();
    await ended(page);
  },

  async "what its users do is done: a hub, an orchestration, its tree, an event, workers, the audit log"() {
    // RP-74, RP-75
    assert.ok((await putHub()).ok);
    const page = await visitor();
    await page.visit(`/orchestrations?hub=${HUB}`);
    await button(page, "Start").click();
    await page.getByRole("dialog").getByLabel("Name").fill("MonthEnd");
    await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
    await page.getByText("Why it does not move:").waitFor();
    await server("work");
    await page.getByRole("list", { name: "Parent and children" }).getByTitle("close-us").click();
    await page.getByRole("heading", { name: "Close" }).waitFor();
    await button(page, "Raise event").click();
    await page.getByRole("dialog").getByLabel("Name of the event").fill("Go");
    await page.getByRole("dialog").getByRole("button", { name: "Raise event" }).click();
    await page.locator(".crumb").getByText("Completed").waitFor(); // live
    await looksRight(page, "scheduler-instance");
    await page.visit(`/workers?hub=${HUB}`);
    await page.getByText("1 worker connected").waitFor();
    await page.visit(`/entities?hub=${HUB}`);
    await page.getByText("This hub has no entities").waitFor();
    await page.visit("/audit");
    await page.getByText("server.started").first().waitFor();
    await page.visit("/people");
    await page.getByRole("heading", { name: "People and keys" }).waitFor();
    await page.visit("/api");
    await page.getByRole("link", { name: /orchestrations\/query/ }).first().waitFor();
    await ended(page);
  },
};

if (shots) mkdirSync(shots, { recursive: true });
await run(only(tests));
