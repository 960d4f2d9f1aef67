// SPDX-License-Identifier: MIT
// Who governs works with the page: the policy, standing approvals, absences, the audit log, people and keys. Started by
// page_test.py with a server of its own; with --shots FOLDER pictures of each view are left there, to be looked at.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { api, BASE, looksRight, run, shots, visitor, waiting } from "./rig.mjs";

const DRAFT = `# who looks at what
defaults:
  approvals: 1
rules:
  - name: two for what prints
    when: { code_matches: 'print' }
    do: ask
    approvals: 2
    reviewers: [group:security]
`;

const button = (page, name) => page.getByRole("button", { name });
const putPolicy = (text, headers) =>
  fetch(`${BASE}/v1/policy`, { method: "PUT", body: text, headers: { "content-type": "application/yaml", ...headers } });

async function ended(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "a draft is refused with its place, rehearsed without effect, applied, and is then in the history"() {
    await waiting("print('past')", { purpose: "It would need two" });
    await waiting("1 + 1", { purpose: "It would stay as it is" });
    const page = await visitor();
    await page.visit("/policies");
    await page.getByText("The built-in policy rules every request").waitFor();
    await button(page, "Edit a draft").click();
    const field = page.getByRole("textbox", { name: "policy.yaml, a draft" });
    await field.fill("defaults:\n  gate: befor\n");
    await page.getByText(/^gate: expected one of/).or(page.getByText(/did you mean "before"/)).first().waitFor();
    await page.getByText("Line 2, column 9:").waitFor();
    assert.equal(await button(page, /^Apply as/).getAttribute("aria-disabled"), "true");
    await page.getByText("It has a fault.").waitFor();
    await button(page, "Go there").click();
    assert.equal(await field.evaluate((element) => element.selectionStart), "defaults:\n  gate: ".length);
    page.faults.length = 0; // the console says that the server refused it
    await looksRight(page, "policies-fault");
    await field.fill(DRAFT);
    await page.getByText("valid", { exact: true }).waitFor();
    await page.getByRole("cell", { name: /two for what prints.*2 of group:security/s }).waitFor();
    await button(page, "Rehearse").click();
    await page.getByText(/^1 of the last 2 requests would change\./).waitFor();
    const row = page.getByRole("row", { name: /It would need two/ });
    assert.match(await row.innerText(), /1 of anyone.*2 of group:security.*two for what prints/s);
    assert.equal(await page.getByRole("row", { name: /It would stay/ }).count(), 0);
    await button(page, "All 2").click();
    await page.getByRole("row", { name: /It would stay as it is.*the same/s }).waitFor();
    assert.equal((await api("GET", "/v1/policy")).version, 0);
    await looksRight(page, "policies-rehearsed");
    await button(page, "Changes").click();
    await page.getByText("+ defaults:").waitFor();
    await button(page, /^Apply as 1/).click();
    await page.getByLabel("Why, for the history").fill("two for what prints");
    await button(page, "Apply", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByText("Version 1 is in force, by").waitFor();
    const { version, text, comment } = await api("GET", "/v1/policy");
    assert.deepEqual([version, text, comment], [1, DRAFT, "two for what prints"]);
    await looksRight(page, "policies");
    await page.getByRole("tab", { name: "Versions" }).click();
    await page.getByRole("row", { name: /anonymous.*two for what prints/ }).waitFor();
    await page.getByText("+ defaults:").waitFor();
    await looksRight(page, "policies-versions");
    await ended(page);
  },

  async "of two who edit at once the second sees that another version came, and keeps the draft"() {
    const page = await visitor();
    await page.visit("/policies");
    await button(page, "Edit a draft").click();
    const field = page.getByRole("textbox", { name: "policy.yaml, a draft" });
    await field.fill(`${DRAFT}# mine\n`);
    await page.getByText("valid", { exact: true }).waitFor();
    const other = await putPolicy(`${DRAFT}# theirs\n`, { "if-match": "*" });
    assert.equal(other.status, 200);
    const { version } = await other.json();
    await button(page, /^Apply as/).click();
    await button(page, "Apply", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByText(`Version ${version} came meanwhile.`).waitFor();
    assert.equal(await field.inputValue(), `${DRAFT}# mine\n`);
    await page.reload(); // a draft is of this window alone
    await page.getByText(`Version ${version} is in force`).waitFor();
    await page.visit(`/policies?tab=versions&version=${version - 1}`);
    await button(page, "Take as a draft").click();
    await page.getByText(`Differs from version ${version}`).waitFor();
    await button(page, `Apply as ${version + 1}…`).click();
    await button(page, "Apply", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByText(`Version ${version + 1} is in force, by`).waitFor();
    assert.equal((await api("GET", "/v1/policy")).text, DRAFT);
    await page.context().close();
  },

  async "standing approvals are listed and revoked"() {
    await putPolicy("defaults:\n  approvals: 1\n", { "if-match": "*" });
    const id = await waiting("2 + 2", { submittedBy: "sam", labels: { env: "test" } });
    await api("POST", `/v1/requests/${id}/votes`, { answer: "approve", remember: { for: "label:env", uses: 3 } });
    const page = await visitor();
    await page.visit("/policies?tab=standing");
    const row = page.getByRole("row", { name: new RegExp(id.slice(0, 8)) });
    assert.match(await row.innerText(), /these bytes.*label env: test.*3 of 3.*active/s);
    await looksRight(page, "policies-standing");
    await row.getByRole("button", { name: "Revoke" }).click();
    await button(page, "Revoke").and(page.locator("[type=submit]")).click();
    await page.getByText("None stands at present").waitFor();
    assert.equal((await api("GET", "/v1/policy/standing")).standing.find((one) => one.id === id).state, "revoked");
    await button(page, "also those that are over").click();
    await page.getByRole("row", { name: /revoked/ }).waitFor();
    await ended(page);
  },

  async "somebody goes away until a day, and is back before it"() {
    const page = await visitor();
    await page.visit("/policies?tab=away");
    await page.getByText("Nobody is away.").waitFor();
    assert.equal(await button(page, "Hand over").getAttribute("aria-disabled"), "true");
    await page.getByLabel("Who is away, if not you").fill("mina");
    await page.getByLabel("Who stands in").fill("otto");
    const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel("Until the end of").fill(day);
    await page.getByLabel("Why (optional)").fill("skiing");
    await button(page, "Hand over").click();
    await page.getByRole("row", { name: /mina.*otto.*skiing/s }).waitFor();
    const [absence] = (await api("GET", "/v1/absences")).absences;
    assert.deepEqual([absence.person.name, absence.delegate, absence.comment], ["mina", "otto", "skiing"]);
    await looksRight(page, "policies-away");
    await button(page, "End it").click();
    await button(page, "End it").and(page.locator("[type=submit]")).click();
    await page.getByText("Nobody is away.").waitFor();
    assert.deepEqual((await api("GET", "/v1/absences")).absences, []);
    await ended(page);
  },

  async "the audit log is recomputed in the browser, searched, and taken as a file that the command verifies"() {
    const id = await waiting("print('to be told')");
    await api("POST", `/v1/requests/${id}/votes`, { answer: "reject", comment: "no" });
    const page = await visitor();
    await page.visit("/audit");
    await button(page, "Check the whole chain").click();
    await page.getByText("The chain is whole.").waitFor();
    await page.getByText(/signed by this server’s key|cannot check the signature/).waitFor();
    await page.getByLabel("Which actions").selectOption("Votes and decisions");
    await page.getByRole("button", { name: "request.decided" }).first().waitFor();
    await page.getByRole("button", { name: "server.started" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "request.decided" }).first().click();
    await page.getByRole("button", { name: "request.voted" }).first().waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Text" }).fill(id);
    await page.keyboard.press("Enter");
    const row = page.getByRole("row", { name: new RegExp(id.slice(0, 8)) });
    await row.first().waitFor();
    assert.equal(await row.count(), 1);
    await row.getByRole("button", { name: /^\d+$/ }).click();
    await page.getByText(/as the next entry says|it is the newest/).waitFor();
    await looksRight(page, "audit");
    await button(page, "Remove filter: request.decided").click();
    await page.getByRole("button", { name: "request.voted" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Export").click()]);
    const file = await download.path();
    const key = `${file}.pub`;
    writeFileSync(key, await (await fetch(`${BASE}/v1/audit/key`)).text());
    const { stdout } = await promisify(execFile)(process.env.PAGE_PROGRAM, ["audit", "verify", "--key", key, file]);
    rmSync(key);
    assert.match(stdout, /whole|entries/, stdout);
    await ended(page);
  },

  async "an entry that was changed on its way breaks the chain, and the page says behind which"() {
    const page = await visitor();
    await page.route(/\/v1\/audit\?after=0&limit=1000/, async (route) => {
      const answer = await route.fetch();
      const lines = (await answer.text()).split("\n");
      lines[2] = lines[2].replace(/"at":"20../, '"at":"2001');
      await route.fulfill({ response: answer, body: lines.join("\n") });
    });
    await page.visit("/audit");
    await button(page, "Check the whole chain").click();
    await page.getByText("The chain is broken behind entry 3.").waitFor();
    await looksRight(page, "audit-broken");
    await ended(page);
  },

  async "people, groups, roles and keys are made and taken; a secret is shown once"() {
    const page = await visitor();
    await page.visit("/people");
    const dialog = page.getByRole("dialog");
    await button(page, "New person").click();
    await dialog.getByLabel("Name").fill("mina@example.org");
    await dialog.getByLabel("Role").selectOption("Sallyport Reviewer");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("The secret of mina@example.org. Copy it now").waitFor();
    assert.match(await page.locator(".secret").innerText(), /^sps_/);
    await page.getByRole("row", { name: /mina@example\.org.*Reviewer/s }).first().waitFor();
    await button(page, "New person").click();
    await dialog.getByLabel("Name").fill("mina@example.org");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await dialog.getByRole("status").waitFor(); // the name is taken, and the form says so
    await page.keyboard.press("Escape");
    await button(page, "New group").click();
    await dialog.getByLabel("Name").fill("security");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await button(page, "Add to security").click();
    await dialog.getByLabel("Who").selectOption("mina@example.org");
    await dialog.getByRole("button", { name: "Add" }).click();
    await page.getByRole("row", { name: /mina@example\.org.*Reviewer.*security/s }).first().waitFor();
    await button(page, "New key").click();
    await dialog.getByLabel("Name").fill("ci");
    await dialog.getByLabel("Owner").selectOption("mina@example.org");
    await dialog.getByLabel("It may what these may").selectOption("Sallyport Submitter");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("Key “ci” made. Copy it now: it is not shown again.").waitFor();
    assert.match(await page.locator(".secret").innerText(), /^spk_/);
    const row = page.getByRole("row", { name: /^ci .*mina@example\.org.*Submitter.*not yet/s });
    await row.waitFor();
    await looksRight(page, "people");
    await page.reload();
    await row.waitFor();
    assert.equal(await page.locator(".secret").count(), 0);
    await button(page, "Revoke ci").click();
    await button(page, "Revoke", { exact: true }).and(page.locator("[type=submit]")).click();
    await row.waitFor({ state: "detached" });
    await page.getByLabel("show those that are over").check();
    await page.getByRole("row", { name: /^ci .*revoked/s }).waitFor();
    const { keys } = await api("GET", "/v1/directory/keys");
    assert.ok(keys.find((key) => key.name === "ci").revokedAt);
    await button(page, "Take mina@example.org out").click();
    await button(page, "Take out").click();
    await page.getByText("nobody").waitFor();
    await button(page, "Take Reviewer from mina@example.org").click();
    await button(page, "Take it").click();
    await page.getByRole("row", { name: /mina@example\.org.*none/s }).waitFor();
    await button(page, "Delete mina@example.org").click();
    await button(page, "Delete", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByRole("table", { name: "People" }).getByText("mina@example.org").waitFor({ state: "detached" });
    await button(page, "Delete the group security").click();
    await button(page, "Delete", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByText("There is no group.").waitFor();
    const { users } = await api("GET", "/v1/directory/users");
    assert.equal(users.some((user) => user.name === "mina@example.org"), false);
    assert.deepEqual(page.faults.filter((fault) => !/409/.test(fault)), []);
    await page.context().close();
  },

  async "stages are made in fields, moved and taken away, and a fault stands at its field"() {
    // RP-34
    await putPolicy("defaults:\n  approvals: 2     # so far\n", { "if-match": "*" });
    const page = await visitor();
    await page.visit("/policies");
    await button(page, "Edit a draft").click();
    await button(page, "Form").click();
    const defaults = page.getByRole("group", { name: /^Defaults/ });
    await button(defaults, "Approve in stages, one after the other").click();
    await page.waitForFunction(() => document.activeElement.id === "defaults-stages-0-name"); // there goes the focus
    await page.keyboard.type("the owner of the data");
    assert.equal(await defaults.getByLabel("Approvals", { exact: true }).inputValue(), "2"); // as it was said without stages
    await defaults.getByLabel("Reviewers", { exact: true }).fill("group:data");
    await button(defaults, "Another stage").click();
    await page.waitForFunction(() => document.activeElement.id === "defaults-stages-1-name");
    await defaults.getByLabel("Approvals", { exact: true }).nth(1).fill("many");
    await defaults.getByRole("alert").waitFor();
    assert.equal(await defaults.getByLabel("Approvals", { exact: true }).nth(1).getAttribute("aria-invalid"), "true");
    assert.equal(await defaults.locator("[aria-invalid=true]").count(), 1);
    page.faults.length = 0; // the console says that the server refused it
    await looksRight(page, "policies-stages");
    await defaults.getByLabel("Approvals", { exact: true }).nth(1).fill("1");
    await page.getByText("valid", { exact: true }).waitFor();
    await button(page, "Move stage 2 up").press("Enter");
    await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Move stage 1 up");
    await button(page, "Text").click();
    const text = page.getByRole("textbox", { name: "policy.yaml, a draft" });
    assert.equal(
      await text.inputValue(),
      "defaults:\n  stages:\n    - { approvals: 1 }\n    - { approvals: 2, name: the owner of the data, reviewers: [group:data] }\n",
    );
    await button(page, "Form").click();
    await button(page, "Remove stage 1").click();
    await button(page, "Remove the owner of the data").click();
    await button(page, "Approve in stages, one after the other").first().waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "a policy is made in fields, in step with its text, and a fault stands at its field"() {
    await putPolicy(`# kept as it is\ndefaults:\n  approvals: 1     # so far\n`, { "if-match": "*" });
    const page = await visitor();
    await page.visit("/policies");
    await button(page, "Edit a draft").click();
    const text = page.getByRole("textbox", { name: "policy.yaml, a draft" });
    await button(page, "Form").click();
    await button(page, "Add a rule").click();
    await page.waitForFunction(() => document.activeElement.id === "rule-0-name"); // there goes the focus
    await page.keyboard.press("Control+a");
    await page.keyboard.type("two for what prints");
    const rule = page.locator("[data-rule='0']");
    await rule.getByLabel("A condition").selectOption("code_matches");
    await button(rule, "Add it").click();
    await page.waitForFunction(() => document.activeElement.id === "rule-0-0-0");
    await rule.getByRole("textbox", { name: "code_matches" }).fill("print");
    await rule.getByLabel("Approvals", { exact: true }).fill("2");
    await rule.getByLabel("Reviewers", { exact: true }).fill("group:security, user:mina");
    await rule.getByLabel("Timeout", { exact: true }).fill("4 hors");
    await rule.getByRole("alert").waitFor();
    assert.equal(await rule.getByLabel("Timeout", { exact: true }).getAttribute("aria-invalid"), "true");
    assert.equal(await rule.locator("[aria-invalid=true]").count(), 1);
    assert.equal(await button(page, /^Apply as/).getAttribute("aria-disabled"), "true");
    page.faults.length = 0; // the console says that the server refused it
    await looksRight(page, "policies-form");
    await rule.getByLabel("Timeout", { exact: true }).fill("4h");
    await page.getByText("valid", { exact: true }).waitFor();
    assert.equal(await rule.locator("[aria-invalid=true]").count(), 0);
    await button(page, "Add a rule").click();
    const second = page.locator("[data-rule='1']");
    await second.getByRole("textbox", { name: "Name" }).fill("nobody deletes");
    await second.getByLabel("Does").selectOption("deny");
    assert.equal(await second.getByLabel("Approvals").count(), 0); // who denies demands nothing
    await second.getByLabel("A condition").selectOption("labels.NAME");
    await button(second, "Add it").click();
    await second.getByLabel("Value of the label").fill("prod\nlive");
    await button(page, "Move nobody deletes up").press("Enter");
    await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Move nobody deletes up");
    await button(page, "Text").click();
    assert.equal(
      await text.inputValue(),
      `# kept as it is
defaults:
  approvals: 1     # so far
rules:
  - name: nobody deletes
    do: deny
    when: { labels.env: [prod, live] }
  - name: two for what prints
    do: ask
    when: { code_matches: print }
    approvals: 2
    reviewers: [group:security, user:mina]
    timeout: 4h
`,
    );
    await text.fill((await text.inputValue()).replace("approvals: 2", "approvals: 3"));
    await button(page, "Form").click();
    assert.equal(await page.locator("[data-rule='1']").getByLabel("Approvals", { exact: true }).inputValue(), "3"); // and back
    await button(page, "Remove nobody deletes").click();
    await page.getByText("valid", { exact: true }).waitFor();
    await button(page, "Rehearse").click();
    await page.getByText(/of the last \d+ requests? would change\.|no request yet/).waitFor();
    await button(page, /^Apply as/).click();
    await button(page, "Apply", { exact: true }).and(page.locator("[type=submit]")).click();
    await page.getByText(/Version \d+ is in force, by/).waitFor();
    const { policy } = await api("GET", "/v1/policy");
    assert.deepEqual(policy.rules.map((one) => [one.name, one.do]), [["two for what prints", "ask"]]);
    const counted = page.getByRole("row", { name: /two for what prints/ }).getByRole("cell").last();
    await counted.getByText("0", { exact: true }).waitFor(); // it is in force, and nothing came yet
    await waiting("print('counted')");
    await counted.getByText("1", { exact: true }).waitFor();
    assert.equal(await counted.locator("span").getAttribute("title"), "let through 0, had people asked 1, denied 0");
    await ended(page);
  },
};

if (shots) mkdirSync(shots, { recursive: true });
await run(only ? Object.fromEntries(Object.entries(tests).filter(([name]) => new RegExp(only).test(name))) : tests);
