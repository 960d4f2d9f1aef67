// SPDX-License-Identifier: MIT
// The official TypeScript SDK's client, unmodified: it submits, sees that a person decides, and gets the output after the approval.
// Usage: node client.mjs http URL   or   node client.mjs stdio URL PROGRAM
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, url, program] = process.argv.slice(2);
const transport =
  kind === "http"
    ? new StreamableHTTPClientTransport(new URL("/mcp", url))
    : new StdioClientTransport({ command: program, args: ["mcp"], env: { SALLYPORT_URL: url, PATH: process.env.PATH } });
const client = new Client({ name: "test", version: "1" });
await client.connect(transport);
assert.equal(client.getServerVersion().name, "sallyport");
await client.ping();

const { tools } = await client.listTools();
assert.deepEqual(
  tools.map((tool) => tool.name),
  ["run_code", "get_request", "list_requests", "get_file", "cancel_request"],
);

const call = (name, args) => client.callTool({ name, arguments: args });
const submitted = await call("run_code", {
  code: "print('from a model'); open('out.txt', 'w').write(open('/mnt/data/in.txt').read() * 100000); 6 * 7",
  files: [{ path: "in.txt", text: "held\n" }],
  purpose: "multiply",
  wait_seconds: 0,
});
assert.equal(submitted.isError, false);
const { id } = submitted.structuredContent;
const other = call("get_request", { id, wait_seconds: 50 }); // waits while others are answered

async function untilWaiting(request) {
  for (let turn = 0; turn < 600; turn++) {
    if ((await call("get_request", { id: request })).structuredContent.state === "waiting") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it never waits");
}
await untilWaiting(id);
const waiting = await call("get_request", { id });
assert.match(waiting.content[0].text, /A person decides/);
assert.doesNotMatch(JSON.stringify(waiting), /from a model|out\.txt/);
const early = await call("get_file", { id, path: "out.txt" });
assert.equal(early.isError, true);
assert.doesNotMatch(JSON.stringify(early), /held/);
assert.match((await call("list_requests", { state: "waiting" })).content[0].text, new RegExp(id));

const resource = await client.readResource({ uri: `sallyport://requests/${id}` });
assert.doesNotMatch(resource.contents[0].text, /from a model/);

const approved = await fetch(new URL(`/v1/requests/${id}/decision`, url), {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ approve: true, by: "mina", comment: "fine" }),
});
assert.equal(approved.status, 200);

const after = await other;
assert.match(after.content[0].text, /approved[\s\S]*by: mina[\s\S]*comment: fine[\s\S]*from a model[\s\S]*42/);
assert.equal(after.structuredContent.state, "approved");
assert.match(after.content[0].text, /out\.txt \(500000 bytes\)/);
assert.equal((await call("get_file", { id, path: "out.txt" })).content[0].text, "held\n".repeat(100000));
assert.equal((await call("get_file", { id, path: "none" })).isError, true);
assert.match((await client.readResource({ uri: `sallyport://requests/${id}` })).contents[0].text, /from a model/);
assert.ok((await client.listResources()).resources.some(({ uri }) => uri.endsWith(id)));
assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 1);

// RP-14, RP-65: changes are asked for, the words reach the model, and the step of before goes on with the next revision.
const vote = (request, members) =>
  fetch(new URL(`/v1/requests/${request}/votes`, url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(members),
  });
const dry = await call("run_code", { code: "plan = 3", then_code: "print('did', plan)", wait_seconds: 0 });
const planned = dry.structuredContent.id;
await untilWaiting(planned);
assert.equal((await vote(planned, { answer: "changes", comment: "one more" })).status, 200);
const wished = await call("get_request", { id: planned });
assert.match(wished.content[0].text, /asks for changes[\s\S]*revises[\s\S]*comment: one more/);
assert.equal((await call("run_code", { code: "plan = 4", revises: planned, wait_seconds: 0 })).isError, false);
await untilWaiting(planned);
assert.equal((await vote(planned, { answer: "approve" })).status, 200);
assert.match((await call("get_request", { id: planned, wait_seconds: 50 })).content[0].text, /did 4/);

const failed = await call("run_code", { code: "1 / 0", wait_seconds: 50 });
assert.equal(failed.isError, true);
assert.match(failed.content[0].text, /ZeroDivisionError/);
assert.equal((await call("get_request", { id: "00000000-0000-4000-8000-000000000000" })).isError, true);
await assert.rejects(call("no_such_tool", {}));
await client.close();
console.log("good");
