// SPDX-License-Identifier: MIT
// A link by which one person decides, in a browser and without a sign-in: one that counts, one that is used, one that is over, one that
// was changed, and all of it without JavaScript. Started by page_test.py with the keys of who submits and of who decides.
import assert from "node:assert/strict";
import { BASE, looksRight, only, run, visitor } from "./rig.mjs";

const { PAGE_KEY, PAGE_SUBMITTER, PAGE_OWNER } = process.env;

async function as(key, method, path, body, type = "application/json") {
  const headers = { authorization: `Bearer ${key}`, "content-type": type, "if-match": "*" };
  const response = await fetch(`${BASE}${path}`, { method, headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

const look = (id) => as(PAGE_OWNER, "GET", `/v1/requests/${id}`);

/** A request that waits, and a link about it. */
async function linked(purpose) {
  const { id } = await as(PAGE_SUBMITTER, "POST", "/v1/requests?wait=60s&until=result", { code: "print('seen')", purpose });
  const { url } = await as(PAGE_KEY, "POST", `/v1/requests/${id}/links`);
  return { id, path: new URL(url).pathname };
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

const tests = {
  async "one that counts is shown, and its form decides, with and without JavaScript; used, it says so"() {
    // RP-43
    for (const script of [true, false]) {
      const { id, path } = await linked(`Of a link, script ${script}`);
      const page = await visitor({ script });
      await page.goto(`${BASE}${path}`);
      await page.getByText("Waiting for you").waitFor();
      await page.getByText("seen", { exact: true }).first().waitFor();
      if (script) await looksRight(page, "confirm-link");
      assert.equal((await look(id)).state, "waiting"); // whatever was opened
      await page.getByLabel("Comment, which some answers need").fill("read on the way");
      await button(page, "Approve").click();
      await page.getByText(/^You approved this at/).waitFor();
      const { state, decision } = await look(id);
      assert.deepEqual([state, decision.via, decision.comment], ["approved", "link", "read on the way"]);
      await page.reload();
      await page.getByText("This link is used up").waitFor();
      assert.equal(await page.getByRole("button").count(), 0);
      if (script) await looksRight(page, "confirm-link-used");
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
  },

  async "a form that was open when somebody else decided decides nothing, and says who did"() {
    // RP-43
    const { id, path } = await linked("Of two");
    const page = await visitor({ script: false });
    await page.goto(`${BASE}${path}`);
    await as(PAGE_OWNER, "POST", `/v1/requests/${id}/votes`, { answer: "approve" });
    await page.getByLabel("Comment, which some answers need").fill("no");
    await button(page, "Reject").click();
    await page.getByText("It was approved by").waitFor();
    assert.equal(await page.getByRole("button").count(), 0);
    assert.equal((await look(id)).state, "approved");
    await page.context().close();
  },

  async "one that was changed is none, and one that is over says so"() {
    // RP-43
    await as(PAGE_OWNER, "PUT", "/v1/policy", "defaults: { timeout: 12s, on_timeout: fail }\n", "application/yaml");
    const { id, path } = await linked("Of a short time");
    const page = await visitor({ script: false });
    const last = path.at(-9) === "A" ? "B" : "A";
    const forged = await page.goto(`${BASE}${path.slice(0, -9)}${last}${path.slice(-8)}`);
    assert.equal(forged.status(), 404);
    assert.equal(await page.getByRole("button").count(), 0);
    while ((await look(id)).state === "waiting") await new Promise((done) => setTimeout(done, 100)); // its time is what ends it
    let over;
    do over = await page.goto(`${BASE}${path}`); // and the link a moment later
    while (over.status() === 200);
    assert.equal(over.status(), 410);
    await page.getByText(/This link is over/).waitFor();
    assert.equal(await page.getByRole("button").count(), 0);
    await page.context().close();
  },

  async "a message for many leads to the confirm page, where whoever comes signs in and decides"() {
    // RP-43
    await as(PAGE_OWNER, "PUT", "/v1/policy", "defaults: {}\n", "application/yaml");
    const { id } = await linked("Of a room");
    const page = await visitor({ phone: true });
    await page.goto(`${BASE}/#/confirm/${id}`);
    await page.getByLabel("Key or token").fill(PAGE_KEY);
    await button(page, "Sign in").click();
    await page.getByText("Opening this page decided nothing").waitFor();
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    assert.equal((await look(id)).state, "approved");
    // The task hubs are not for a reviewer, which browsers write down.
    assert.deepEqual(page.faults.filter((fault) => !/403/.test(fault)), []);
    await page.context().close();
  },
};

await run(only(tests));
