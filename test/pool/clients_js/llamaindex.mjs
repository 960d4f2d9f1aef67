// SPDX-License-Identifier: MIT
// LlamaIndexTS's AzureDynamicSessionTool, unmodified, against a pool. Argument: the pool's URL.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { AzureDynamicSessionTool } from "@llamaindex/azure";

const azureADTokenProvider = async () => "a-token";
const tools = [];

console.log = () => {}; // the tool prints whole answers

function tool(options = {}) {
  const made = new AzureDynamicSessionTool({ poolManagementEndpoint: process.argv[2], azureADTokenProvider, ...options });
  tools.push(made);
  return made;
}

async function text(stream) {
  return await new Response(stream).text();
}

test("runs code and keeps its state", async () => {
  const t = tool();
  assert.equal((await t.call({ code: "print('Hello world')" })).stdout, "Hello world\n");
  assert.equal((await t.call({ code: "x = 5" })).result, "");
  assert.equal((await t.call({ code: "x + 1" })).result, 6);
  assert.equal((await t.call({ code: "'x'" })).result, "'x'");
  assert.equal((await t.call({ code: "None" })).result, "");
  assert.match((await tool().call({ code: "x" })).stderr, /NameError/);
});

test("tells of failure", async () => {
  const answer = await tool().call({ code: "print('before')\n1/0" });
  assert.equal(answer.result, "");
  assert.equal(answer.stdout, "before\n");
  assert.match(answer.stderr, /ZeroDivisionError: division by zero/);
});

test("saves an image", async () => {
  const answer = await tool().call({ code: "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()" });
  const image = await readFile(answer.result.replace(/\/[^/]*$/, "")); // "path/file.png" + "/" + "file.png"
  assert.equal(image.subarray(1, 4).toString(), "PNG");
});

test("uploads, lists and downloads", async () => {
  const t = tool();
  const data = new Blob(["a,b\n1,2\n"], { type: "text/csv" });
  const file = await t.uploadFile({ data, remoteFilename: "a table \u00fc.csv" });
  assert.deepEqual([file.filename, file.size], ["a table \u00fc.csv", 8]);
  assert.deepEqual((await t.listFiles()).map((f) => f.filename), ["a table \u00fc.csv"]);
  assert.equal((await t.call({ code: "open('/mnt/data/a table \u00fc.csv').read()" })).result, "'a,b\\n1,2\\n'");
  assert.equal(await text(await t.downloadFile({ remoteFilename: "a table \u00fc.csv" })), "a,b\n1,2\n");
  await t.call({ code: "open('/mnt/data/made.txt', 'w').write('made')" });
  assert.equal(await text(await t.downloadFile({ remoteFilename: "made.txt" })), "made");
});

test("a long identifier with signs", async () => {
  const t = tool({ sessionId: `${randomUUID()} &#%`.replace(" ", "|") });
  assert.equal((await t.call({ code: "1 + 1" })).result, 2);
});
