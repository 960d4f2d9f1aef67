// SPDX-License-Identifier: MIT
// What the two JavaScript programs share: the protocol's messages and stubs from the SDK, made bearable.
"use strict";
const grpc = require("@grpc/grpc-js");
const { StringValue, Int32Value } = require("google-protobuf/google/protobuf/wrappers_pb");
const { Timestamp } = require("google-protobuf/google/protobuf/timestamp_pb");
const pb = require("@microsoft/durabletask-js/dist/proto/orchestrator_service_pb");
const stubs = require("@microsoft/durabletask-js/dist/proto/orchestrator_service_grpc_pb");

const PATIENCE_MS = 90000;

/** A message from its fields; names as in the protocol, arrays are repeated fields, plain objects are maps. */
function make(Type, fields = {}) {
  const message = new Type();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const key = name[0].toUpperCase() + name.slice(1).toLowerCase();
    if (Array.isArray(value)) message[`set${key}List`](value);
    else if (Object.getPrototypeOf(value) === Object.prototype)
      for (const [k, v] of Object.entries(value)) message[`get${key}Map`]().set(k, v);
    else message[`set${key}`](value);
  }
  return message;
}
const str = (value) => make(StringValue, { value });
const int = (value) => make(Int32Value, { value });
const time = (ms) => make(Timestamp, { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1000000 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function eventually(what, condition) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(20);
  }
}

/** The service's methods as promises, for one hub (undefined: no header) and one connection of its own. */
class Stub {
  constructor(address, hub, headers = {}, more = {}) {
    const options = { "grpc.max_receive_message_length": -1, "grpc.use_local_subchannel_pool": 1, ...more };
    this.client = new stubs.TaskHubSidecarServiceClient(address, grpc.credentials.createInsecure(), options);
    this.hub = hub;
    this.headers = headers;
  }
  metadata() {
    const m = new grpc.Metadata();
    if (this.hub !== undefined) m.set("taskhub", this.hub);
    for (const [name, value] of Object.entries(this.headers)) m.set(name, value);
    return m;
  }
  call(method, request, deadlineMs = PATIENCE_MS) {
    return new Promise((resolve, reject) =>
      this.client[method](request, this.metadata(), { deadline: Date.now() + deadlineMs }, (error, answer) =>
        error ? reject(error) : resolve(answer)),
    );
  }
  stream(method, request) {
    return this.client[method](request, this.metadata());
  }
  /** Every message of a server stream. */
  collect(method, request) {
    return within(PATIENCE_MS, method, new Promise((resolve, reject) => {
      const messages = [];
      const s = this.stream(method, request);
      s.on("data", (one) => messages.push(one));
      s.on("error", reject);
      s.on("end", () => resolve(messages));
    }));
  }
  close() {
    this.client.close();
  }
}

/** Runs named scenarios one after the other; the names given choose. Returns how many failed. */
async function runAll(scenarios, names) {
  let failures = 0;
  for (const [name, run] of Object.entries(scenarios)) {
    if (names.length && !names.includes(name)) continue;
    const began = Date.now();
    try {
      await within(2 * PATIENCE_MS, name, run());
      console.log(`ok ${name} (${((Date.now() - began) / 1000).toFixed(2)} s)`);
    } catch (error) {
      failures++;
      console.log(`FAILED ${name}: ${error.stack}`);
    }
  }
  return failures;
}

module.exports = { PATIENCE_MS, Stub, eventually, grpc, int, make, pb, runAll, sleep, str, time, within };
