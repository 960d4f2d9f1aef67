// SPDX-License-Identifier: MIT
// A browser with the page, and what its tests say again and again. Each test is a function; each wait is bounded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { checkCalls, record } from "./calls.mjs";

const require = createRequire(`${process.env.PAGE_MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const BASE = process.env.PAGE_URL;
const WAIT_MS = 30_000;
const CLOSE_MS = 10_000;
/** Where pictures of views go, if somebody wants them. */
export const shots = process.argv[2] === "--shots" ? process.argv[3] : undefined;

let browser;

/** A person with the page in a window of their own, on a phone, or without JavaScript. Whatever the page says in its console or asks
 *  elsewhere is a fault. */
export async function visitor({ phone = false, script = true } = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
    javaScriptEnabled: script,
  });
  context.setDefaultTimeout(WAIT_MS);
  record(context, BASE);
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") page.faults.push(message.text());
  });
  page.on("pageerror", (error) => page.faults.push(error.message));
  const elsewhere = (url) => !url.startsWith(BASE) && !/^(data|blob):/.test(url);
  page.on("requestfailed", (request) => {
    const refusedHere = request.failure()?.errorText === "csp"; // it never left the browser
    if (elsewhere(request.url()) && !refusedHere) page.faults.push(`asked elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (elsewhere(response.url())) page.faults.push(`asked elsewhere: ${response.url()}`);
  });
  page.visit = async (place) => {
    await page.goto(`${BASE}/#${place}`);
    await page.locator("main h1").first().waitFor({ state: "attached" });
  };
  return page;
}

export async function close() {
  await browser?.close();
}

/** What axe finds; of some rules only, if they are named. */
export async function axe(page, rules) {
  const options = rules ? { runOnly: rules } : {};
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const answer = await session.send("Runtime.evaluate", {
    expression: `axe.run(${JSON.stringify(options)}).then((r) => JSON.stringify(r.violations.map((v) => ({ id: v.id, impact: v.impact, at: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)) }))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  assert.ok(answer.result.value, JSON.stringify(answer.exceptionDetails));
  return JSON.parse(answer.result.value);
}

/** Nothing is wrong with a view, in both colours and on a phone; pictures of it, if somebody wants them. */
export async function looksRight(page, name) {
  const picture = async (suffix) => {
    if (shots) await page.screenshot({ path: `${shots}/${name}${suffix}.png` });
  };
  await page.waitForTimeout(200);
  assert.deepEqual(await axe(page), [], name);
  await picture("");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await axe(page, ["color-contrast"]), [], `${name}, dark`);
  await picture("-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px too wide on a phone`);
  assert.deepEqual(await axe(page), [], `${name}, on a phone`);
  await picture("-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** As a program would: an answer in JSON. */
export async function api(method, path, body) {
  const response = await fetch(`${BASE}${path}`, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

/** The bytes of an answer. */
export async function bytesOf(path) {
  const response = await fetch(`${BASE}${path}`);
  assert.equal(response.status, 200, path);
  return [...new Uint8Array(await response.arrayBuffer())];
}

/** Submits and waits for the result. */
export async function waiting(code, members = {}) {
  const { id } = await api("POST", "/v1/requests", { code, ...members });
  const request = await api("GET", `/v1/requests/${id}?wait=60s`);
  assert.equal(request.state, "waiting", JSON.stringify(request.error));
  return id;
}

/** Asks the process that holds the server: "kill", "start", or "forget": start, and keep nothing of what is over. */
export async function server(verb) {
  const response = await fetch(`${process.env.PAGE_CONTROL}/${verb}`, { method: "POST" });
  assert.equal(response.status, 200);
}

/** Those of a pattern, while one works on a test. */
export const only = (tests) =>
  Object.fromEntries(Object.entries(tests).filter(([name]) => new RegExp(process.env.PAGE_ONLY ?? "").test(name)));

/** Runs the tests that are named, or all; says how each went. */
export async function run(tests) {
  let failed = 0;
  const document = await api("GET", "/openapi.json");
  for (const [name, test] of Object.entries(tests)) {
    const started = Date.now();
    try {
      await test();
      console.log(`ok      ${name}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  const checked = await checkCalls(document);
  if (checked.faults.length > 0) failed++;
  console.log(`${checked.faults.length > 0 ? "FAILED " : "ok     "} ${checked.calls} calls of ${checked.routes} routes fit /openapi.json`);
  for (const fault of checked.faults) console.log(`  ${fault}`);
  await Promise.race([close(), new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]); // a browser that does not end is ended
  process.exit(failed ? 1 : 0);
}
