// SPDX-License-Identifier: MIT
// The page in a real browser against a real server, as people use it. Started by page_test.py; with --shots FOLDER pictures of
// each view are left there, to be looked at.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { api, axe, run, server, visitor, waiting } from "./rig.mjs";
import { runTests } from "./drive_runs.mjs";

const shots = process.argv[2] === "--shots" ? process.argv[3] : undefined;
const idOf = (page) => new URL(page.url()).hash.match(/requests\/([^?]+)/)?.[1];
const stateOf = async (id) => (await api("GET", `/v1/requests/${id}`)).state;
const cards = (page) => page.locator(".inbox > li");

const HOSTILE = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>\u202e\u0000`;
const HOSTILE_CODE = `# ${HOSTILE.replace("\u0000", "")}
from IPython.display import HTML, SVG, display
print('''<img src=x onerror="window.hurt=1">''', "\\x1b]0;title\\x07\\x1b[2J")
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="parent.hurt=1"><script>parent.hurt=1</script></svg>'))
display(HTML('<table><tr><td><img src=x onerror="window.hurt=1">cell</td></tr></table>'))
HTML('<script>top.hurt=1</script><a href="http://evil.example" target="_top">x</a><img src="http://evil.example/x">' + 'words ' * 40)`;

/** Shows something harmless in the form that a page would look at, and something else in another. */
const TWO_FACED = `from IPython.display import HTML, display
class Both:
    def __init__(self, text): self.text = text
    def _repr_html_(self): return '<p>BESIDE</p><table title="INATTRIBUTE"><caption>CAPTION</caption><!-- INCOMMENT --><tr><td>harmless, style=1</td></tr></table>'
    def __repr__(self): return self.text
display(Both('LONGPLAIN' + '.' * 500))
display(HTML('<table><tr><th>n</th></tr>' + ''.join(f'<tr><td>row {n}</td></tr>' for n in range(599)) + '</table>'))
display(HTML('<p>' + 'word ' * 2000 + 'LASTWORD</p>'))
print("\\x1b]0;INTITLE\\x07shown")
`;

/** Leaves something to see of each kind of effect. */
const TOUCHES = `import socket
try: socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as error: print(error)
open("/mnt/data/made.txt", "w").write("made\\n")
open("/mnt/data/in/table.csv", "a").write("1,2\\n")`;

const PLACES = (id) => [
  ["inbox", "/"],
  ["decided", "/?tab=done"],
  ["review", `/requests/${id}`],
  ["effects", `/requests/${id}?tab=effects`],
  ["files", `/requests/${id}?tab=files`],
  ["inputs", `/requests/${id}?tab=inputs`],
  ["history", `/requests/${id}?tab=history`],
  ["confirm", `/confirm/${id}`],
  ["submit", "/submit?example=plot"],
  ["runs", "/runs"],
  ["run", `/runs/${id}`],
  ["orchestrations", "/orchestrations"],
  ["instance", `/instances/${id}`],
  ["entities", "/entities"],
  ["workers", "/workers"],
  ["sessions", "/sessions"],
  ["policies", "/policies"],
  ["audit", "/audit?entry=2"],
  ["people", "/people"],
  ["webhooks", "/webhooks"],
  ["api", "/api?path=/v1/requests"],
  ["parts", "/parts"],
];

/** The view is there: nothing is on its way any more. */
async function settled(page) {
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]:not([data-part] *)") && !document.querySelector("main h1.vh"));
  await page.waitForTimeout(250);
}

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  ...runTests(shots),

  async "submit, see it run, review, approve"() {
    const page = await visitor();
    await page.visit("/submit?example=plot");
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByText("highest: starter in 2026Q3").waitFor();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByRole("tab", { name: /Result and plots/ }).click();
    await page.getByRole("img", { name: "Plot 1 that the code drew" }).waitFor();
    await page.getByRole("rowheader", { name: "2026Q1" }).waitFor();
    const id = idOf(page);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    assert.equal(await stateOf(id), "approved");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "a rejection needs its reason, and the reason is kept"() {
    const id = await waiting("print('to be rejected')");
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("button", { name: /^Reject/ }).click();
    await page.getByText("Say why you reject it.").waitFor();
    assert.equal(await stateOf(id), "waiting");
    await page.getByLabel("Comment").fill("wrong table");
    await page.getByRole("button", { name: /^Reject/ }).click();
    await page.getByText("Rejected by").waitFor();
    const { state, decision } = await api("GET", `/v1/requests/${id}`);
    assert.deepEqual([state, decision.comment], ["rejected", "wrong table"]);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "the step behind an approval is read before it is approved"() {
    const id = await waiting("plan = 3", { then: { code: "print('REALSTEP', plan)" } });
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByText("then.py").first().waitFor();
    assert.match(await page.getByRole("region", { name: "Code", exact: true }).innerText(), /REALSTEP/);
    assert.match(await page.locator(".decide").innerText(), /runs the step/);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "of two reviewers the second is told quietly, and live when nothing is in between"() {
    // RP-73
    const id = await waiting("print('raced')");
    const [first, second, third] = [await visitor(), await visitor(), await visitor()];
    await second.route(/changes|events/, (route) => route.abort()); // does not hear of the first
    for (const page of [first, second, third]) {
      await page.visit(`/requests/${id}`);
      await page.getByRole("button", { name: /^Approve/ }).waitFor();
    }
    await first.getByRole("button", { name: /^Approve/ }).click();
    await first.getByText("Approved by").waitFor();
    await third.getByText("Approved by").waitFor();
    await second.getByLabel("Comment").fill("too late");
    await second.getByRole("button", { name: /^Reject/ }).click({ timeout: 5000 }).catch(() => undefined);
    await second.getByText("Approved by").waitFor();
    assert.equal(await stateOf(id), "approved");
    for (const page of [first, second, third]) await page.context().close();
  },

  async "with the keyboard alone: find, open, look, approve; focus is never lost"() {
    // RP-71
    await waiting("print('above it')");
    const id = await waiting("print('by keys')");
    const page = await visitor();
    const focusIsSomewhere = () => page.waitForFunction(() => document.activeElement !== document.body);
    await page.visit("/");
    await cards(page).first().waitFor();
    await page.keyboard.press("/");
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.value]), ["f", ""]);
    await page.keyboard.press("Escape");
    assert.notEqual(await page.evaluate(() => document.activeElement.id), "f");
    const chosen = () => page.evaluate(() => location.hash.match(/at=([^&]+)/)?.[1]);
    for (let i = 0; i < 50 && (await chosen()) !== id; i++) await page.keyboard.press("j");
    for (const [key, opens] of [["e", `#/submit?from=${id}`], ["c", `#/requests/${id}`]]) {
      await page.keyboard.press(key);
      await page.waitForFunction((hash) => location.hash === hash, opens);
      await page.goBack();
      await cards(page).first().waitFor();
      assert.equal(await chosen(), id);
    }
    await page.keyboard.press("k");
    await Promise.all([page.keyboard.press("j"), page.keyboard.press("o")]); // faster than the page is drawn
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    assert.equal(idOf(page), id);
    await focusIsSomewhere();
    await page.keyboard.press("1");
    await page.getByRole("tab", { name: "Output", selected: true }).waitFor();
    for (const [key, asks] of [["c", "Say what to change."], ["r", "Say why you reject it."]]) {
      await page.keyboard.press(key);
      assert.equal(await page.evaluate(() => document.activeElement.id), "say");
      await page.keyboard.press("Control+Enter"); // answers as the key said, and not without a reason
      await page.getByText(asks).waitFor();
      if (key === "c") await page.keyboard.press("Escape");
    }
    await page.keyboard.type("ae?");
    await page.keyboard.press("Escape");
    await page.keyboard.press("a");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.answer), "approve");
    await waiting("print('another comes')");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.answer), "approve");
    await page.keyboard.press("Enter");
    await page.getByText("Approved by").waitFor();
    await focusIsSomewhere(); // the button that had it is gone
    await page.keyboard.press("Control+k");
    await page.keyboard.type("audit");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Audit", exact: true }).waitFor();
    await focusIsSomewhere();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await stateOf(id), "approved");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "what strangers wrote stays text"() {
    const id = await waiting(HOSTILE_CODE, { submittedBy: HOSTILE.replace("\u0000", ""), purpose: HOSTILE.replace("\u0000", "") });
    const page = await visitor();
    for (const place of ["/", `/requests/${id}?tab=output`, `/requests/${id}?tab=result`, `/confirm/${id}`, `/runs/${id}`, `/instances/${id}`]) {
      await page.visit(place);
      await settled(page);
      assert.equal(await page.evaluate(() => window.hurt), undefined, place);
    }
    // A long name takes no column its width.
    await page.visit("/runs");
    const row = page.locator(".tbl tbody tr", { has: page.locator(`a[href$="${id}"]`) });
    await row.waitFor();
    const widths = await page.locator(".x").evaluate((list) => [list.scrollWidth, list.clientWidth]);
    assert.ok(widths[0] <= widths[1], `the list of runs is ${widths} wide`);
    assert.ok((await row.locator(".grow").boundingBox()).width > 150);
    await page.visit(`/requests/${id}?tab=result`);
    await page.getByRole("button", { name: "Show it in a sealed frame" }).click();
    await page.waitForTimeout(500);
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.equal(await page.locator("iframe").getAttribute("sandbox"), "");
    assert.match(await page.locator(".rv-head").innerText(), /\\u202e/);
    // The frame may complain that its script, its picture and its styles are refused; nothing is asked elsewhere.
    assert.deepEqual(page.faults.filter((fault) => !/Content Security Policy|sandbox/i.test(fault)), []);
    await api("POST", `/v1/requests/${id}/decision`, { approve: false });
    await page.context().close();
  },

  async "no form of an output hides behind another, and what is cut says how much"() {
    const page = await visitor();
    const seen = (text) => page.getByText(text).first().waitFor();
    const attack = await waiting(TWO_FACED.split("display(Both")[0] + "Both('SECRETPLAIN')");
    assert.match(JSON.stringify((await api("GET", `/v1/requests/${attack}`)).result), /SECRETPLAIN/);
    for (const place of [`/requests/${attack}`, `/confirm/${attack}`]) {
      await page.visit(place);
      await seen("harmless, style=1");
      const form = page.locator("summary", { hasText: "text/plain, also the result, 11 B" });
      assert.ok(await form.isVisible(), place);
      await seen("Output 1, in 2 forms: text/html, text/plain");
      assert.ok(await page.getByText("SECRETPLAIN").and(page.locator(".form .o *, .form .o")).first().isVisible(), place);
      await seen("Beside the table: BESIDECAPTION");
      if (shots) await page.screenshot({ path: `${shots}/two-faced${place.length}.png` });
      await seen("1 attribute, 1 comment and the rest of its markup are not");
      await page.locator("summary", { hasText: /^text\/html as it was sent, \d+ B$/ }).click();
      for (const hidden of ["INATTRIBUTE", "INCOMMENT"]) await seen(hidden);
    }
    const id = await waiting(`${TWO_FACED}9007199254740993`);
    await page.visit(`/requests/${id}?tab=result`);
    const first = page.getByRole("group", { name: "Output 1", exact: true });
    const long = first.locator("summary", { hasText: "text/plain, 509 B" });
    assert.equal(await first.getByText("LONGPLAIN").count(), 0);
    await long.click();
    await first.getByText("LONGPLAIN").waitFor();
    await seen("cut: the first 500 of 600 rows");
    await seen("value, a table of 600 × 1");
    assert.equal(await page.getByText("row 499").count(), 0);
    const html = page.getByRole("group", { name: "Output 3", exact: true });
    await html.getByText("cut: the first 4,000 of 10,015 characters").waitFor();
    await html.locator("summary", { hasText: "text/html as it was sent, 10 kB" }).click();
    await html.getByText("LASTWORD").waitFor();
    assert.match(await page.getByRole("group", { name: "Result", exact: true }).innerText(), /9007199254740993/);
    assert.deepEqual(await axe(page), []);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await axe(page, ["color-contrast"]), []);
    if (shots) await page.screenshot({ path: `${shots}/forms-dark.png` });
    await page.emulateMedia({ colorScheme: "light" });
    if (shots) await page.screenshot({ path: `${shots}/forms.png` });
    await page.visit(`/requests/${id}?tab=output`);
    await seen("1 escape sequence of 12 characters not shown");
    assert.equal(await page.getByText("INTITLE").and(page.locator(".out *")).count(), 0);
    await page.getByRole("button", { name: "Raw" }).click();
    await page.getByText("INTITLE").and(page.locator(".out *")).first().waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
    const phone = await visitor({ phone: true });
    for (const place of [`/requests/${id}?tab=result`, `/confirm/${id}`]) {
      await phone.visit(place);
      await settled(phone);
      const [wide, high] = await phone.evaluate(() => [document.documentElement.scrollWidth - window.innerWidth, document.documentElement.scrollHeight]);
      assert.ok(wide <= 0, place);
      assert.ok(high < 6000, `${place} is ${high} px high: long things scroll in boxes of their own`);
      assert.deepEqual(await axe(phone), [], place);
      if (shots) await phone.screenshot({ path: `${shots}/forms-phone${place.length % 10}.png` });
    }
    assert.deepEqual(phone.faults, []);
    await phone.context().close();
  },

  async "on a phone nothing is wider than the screen, and one can decide"() {
    // RP-71
    const id = await waiting("print('on the way ' * 40)");
    const page = await visitor({ phone: true });
    for (const [name, place] of PLACES(id)) {
      await page.visit(place);
      await settled(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
      if (shots) await page.screenshot({ path: `${shots}/${name}-phone.png` });
    }
    await page.visit(`/confirm/${id}`);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "axe finds nothing on any view, light and dark"() {
    // RP-71, RP-74
    const id = await waiting(TOUCHES, { labels: { env: "test" }, files: [{ path: "in/table.csv", content: btoa("a,b\\n") }] });
    const page = await visitor();
    for (const [name, place] of PLACES(id)) {
      await page.visit(place);
      await settled(page);
      if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
      assert.deepEqual(await axe(page), [], name);
      await page.emulateMedia({ colorScheme: "dark" });
      if (shots) await page.screenshot({ path: `${shots}/${name}-dark.png` });
      assert.deepEqual(await axe(page, ["color-contrast"]), [], `${name}, dark`);
      await page.emulateMedia({ colorScheme: "light" });
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "each part of the page is there in its states"() {
    const page = await visitor();
    await page.visit("/parts");
    const around = ["KeysHelp", "Palette", "Shell"]; // they are part of every page
    const parts = readdirSync(new URL("../../web/src/parts", import.meta.url))
      .filter((name) => name.endsWith(".tsx"))
      .map((name) => name.replace(".tsx", ""));
    await page.locator("[data-part=Ask]").waitFor();
    for (const part of parts.filter((name) => !around.includes(name)))
      assert.equal(await page.locator(`[data-part=${part}]`).count(), 1, `${part} has no story: web/src/pages/parts`);
    await page.locator("[data-part=LiveOutput]").getByText("What it writes is held").waitFor();
    await page.locator("[data-part=Effects]").getByText("hidden\\u202e.txt").waitFor();
    await page.getByRole("button", { name: "Open a dialog" }).click();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.getByLabel("Why").press("Enter");
    assert.equal(await page.getByRole("dialog", { name: "Sure?" }).count(), 1); // it wants a reason
    await page.keyboard.press("Escape");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "a server that dies is said to be gone, and what came meanwhile is there after it"() {
    // RP-73
    const id = await waiting("print('before the fall')");
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await page.getByLabel("Comment").fill("half a sentence");
    await server("kill");
    await page.getByText("Connection lost").waitFor();
    assert.equal(await page.getByRole("button", { name: /^Approve/ }).getAttribute("aria-disabled"), "true");
    await server("start");
    await page.getByText("Connection lost").waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("Comment").inputValue(), "half a sentence");
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    const next = await waiting("print('after the fall')");
    await page.visit("/");
    await page.locator(`[data-id="${next}"]`).waitFor();
    await page.context().close();
  },

  async "what is not kept any more is said to be gone, and what stays is there"() {
    const id = await waiting("print('to be forgotten')", { purpose: "To be forgotten", files: [{ path: "in.txt", content: "eA==" }] });
    const { manifestSha256 } = await api("POST", `/v1/requests/${id}/votes`, { answer: "approve", comment: "fine" });
    await server("kill");
    await server("forget");
    while (!(await api("GET", `/v1/requests/${id}`)).contentRemovedAt) await new Promise((done) => setTimeout(done, 50));
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByText("Not kept any more.").first().waitFor();
    assert.equal(await page.getByText("to be forgotten", { exact: true }).count(), 0);
    assert.doesNotMatch(await page.locator("main").innerText(), /not reported|0 lines|No output was kept/);
    for (const tab of ["output", "result", "files", "effects", "inputs"]) {
      await page.visit(`/requests/${id}?tab=${tab}`);
      await page.getByRole("tabpanel").getByText("Not kept any more.").waitFor();
    }
    await page.visit(`/requests/${id}?tab=history`);
    await page.getByText("Code, files and result were removed").waitFor();
    await page.getByText("fine").first().waitFor();
    if (shots) await page.screenshot({ path: `${shots}/removed.png` });
    await page.visit(`/runs/${id}`);
    await page.getByTitle(manifestSha256).first().waitFor();
    await page.getByRole("link", { name: "Receipt" }).waitFor();
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },
};

if (shots) mkdirSync(shots, { recursive: true });
await run(only ? Object.fromEntries(Object.entries(tests).filter(([name]) => new RegExp(only).test(name))) : tests);
