// SPDX-License-Identifier: MIT
// Who operates has receivers told of events: made, changed, paused, tried, replayed, deleted. The receiver is a server of this
// test. With PAGE_KEY somebody who may not signs in and sees why. Started by page_test.py; --shots as in rig.mjs.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { api, looksRight, run, shots, visitor } from "./rig.mjs";

const button = (page, name) => page.getByRole("button", { name });
const row = (page, name) => page.getByRole("row", { name });
const sure = (page, name) => button(page, name).and(page.locator("[type=submit]")).click();

/** No test finds what another left. */
async function clean() {
  for (const { id } of (await api("GET", "/v1/webhooks")).webhooks) await api("DELETE", `/v1/webhooks/${id}`);
}

/** Keeps what comes, and answers with `status` and `text` as they are when `ready` is; there is no webhook yet. */
async function receiver() {
  await clean();
  const kept = { got: [], status: 204, text: "", ready: Promise.resolve() };
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      kept.got.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      await kept.ready;
      response.writeHead(kept.status, { connection: "close" }).end(kept.text);
    });
  });
  server.unref(); // a test that fails leaves it
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  kept.url = `http://127.0.0.1:${server.address().port}/hook`;
  kept.close = () => new Promise((resolve) => server.close(resolve));
  return kept;
}

const tests = {
  async "a webhook is made, its secret is shown once, and its receiver is told, signed"() {
    const other = await receiver();
    const page = await visitor();
    await page.visit("/webhooks");
    await page.getByText("There is no webhook yet").waitFor();
    await looksRight(page, "webhooks-none");
    await page.getByRole("button", { name: "New webhook" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await page.keyboard.type("deck-builder"); // the first field has the focus
    await dialog.getByLabel("Address").fill("http://192.168.7.7/hook");
    await dialog.getByLabel("only these").check();
    await dialog.getByText("Choose at least one event.").waitFor();
    await dialog.getByLabel("request.submitted").check();
    await looksRight(page, "webhooks-new");
    await page.keyboard.press("Enter");
    await dialog.getByText(/The member "url"/).waitFor(); // which is not on the public net, and the server says so
    page.faults.length = 0; // the console says that it was refused
    await dialog.getByLabel("Address").fill(other.url);
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("The secret of deck-builder. Copy it now: it is not shown again.").waitFor();
    const secret = await page.locator(".note .secret").innerText();
    assert.match(secret, /^whsec_/);
    const [hook] = (await api("GET", "/v1/webhooks")).webhooks;
    assert.deepEqual([hook.name, hook.url, hook.format, hook.events], ["deck-builder", other.url, "cloudevents", ["request.submitted"]]);
    assert.ok(page.url().endsWith(`#/webhooks?hook=${hook.id}`));
    await page.getByText("Nothing was to be delivered yet").waitFor();
    await page.reload();
    await button(page, "Pause deck-builder").waitFor();
    assert.equal(await page.locator(".note .secret").count(), 0);

    const { id } = await api("POST", "/v1/requests", { code: "1", gate: "before" });
    await row(page, /request\.submitted.*delivered/s).waitFor();
    await row(page, /request\.submitted/).getByRole("link", { name: "1", exact: true }).click();
    await page.getByText("HTTP 204").waitFor();
    const [{ headers, body }] = other.got;
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    const request = await page.getByRole("region", { name: "Request of delivery 1" }).innerText();
    const [head, event] = request.split("\n\n");
    for (const name of ["content-type", "webhook-id", "webhook-timestamp"])
      assert.ok(head.includes(`${name}: ${headers[name]}\n`), `${name} of\n${head}`);
    assert.deepEqual(JSON.parse(event), JSON.parse(body));
    assert.equal(JSON.parse(event).subject, `requests/${id}`);
    await looksRight(page, "webhooks");
    await page.reload(); // the open delivery is in the address
    await page.getByRole("heading", { name: "Delivery 1" }).waitFor();
    assert.deepEqual(page.faults, []);
    await api("DELETE", `/v1/webhooks/${hook.id}`);
    await page.context().close();
    await other.close();
  },

  async "a test that fails shows the answer, cut; what is replayed once it works is the same event"() {
    const other = await receiver();
    Object.assign(other, { status: 503, text: `busy \u202e${"x".repeat(3000)}` });
    const { id } = await api("POST", "/v1/webhooks", { name: "chat", url: other.url, events: ["webhook.ping"] });
    const page = await visitor();
    await page.visit("/webhooks");
    await button(page, "Send test to chat").click();
    await page.getByText("HTTP 503").waitFor();
    assert.match(page.url(), new RegExp(`hook=${id}&delivery=\\d+$`));
    await page.getByText("cut: there was more").waitFor();
    const answer = await page.getByRole("region", { name: "Answer to try 1" }).innerText();
    assert.match(answer, /^busy (\\u202e|\?+)x+$/); // nothing in it turns the direction of reading
    await row(page, /webhook\.ping.*being retried/s).waitFor();
    await page.getByText(/HTTP status 503/).waitFor();
    await looksRight(page, "webhooks-retried");
    await button(page, "Not delivered").click();
    assert.match(page.url(), /show=undelivered/);
    await row(page, /being retried/).waitFor();
    // ORDER: what is tried again by itself must not succeed before it is replayed by hand, or its row goes.
    let answer200;
    Object.assign(other, { status: 200, text: "thanks", ready: new Promise((resolve) => (answer200 = resolve)) });
    const [{ number }] = (await api("GET", `/v1/webhooks/${id}/deliveries`)).deliveries;
    await row(page, /being retried/).getByRole("button", { name: `Replay delivery ${number}` }).click();
    await page.getByRole("heading", { name: `Delivery ${number + 1}` }).waitFor();
    answer200();
    await page.getByText("HTTP 200").waitFor();
    await page.getByRole("region", { name: "Answer to try 1" }).getByText("thanks").waitFor();
    await page.getByRole("link", { name: `delivery ${number}`, exact: true }).waitFor();
    const ids = other.got.map((one) => one.headers["webhook-id"]);
    assert.equal(new Set(ids).size, 1, ids.join());
    await row(page, /delivered/).waitFor({ state: "detached" }); // not among those that were not delivered, when asked again
    await page.goBack();
    await page.getByRole("heading", { name: `Delivery ${number}`, exact: true }).waitFor();
    assert.deepEqual(page.faults, []);
    await api("DELETE", `/v1/webhooks/${id}`);
    await page.context().close();
    await other.close();
  },

  async "paused it waits, 410 ends it, and both are resumed; it is changed, gets another secret, and is deleted"() {
    const other = await receiver();
    const { id } = await api("POST", "/v1/webhooks", { name: "mirror", url: other.url, events: ["request.submitted"] });
    const page = await visitor();
    await page.visit("/webhooks");
    const card = page.locator(".card").filter({ has: page.getByRole("heading", { name: "mirror", exact: true }) });
    await button(page, "Pause mirror").click();
    await card.getByText("paused", { exact: true }).waitFor();
    await api("POST", "/v1/requests", { code: "1", gate: "before" });
    await card.getByText("1, until it is resumed").waitFor();
    assert.equal(await button(page, "Send test to mirror").getAttribute("aria-disabled"), "true");
    await row(page, /request\.submitted.*due/s).getByRole("link").first().click();
    await page.getByText("when it is resumed", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Request, to be sent" }).waitFor();
    assert.deepEqual(other.got, []);
    await looksRight(page, "webhooks-paused");
    await button(page, "Resume mirror").click();
    await card.getByText("active", { exact: true }).waitFor();
    await page.getByText("HTTP 204").waitFor();

    other.status = 410;
    await button(page, "Send test to mirror").click();
    await page.getByText("HTTP 410").waitFor();
    await card.getByText("ended by 410").waitFor();
    await row(page, /webhook\.ping.*dropped/s).waitFor();
    assert.equal(await button(page, /^Replay delivery/).first().getAttribute("aria-disabled"), "true");
    await looksRight(page, "webhooks-ended");
    other.status = 204;
    await button(page, "Resume mirror").click();
    await card.getByText("active", { exact: true }).waitFor();

    await button(page, "Change mirror").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Format").selectOption("Slack");
    await dialog.getByLabel("request.*", { exact: true }).check();
    await dialog.getByRole("button", { name: "Change it" }).click();
    await card.getByText("Slack, signed").waitFor();
    const changed = await api("GET", `/v1/webhooks/${id}`);
    assert.deepEqual([changed.name, changed.format, changed.events], ["mirror", "slack", ["request.submitted", "request.*"]]);
    await page.getByText("a message for Slack that is made of this event").waitFor();
    await button(page, "New secret for mirror").click();
    await sure(page, "Make another");
    await page.getByText("The secret of mirror. Copy it now: it is not shown again.").waitFor();
    await button(page, "Done").click();
    assert.equal(await page.locator(".note .secret").count(), 0);

    await button(page, "Delete mirror").click();
    await page.keyboard.press("Escape"); // no
    assert.equal((await api("GET", "/v1/webhooks")).webhooks.length, 1);
    await button(page, "Delete mirror").click();
    await sure(page, "Delete");
    await page.getByText("There is no webhook yet").waitFor();
    assert.deepEqual((await api("GET", "/v1/webhooks")).webhooks, []);
    assert.deepEqual(page.faults, []);
    await page.visit(`/webhooks?hook=${id}`);
    await page.getByText("There is no webhook yet").waitFor();
    await page.context().close();
    await other.close();
  },

  async "a topic of ntfy is told with a token that nobody sees again; who saw an older webhook changes nothing"() {
    const other = await receiver();
    const page = await visitor();
    await page.visit("/webhooks");
    await button(page, "New webhook").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("phone");
    await dialog.getByLabel("Format").selectOption("ntfy");
    await dialog.getByText("the last part is the topic").waitFor();
    await dialog.getByLabel("Address").fill(other.url);
    await dialog.getByLabel("Token").fill("tk_1");
    await looksRight(page, "webhooks-ntfy");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("is kept, and shown to it").waitFor();
    await button(page, "Send test to phone").click();
    await page.getByText("HTTP 204").waitFor();
    const [{ headers, body }] = other.got;
    assert.deepEqual([headers.authorization, JSON.parse(body).topic], ["Bearer tk_1", "hook"]);
    assert.equal(await page.getByText("tk_1").count(), 0);
    assert.deepEqual(page.faults, []);
    const [{ id }] = (await api("GET", "/v1/webhooks")).webhooks;
    await button(page, "Change phone").click();
    await dialog.getByLabel("Name", { exact: true }).fill("other");
    await api("PATCH", `/v1/webhooks/${id}`, { events: ["request.waiting"] });
    await dialog.getByRole("button", { name: "Change it" }).click();
    await dialog.getByText("The webhook is another than the one that If-Match names.").waitFor();
    page.faults.length = 0; // the console says that it was refused
    assert.equal((await api("GET", `/v1/webhooks/${id}`)).name, "phone");
    await api("DELETE", `/v1/webhooks/${id}`);
    await page.context().close();
    await other.close();
  },

  async "many deliveries are paged, and an answer that does not come is no empty list"() {
    const other = await receiver();
    const { id } = await api("POST", "/v1/webhooks", { name: "many", url: other.url });
    for (let number = 0; number < 60; number++) await api("POST", `/v1/webhooks/${id}/ping`);
    const page = await visitor();
    await page.visit(`/webhooks?hook=many`);
    await page.getByText("50 looked at, there are older ones").waitFor();
    await button(page, "Older").click();
    await page.getByText("the oldest that are kept").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 10);
    assert.match(page.url(), /before=\d+/);
    await button(page, "Newest").click();
    await page.getByText("50 looked at").waitFor();
    await page.visit("/webhooks?hook=none");
    await page.getByText("The webhook of this address is not there").waitFor();
    assert.deepEqual(page.faults, []);
    await page.route(/\/deliveries/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"title":"Busy","detail":"Not now."}' }));
    await page.visit("/webhooks?hook=many");
    await page.getByText("Busy.").waitFor();
    assert.equal(await page.getByText(/Nothing was to be delivered|looked at/).count(), 0);
    await api("DELETE", `/v1/webhooks/${id}`);
    await page.context().close();
    await other.close();
  },
};

const refused = {
  async "who is no operator is told why there is nothing to see, and the server is not even asked"() {
    const page = await visitor();
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${process.env.PAGE_URL}/#/webhooks`);
    await page.getByLabel("Key or token").fill(process.env.PAGE_KEY);
    await button(page, "Sign in").click();
    await page.getByText("Webhooks are for operators and owners").waitFor();
    await page.getByText(/You have Sallyport Reviewer\./).waitFor();
    assert.equal(await button(page, "New webhook").count(), 0);
    await looksRight(page, "webhooks-refused");
    assert.deepEqual(asked.filter((path) => path.startsWith("/v1/webhooks")), []);
    // The task hubs, too, are not for a reviewer, which browsers write down.
    assert.deepEqual(page.faults.filter((fault) => !/403/.test(fault)), []);
    await page.context().close();
  },
};

if (shots) mkdirSync(shots, { recursive: true });
const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const chosen = Object.entries(process.env.PAGE_KEY ? refused : tests).filter(([name]) => !only || new RegExp(only).test(name));
await run(Object.fromEntries(chosen));
