// SPDX-License-Identifier: MIT
// What no SDK shows of itself: workers and clients played by hand, each scenario in a hub of its own. The numbers are
// those of the conformance checklist in the protocol's specification.
"use strict";
const assert = require("node:assert/strict");
const { PATIENCE_MS, Stub, eventually, grpc, int, make, pb, sleep, str, time, within } = require("./support");

const S = pb.OrchestrationStatus;
const K = pb.HistoryEvent.EventtypeCase;
const HEX = /^[0-9a-f]{32}$/;
const SILENCE_MS = 300;
const code = (name) => ({ code: grpc.status[name] });
const kinds = (events) => events.map((e) => e.getEventtypeCase());
const bytes = (events) => events.map((e) => Buffer.from(e.serializeBinary()).toString("base64"));

// actions
const action = (id, kind, body) => make(pb.OrchestratorAction, { id, [kind]: body });
const activity = (id, name, more) => action(id, "scheduleTask", make(pb.ScheduleTaskAction, { name, ...more }));
const timer = (id, ms) => action(id, "createTimer", make(pb.CreateTimerAction, { fireAt: time(ms) }));
const child = (id, name, more) =>
  action(id, "createSubOrchestration", make(pb.CreateSubOrchestrationAction, { name, ...more }));
const complete = (id, more) => action(id, "completeOrchestration", make(pb.CompleteOrchestrationAction,
  { orchestrationStatus: S.ORCHESTRATION_STATUS_COMPLETED, ...more }));
const asNew = (id, more) =>
  complete(id, { orchestrationStatus: S.ORCHESTRATION_STATUS_CONTINUED_AS_NEW, ...more });

/** A worker: one GetWorkItems stream. */
class Worker {
  constructor(stub, fields = {}) {
    this.stub = stub;
    this.items = [];
    this.wake = () => {};
    this.seen = new Set();
    this.stream = stub.stream("getWorkItems", make(pb.GetWorkItemsRequest, fields));
    this.ended = new Promise((resolve) => this.stream.on("error", resolve).on("end", () => resolve(undefined)));
    this.headers = new Promise((resolve) => this.stream.on("metadata", resolve));
    this.stream.on("data", (item) => {
      if (item.hasHealthping()) return;
      assert.ok(item.getCompletiontoken() && !this.seen.has(item.getCompletiontoken()), "DT-025");
      this.seen.add(item.getCompletiontoken());
      this.items.push(item);
      this.wake();
    });
  }
  async next(what = "a work item") {
    if (!this.items.length) await within(PATIENCE_MS, what, new Promise((resolve) => (this.wake = resolve)));
    return this.items.shift();
  }
  async turn() {
    const item = await this.next("a turn");
    assert.ok(item.hasOrchestratorrequest(), "not a turn");
    const request = item.getOrchestratorrequest();
    assert.equal(request.getNeweventsList()[0]?.getEventtypeCase(), K.ORCHESTRATORSTARTED, "DT-060");
    return Object.assign(request, { token: item.getCompletiontoken(), fresh: request.getNeweventsList(),
      past: request.getPasteventsList() });
  }
  async task() {
    const item = await this.next("an activity");
    assert.ok(item.hasActivityrequest(), "not an activity");
    return Object.assign(item.getActivityrequest(), { token: item.getCompletiontoken() });
  }
  async silent(ms = SILENCE_MS) {
    await sleep(ms);
    assert.equal(this.items.length, 0, "work where none was due");
  }
  answer(turn, actions, more) {
    return this.stub.call("completeOrchestratorTask", make(pb.OrchestratorResponse,
      { instanceId: turn.getInstanceid(), completionToken: turn.token, actions, ...more }));
  }
  result(task, more) {
    return this.stub.call("completeActivityTask", make(pb.ActivityResponse, {
      instanceId: task.getOrchestrationinstance().getInstanceid(), taskId: task.getTaskid(),
      completionToken: task.token, ...more }));
  }
  close() {
    this.stream.on("error", () => {}).cancel();
  }
}

let hubs = 0;

/** A hub: its stub, its workers, and what is mostly asked of it. */
class Hub {
  constructor(address) {
    this.address = address;
    this.name = `protocol-${++hubs}`;
    this.stub = new Stub(address, this.name);
    this.open = [this.stub];
  }
  worker(fields, headers) {
    const stub = new Stub(this.address, this.name, headers);
    const worker = new Worker(stub, fields);
    this.open.push(worker, stub);
    return worker;
  }
  close() {
    for (const one of this.open) one.close();
  }
  async start(name, more) {
    return (await this.stub.call("startInstance", make(pb.CreateInstanceRequest, { name, ...more }))).getInstanceid();
  }
  async get(instanceId, getInputsAndOutputs = true) {
    return (await this.stub.call("getInstance", make(pb.GetInstanceRequest, { instanceId, getInputsAndOutputs })))
      .getOrchestrationstate();
  }
  async ended(instanceId) {
    return (await this.stub.call("waitForInstanceCompletion", make(pb.GetInstanceRequest,
      { instanceId, getInputsAndOutputs: true }))).getOrchestrationstate();
  }
  raise(instanceId, name, input) {
    return this.stub.call("raiseEvent", make(pb.RaiseEventRequest, { instanceId, name, input }));
  }
  terminate(instanceId, more) {
    return this.stub.call("terminateInstance", make(pb.TerminateRequest, { instanceId, ...more }));
  }
  async history(instanceId, more) {
    const chunks = await this.stub.collect("streamInstanceHistory",
      make(pb.StreamInstanceHistoryRequest, { instanceId, ...more }));
    return Object.assign(chunks.flatMap((one) => one.getEventsList()), { chunks });
  }
}

const scenarios = {
  "methods and hubs": async (hub, address) => { // DT-003, DT-007, DT-008, DT-012
    await hub.stub.call("hello", new (require("google-protobuf/google/protobuf/empty_pb").Empty)());
    await assert.rejects(new Promise((resolve, reject) => hub.stub.client.makeUnaryRequest(
      "/TaskHubSidecarService/NoSuchMethod", () => Buffer.alloc(0), (b) => b, Buffer.alloc(0),
      (error, answer) => (error ? reject(error) : resolve(answer)))), code("UNIMPLEMENTED"));
    const id = await hub.start("a");
    const shouting = new Stub(address, hub.name.toUpperCase());
    const found = await shouting.call("getInstance", make(pb.GetInstanceRequest, { instanceId: id }));
    assert.ok(found.getExists());
    const plain = new Stub(address);
    const missed = await plain.call("getInstance", make(pb.GetInstanceRequest, { instanceId: id }));
    assert.ok(!missed.getExists() && !missed.hasOrchestrationstate());
    shouting.close();
    plain.close();
    const idle = new Hub(address);
    await within(PATIENCE_MS, "headers before work", idle.worker().headers);
    idle.close();
  },
  "a first turn": async (hub) => { // DT-044, DT-058, DT-059, DT-061, DT-062, DT-069, DT-073
    const id = await hub.start("a", { input: str(""), version: str(""), tags: { k: "v" } });
    assert.match(id, HEX);
    await hub.raise(id, "Early", str("1"));
    const w = hub.worker();
    let turn = await w.turn();
    assert.deepEqual(kinds(turn.fresh), [K.ORCHESTRATORSTARTED, K.EXECUTIONSTARTED, K.EVENTRAISED]);
    assert.equal(turn.past.length, 0);
    const started = turn.fresh[1].getExecutionstarted();
    assert.match(turn.getExecutionid().getValue(), HEX);
    assert.equal(started.getOrchestrationinstance().getExecutionid().getValue(), turn.getExecutionid().getValue());
    assert.equal(started.getVersion().getValue(), "");
    assert.equal(started.getInput().getValue(), "");
    assert.equal(started.getTagsMap().get("k"), "v");
    assert.equal((await hub.get(id)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_PENDING);
    await w.answer(turn, []);
    assert.equal((await hub.get(id)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_RUNNING);
    await w.silent();
    const before = await hub.history(id);
    await hub.raise(id, "Late");
    turn = await w.turn();
    assert.deepEqual(bytes(turn.past), bytes(before));
    assert.deepEqual(kinds(turn.fresh), [K.ORCHESTRATORSTARTED, K.EVENTRAISED]);
    assert.ok(!turn.fresh[1].getEventraised().hasInput());
    await w.answer(turn, [complete(1, { result: str("r") })]);
    const end = await hub.ended(id);
    assert.equal(end.getOutput().getValue(), "r");
    assert.ok(end.hasCompletedtimestamp() && !end.hasFailuredetails());
    const plain = await hub.start("b");
    const second = await w.turn();
    assert.ok(!second.fresh[1].getExecutionstarted().hasVersion() && !second.fresh[1].getExecutionstarted().hasInput());
    await w.answer(second, [complete(1)]);
    assert.ok(!(await hub.ended(plain)).hasOutput());
  },
  "an activity as it was asked for": async (hub) => { // DT-076 to DT-080, DT-163
    const id = await hub.start("a");
    const w = hub.worker();
    let turn = await w.turn();
    const parentTraceContext = make(pb.TraceContext, { traceParent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` });
    await w.answer(turn, [
      activity(1, "one", { version: str("3"), input: str("in"), tags: { t: "v" }, parentTraceContext }),
      activity(2, "two"), activity(3, "three"),
    ]);
    const tasks = {};
    for (let i = 0; i < 3; i++) {
      const task = await w.task();
      tasks[task.getName()] = task;
    }
    const { one, two, three } = tasks;
    assert.equal(one.getTaskid(), 1);
    assert.equal(one.getVersion().getValue(), "3");
    assert.equal(one.getInput().getValue(), "in");
    assert.equal(one.getTagsMap().get("t"), "v");
    assert.equal(one.getParenttracecontext().getTraceparent(), parentTraceContext.getTraceparent());
    assert.equal(one.getOrchestrationinstance().getInstanceid(), id);
    assert.equal(one.getOrchestrationinstance().getExecutionid().getValue(), turn.getExecutionid().getValue());
    assert.ok(!two.hasVersion() && !two.hasInput());
    await w.result(one, { result: str("") });
    turn = await w.turn();
    assert.equal(turn.fresh[1].getTaskcompleted().getResult().getValue(), "");
    await w.answer(turn, []);
    await w.result(two);
    await w.result(two, { result: str("once more") });
    turn = await w.turn();
    assert.deepEqual(kinds(turn.fresh), [K.ORCHESTRATORSTARTED, K.TASKCOMPLETED]);
    assert.ok(!turn.fresh[1].getTaskcompleted().hasResult());
    await w.answer(turn, []);
    const failureDetails = make(pb.TaskFailureDetails, {
      errorType: "Outer", errorMessage: "o", stackTrace: str("at x"), isNonRetriable: true,
      innerFailure: make(pb.TaskFailureDetails, { errorType: "Inner", errorMessage: "i",
        innerFailure: make(pb.TaskFailureDetails, { errorType: "Innermost" }) }) });
    const { Value } = require("google-protobuf/google/protobuf/struct_pb");
    failureDetails.getPropertiesMap().set("k", Value.fromJavaScript([1, "two", null]));
    await w.result(three, { failureDetails });
    turn = await w.turn();
    const same = (got) => assert.deepEqual(got.toObject(), failureDetails.toObject());
    same(turn.fresh[1].getTaskfailed().getFailuredetails());
    await w.answer(turn, [complete(4, { orchestrationStatus: S.ORCHESTRATION_STATUS_FAILED, failureDetails })]);
    const end = await hub.ended(id);
    same(end.getFailuredetails());
    assert.ok(!end.hasOutput());
    same((await hub.history(id)).at(-1).getExecutioncompleted().getFailuredetails());
    assert.ok(!(await hub.get(id, false)).hasFailuredetails(), "DT-129");
  },
  "timers": async (hub) => { // DT-068, DT-083 to DT-085
    const id = await hub.start("a");
    const w = hub.worker();
    await w.answer(await w.turn(), [timer(1, Date.now() - 1000), timer(3, Date.now() + 600000)]);
    let turn = await w.turn();
    assert.equal(turn.fresh[1].getTimerfired().getTimerid(), 1);
    const fireAt = Date.now() + 700;
    await w.answer(turn, [timer(2, fireAt)]);
    turn = await w.turn();
    const fired = turn.fresh[1].getTimerfired();
    assert.equal(fired.getTimerid(), 2);
    assert.equal(fired.getFireat().toDate().getTime(), fireAt);
    assert.ok(turn.fresh[0].getTimestamp().toDate().getTime() >= fireAt);
    await w.answer(turn, [complete(4)]);
    await hub.ended(id);
    await w.silent();
  },
  "a child": async (hub) => { // DT-086, DT-087, DT-089, DT-091, DT-092
    const id = await hub.start("parent", { version: str("7"), tags: { mine: "1" } });
    const w = hub.worker();
    const top = await w.turn();
    await w.answer(top, [child(1, "child", { tags: { its: "2" } })]);
    const turn = await w.turn();
    const started = turn.fresh[1].getExecutionstarted();
    const parent = started.getParentinstance();
    assert.ok(turn.getInstanceid() && turn.getInstanceid() !== id);
    assert.equal(parent.getName().getValue(), "parent");
    assert.equal(parent.getVersion().getValue(), "7");
    assert.equal(parent.getTaskscheduledid(), 1);
    assert.equal(parent.getOrchestrationinstance().getInstanceid(), id);
    assert.equal(parent.getOrchestrationinstance().getExecutionid().getValue(), top.getExecutionid().getValue());
    assert.ok(!started.hasVersion());
    assert.deepEqual(started.getTagsMap().toArray(), [["its", "2"]]);
    await hub.terminate(turn.getInstanceid(), { output: str("t") });
    await w.answer(turn, []);
    const last = await w.turn();
    assert.equal(last.getInstanceid(), turn.getInstanceid());
    await w.answer(last, [complete(1, { orchestrationStatus: S.ORCHESTRATION_STATUS_TERMINATED, result: str("t") })]);
    let up = await w.turn();
    const failed = up.fresh[1].getSuborchestrationinstancefailed();
    assert.equal(failed.getTaskscheduledid(), 1);
    assert.ok(failed.getFailuredetails().getErrortype());
    await hub.start("other", { instanceId: "taken" });
    const other = await w.turn();
    await w.answer(other, []);
    await w.answer(up, [child(2, "child", { instanceId: "taken" })]);
    up = await w.turn();
    assert.equal(up.fresh[1].getSuborchestrationinstancefailed().getTaskscheduledid(), 2);
    await w.answer(up, [complete(3)]);
    await hub.ended(id);
  },
  "actions behind the completion": async (hub) => { // DT-074, DT-081, DT-093
    const target = await hub.start("target", { instanceId: "target" });
    const w = hub.worker();
    await w.answer(await w.turn(), []);
    const id = await hub.start("a");
    const instance = make(pb.OrchestrationInstance, { instanceId: target });
    await w.answer(await w.turn(), [complete(3, { result: str("r") }), activity(1, "behind"),
      action(2, "sendEvent", make(pb.SendEventAction, { instance, name: "N", data: str("d") }))]);
    assert.equal((await hub.ended(id)).getOutput().getValue(), "r");
    const items = [await w.next(), await w.next()].sort((a, b) => b.hasActivityrequest() - a.hasActivityrequest());
    const task = Object.assign(items[0].getActivityrequest(), { token: items[0].getCompletiontoken() });
    assert.equal(task.getName(), "behind");
    await w.result(task, { result: str("late") });
    const raised = items[1].getOrchestratorrequest().getNeweventsList()[1].getEventraised();
    assert.deepEqual([raised.getName(), raised.getInput().getValue()], ["N", "d"]);
    assert.equal((await hub.history(id)).at(-1).getEventtypeCase(), K.EXECUTIONCOMPLETED);
  },
  "continue as new": async (hub) => { // DT-082, DT-099 to DT-102, DT-104
    const id = await hub.start("a", { tags: { k: "v" }, input: str("1") });
    const w = hub.worker();
    let turn = await w.turn();
    await w.answer(turn, [activity(1, "old")]);
    const old = await w.task();
    await hub.raise(id, "Go");
    turn = await w.turn();
    await hub.raise(id, "Late", str("l"));
    const kept = make(pb.HistoryEvent, { eventId: -1, timestamp: time(Date.now()),
      eventRaised: make(pb.EventRaisedEvent, { name: "Kept", input: str("k") }) });
    await w.answer(turn, [asNew(2, { result: str("2"), newVersion: str("9"), carryoverEvents: [kept] })]);
    const next = await w.turn();
    assert.deepEqual(kinds(next.fresh), [K.ORCHESTRATORSTARTED, K.EXECUTIONSTARTED, K.EVENTRAISED, K.EVENTRAISED]);
    const started = next.fresh[1].getExecutionstarted();
    assert.equal(next.past.length, 0);
    assert.equal(started.getInput().getValue(), "2");
    assert.equal(started.getVersion().getValue(), "9");
    assert.equal(started.getTagsMap().get("k"), "v");
    assert.notEqual(next.getExecutionid().getValue(), turn.getExecutionid().getValue());
    assert.deepEqual(next.fresh.slice(2).map((e) => e.getEventraised().getName()), ["Kept", "Late"]);
    await w.result(old, { result: str("too late") });
    await w.answer(next, []);
    await w.silent();
    await hub.terminate(id);
    await w.answer(await w.turn(), [complete(1, { orchestrationStatus: S.ORCHESTRATION_STATUS_TERMINATED })]);
  },
  "custom status": async (hub) => { // DT-131, DT-132, DT-162
    const id = await hub.start("a");
    const w = hub.worker();
    const orchestrationTraceContext = make(pb.OrchestrationTraceContext,
      { spanID: str("abc"), spanStartTime: time(1000) });
    await w.answer(await w.turn(), [], { customStatus: str("one"), orchestrationTraceContext });
    const status = async () => (await hub.get(id)).getCustomstatus()?.getValue();
    assert.equal(await status(), "one");
    await hub.raise(id, "x");
    let turn = await w.turn();
    assert.deepEqual(turn.getOrchestrationtracecontext().toObject(), orchestrationTraceContext.toObject());
    await w.answer(turn, []);
    assert.equal(await status(), "one");
    await hub.raise(id, "x");
    turn = await w.turn();
    await w.answer(turn, [complete(1)], { customStatus: str("") });
    assert.ok(!(await status()));
  },
  "streams that end": async (hub) => { // DT-023, DT-026, DT-027, DT-028, DT-169
    const id = await hub.start("a");
    const first = hub.worker();
    const lost = await first.turn();
    const second = hub.worker();
    await second.silent();
    first.close();
    const turn = await second.turn();
    assert.notEqual(turn.token, lost.token);
    await second.answer(lost, [complete(1, { result: str("stale") })]);
    await second.answer(turn, [activity(1, "t")]);
    const task = await second.task();
    second.close();
    await sleep(200);
    await second.result(task, { result: str("in time") }); // before there is a worker to send it to again
    const third = hub.worker();
    const last = await third.turn();
    assert.equal(last.fresh[1].getTaskcompleted().getResult().getValue(), "in time");
    await third.answer(last, [complete(2, { result: str("good") })]);
    assert.equal((await hub.ended(id)).getOutput().getValue(), "good");
    await third.result(task, { result: str("again") });
    await third.answer(last, [complete(2, { result: str("bad") })]);
    assert.equal((await hub.get(id)).getOutput().getValue(), "good");
  },
  "a worker that comes back": async (hub) => { // DT-029
    const first = hub.worker({}, { workerid: "host:1:x" });
    await first.headers;
    await hub.start("a");
    await first.turn();
    const second = hub.worker({}, { workerid: "host:1:x" });
    const error = await within(PATIENCE_MS, "the end of the old stream", first.ended);
    assert.equal(error.code, grpc.status.CANCELLED);
    await second.turn();
  },
  "a stream nobody reads any more": async (hub) => { // 2.9: left open by the Java SDK after an error
    const first = hub.worker();
    await hub.start("a");
    const lost = await first.turn();
    const second = new Worker(first.stub);
    hub.open.unshift(second);
    await second.headers;
    const all = [lost.getInstanceid(), await hub.start("b"), await hub.start("b")];
    const turns = [await second.turn(), await second.turn(), await second.turn()]; // one of them after a grace
    assert.deepEqual(turns.map((one) => one.getInstanceid()).sort(), all.sort());
    await first.silent(0);
  },
  "pings of the client": async (hub, address) => { // 2.7
    const stub = new Stub(address, hub.name, {}, { "grpc.keepalive_time_ms": 200, "grpc.keepalive_timeout_ms": 1000,
      "grpc.keepalive_permit_without_calls": 1 });
    hub.open.push(stub);
    const worker = new Worker(stub);
    hub.open.unshift(worker);
    await sleep(3000);
    await hub.start("a");
    await worker.turn();
  },
  "abandoned work": async (hub) => { // DT-031, DT-032, DT-034, DT-043
    const id = await hub.start("a");
    const w = hub.worker();
    let turn = await w.turn();
    const abandon = (method, Type, completionToken) => hub.stub.call(method, make(Type, { completionToken }));
    let began = Date.now();
    await abandon("abandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest, turn.token);
    turn = await w.turn();
    assert.ok(Date.now() - began > 500, "no pause");
    await w.answer(turn, [activity(1, "never")], { requiresHistory: true });
    turn = await w.turn();
    assert.equal(turn.past.length, 0);
    await w.answer(turn, [activity(1, "t")]);
    let task = await w.task();
    began = Date.now();
    await abandon("abandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest, task.token);
    task = await w.task();
    assert.ok(Date.now() - began > 500, "no pause");
    await abandon("abandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest, "unknown");
    await abandon("abandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest, "unknown");
    await w.result(task);
    await w.answer(await w.turn(), [complete(2)]);
    await hub.ended(id);
  },
  "limits and filters": async (hub) => { // DT-021, DT-022, DT-035 to DT-039
    const all = hub.worker({ maxConcurrentActivityWorkItems: 2 });
    await hub.start("many");
    await all.answer(await all.turn(), [1, 2, 3, 4].map((i) => activity(i, `t${i}`)));
    const task = await all.task();
    await all.task();
    await all.silent();
    await all.result(task);
    const items = [await all.next(), await all.next()];
    assert.equal(items.filter((one) => one.hasActivityrequest()).length, 1);
    await all.silent();
    const other = new Hub(hub.address);
    const orchestrations = [make(pb.OrchestrationFilter, { name: "a" }),
      make(pb.OrchestrationFilter, { name: "v", versions: ["1.0"] })];
    const choosy = other.worker({ workItemFilters: make(pb.WorkItemFilters, { orchestrations }) });
    await other.start("b");
    await other.start("v");
    await other.start("v", { version: str("2.0") });
    await choosy.silent();
    const good = await other.start("v", { version: str("1.0") });
    const turn = await choosy.turn();
    assert.equal(turn.getInstanceid(), good);
    await choosy.answer(turn, [activity(1, "t")]);
    await other.start("a", { version: str("any") });
    await choosy.turn();
    await choosy.silent();
    const everything = other.worker();
    const rest = [];
    for (let i = 0; i < 4; i++) rest.push(await everything.next());
    assert.equal(rest.filter((one) => one.hasActivityrequest()).length, 1);
    other.close();
  },
  "long histories": async (hub) => { // DT-017, DT-018, DT-042, DT-143
    const big = "x".repeat(1000000);
    const id = await hub.start("a");
    const w = hub.worker({ capabilities: [pb.WorkerCapability.WORKER_CAPABILITY_HISTORY_STREAMING] });
    const turn = await w.turn();
    const actions = Array.from({ length: 6 }, (_, i) => activity(i + 1, "t", { input: str(big) }));
    await w.answer(turn, actions);
    const first = await w.task();
    await w.result(first, { result: str("r") });
    for (let i = 0; i < 5; i++) await w.task();
    const next = await w.turn();
    assert.ok(next.getRequireshistorystreaming());
    assert.equal(next.past.length, 0);
    const streamed = await hub.history(id, { executionId: next.getExecutionid(), forWorkItemProcessing: true });
    assert.deepEqual(kinds(streamed),
      [K.ORCHESTRATORSTARTED, K.EXECUTIONSTARTED, ...actions.map(() => K.TASKSCHEDULED)]);
    assert.ok(streamed.chunks.length > 1);
    for (const one of streamed.chunks) assert.ok(one.serializeBinary().length < 4 << 20);
    await w.answer(next, [complete(7)]);
    await hub.ended(id);
    assert.equal((await hub.history(id)).length, streamed.length + 3);
    assert.equal((await hub.history("no such instance")).length, 0);
    const crowd = await hub.start("crowd");
    await w.answer(await w.turn(), [7, 8, 9, 10, 11, 12].map((i) => activity(i, "t")));
    const tasks = [];
    for (let i = 0; i < 6; i++) tasks.push(await w.task());
    await w.result(tasks.pop(), { result: str(big) });
    let held = await w.turn(); // the other results pile up behind it
    for (const one of tasks) await w.result(one, { result: str(big) });
    let results = 0;
    for (;;) {
      assert.ok(held.serializeBinary().length < 4 << 20);
      results += held.fresh.filter((one) => one.hasTaskcompleted()).length;
      if (results === 6) break;
      await w.answer(held, []);
      held = await w.turn();
    }
    await w.answer(held, [complete(13)]);
    await hub.ended(crowd);
    const whole = await hub.start("16 MiB");
    const many = Array.from({ length: 17 }, (_, i) => activity(i + 1, "t", { input: str(big) }));
    await w.answer(await w.turn(), [...many, complete(18)]);
    await hub.ended(whole);
  },
  "chunked completions": async (hub) => { // DT-161
    const id = await hub.start("a");
    const w = hub.worker();
    const turn = await w.turn();
    await w.answer(turn, [activity(1, "one")], { isPartial: true, chunkIndex: int(0) });
    await w.silent();
    assert.equal((await hub.get(id)).getOrchestrationstatus(), S.ORCHESTRATION_STATUS_PENDING);
    await w.answer(turn, [activity(2, "two")], { isPartial: true, chunkIndex: int(1), numEventsProcessed: int(0) });
    await w.answer(turn, [activity(3, "three")], { chunkIndex: int(2), numEventsProcessed: int(0) });
    const names = [];
    for (let i = 0; i < 3; i++) names.push((await w.task()).getName());
    assert.deepEqual(names.sort(), ["one", "three", "two"]);
    await w.silent();
    assert.equal((await hub.history(id)).length, 5);
  },
  "terminations in bulk": async (hub) => { // DT-095, DT-110, DT-111, DT-113, DT-118
    const skip = (instanceIds) => hub.stub.call("skipGracefulOrchestrationTerminations",
      make(pb.SkipGracefulOrchestrationTerminationsRequest,
        { instanceBatch: make(pb.InstanceBatch, { instanceIds }), reason: str("why") }));
    const ids = [await hub.start("a"), await hub.start("a")];
    assert.deepEqual((await skip([ids[0], "unknown", "@e@k"])).getUnterminatedinstanceidsList(), ["unknown", "@e@k"]);
    assert.equal((await hub.get(ids[0])).getOutput().getValue(), "why");
    assert.deepEqual((await skip([ids[0]])).getUnterminatedinstanceidsList(), [ids[0]]);
    await assert.rejects(skip(Array.from({ length: 501 }, (_, i) => `i${i}`)), code("INVALID_ARGUMENT"));
    await hub.terminate(ids[1], { output: str("t") });
    const end = await hub.ended(ids[1]);
    assert.equal(end.getOrchestrationstatus(), S.ORCHESTRATION_STATUS_TERMINATED);
    assert.equal(end.getOutput().getValue(), "t");
    await hub.raise(ids[1], "too late");
    const live = await hub.start("a");
    const instanceBatch = make(pb.InstanceBatch, { instanceIds: [...ids, live, "unknown"] });
    const purged = await hub.stub.call("purgeInstances", make(pb.PurgeInstancesRequest, { instanceBatch }));
    assert.equal(purged.getDeletedinstancecount(), 2);
    assert.equal(purged.getIscomplete().getValue(), true);
  },
  "pages of a query": async (hub) => { // DT-136 to DT-139
    for (let i = 0; i < 21; i++) await hub.start("a", { instanceId: `q${String(i).padStart(2, "0")}` });
    const page = async (maxInstanceCount, token, more) => {
      const query = make(pb.InstanceQuery, { maxInstanceCount, continuationToken: token && str(token), ...more });
      const answer = await hub.stub.call("queryInstances", make(pb.QueryInstancesRequest, { query }));
      return { ids: answer.getOrchestrationstateList().map((one) => one.getInstanceid()),
        token: answer.getContinuationtoken()?.getValue() };
    };
    const pages = [];
    for (let token; ;) {
      pages.push(await page(5, token));
      token = pages.at(-1).token;
      if (token === undefined) break;
    }
    assert.deepEqual(pages.map((one) => one.ids.length), [5, 5, 5, 5, 1]);
    assert.equal(new Set(pages.flatMap((one) => one.ids)).size, 21);
    const rest = [await page(4, pages[1].token)];
    while (rest.at(-1).token !== undefined) rest.push(await page(4, rest.at(-1).token));
    assert.deepEqual(rest.map((one) => one.ids.length), [4, 4, 3]);
    assert.deepEqual(rest.flatMap((one) => one.ids), pages.slice(2).flatMap((one) => one.ids));
    for (const count of [0, 2147483647]) {
      const whole = await page(count);
      assert.equal(whole.ids.length, 21);
      assert.equal(whole.token, undefined);
    }
    const runtimeStatus = [S.ORCHESTRATION_STATUS_PENDING];
    assert.equal((await page(0, undefined, { instanceIdPrefix: str("q1"), runtimeStatus })).ids.length, 10);
    assert.equal((await page(0, undefined, { instanceIdPrefix: str("Q1") })).ids.length, 0);
    assert.equal((await page(0, undefined, { createdTimeTo: time(1000) })).ids.length, 0);
    for (let i = 0; i < 5; i++) await hub.terminate(`q0${i}`);
    const found = [];
    for (let key = ""; ;) { // DT-141: empty means the start
      const answer = await hub.stub.call("listInstanceIds",
        make(pb.ListInstanceIdsRequest, { pageSize: 2, lastInstanceKey: str(key) }));
      found.push(...answer.getInstanceidsList());
      key = answer.getLastinstancekey()?.getValue();
      if (key === undefined) break;
    }
    assert.deepEqual(found, ["q00", "q01", "q02", "q03", "q04"]);
  },
  "waits": async (hub) => { // DT-016, DT-133, DT-134
    const request = make(pb.GetInstanceRequest, { instanceId: "to come" });
    await assert.rejects(hub.stub.call("waitForInstanceCompletion", request, 300), code("DEADLINE_EXCEEDED"));
    const waiting = hub.stub.call("waitForInstanceCompletion", request);
    const w = hub.worker();
    await hub.start("a", { instanceId: "to come", executionId: str("e".repeat(32)) });
    const turn = await w.turn();
    assert.equal(turn.getExecutionid().getValue(), "e".repeat(32));
    await w.answer(turn, [complete(1)]);
    assert.ok((await waiting).getExists());
    assert.ok((await hub.stub.call("waitForInstanceCompletion", request)).getExists());
  },
  "requests that are refused": async (hub) => { // DT-019, DT-056, DT-122, DT-128
    await assert.rejects(hub.start("a", { instanceId: "x".repeat(101) }), code("INVALID_ARGUMENT"));
    await assert.rejects(hub.start("a", { instanceId: "@n@k" }), code("INVALID_ARGUMENT"));
    await assert.rejects(hub.start(""), code("INVALID_ARGUMENT"));
    await assert.rejects(hub.start("a", { input: str("x".repeat((1 << 20) + 1)) }), code("INVALID_ARGUMENT"));
    const restart = (instanceId) => hub.stub.call("restartInstance", make(pb.RestartInstanceRequest, { instanceId }));
    await assert.rejects(restart("unknown"), code("NOT_FOUND"));
    await hub.raise("unknown", "x"); // accepted and dropped
    await assert.rejects(hub.terminate("unknown"), code("NOT_FOUND"));
    const live = await hub.start("a");
    await assert.rejects(restart(live), code("FAILED_PRECONDITION"));
    assert.equal(await hub.get("unknown"), undefined);
    await eventually("a scheduled start of long ago runs", async () => {
      const w = hub.worker();
      const id = await hub.start("b", { scheduledStartTimestamp: time(0) }); // DT-054
      const turns = [await w.turn(), await w.turn()];
      return turns.some((one) => one.getInstanceid() === id);
    });
  },
};

const inOwnHub = (address, run) => async () => {
  const hub = new Hub(address);
  try {
    await run(hub, address);
  } finally {
    hub.close();
  }
};

exports.scenarios = (address) =>
  Object.fromEntries(Object.entries(scenarios).map(([name, run]) => [`protocol: ${name}`, inOwnHub(address, run)]));
