// SPDX-License-Identifier: MIT
// The page in a real browser against a real server, as people use it. Started by page_test.py.
import assert from "node:assert/strict";
import { api, run, visitor, waiting } from "./rig.mjs";

const tests = {
  async "submit, see it run, review, approve"() {
    const page = await visitor();
    await page.visit("/submit?example=plot");
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByText("highest: starter in 2026Q3").waitFor();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByRole("tab", { name: /Result and plots/ }).click();
    await page.getByRole("img", { name: "Plot 1 that the code drew" }).waitFor();
    await page.getByRole("rowheader", { name: "2026Q1" }).waitFor();
    const id = new URL(page.url()).hash.match(/requests\/([^?]+)/)[1];
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    assert.equal((await api("GET", `/v1/requests/${id}`)).state, "approved");
    assert.deepEqual(page.faults, []);
  },

  async "a rejection needs its reason, and the reason is kept"() {
    const id = await waiting("print('to be rejected')");
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("button", { name: /^Reject/ }).click();
    await page.getByText("Say why you reject it.").waitFor();
    assert.equal((await api("GET", `/v1/requests/${id}`)).state, "waiting");
    await page.getByLabel("Comment").fill("wrong table");
    await page.getByRole("button", { name: /^Reject/ }).click();
    await page.getByText("Rejected by").waitFor();
    const { state, decision } = await api("GET", `/v1/requests/${id}`);
    assert.deepEqual([state, decision.comment], ["rejected", "wrong table"]);
    assert.deepEqual(page.faults, []);
  },
};

await run(tests);
