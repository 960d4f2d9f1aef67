// SPDX-License-Identifier: MIT
// The JavaScript client against a real server. Usage: node client.mjs CLIENT URL
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [path, url] = process.argv.slice(2);
const sallyport = await import(pathToFileURL(path).href);
const client = new sallyport.Client({ url });

const submitted = await client.submit("print('grüße')", {
  purpose: "by JavaScript",
  labels: { env: "test" },
});
const shown = await client.get(submitted.id, { wait: 30 });
assert.equal(shown.state, "waiting");
assert.equal(shown.purpose, "by JavaScript");
assert.equal(shown.result.stdout, "grüße\n");
await assert.rejects(client.approve(submitted.id, { manifest: "0".repeat(64) }), sallyport.Conflict);
await client.askForChanges(submitted.id, { comment: "louder" });
await client.revise(submitted.id, "print('LOUD')");
const again = await client.get(submitted.id, { wait: 30 });
assert.equal(again.result.stdout, "LOUD\n");
const end = client.wait(submitted.id);
await client.approve(submitted.id, { comment: "fine", manifest: again.manifestSha256 });
assert.equal((await end).state, "approved");
await assert.rejects(client.reject(submitted.id), (error) => error instanceof sallyport.Conflict && error.type === "already-decided");

// RP-14
const stepped = await client.submit("plan = 3", { thenCode: "print('did', plan)" });
await client.get(stepped.id, { wait: 30 });
await client.revise(stepped.id, "plan = 4");
await client.get(stepped.id, { wait: 30 });
await client.approve(stepped.id);
assert.equal((await client.wait(stepped.id)).result.stdout, "did 4\n");
const unstepped = await client.submit("plan = 3", { thenCode: "1" });
await client.get(unstepped.id, { wait: 30 });
assert.equal((await client.revise(unstepped.id, "plan = 5", { thenCode: null })).then, undefined);

const logs = await client.logs(submitted.id);
assert.deepEqual([logs.stdout, logs.status, logs.ended, logs.why], ["LOUD\n", "over", "succeeded", "completed"]);
assert.equal((await client.logs(submitted.id, { run: 1 })).stdout, "grüße\n");
const kinds = [];
for await (const { event } of client.follow((await client.submit("import sys\nprint(1)\nprint(2, file=sys.stderr)")).id)) kinds.push(event);
assert.deepEqual(kinds.filter((kind) => kind !== "status").sort(), ["stderr", "stdout"]);
await assert.rejects(client.logs(submitted.id, { run: 9 }), sallyport.NotFound);

const large = new Uint8Array(100_000).map((_, n) => n % 251);
const withFiles = await client.submit("open('/mnt/data/out.txt', 'w').write(open('/mnt/data/in/a b.txt').read().upper())", {
  files: { "in/a b.txt": "größe", "large.bin": large },
});
const ran = await client.get(withFiles.id, { wait: 30 });
assert.deepEqual(
  (await client.files(ran.id)).files.map(({ path, change }) => [path, change]),
  [["out.txt", "made"]],
);
assert.equal(new TextDecoder().decode(await client.getFile(ran.id, "out.txt")), "GRÖSSE");
assert.deepEqual(await client.getInput(ran.id, "large.bin"), large);
await client.revise(ran.id, "1", { files: { "in/a b.txt": "other" } });
const difference = await client.diff(ran.id);
assert.deepEqual([difference.inputs.changed.length, difference.inputs.removed.length], [1, 1]);
assert.equal((await client.inputs(ran.id, { revision: 1 })).length, 2);
assert.equal(new TextDecoder().decode(await client.getInput(ran.id, "in/a b.txt", { revision: 1 })), "größe");
await assert.rejects(client.getFile(ran.id, "none"), sallyport.NotFound);

const refused = await client.submit("1");
await client.reject(refused.id, { comment: "why?" });
await assert.rejects(client.wait(refused.id), (error) => error instanceof sallyport.Rejected && error.message === "why?");
await assert.rejects(client.run("1 / 0"), sallyport.Failed);
const cancelled = await client.submit("1");
await client.cancel(cancelled.id, { reason: "a test" });
assert.equal((await client.get(cancelled.id, { wait: 30, until: "over" })).state, "cancelled");
await assert.rejects(client.get("00000000-0000-4000-8000-000000000000"), sallyport.NotFound);

const listed = [];
for await (const request of client.list({ label: "env:test", limit: 1 })) listed.push(request.id);
assert.deepEqual(listed, [submitted.id]);
console.log("good");
