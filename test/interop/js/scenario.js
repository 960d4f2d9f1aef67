// SPDX-License-Identifier: MIT
// The official JavaScript SDK, unmodified, against a scheduler; then the protocol itself through the SDK's stubs.
// Usage: scenario.js ADDRESS [NAME...]; see ../sdk_run.py.
"use strict";
const assert = require("node:assert/strict");
const readline = require("node:readline");
const {
  HistoryEventType, NoOpLogger, OrchestrationStatus, PurgeInstanceCriteria, RetryPolicy, TaskHubGrpcClient,
  TaskHubGrpcWorker, VersionFailureStrategy, VersionMatchStrategy, terminateOptions, whenAll, whenAny,
} = require("@microsoft/durabletask-js");
const { Stub, eventually, grpc, make, pb, runAll, sleep, str } = require("./support");
const entities = require("./entities");
const protocol = require("./protocol");

const [address, ...names] = process.argv.slice(2);
const options = { hostAddress: address, logger: new NoOpLogger() };
const inHub = (name) => ({ ...options, metadataGenerator: async () => {
  const metadata = new grpc.Metadata();
  metadata.set("taskhub", name);
  return metadata;
} });
const client = new TaskHubGrpcClient(options);
const stub = new Stub(address);
const worker = new TaskHubGrpcWorker(options);

// --- orchestrations and activities ---

const attempts = new Map();
const policy = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 50, backoffCoefficient: 2 });

const activities = {
  plusOne: async (_, value) => value + 1,
  greet: async (_, name) => `Hello, ${name}!`,
  nothing: async () => undefined,
  flaky: async (_, name) => {
    attempts.set(name, (attempts.get(name) ?? 0) + 1);
    if (attempts.get(name) < 3) throw new Error(`attempt ${attempts.get(name)} failed`);
    return attempts.get(name);
  },
  hopeless: async () => {
    throw new TypeError("never works");
  },
  slow: async (_, value) => {
    await sleep(50);
    return value;
  },
};

const later = (context, ms) => new Date(context.currentUtcDateTime.getTime() + ms);
const fanOutOf = (activity) =>
  async function* (context, count) {
    const tasks = Array.from({ length: count }, (_, i) => context.callActivity(activity, i));
    return (yield whenAll(tasks)).reduce((sum, one) => sum + one, 0);
  };

const orchestrators = {
  instant: async (_, value) => value,
  sequence: async function* (context, start) {
    const numbers = [start];
    for (let i = 0; i < 5; i++) numbers.push(yield context.callActivity("plusOne", numbers[i]));
    return numbers;
  },
  fanOut: fanOutOf("plusOne"),
  slowFanOut: fanOutOf("slow"),
  sleeper: async function* (context, ms) {
    const before = context.currentUtcDateTime.getTime();
    yield context.createTimer(later(context, ms));
    return context.currentUtcDateTime.getTime() - before;
  },
  approval: async function* (context, ms) {
    const event = context.waitForExternalEvent("Approval");
    const winner = yield whenAny([event, context.createTimer(later(context, ms))]);
    return winner === event ? event.getResult() : "timed out";
  },
  collect: async function* (context, count) {
    const items = [];
    for (let i = 0; i < count; i++) items.push(yield context.waitForExternalEvent("Item"));
    return items;
  },
  child: async (context, value) => ({ value, parent: context.parent, id: context.instanceId }),
  parent: async function* (context, count) {
    return yield whenAll(Array.from({ length: count }, (_, i) => context.callSubOrchestrator("child", i)));
  },
  broken: async () => {
    throw new RangeError("the child broke");
  },
  parentOfBroken: async function* (context) {
    try {
      yield context.callSubOrchestrator("broken");
    } catch (error) {
      return error.message;
    }
    return "no failure";
  },
  waiter: async function* (context) {
    yield context.waitForExternalEvent("Never");
  },
  parentOfWaiters: async function* (context) {
    yield whenAll([0, 1, 2].map((i) =>
      context.callSubOrchestrator("waiter", undefined, { instanceId: `${context.instanceId}-${i}` })));
  },
  counter: async function* (context, value) {
    yield context.createTimer(later(context, 1));
    if (value < 100) context.continueAsNew(value + 1, false);
    return value;
  },
  counterWithEvents: async function* (context, seen) {
    seen.push(yield context.waitForExternalEvent("Item"));
    if (seen.length < 5) context.continueAsNew(seen, true);
    return seen;
  },
  reporter: async function* (context) {
    context.setCustomStatus({ step: 1 });
    yield context.waitForExternalEvent("Go");
    context.setCustomStatus({ step: 2 });
    return "reported";
  },
  parentOfFlaky: async function* (context, name) {
    const first = yield context.callActivity("plusOne", 1);
    return [first, yield context.callSubOrchestrator("flakyChild", name)];
  },
  retrying: async function* (context, name) {
    return yield context.callActivity("flaky", name, { retry: policy });
  },
  retryingInVain: async function* (context) {
    return yield context.callActivity("hopeless", undefined, { retry: policy });
  },
  flakyChild: async function* (context, name) {
    return yield context.callActivity("flaky", name);
  },
  retryingChild: async function* (context, name) {
    return yield context.callSubOrchestrator("flakyChild", name, { retry: policy });
  },
  sender: async function* (context, target) {
    context.sendEvent(target, "Item", "from afar");
    yield context.createTimer(later(context, 1));
    return "sent";
  },
  versioned: async function* (context) {
    return { version: context.version, nothing: yield context.callActivity("nothing") };
  },
  greeting: async function* (context) {
    return yield context.callActivity("greet", "World");
  },
  mixed: async function* (context) {
    const greeting = yield context.callActivity("greet", "World");
    yield context.createTimer(later(context, 300));
    const child = yield context.callSubOrchestrator("child", 1);
    return { greeting, child: child.value };
  },
};

// --- scenarios ---

const start = (name, input, more) => client.scheduleNewOrchestration(name, input, more);
const begun = (id) => client.waitForOrchestrationStart(id, true, 30);
const wait = (id) => client.waitForOrchestrationCompletion(id, true, 30);
const state = (id) => client.getOrchestrationState(id, true);
const parse = (text) => (text === undefined || text === "" ? undefined : JSON.parse(text));

async function completed(id) {
  const got = await wait(id);
  assert.equal(got.runtimeStatus, OrchestrationStatus.COMPLETED, got.failureDetails?.message);
  assert.equal(got.failureDetails, undefined);
  return parse(got.serializedOutput);
}
const run = async (name, input, more) => completed(await start(name, input, more));

/** StartInstance with a reuse policy, as later versions of the SDK send it: the statuses that may be replaced. */
function startReusing(name, input, instanceId, replaceable) {
  const orchestrationIdReusePolicy = make(pb.OrchestrationIdReusePolicy, { replaceableStatus: replaceable });
  return stub.call("startInstance", make(pb.CreateInstanceRequest, {
    name, instanceId, input: str(JSON.stringify(input)), orchestrationIdReusePolicy }));
}
const S = pb.OrchestrationStatus;
const ALL = [S.ORCHESTRATION_STATUS_RUNNING, S.ORCHESTRATION_STATUS_COMPLETED, S.ORCHESTRATION_STATUS_FAILED,
  S.ORCHESTRATION_STATUS_CANCELED, S.ORCHESTRATION_STATUS_TERMINATED, S.ORCHESTRATION_STATUS_PENDING,
  S.ORCHESTRATION_STATUS_SUSPENDED];
const allBut = (...some) => ALL.filter((one) => !some.includes(one));

async function history(id, wanted) {
  const events = await client.getOrchestrationHistory(id);
  assert.deepEqual(events.map((e) => [e.type, e.eventId]), wanted);
  for (let i = 0; i < events.length; i++) {
    assert.ok(events[i].timestamp instanceof Date);
    if (i) assert.ok(events[i].timestamp >= events[i - 1].timestamp, "the times go backwards");
  }
  return events;
}
const E = HistoryEventType;

const scenarios = {
  sequence: async () => assert.deepEqual(await run("sequence", 1), [1, 2, 3, 4, 5, 6]),
  "fan-out": async () => assert.equal(await run("fanOut", 20), 210),
  timer: async () => {
    const began = Date.now();
    assert.ok((await run("sleeper", 1000)) >= 1000);
    assert.ok(Date.now() - began >= 1000);
  },
  event: async () => {
    const id = await start("approval", 30000);
    await begun(id);
    await client.raiseOrchestrationEvent(id, "approval", { by: "me" });
    assert.deepEqual(await completed(id), { by: "me" });
  },
  "event times out": async () => assert.equal(await run("approval", 300), "timed out"),
  "early events": async () => {
    const startAt = new Date(Date.now() + 1500);
    const id = await start("collect", 10, { startAt });
    for (let i = 0; i < 10; i++) await client.raiseOrchestrationEvent(id, "Item", i);
    const early = (await state(id)).runtimeStatus;
    if (Date.now() < startAt.getTime()) // else the machine was too slow to see it
      assert.equal(early, OrchestrationStatus.PENDING);
    assert.deepEqual(await completed(id), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.ok(Date.now() >= startAt.getTime());
  },
  children: async () => {
    const id = await start("parent", 3);
    const results = await completed(id);
    assert.deepEqual(results.map((one) => one.value), [0, 1, 2]);
    results.forEach((one, i) => {
      assert.match(one.id, /^[0-9a-f]{32}:[0-9a-f]{4}$/); // made by the SDK from the execution id
      assert.deepEqual(one.parent, { name: "parent", instanceId: id, taskScheduledId: i + 1 });
    });
  },
  "a failing child": async () => assert.match(await run("parentOfBroken"), /the child broke/),
  "continue as new": async () => assert.equal(await run("counter", 0), 100), // DT-103
  "continue as new with events": async () => {
    const id = await start("counterWithEvents", []);
    for (let i = 0; i < 5; i++) await client.raiseOrchestrationEvent(id, "Item", i);
    assert.deepEqual(await completed(id), [0, 1, 2, 3, 4]);
  },
  terminate: async () => {
    const id = await start("waiter");
    await begun(id);
    await client.terminateOrchestration(id, { stopped: true });
    const got = await wait(id);
    assert.equal(got.runtimeStatus, OrchestrationStatus.TERMINATED);
    assert.deepEqual(parse(got.serializedOutput), { stopped: true });
  },
  "terminate a tree": async () => {
    for (const recursive of [true, false]) {
      const id = await start("parentOfWaiters");
      const children = [0, 1, 2].map((i) => `${id}-${i}`);
      for (const one of children) await begun(one);
      await client.terminateOrchestration(id, terminateOptions({ recursive, output: "all" }));
      assert.equal((await wait(id)).runtimeStatus, OrchestrationStatus.TERMINATED);
      for (const one of children) {
        if (!recursive) {
          assert.equal((await state(one)).runtimeStatus, OrchestrationStatus.RUNNING);
          await client.terminateOrchestration(one, "all");
        }
        const got = await wait(one);
        assert.equal(got.runtimeStatus, OrchestrationStatus.TERMINATED);
        assert.equal(parse(got.serializedOutput), "all");
      }
    }
  },
  "suspend and resume": async () => {
    const id = await start("collect", 2);
    await begun(id);
    await client.suspendOrchestration(id);
    await eventually("suspended", async () => (await state(id)).runtimeStatus === OrchestrationStatus.SUSPENDED);
    for (let i = 0; i < 2; i++) await client.raiseOrchestrationEvent(id, "Item", i);
    await sleep(500);
    assert.equal((await state(id)).runtimeStatus, OrchestrationStatus.SUSPENDED);
    await client.resumeOrchestration(id);
    assert.deepEqual(await completed(id), [0, 1]);
    await client.suspendOrchestration(id);
    await client.resumeOrchestration(id);
    assert.equal((await state(id)).runtimeStatus, OrchestrationStatus.COMPLETED);
  },
  "terminate while suspended": async () => {
    const id = await start("waiter");
    await begun(id);
    await client.suspendOrchestration(id);
    await client.terminateOrchestration(id, "anyway");
    assert.equal((await wait(id)).runtimeStatus, OrchestrationStatus.TERMINATED);
  },
  "custom status": async () => {
    const id = await start("reporter");
    assert.deepEqual(parse((await begun(id)).serializedCustomStatus), { step: 1 });
    await client.raiseOrchestrationEvent(id, "Go");
    assert.equal(await completed(id), "reported");
    assert.deepEqual(parse((await state(id)).serializedCustomStatus), { step: 2 });
    const bare = await client.getOrchestrationState(id, false);
    for (const text of [bare.serializedInput, bare.serializedOutput, bare.serializedCustomStatus])
      assert.ok(!text, "payloads without being asked for");
  },
  retry: async () => assert.equal(await run("retrying", "a"), 3),
  "retry a child": async () => assert.equal(await run("retryingChild", "b"), 3),
  "retry in vain": async () => {
    const got = await wait(await start("retryingInVain"));
    assert.equal(got.runtimeStatus, OrchestrationStatus.FAILED);
    assert.match(got.failureDetails.message, /never works/);
    assert.ok(got.failureDetails.errorType && got.failureDetails.stackTrace);
    assert.ok(!got.serializedOutput);
  },
  "an unknown orchestrator": async () =>
    assert.equal((await wait(await start("nowhere"))).runtimeStatus, OrchestrationStatus.FAILED),
  "send an event": async () => {
    const target = await start("collect", 1);
    await begun(target);
    const id = await start("sender", target);
    assert.equal(await completed(id), "sent");
    assert.deepEqual(await completed(target), ["from afar"]);
    const events = await client.getOrchestrationHistory(id);
    assert.equal(events.find((e) => e.type === E.EventSent).instanceId, target);
  },
  "versions and tags": async () => {
    const id = await start("versioned", undefined, { version: "1.2.3", tags: { team: "red", empty: "" } });
    assert.deepEqual(await completed(id), { version: "1.2.3" });
    assert.deepEqual((await state(id)).tags, { team: "red", empty: "" });
    assert.equal((await run("versioned")).version, "");
  },
  "the history of an activity": async () => {
    const id = await start("greeting");
    await completed(id);
    const events = await history(id, [
      [E.OrchestratorStarted, -1], [E.ExecutionStarted, 0], [E.TaskScheduled, 1], [E.OrchestratorStarted, -1],
      [E.TaskCompleted, -1], [E.ExecutionCompleted, 2],
    ]);
    assert.equal(events[1].name, "greeting");
    assert.equal(events[1].orchestrationInstance.instanceId, id);
    assert.equal(events[2].input, '"World"');
    assert.equal(events[4].taskScheduledId, 1);
    assert.equal(events[5].result, '"Hello, World!"');
    assert.equal(events[5].orchestrationStatus, "ORCHESTRATION_STATUS_COMPLETED");
  },
  "the history of activity, timer and child": async () => {
    const id = await start("mixed");
    assert.deepEqual(await completed(id), { greeting: "Hello, World!", child: 1 });
    const events = await history(id, [
      [E.OrchestratorStarted, -1], [E.ExecutionStarted, 0], [E.TaskScheduled, 1],
      [E.OrchestratorStarted, -1], [E.TaskCompleted, -1], [E.TimerCreated, 2],
      [E.OrchestratorStarted, -1], [E.TimerFired, -1], [E.SubOrchestrationInstanceCreated, 3],
      [E.OrchestratorStarted, -1], [E.SubOrchestrationInstanceCompleted, -1], [E.ExecutionCompleted, 4],
    ]);
    assert.equal(events[7].timerId, 2);
    assert.deepEqual(events[7].fireAt, events[5].fireAt);
    assert.ok(events[6].timestamp >= events[5].fireAt);
    assert.equal(events[10].taskScheduledId, 3);
    assert.deepEqual(await client.getOrchestrationHistory("no such instance"), []);
  },
  purge: async () => {
    const id = await start("waiter");
    await begun(id);
    assert.equal((await client.purgeOrchestration(id)).deletedInstanceCount, 0);
    await client.terminateOrchestration(id);
    await wait(id);
    assert.equal((await client.purgeOrchestration(id)).deletedInstanceCount, 1);
    assert.equal((await client.purgeOrchestration(id)).deletedInstanceCount, 0);
    assert.equal(await state(id), undefined);
    assert.deepEqual(await client.getOrchestrationHistory(id), []);
  },
  "purge a tree": async () => {
    const id = await start("parent", 3);
    const children = (await completed(id)).map((one) => one.id);
    assert.equal((await client.purgeOrchestration(id, { recursive: true })).deletedInstanceCount, 4);
    for (const one of children) assert.equal(await state(one), undefined);
  },
  "query and purge by filter": async () => {
    const createdFrom = new Date();
    for (let i = 0; i < 7; i++) await run("instant", i, { instanceId: `query-${i}` });
    await start("waiter", undefined, { instanceId: "query-live" });
    await begun("query-live");
    const found = [];
    let pages = 0;
    for await (const page of client.getAllInstances({ instanceIdPrefix: "query-", pageSize: 3,
      fetchInputsAndOutputs: true }).asPages()) {
      pages++;
      found.push(...page.values);
    }
    assert.equal(pages, 3);
    const all = [0, 1, 2, 3, 4, 5, 6].map((i) => `query-${i}`);
    assert.deepEqual(found.map((one) => one.instanceId), [...all, "query-live"]);
    assert.deepEqual(found.slice(0, 7).map((one) => parse(one.serializedOutput)), [0, 1, 2, 3, 4, 5, 6]);
    const live = [];
    for await (const one of client.getAllInstances({ createdFrom, statuses: [OrchestrationStatus.RUNNING] }))
      live.push(one.instanceId);
    assert.deepEqual(live, ["query-live"]);
    const ids = [];
    for (let lastInstanceKey; ;) {
      const page = await client.listInstanceIds({ completedTimeFrom: createdFrom, pageSize: 3, lastInstanceKey });
      ids.push(...page.values);
      lastInstanceKey = page.continuationToken;
      if (!lastInstanceKey) break;
    }
    assert.deepEqual(ids, all);
    const criteria = new PurgeInstanceCriteria();
    criteria.setCreatedTimeFrom(createdFrom);
    criteria.setRuntimeStatusList([OrchestrationStatus.COMPLETED, OrchestrationStatus.RUNNING]);
    assert.equal((await client.purgeOrchestration(criteria)).deletedInstanceCount, 7);
    await client.terminateOrchestration("query-live");
    await wait("query-live");
  },
  "an id in use": async () => {
    const id = await start("waiter", "original");
    await begun(id);
    await assert.rejects(start("instant", 1, { instanceId: id }), (error) =>
      error.code === grpc.status.ALREADY_EXISTS && /orchestration instance already exists/.test(error.details));
    await assert.rejects(startReusing("instant", 1, id, allBut(S.ORCHESTRATION_STATUS_RUNNING)),
      { code: grpc.status.ALREADY_EXISTS });
    assert.equal(parse((await state(id)).serializedInput), "original");
    await startReusing("instant", "replacement", id, ALL);
    assert.equal(await completed(id), "replacement");
    await assert.rejects(startReusing("instant", 2, id, allBut(S.ORCHESTRATION_STATUS_COMPLETED)),
      { code: grpc.status.ALREADY_EXISTS });
    await assert.rejects(startReusing("instant", 2, id, []), { code: grpc.status.ALREADY_EXISTS });
    assert.equal(await run("instant", 3, { instanceId: id }), 3);
  },
  "a policy that cannot be": async () => {
    const id = await start("waiter", "original");
    await begun(id);
    await client.suspendOrchestration(id);
    await eventually("suspended", async () => (await state(id)).runtimeStatus === OrchestrationStatus.SUSPENDED);
    const replaceable = allBut(S.ORCHESTRATION_STATUS_TERMINATED, S.ORCHESTRATION_STATUS_RUNNING,
      S.ORCHESTRATION_STATUS_PENDING);
    await assert.rejects(startReusing("instant", 1, id, replaceable), {
      code: grpc.status.INVALID_ARGUMENT,
      details: "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances",
    });
    assert.equal((await state(id)).runtimeStatus, OrchestrationStatus.SUSPENDED);
    await client.terminateOrchestration(id);
    await wait(id);
  },
  "bad ids": async () => {
    for (const instanceId of ["@entity@x", "x".repeat(101), "naïve"])
      await assert.rejects(start("instant", 1, { instanceId }), { code: grpc.status.INVALID_ARGUMENT });
  },
  restart: async () => {
    const id = await start("sequence", 1, { tags: { kept: "yes" }, version: "2.0" });
    await completed(id);
    assert.equal(await client.restartOrchestration(id), id);
    assert.deepEqual(await completed(id), [1, 2, 3, 4, 5, 6]);
    const other = await client.restartOrchestration(id, true);
    assert.notEqual(other, id);
    assert.deepEqual(await completed(other), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual((await state(other)).tags, { kept: "yes" });
    const live = await start("collect", 1);
    await begun(live);
    await assert.rejects(client.restartOrchestration(live));
    await client.suspendOrchestration(live);
    await assert.rejects(client.restartOrchestration(live));
    const copy = await client.restartOrchestration(live, true);
    await client.raiseOrchestrationEvent(copy, "Item", "at once");
    assert.deepEqual(await completed(copy), ["at once"]);
    await assert.rejects(client.restartOrchestration("no such instance"));
    await client.terminateOrchestration(live);
    await wait(live);
  },
  rewind: async () => { // DT-119, DT-120, DT-122
    const id = await start("parentOfFlaky", "rewound");
    for (let n = 0; n < 2; n++) {
      assert.equal((await wait(id)).runtimeStatus, OrchestrationStatus.FAILED);
      await client.rewindInstance(id, "once more");
    }
    assert.deepEqual(await completed(id), [2, 3]);
    await assert.rejects(client.rewindInstance(id, "it is over"), /not allow|precondition/i);
    await assert.rejects(client.rewindInstance("no such instance", "who?"));
  },
  "a wait for what is to come": async () => {
    await assert.rejects(client.waitForOrchestrationStart("to-come", false, 0.3));
    const waiting = wait("to-come");
    await sleep(200);
    await start("instant", "came", { instanceId: "to-come" });
    assert.equal(parse((await waiting).serializedOutput), "came");
  },
  "a worker that rejects a version": async () => { // DT-166
    const strict = (version) => {
      const one = new TaskHubGrpcWorker({ ...inHub("strict"), versioning: { version,
        matchStrategy: VersionMatchStrategy.Strict, failureStrategy: VersionFailureStrategy.Reject } });
      one.addNamedOrchestrator("answer", async (context) => context.version);
      return one;
    };
    const wrong = strict("1.0");
    await wrong.start();
    const hub = new TaskHubGrpcClient(inHub("strict"));
    const id = await hub.scheduleNewOrchestration("answer", undefined, { version: "2.0" });
    await sleep(700);
    assert.equal((await hub.getOrchestrationState(id)).runtimeStatus, OrchestrationStatus.PENDING);
    const right = strict("2.0");
    await right.start();
    assert.equal(parse((await hub.waitForOrchestrationCompletion(id, true, 30)).serializedOutput), "2.0");
    await Promise.all([wrong.stop(), right.stop(), hub.stop()]);
  },
  "a worker with filters": async () => {
    const choosy = new TaskHubGrpcWorker({ ...inHub("choosy"), workItemFilters: "auto" });
    choosy.addNamedOrchestrator("known", async () => "done");
    await choosy.start();
    const hub = new Stub(address, "choosy");
    const begin = (name) => hub.call("startInstance", make(pb.CreateInstanceRequest, { name }));
    const look = async (answer) => (await hub.call("getInstance",
      make(pb.GetInstanceRequest, { instanceId: answer.getInstanceid() }))).getOrchestrationstate();
    const unknown = await begin("unknown");
    const known = await begin("known");
    await eventually("the known one completes",
      async () => (await look(known)).getOrchestrationstatus() === S.ORCHESTRATION_STATUS_COMPLETED);
    await sleep(200);
    assert.equal((await look(unknown)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_PENDING);
    await choosy.stop();
    hub.close();
  },
  "the server dies": async () => {
    const id = await start("slowFanOut", 200);
    await begun(id);
    const answers = readline.createInterface({ input: process.stdin });
    const answered = new Promise((resolve) => answers.once("line", resolve));
    console.log("RESTART");
    assert.equal(await answered, "ok");
    answers.close();
    const got = await eventually("completed", async () => {
      const now = await state(id).catch(() => undefined);
      return now?.runtimeStatus === OrchestrationStatus.COMPLETED && now;
    });
    assert.equal(parse(got.serializedOutput), 19900);
  },
};

async function main() {
  for (const [name, one] of Object.entries({ ...orchestrators, ...entities.orchestrators })) worker.addNamedOrchestrator(name, one);
  for (const [name, one] of Object.entries(activities)) worker.addNamedActivity(name, one);
  for (const [name, one] of Object.entries(entities.entities)) worker.addNamedEntity(name, one);
  await worker.start();
  let failures = await runAll(protocol.scenarios(address), names);
  failures += await runAll(entities.scenarios(client), names);
  failures += await runAll(scenarios, names);
  await worker.stop();
  await client.stop();
  stub.close();
  process.exit(failures ? 1 : 0);
}
main();
