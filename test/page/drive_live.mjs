// SPDX-License-Identifier: MIT
// The page while its connection comes and goes: what came meanwhile is told afterwards, each event once. Between the browser and the
// server stands a door that the test shuts. Started by page_test.py with a server of its own.
import assert from "node:assert/strict";
import net from "node:net";
import { api, BASE, run, server, visitor, waiting } from "./rig.mjs";

/** Lets connections through while it is open; shutting it cuts those there are. */
class Door {
  sockets = new Set();

  async open() {
    this.listener = net.createServer((near) => this.pass(near));
    await new Promise((done) => this.listener.listen(this.port ?? 0, "127.0.0.1", done));
    this.port = this.listener.address().port;
    this.listener.unref(); // a test that failed ends all the same
  }

  pass(near) {
    const far = net.connect(Number(new URL(BASE).port), "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      this.sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  async shut() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.listener.close(done));
  }
}

/** Hears every event at the server itself, from when it was made. */
class Witness {
  numbers = [];

  async listen() {
    const after = this.numbers.length > 0 ? `?after=${this.numbers.at(-1)}` : "";
    this.stop = new AbortController();
    const response = await fetch(`${BASE}/v1/events${after}`, { signal: this.stop.signal });
    void this.read(response.body.getReader()).catch(() => undefined); // until it is stopped, or the server is gone
  }

  async read(reader) {
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + Buffer.from(value).toString()).split("\n");
      rest = lines.pop();
      for (const line of lines) if (/^id:/.test(line)) this.numbers.push(Number(line.slice(3)));
    }
  }
}

/** Nothing happens any more: all runs are over, and what they told has come. */
async function quiet() {
  const goesOn = async () =>
    (await api("GET", "/v1/requests?limit=100")).requests.some(({ state }) => state === "queued" || state === "running");
  while (await goesOn()) await new Promise((done) => setTimeout(done, 50));
  await new Promise((done) => setTimeout(done, 300));
}

/** Events that the page says it has told. */
const told = async (page) => Number.parseInt(await page.locator(".rail-foot .live").getAttribute("title"), 10);

const banner = (page) => page.getByText("Connection lost");

/** The page has told just what the witness heard, and nothing comes behind it. */
async function toldAll(page, witness, before) {
  await quiet();
  const expected = witness.numbers.length;
  assert.equal(new Set(witness.numbers).size, expected);
  for (let i = 0; i < 200 && (await told(page)) - before < expected; i++) await page.waitForTimeout(50);
  await page.waitForTimeout(500);
  assert.equal((await told(page)) - before, expected);
}

const only = process.env.PAGE_ONLY; // a pattern, while one works on a test
const tests = {
  async "what came while the connection was lost is told afterwards, each event once"() {
    // RP-73
    const door = new Door();
    await door.open();
    const id = await waiting("print('decided while nobody could tell')");
    const page = await visitor();
    await page.goto(`http://localhost:${door.port}/#/requests/${id}`);
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await quiet();
    const before = await told(page);
    const witness = new Witness();
    await witness.listen();
    await waiting("print('heard at once')");
    await toldAll(page, witness, before);

    await door.shut();
    await banner(page).waitFor();
    await api("POST", `/v1/requests/${id}/votes`, { answer: "approve" });
    for (let i = 0; i < 5; i++) await waiting(`print('meanwhile ${i}')`);
    const asks = [];
    page.on("request", (request) => asks.push(new URL(request.url()).pathname));
    await door.open();
    await banner(page).waitFor({ state: "detached" });
    await page.getByText("Approved by").waitFor();
    await toldAll(page, witness, before);
    // By the events, and not since everything was asked for anew; of few changes each request is asked for, not the list
    assert.equal(asks.filter((path) => path === "/v1/requests").length, 0);

    await server("kill");
    await server("start");
    await witness.listen();
    await waiting("print('behind a restart')");
    await banner(page).waitFor({ state: "detached" });
    await toldAll(page, witness, before);
    await page.context().close();
    witness.stop.abort();
    await door.shut();
  },
};
await run(Object.fromEntries(Object.entries(tests).filter(([name]) => !only || new RegExp(only).test(name))));
