// SPDX-License-Identifier: MIT
// What the inbox and the review page say: of votes, steps, people who are asked; to a screen reader; while the server is slow or refuses.
// Started by page_test.py with a server.
import assert from "node:assert/strict";
import { api, BASE, looksRight, only, run, visitor, waiting } from "./rig.mjs";

async function ended(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function applyPolicy(text) {
  const response = await fetch(`${BASE}/v1/policy`, { method: "PUT", body: text, headers: { "content-type": "application/yaml", "if-match": "*" } });
  assert.equal(response.status, 200, await response.text());
}

const why = (page) => page.locator(".why");
const vote = (id, answer, comment) => api("POST", `/v1/requests/${id}/votes`, { answer, comment });

/** All that Chromium tells a screen reader: role and name of each node. */
async function spoken(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter((node) => !node.ignored)
    .map((node) => ({ role: node.role?.value, name: node.name?.value ?? "", live: node.properties?.find((one) => one.name === "live")?.value.value }));
}

const NAMED = new Set(["button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "tab", "tabpanel", "dialog", "listbox", "progressbar", "table", "img"]);

const PLACES = (id) => [
  ["the inbox", "/"],
  ["what is decided", "/?tab=done"],
  ["a review", `/requests/${id}`],
  ["its effects", `/requests/${id}?tab=effects`],
  ["its files", `/requests/${id}?tab=files`],
  ["its inputs", `/requests/${id}?tab=inputs`],
  ["its history", `/requests/${id}?tab=history`],
  ["the form", "/submit?example=plot"],
];

const tests = {
  async "votes that count no more are said, and why, where one decides"() {
    // RP-04
    const id = await waiting("print('first')", { purpose: "Said twice" });
    await vote(id, "changes", "louder");
    await api("POST", `/v1/requests/${id}/revisions`, { code: "print('second')" });
    await api("GET", `/v1/requests/${id}?wait=60s`);
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("button", { name: "1 vote on revision 1 counts no more" }).click();
    await page.getByText("it does not count: it is on revision 1, and there is another now").waitFor();
    await looksRight(page, "review-votes");
    await ended(page);
  },

  async "how far the policy's demands are, and who is asked besides since a reminder"() {
    // RP-34, RP-36
    await applyPolicy("defaults: { approvals: 2, timeout: 1h, reminders: [3597s], escalate: [user:rita] }\n");
    const id = await waiting("print('two of them')", { purpose: "Two are asked" });
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await why(page).getByText("0 of 2").waitFor();
    await page.getByRole("list", { name: "How far the approvals are" }).getByText(/^from (anyone|the role reviewer)/).waitFor();
    await vote(id, "approve", "fine");
    await why(page).getByText("1 of 2").waitFor(); // live
    await why(page).getByText("escalated: rita asked, too").waitFor();
    await looksRight(page, "review-policy");

    await api("POST", `/v1/requests/${id}/revisions`, { code: "print('other bytes')" });
    await why(page).getByText("0 of 2").waitFor();
    await page.getByRole("button", { name: "1 vote on revision 1 counts no more" }).waitFor();
    await ended(page);
  },

  async "what a session found in code that has not run is shown before the output"() {
    // RP-31
    await applyPolicy("defaults: {}\nrules:\n  - { name: look, when: { imports: subprocess }, do: ask, gate: before }\n");
    const { id } = await api("POST", "/v1/requests", { code: "import subprocess\nsubprocess.run('true')", gate: "before" });
    await api("GET", `/v1/requests/${id}?wait=60s`);
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("tab", { name: "Findings", selected: true }).waitFor();
    await page.getByRole("list", { name: "Imports" }).getByText("subprocess").waitFor();
    await page.getByText("Nothing has run.").waitFor();
    await looksRight(page, "review-findings");
    await applyPolicy("defaults: {}\n");
    await ended(page);
  },

  async "a step behind the approval is written in the form, kept by a revision, and taken away"() {
    // RP-14
    const page = await visitor();
    await page.visit("/submit");
    await page.getByLabel("Code, main.py").fill("plan = 3\nprint('would', plan)");
    await page.getByRole("button", { name: "Add a step behind the approval" }).click();
    await page.getByLabel("Code of the step, then.py").fill("print('did', plan)");
    await looksRight(page, "submit-step");
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByText("then.py").first().waitFor();
    const id = new URL(page.url()).hash.match(/requests\/([^?]+)/)[1];
    await page.getByRole("link", { name: /^Revise/ }).or(page.getByRole("button", { name: /^Approve/ })).first().waitFor();

    await page.visit(`/submit?from=${id}`);
    await page.getByRole("heading", { name: "Send a revision" }).waitFor();
    assert.equal(await page.getByLabel("Code of the step, then.py").inputValue(), "print('did', plan)");
    await page.getByLabel("Code of the step, then.py").fill("print('did it', plan)");
    await page.getByRole("button", { name: /^Send the revision/ }).click();
    await page.getByRole("region", { name: "Code", exact: true }).getByText("did it").waitFor();
    await page.getByRole("button", { name: /^Approve/ }).waitFor();

    await page.visit(`/submit?from=${id}`);
    await page.getByRole("button", { name: "Remove the step" }).click();
    await page.getByRole("button", { name: /^Send the revision/ }).click();
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    assert.equal((await api("GET", `/v1/requests/${id}`)).then, undefined);
    assert.deepEqual(
      (await api("GET", `/v1/requests/${id}`)).revisions.map((one) => one.then?.code.bytes),
      [18, 21, undefined],
    );
    await ended(page);
  },

  async "a screen reader hears names, landmarks and what changes"() {
    // RP-71
    const id = await waiting("open('/mnt/data/a.txt', 'w').write('x')\nprint('to be heard')", {
      files: [{ path: "in.csv", content: btoa("a,b\n") }],
      purpose: "To be heard",
    });
    const page = await visitor();
    for (const [name, place] of PLACES(id)) {
      await page.visit(place);
      await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && !document.querySelector("main h1.vh"));
      const nodes = await spoken(page);
      const count = (role) => nodes.filter((node) => node.role === role).length;
      assert.deepEqual([count("main"), count("banner")], [1, 1], `landmarks of ${name}`);
      assert.ok(nodes.some((node) => node.role === "navigation" && node.name === "Main"), name);
      const nameless = nodes.filter((node) => NAMED.has(node.role) && !/[\p{L}\p{N}]/u.test(node.name));
      assert.deepEqual(nameless, [], `without a name in ${name}`);
      assert.equal(await page.locator("h1").count(), 1, name);
      assert.ok(nodes.some((node) => node.live === "polite"), `nothing of ${name} is live`);
    }

    // The region is there before the words are: what has just come into the page is not read.
    await page.visit(`/requests/${id}`);
    const state = page.getByRole("status", { name: "State of the request" });
    await state.getByText("It waits for a decision.").waitFor();
    await state.evaluate((element) => (window.spokenRegion = element));
    await vote(id, "approve", "heard");
    await state.getByText(/^It is approved now\./).waitFor();
    assert.ok(await state.evaluate((element) => element === window.spokenRegion), "the same region says it");
    await ended(page);
  },

  async "who wants less motion gets none"() {
    // RP-71
    const page = await visitor(); // which asks for less
    const moving = () => page.evaluate(() => document.getAnimations().filter((one) => one.playState === "running").length);
    const moves = () =>
      page.evaluate(() => [...document.querySelectorAll("*")].some((one) => getComputedStyle(one).transitionDuration !== "0s"));
    await page.visit("/parts");
    await page.locator("[data-part=Wait] .skel").first().waitFor();
    assert.deepEqual([await moving(), await moves()], [0, false]);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await page.waitForFunction(() => document.getAnimations().length > 0);
    await page.context().close();
  },

  async "each view of inbox and review says what is so: refused, gone, empty"() {
    // RP-76
    const id = await waiting("print('looked at')");
    const problem = (status, title) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ title, detail: `${title}.`, status }) });
    const lists = /\/v1\/requests\?/;
    const single = new RegExp(`/v1/requests/${id}$`);
    const rows = [
      ["/", lists, problem(500, "It Broke"), "It Broke"],
      ["/?tab=done", lists, problem(403, "Not Allowed Here"), "Not Allowed Here"],
      [`/requests/${id}`, single, problem(403, "Not For You"), "Not For You"],
      [`/requests/${id}`, single, problem(503, "Too Much At Once"), "Too Much At Once"],
      [`/requests/${id}`, single, problem(404, "Unknown Request"), "There is no request with this id"],
      ["/", lists, { status: 200, contentType: "application/json", body: '{"requests":[]}' }, "Nothing stands between the doors"],
      ["/?tab=others", lists, { status: 200, contentType: "application/json", body: '{"requests":[]}' }, "Nothing of yours waits"],
      ["/?tab=done", lists, { status: 200, contentType: "application/json", body: '{"requests":[]}' }, "Nothing was decided yet"],
    ];
    for (const [place, pattern, answer, words] of rows) {
      const page = await visitor();
      await page.route(pattern, (route) => route.fulfill(answer));
      await page.visit(place);
      await page.getByText(words).first().waitFor();
      assert.equal(await page.locator("[aria-busy=true]").count(), 0, `${place}: nothing goes on turning beside "${words}"`);
      const again = page.getByRole("button", { name: "Try again" });
      if (await again.count()) {
        await page.unroute(pattern);
        await again.click();
        await page.getByText(words).first().waitFor({ state: "detached" });
        await page.locator(place.startsWith("/requests") ? ".decide" : ".inbox, .empty").first().waitFor();
      } else {
        assert.ok(answer.status === 200 || answer.status === 404, `${place} with ${answer.status} can be tried again`);
      }
      await page.context().close();
    }
  },

  async "what has not run, runs, or was given up is not said to have made nothing"() {
    // RP-76
    const page = await visitor();
    const { id } = await api("POST", "/v1/requests", { code: "print('not yet')", gate: "before" });
    await page.visit(`/requests/${id}`);
    await page.locator(".facts").waitFor();
    assert.equal(await page.locator(".facts .not", { hasText: "not yet" }).count(), 6);
    for (const [tab, words] of [["output", "Not run yet"], ["files", "Files are listed when the run is over."], ["effects", "Not run yet"]]) {
      await page.visit(`/requests/${id}?tab=${tab}`);
      await page.getByRole("tabpanel").getByText(words).waitFor();
    }
    assert.doesNotMatch(await page.locator("main").innerText(), /\b0 (tried|files|B)\b|printed nothing/);
    await api("POST", `/v1/requests/${id}/cancel`, { reason: "no longer wanted" });
    await page.getByText("Cancelled by").waitFor();
    await page.visit(`/requests/${id}?tab=output`);
    assert.doesNotMatch(await page.locator("main").innerText(), /\b0 (tried|files|B)\b|printed nothing/);
    await ended(page);
  },
};

await run(only(tests));
