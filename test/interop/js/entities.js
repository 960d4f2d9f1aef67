// SPDX-License-Identifier: MIT
// Entities of the official JavaScript SDK, unmodified: what they keep, what calls and locks promise, what queries find.
"use strict";
const assert = require("node:assert/strict");
const { EntityInstanceId, OrchestrationStatus, TaskEntity } = require("@microsoft/durabletask-js");
const { eventually, sleep } = require("./support");

class Counter extends TaskEntity {
  initializeState() {
    return { value: 0 };
  }
  add(amount) {
    this.state.value += amount;
    return this.state.value;
  }
  get() {
    return this.state.value;
  }
  spoil() {
    this.state.value = -1;
    throw new Error("spoilt");
  }
  forward(job) {
    this.context.signalEntity(new EntityInstanceId("counter", job.key), "add", job.amount,
      job.afterMs ? { signalTime: new Date(Date.now() + job.afterMs) } : undefined);
  }
  launch(job) {
    this.context.scheduleNewOrchestration("doubler", job.value, { instanceId: job.id });
  }
}

const counterOf = (key) => new EntityInstanceId("counter", key);

const orchestrators = {
  doubler: async (_, value) => 2 * value,
  callCounter: async function* (context, key) {
    yield context.entities.callEntity(counterOf(key), "add", 5);
    yield context.entities.callEntity(counterOf(key), "add", 7);
    return yield context.entities.callEntity(counterOf(key), "get");
  },
  signalThenCall: async function* (context, key) {
    for (let i = 0; i < 10; i++) context.entities.signalEntity(counterOf(key), "add", 1);
    return yield context.entities.callEntity(counterOf(key), "get");
  },
  callWhatFails: async function* (context, key) {
    yield context.entities.callEntity(counterOf(key), "add", 3);
    let text = "no failure";
    try {
      yield context.entities.callEntity(counterOf(key), "spoil");
    } catch (error) {
      text = error.message;
    }
    return { text, value: yield context.entities.callEntity(counterOf(key), "get") };
  },
  readWaitWrite: async function* (context, key) {
    const lock = yield context.entities.lockEntities(counterOf(key), counterOf(`${key}-b`));
    const before = yield context.entities.callEntity(counterOf(key), "get");
    yield context.createTimer(new Date(context.currentUtcDateTime.getTime() + 20));
    yield context.entities.callEntity(counterOf(key), "add", 1);
    const after = yield context.entities.callEntity(counterOf(key), "get");
    lock.release();
    return after - before;
  },
  failInSection: async function* (context, key) {
    yield context.entities.lockEntities(counterOf(key));
    throw new Error("left in the middle");
  },
  waitInSection: async function* (context, key) {
    const lock = yield context.entities.lockEntities(counterOf(key));
    context.setCustomStatus("inside");
    yield context.waitForExternalEvent("Leave");
    lock.release();
    return "left";
  },
};

let keys = 0;
const newKey = () => `k${process.pid}-${++keys}`;

/** The scenarios; `client` is the SDK's. */
function scenarios(client) {
  const value = async (key) => (await client.getEntity(counterOf(key)))?.state?.value;
  const settled = (key, wanted) => eventually(`${key} is ${wanted}`, async () => (await value(key)) === wanted);
  const run = async (name, input) => {
    const id = await client.scheduleNewOrchestration(name, input);
    return client.waitForOrchestrationCompletion(id, true, 60);
  };
  const output = async (name, input) => {
    const state = await run(name, input);
    assert.equal(state.runtimeStatus, OrchestrationStatus.COMPLETED, state.serializedOutput);
    return JSON.parse(state.serializedOutput);
  };
  const enter = async (key) => {
    const id = await client.scheduleNewOrchestration("waitInSection", key);
    await eventually("it is inside", async () =>
      (await client.getOrchestrationState(id))?.serializedCustomStatus?.includes("inside"));
    return id;
  };

  return {
    "an entity keeps what it is told": async () => {
      const key = newKey();
      assert.equal(await client.getEntity(counterOf(key)), undefined);
      for (let i = 0; i < 20; i++) await client.signalEntity(counterOf(key), "add", 2);
      await settled(key, 40);
      const bare = await client.getEntity(counterOf(key), false);
      assert.equal(bare.includesState, false);
      assert.equal(bare.id.key, key);
    },
    "calls return, and stand behind earlier signals": async () => {
      assert.equal(await output("callCounter", newKey()), 12);
      assert.equal(await output("signalThenCall", newKey()), 10);
    },
    "a call that fails changes nothing": async () => {
      const { text, value: after } = await output("callWhatFails", newKey());
      assert.match(text, /spoilt/);
      assert.equal(after, 3);
    },
    "an entity signals, later too, and starts an orchestration": async () => {
      const key = newKey();
      const from = counterOf(`${key}-from`);
      await client.signalEntity(from, "forward", { key, amount: 4 });
      await settled(key, 4);
      const begun = Date.now();
      await client.signalEntity(from, "forward", { key, amount: 1, afterMs: 1200 });
      await settled(key, 5);
      assert.ok(Date.now() - begun >= 1150, "a signal for later came early");
      await client.signalEntity(from, "launch", { value: 21, id: `of-${key}` });
      await eventually("it was started", () => client.getOrchestrationState(`of-${key}`));
      assert.equal((await client.waitForOrchestrationCompletion(`of-${key}`, true, 60)).serializedOutput, "42");
    },
    "a signal with a time waits for it": async () => {
      const key = newKey();
      const begun = Date.now();
      await client.signalEntity(counterOf(key), "add", 1, { signalTime: new Date(begun + 1200) });
      await settled(key, 1);
      assert.ok(Date.now() - begun >= 1150, "it came early");
    },
    "a critical section is alone": async () => {
      const key = newKey();
      const ids = await Promise.all(Array.from({ length: 8 }, () =>
        client.scheduleNewOrchestration("readWaitWrite", key)));
      for (const id of ids)
        assert.equal((await client.waitForOrchestrationCompletion(id, true, 60)).serializedOutput, "1");
      await settled(key, 8);
    },
    "a lock is seen, and released by a failure, a terminate and a purge": async () => {
      const key = newKey();
      await client.signalEntity(counterOf(key), "add", 0);
      await settled(key, 0);
      assert.equal((await run("failInSection", key)).runtimeStatus, OrchestrationStatus.FAILED);
      await eventually("it is released", async () => !(await client.getEntity(counterOf(key))).lockedBy);
      const id = await enter(key);
      assert.equal((await client.getEntity(counterOf(key))).lockedBy, id);
      await client.signalEntity(counterOf(key), "add", 1);
      await sleep(500);
      assert.equal(await value(key), 0, "a signal went through a lock");
      await client.terminateOrchestration(id, "enough");
      await settled(key, 1);
      const purged = await enter(key);
      await client.terminateOrchestration(purged, "enough");
      await client.waitForOrchestrationCompletion(purged, true, 60);
      await client.purgeOrchestration(purged);
      assert.equal(await output("readWaitWrite", key), 1);
    },
    "a query finds by prefix and pages": async () => {
      const key = newKey();
      for (let i = 0; i < 5; i++) await client.signalEntity(counterOf(`${key}-${i}`), "add", i);
      for (let i = 0; i < 5; i++) await settled(`${key}-${i}`, i);
      const found = [];
      for await (const one of client.getEntities({ instanceIdStartsWith: `@counter@${key}`, pageSize: 2 }))
        found.push([one.id.key, one.state.value]);
      assert.deepEqual(found.sort(), Array.from({ length: 5 }, (_, i) => [`${key}-${i}`, i]));
    },
    "cleaning removes what is empty": async () => {
      const key = newKey();
      await client.signalEntity(counterOf(key), "add", 1);
      await settled(key, 1);
      await client.signalEntity(counterOf(key), "delete");
      await eventually("it has no state", async () => (await value(key)) === undefined);
      await client.cleanEntityStorage({ removeEmptyEntities: true, releaseOrphanedLocks: true });
      assert.equal(await client.getEntity(counterOf(key)), undefined);
    },
  };
}

module.exports = { entities: { counter: () => new Counter() }, orchestrators, scenarios };
