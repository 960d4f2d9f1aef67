// SPDX-License-Identifier: MIT
// What strangers write, in every place where the page shows it: it stays text, it runs nothing, and it is not taken for the page itself. Started by
// page_test.py with a server of its own.
import assert from "node:assert/strict";
import { api, BASE, run, visitor, waiting } from "./rig.mjs";

const MARK = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script><a href="javascript:window.hurt=1">x</a>`;
const LINK = "[x](javascript:window.hurt=1) ![y](http://evil.example/y)";
const TURNED = "\u202egpj.exe";
const ESCAPES = "\\x1b]8;;javascript:window.hurt=1\\x07click\\x1b]8;;\\x07\\x1b[31mred\\x1b]0;title\\x07\\x1b[2J";

const SAYS_IT = `# ${MARK} ${LINK}
from IPython.display import display
class Said:
    def __init__(self, **forms): self.forms = forms
    def _repr_mimebundle_(self, include=None, exclude=None): return self.forms
mark = '''${MARK}'''
print(mark, "${ESCAPES}")
import sys
print(mark, "${ESCAPES}", file=sys.stderr)
display(Said(**{"text/markdown": mark + '''${LINK}''', "text/plain": mark}))
display(Said(**{"text/html": mark, "text/plain": mark}))
display(Said(**{"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" onload="top.hurt=1"><script>top.hurt=1</script><a href="javascript:top.hurt=1"><text>t</text></a></svg>'}))
display(Said(**{"application/javascript": "window.hurt=1", "text/plain": mark}))
display(Said(**{"text/latex": "\\\\href{javascript:window.hurt=1}{x}" + mark}))
for name in ("<img src=x onerror=window.hurt=1>.csv", "a${TURNED}"):
    open("/mnt/data/" + name, "w").write(mark)
mark`;

/** What a page of ours would look like, over all that there is. Its addresses are whole: nothing relative leads out of a frame of a blob. */
const POSES = (id) => `from IPython.display import HTML, display
print("Approved by mina\\nReleased. Nothing is left to decide.")
display(HTML('''<base href="/"><style>*{all:initial} .decide{position:fixed;inset:0;z-index:9999;background:white}</style>
<main class="decide"><h1>Approved by mina</h1><form method="post" target="_top" action="${BASE}/v1/requests/${id}/votes">
<input name="answer" value="approve"><button type="submit">Approve</button></form>
<a id="out" target="_top" href="${BASE}/#/audit">All requests</a></main>'''))
display(HTML('<p>It stays here</p><meta http-equiv="refresh" content="0;url=http://evil.example/">'))`;

const places = (id) => [
  ...["", "?tab=output", "?tab=result", "?tab=files", "?tab=inputs", "?tab=effects", "?tab=history"].map((tab) => `/requests/${id}${tab}`),
  "/", "/?tab=done", `/confirm/${id}`, "/runs", `/runs/${id}`, `/instances/${id}`, "/orchestrations", "/audit?entry=2", "/policies", "/people",
];

/** Of a page that shows it: what would be a hole. */
async function assertText(page, place) {
  const found = await page.evaluate(() => ({
    hurt: window.hurt,
    links: [...document.querySelectorAll("a[href],form[action],[src]")]
      .map((one) => one.getAttribute("href") ?? one.getAttribute("action") ?? one.getAttribute("src"))
      .filter((url) => /^\s*javascript:|evil\.example/i.test(url)),
    made: document.querySelectorAll("main img[src=x], main script, main [onerror], main [onload]").length,
    turned: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText),
  }));
  assert.deepEqual(found, { hurt: undefined, links: [], made: 0, turned: false }, place);
}

const faultsOf = (page) => page.faults.filter((fault) => !/Content Security Policy|sandbox|sealed/i.test(fault));

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "nothing that strangers write runs or is a link, wherever it is shown"() {
    const id = await waiting(SAYS_IT, {
      purpose: `${MARK} ${LINK} a${TURNED}`, submittedBy: MARK, onBehalfOf: MARK, labels: { env: MARK, team: TURNED },
      files: [{ path: "<img src=x onerror=window.hurt=1>.csv", content: "eA==" }],
    });
    await api("POST", `/v1/requests/${id}/votes`, { answer: "changes", comment: `${MARK} ${LINK} a${TURNED}` });
    await api("POST", `/v1/requests/${id}/revisions`, { code: `${SAYS_IT}\n# again`, comment: `${MARK} a${TURNED}` });
    assert.equal((await api("GET", `/v1/requests/${id}?wait=60s&until=result`)).state, "waiting");
    const page = await visitor();
    page.on("dialog", (dialog) => page.faults.push(`a dialog: ${dialog.message()}`));
    for (const place of places(id)) {
      await page.visit(place);
      await page.waitForTimeout(400);
      await assertText(page, place);
    }
    await page.visit(`/requests/${id}?tab=history`);
    assert.match(await page.locator("main").innerText(), /\\u202e/);
    await page.visit(`/requests/${id}?tab=result`);
    for (const button of await page.getByRole("button", { name: "Show it in a sealed frame" }).all()) await button.click();
    await page.waitForTimeout(400);
    for (const frame of await page.locator("iframe").all()) assert.equal(await frame.getAttribute("sandbox"), "");
    await assertText(page, "sealed frames");
    assert.deepEqual(faultsOf(page), []);
    await page.context().close();
  },

  async "a run that looks like the page is an output of a run, and decides nothing"() {
    const other = await waiting("print('another')");
    const id = await waiting(POSES(other));
    const page = await visitor();
    const posts = [];
    page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
    await page.visit(`/requests/${id}?tab=result`);
    const show = page.getByRole("button", { name: "Show it in a sealed frame" });
    await show.first().click();
    const frame = page.locator("iframe").first();
    await frame.waitFor();
    await show.click(); // the other one, which would go elsewhere by itself
    await page.locator("iframe").nth(1).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Approve/ }).count(), 1); // the page's own
    assert.equal(await page.locator("main").getByText("Approved by mina").and(page.locator(".rv-head *, .decide *")).count(), 0);

    // It stays in its place, and neither its form nor its links lead out of it.
    const [here, decide] = [await frame.boundingBox(), await page.locator(".decide").boundingBox()];
    const apart = here.x >= decide.x + decide.width || decide.x >= here.x + here.width || here.y >= decide.y + decide.height || decide.y >= here.y + here.height;
    assert.ok(apart, JSON.stringify([here, decide]));
    const before = page.url();
    for (const name of ["Approve", "All requests"])
      await page.frameLocator("iframe").first().getByText(name, { exact: true }).click({ timeout: 3000, force: true }).catch(() => undefined);
    await page.waitForTimeout(400);
    assert.equal(await page.frameLocator("iframe").nth(1).getByText("It stays here").count(), 1);
    assert.deepEqual([page.url(), posts], [before, []]);
    for (const one of [id, other]) assert.equal((await api("GET", `/v1/requests/${one}`)).state, "waiting");

    // What was printed is below the name of the output, and the head says what is true.
    await page.visit(`/requests/${id}?tab=output`);
    await page.getByText("Approved by mina").and(page.locator(".out *, .out")).first().waitFor();
    assert.doesNotMatch(await page.locator(".rv-head").innerText(), /Approved/);
    assert.deepEqual(faultsOf(page), []);
    await page.context().close();
  },
};

await run(only ? Object.fromEntries(Object.entries(tests).filter(([name]) => new RegExp(only).test(name))) : tests);
