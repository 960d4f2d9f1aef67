// SPDX-License-Identifier: MIT
// What people see of a run, as it goes on and afterwards: its output, what it did, its files; and what they do about it. Part of
// drive.mjs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { api, axe, bytesOf, visitor, waiting } from "./rig.mjs";

/** Goes on until somebody stops it. */
const ENDLESS = `import sys, time
print("begun", flush=True)
print("\x1b[31mred\x1b[0m on the side", file=sys.stderr, flush=True)
while True: time.sleep(0.02)`;

const SLOW = `import time
for number in range(4):
    print("line", number, flush=True)
    time.sleep(1)
"the value"`;

const TRIES = `import os, socket
for _ in range(3):
    try: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    except OSError as error: print(error)
open("/mnt/data/out.csv", "w").write("a,b\\n1,2\\n")
os.remove("/mnt/data/old.txt")`;

const stateOf = async (id) => (await api("GET", `/v1/requests/${id}`)).state;

async function running(code) {
  const { id } = await api("POST", "/v1/requests", { code, purpose: "Goes on" });
  while ((await stateOf(id)) !== "running") await new Promise((done) => setTimeout(done, 20));
  return id;
}

export const runTests = (shots) => ({
  async "what a run writes is seen while it runs, and it can be cancelled"() {
    const id = await running(ENDLESS);
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("log", { name: "stdout" }).getByText("begun").waitFor();
    await page.getByRole("log", { name: "stderr" }).getByText("red", { exact: true }).waitFor();
    assert.equal(await stateOf(id), "running");
    assert.match(await page.locator("dl.facts").innerText(), /not yet/);
    assert.deepEqual(await axe(page), []);
    if (shots) await page.screenshot({ path: `${shots}/running.png` });
    const other = await visitor();
    await other.visit(`/runs/${id}`);
    await other.getByRole("log", { name: "stdout" }).getByText("begun").waitFor(); // from the start, for whoever comes later
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("dialog", { name: "Cancel this request?" }).waitFor();
    await page.getByLabel("Reason").fill("never ends");
    await page.getByRole("button", { name: "Cancel it" }).click();
    await page.getByText("Cancelled by").waitFor();
    await page.getByText("never ends").first().waitFor();
    const request = await api("GET", `/v1/requests/${id}`);
    assert.deepEqual([request.state, request.ended.reason], ["cancelled", "never ends"]);
    await other.getByText("never ends").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel", exact: true }).count(), 0);
    assert.deepEqual([page.faults, other.faults], [[], []]);
    await other.context().close();
    await page.context().close();
  },

  async "the stored result takes the place of what was seen live, and has all of it"() {
    const page = await visitor();
    await page.visit("/");
    const id = await running(SLOW);
    await page.visit(`/requests/${id}?tab=output`);
    await page.getByRole("log", { name: "stdout" }).getByText("line 0").waitFor();
    assert.equal(await stateOf(id), "running");
    await page.getByRole("region", { name: "stdout" }).waitFor();
    const stored = (await api("GET", `/v1/requests/${id}`)).result.stdout;
    assert.equal(await page.getByRole("region", { name: "stdout" }).textContent(), stored);
    assert.equal(await page.getByRole("log").count(), 0);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "what a run did is shown as it was measured, and what was not measured as such"() {
    const id = await waiting(TRIES, { files: [{ path: "old.txt", content: btoa("old") }], purpose: "Tries" });
    const { runs } = await api("GET", `/v1/requests/${id}`);
    const { effects } = runs[0];
    assert.equal(effects.network.attempts, 3);
    const page = await visitor();
    await page.visit(`/requests/${id}?tab=effects`);
    await page.getByText("Tried the network 3 times, blocked each time.").waitFor();
    const fact = (name) => page.locator("dl.facts > div", { hasText: name }).locator("dd").innerText();
    assert.equal(await fact("Network"), "3 tried");
    assert.equal(await fact("Files"), "1 made, 1 removed");
    assert.equal(effects.processes.started, 0);
    assert.equal(await fact("Processes"), String(effects.processes.mostAtOnce ?? 0));
    assert.equal((await fact("CPU")) === "not reported", effects.cpuMicroseconds === undefined);
    assert.equal((await fact("Memory")) === "not reported", effects.memoryPeakBytes === undefined);
    await page.getByRole("row", { name: "IPv6 datagrams (UDP) 3" }).waitFor();
    await page.getByRole("row", { name: "socket 3" }).waitFor();
    await page.getByRole("row", { name: "removed old.txt" }).waitFor();
    await page.getByText(runs[0].words).first().waitFor();
    await page.getByText("which address was tried").waitFor();
    await page.visit(`/runs/${id}`);
    await page.getByText("Tried the network 3 times, blocked each time.").waitFor();
    await page.visit("/");
    await page.locator(`[data-id="${id}"]`).getByText("3 connections blocked").waitFor();
    await page.visit("/runs");
    const row = page.getByRole("row", { name: new RegExp(id.slice(0, 8)) });
    await row.getByText("3 tried", { exact: true }).waitFor(); // what lists do not have is asked for
    assert.match(await row.innerText(), /\d ?m?s/);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "files go in by a form, come out as they were voted on, and differ between revisions"() {
    const page = await visitor();
    await page.visit("/submit");
    await page.getByLabel("What is it for?").fill("Upper case");
    await page
      .getByLabel("Code, main.py")
      .fill(`open("/mnt/data/out.txt", "w").write(open("/mnt/data/a b.txt").read().upper())\nprint("made it")`);
    await page.getByLabel("Add files").setInputFiles([
      { name: "a b.txt", mimeType: "text/plain", buffer: Buffer.from("spelled\n") },
      { name: "same.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0, 255, 10, 13]) },
    ]);
    await page.getByText("a b.txt 8 B").waitFor();
    await page.getByRole("tabpanel").getByText(/-F 'file=@"a b.txt";filename="a b.txt"'/).waitFor();
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByText("made it").first().waitFor();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByRole("tab", { name: "Files 1" }).click();
    await page.getByText("Held until release").waitFor();
    const id = new URL(page.url()).hash.match(/requests\/([^?]+)/)[1];
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download out.txt" }).click();
    assert.equal(readFileSync(await (await download).path(), "utf8"), "SPELLED\n");
    await page.getByRole("button", { name: "out.txt" }).click();
    await page.getByRole("button", { name: "Show it as text" }).click();
    await page.getByRole("region", { name: "preview of out.txt" }).getByText("SPELLED").waitFor();
    assert.deepEqual(await bytesOf(`/v1/requests/${id}/inputs/same.bin`), [0, 255, 10, 13]);

    await page.getByLabel("Comment").fill("other words");
    await page.getByRole("button", { name: /^Changes/ }).click();
    await page.getByText("Changes were requested").waitFor();
    await page.getByRole("link", { name: /^Revise/ }).click();
    await page.getByText("same.bin 4 B as before").waitFor();
    await page
      .getByLabel("Add files")
      .setInputFiles([{ name: "a b.txt", mimeType: "text/plain", buffer: Buffer.from("other\n") }]);
    await page.getByText("a b.txt 6 B", { exact: true }).waitFor();
    assert.equal(await page.getByText("a b.txt 8 B as before").count(), 0);
    await page.getByRole("button", { name: /^Send the revision/ }).click();
    await page.getByText("revision 2").first().waitFor();
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await page.getByRole("tab", { name: "Inputs 2" }).click();
    await page.getByRole("row", { name: "changed a b.txt 8 B 6 B" }).waitFor();
    assert.deepEqual(await bytesOf(`/v1/requests/${id}/inputs/same.bin`), [0, 255, 10, 13]);
    assert.deepEqual(await axe(page), []);
    if (shots) await page.screenshot({ path: `${shots}/inputs-differ.png` });
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    await page.getByRole("tab", { name: "Files 1" }).click();
    await page.getByText("Released: the submitter has them.").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "an approval says what it starts, and what became of it"() {
    const page = await visitor();
    await page.visit("/submit");
    await page.getByLabel("Code, main.py").fill("print('to be followed')");
    await page.getByText("What follows an approval").click();
    await page.getByLabel("Start the orchestration").fill("Publish");
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByText("Your approval releases the result and starts Publish").waitFor();
    const id = new URL(page.url()).hash.match(/requests\/([^?]+)/)[1];
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Approved by").waitFor();
    await page.visit(`/runs/${id}`);
    await page.getByText("Publish started in hub default").waitFor();
    await page.getByRole("link", { name: "Publish", exact: true }).click();
    await page.getByRole("heading", { name: "Publish" }).waitFor();
    assert.match(page.url(), new RegExp(`instances/${id}-then`));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "approve and remember makes a standing approval of what was seen"() {
    const code = `print("remembered ${Date.now()}")`;
    const id = await waiting(code, { labels: { team: "growth" } });
    const page = await visitor();
    await page.visit(`/requests/${id}`);
    await page.getByRole("button", { name: "Remember my approval…" }).click();
    await page.getByRole("dialog", { name: "Approve and remember" }).waitFor();
    assert.deepEqual(await axe(page), []);
    if (shots) await page.screenshot({ path: `${shots}/remember.png` });
    await page.getByLabel("For whom").selectOption("label:team");
    await page.getByLabel("How often at most").fill("3");
    await page.getByRole("dialog").getByRole("button", { name: "Approve and remember" }).click();
    await page.getByText("Approved by").waitFor();
    await page.getByText("remembered, until").waitFor();
    const { standing } = await api("GET", `/v1/requests/${id}`);
    assert.deepEqual([standing.of, standing.uses], ["bytes", 3]);
    const again = await api("POST", "/v1/requests", { code, labels: { team: "growth" } });
    await page.visit(`/requests/${again.id}`);
    await page.getByText("what was approved and remembered").waitFor();
    assert.equal(await stateOf(again.id), "approved");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "all of a request can be taken away as a file"() {
    const id = await waiting("print('to be exported')");
    const page = await visitor();
    await page.visit(`/runs/${id}`);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export" }).click();
    const bytes = readFileSync(await (await download).path());
    assert.equal(bytes.subarray(257, 262).toString(), "ustar");
    assert.match(bytes.toString("latin1"), /to be exported/);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },
});
