# SPDX-License-Identifier: MIT
"""What no SDK shows of itself: the protocol by hand, with messages of our own proto files.

Usage: protocol_test.py SCHEDULER_HOST [unittest arguments]. Each test has a hub of its own. DT numbers are those of the
conformance checklist in the protocol's specification, which js/protocol.js goes through as well; here is what needs
raw bytes, clocks or many calls.
"""
import os
import queue
import re
import sys
import threading
import unittest
import uuid
from datetime import datetime, timedelta, timezone

import grpc
from google.protobuf import empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

import scheduler_process
from scheduler_process import Host, PATIENCE_S

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Stub  # noqa: E402

HEX = re.compile(r"^[0-9a-f]{32}$")
MESSAGE_MAX = 4 << 20
BIG = "x" * 1_000_000
ENDED = {pb.ORCHESTRATION_STATUS_COMPLETED, pb.ORCHESTRATION_STATUS_FAILED, pb.ORCHESTRATION_STATUS_TERMINATED}


def text(value):
    return wrappers_pb2.StringValue(value=value)


def stamp(when):
    out = timestamp_pb2.Timestamp()
    out.FromDatetime(when)
    return out


def now():
    return datetime.now(timezone.utc)


def activity(number, name="Act", **more):
    return pb.OrchestratorAction(id=number, scheduleTask=pb.ScheduleTaskAction(name=name, **more))


def timer(number, when):
    return pb.OrchestratorAction(id=number, createTimer=pb.CreateTimerAction(fireAt=stamp(when)))


def child(number, instance="", name="Child", **more):
    return pb.OrchestratorAction(id=number, createSubOrchestration=pb.CreateSubOrchestrationAction(
        instanceId=instance, name=name, **more))


def complete(number, status=pb.ORCHESTRATION_STATUS_COMPLETED, **more):
    return pb.OrchestratorAction(id=number, completeOrchestration=pb.CompleteOrchestrationAction(
        orchestrationStatus=status, **more))


def kinds(events):
    return [e.WhichOneof("eventType") for e in events]


class Wire:
    """A connection of its own. More than 4 MiB in a message is an error, as for most SDKs."""

    def __init__(self, port, hub):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = Stub(self.channel)
        self.metadata = [("taskhub", hub)] if hub else []

    def call(self, method, request, **options):
        options.setdefault("timeout", PATIENCE_S)
        return getattr(self.stub, method)(request, metadata=self.metadata, **options)

    def close(self):
        self.channel.close()


class Worker:
    def __init__(self, port, hub, **fields):
        self.wire = Wire(port, hub)
        self.items = queue.Queue()
        self.stream = self.wire.stub.GetWorkItems(pb.GetWorkItemsRequest(**fields), metadata=self.wire.metadata)
        self.stream.initial_metadata()  # accepted (DT-012)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for item in self.stream:
                if item.WhichOneof("request") != "healthPing":
                    self.items.put(item)
        except grpc.RpcError as error:
            self.items.put(error)

    def next(self):
        item = self.items.get(timeout=PATIENCE_S)
        if isinstance(item, Exception):
            raise item
        assert item.ByteSize() < MESSAGE_MAX and item.completionToken
        return item

    def turn(self):
        item = self.next()
        assert item.WhichOneof("request") == "orchestratorRequest", item
        assert kinds(item.orchestratorRequest.newEvents)[0] == "orchestratorStarted"
        return item

    def task(self):
        item = self.next()
        assert item.WhichOneof("request") == "activityRequest", item
        return item

    def answer(self, item, *actions, **more):
        return self.wire.call("CompleteOrchestratorTask", pb.OrchestratorResponse(
            instanceId=item.orchestratorRequest.instanceId, completionToken=item.completionToken, actions=actions,
            **more))

    def result(self, item, **more):
        request = item.activityRequest
        return self.wire.call("CompleteActivityTask", pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId,
            completionToken=item.completionToken, **more))

    def close(self):
        self.stream.cancel()
        self.thread.join(PATIENCE_S)
        self.wire.close()


class ProtocolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host("default", "*")

    @classmethod
    def tearDownClass(cls):
        code = cls.host.stop()
        assert code == 0, f"the host ended with {code}"

    def setUp(self):
        self.hub = self.id().rsplit(".", 1)[-1][:60]
        self.wire = self.connect(self.hub)

    def connect(self, hub):
        wire = Wire(self.host.port, hub)
        self.addCleanup(wire.close)
        return wire

    def worker(self, **fields):
        worker = Worker(self.host.port, self.hub, **fields)
        self.addCleanup(worker.close)
        return worker

    def start(self, name="Orch", **fields):
        return self.wire.call("StartInstance", pb.CreateInstanceRequest(name=name, **fields)).instanceId

    def get(self, instance, payloads=True):
        return self.wire.call("GetInstance", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=payloads))

    def status(self, instance):
        return self.get(instance).orchestrationState.orchestrationStatus

    def ended(self, instance):
        state = self.wire.call("WaitForInstanceCompletion", pb.GetInstanceRequest(
            instanceId=instance, getInputsAndOutputs=True)).orchestrationState
        self.assertIn(state.orchestrationStatus, ENDED)
        return state

    def raise_event(self, instance, name, **more):
        self.wire.call("RaiseEvent", pb.RaiseEventRequest(instanceId=instance, name=name, **more))

    def history(self, instance, **more):
        chunks = list(self.wire.call("StreamInstanceHistory", pb.StreamInstanceHistoryRequest(
            instanceId=instance, **more)))
        for one in chunks:
            self.assertLess(one.ByteSize(), MESSAGE_MAX)
        return [event for one in chunks for event in one.events]

    def refused(self, code, method, request, wire=None):
        with self.assertRaises(grpc.RpcError) as caught:
            (wire or self.wire).call(method, request)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception.details()

    def run_to_the_end(self, worker, instance, **more):
        """One turn, and it is over."""
        item = worker.turn()
        self.assertEqual(item.orchestratorRequest.instanceId, instance)
        worker.answer(item, complete(1, **more))
        return self.ended(instance)

    # --- transport ---

    def test_hello_and_hubs(self):  # DT-001, DT-002, DT-004, DT-006, DT-007, DT-008
        self.assertEqual(self.wire.call("Hello", empty_pb2.Empty()).ByteSize(), 0)
        instance = self.start()
        upper = self.connect(self.hub.upper())
        self.assertTrue(upper.call("GetInstance", pb.GetInstanceRequest(instanceId=instance)).exists)
        for nameless in (self.connect(None), self.connect("default")):
            nameless.call("Hello", empty_pb2.Empty())
            self.assertFalse(nameless.call("GetInstance", pb.GetInstanceRequest(instanceId=instance)).exists)

    def test_a_hub_is_made_emptied_and_deleted(self):  # DT-005; 3.22
        other = self.connect("hub-of-a-day")
        other.call("CreateTaskHub", pb.CreateTaskHubRequest())
        for n in range(120):  # more than two batches; some end, some wait for ever
            other.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId=f"i{n}"))
        worker = Worker(self.host.port, "hub-of-a-day", maxConcurrentOrchestrationWorkItems=10)
        self.addCleanup(worker.close)
        for _ in range(5):
            worker.answer(worker.turn(), complete(1))
        other.call("CreateTaskHub", pb.CreateTaskHubRequest())  # it is there: nothing happens
        self.assertTrue(other.call("GetInstance", pb.GetInstanceRequest(instanceId="i7")).exists)
        other.call("SignalEntity", pb.SignalEntityRequest(instanceId="@counter@one", name="add", requestId=str(uuid.uuid4())))
        transient = pb.QueryEntitiesRequest(query=pb.EntityQuery(includeTransient=True))
        self.assertEqual(len(other.call("QueryEntities", transient).entities), 1)
        other.call("CreateTaskHub", pb.CreateTaskHubRequest(recreateIfExists=True))
        while not isinstance(item := worker.items.get(timeout=PATIENCE_S), Exception):
            self.assertIn(item.WhichOneof("request"), ("orchestratorRequest", "entityRequestV2"))
        self.assertEqual(item.code(), grpc.StatusCode.NOT_FOUND)
        self.assertFalse(other.call("QueryInstances", pb.QueryInstancesRequest()).orchestrationState)
        self.assertFalse(other.call("QueryEntities", transient).entities)
        other.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId="i7"))
        other.call("DeleteTaskHub", pb.DeleteTaskHubRequest())
        self.host.kill()
        self.host.start()  # names are dynamic here: the hub comes back at its first use, with nothing in it
        other = self.connect("hub-of-a-day")
        self.assertFalse(other.call("GetInstance", pb.GetInstanceRequest(instanceId="i7")).exists)

    def test_many_calls_share_a_connection(self):  # DT-015, DT-016, DT-134
        request = pb.GetInstanceRequest(instanceId="to come")
        waits = [self.wire.stub.WaitForInstanceCompletion.future(request, metadata=self.wire.metadata)
                 for _ in range(990)]  # a thousand are allowed, and the others here need theirs
        with self.assertRaises(grpc.RpcError) as caught:
            self.wire.call("WaitForInstanceCompletion", request, timeout=0.3)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertFalse(any(one.done() for one in waits))
        worker = self.worker()
        self.start(instanceId="to come")
        self.run_to_the_end(worker, "to come")
        for one in waits:
            self.assertEqual(one.result(timeout=PATIENCE_S).orchestrationState.orchestrationStatus,
                             pb.ORCHESTRATION_STATUS_COMPLETED)

    def test_unknown_fields_are_ignored_and_kept(self):  # DT-020, DT-072
        extra = b"\xfa\x3f\x05later"  # field 1023 as bytes
        request = pb.CreateInstanceRequest.FromString(
            pb.CreateInstanceRequest(name="Orch", instanceId="future").SerializeToString() + extra)
        self.wire.call("StartInstance", request)
        worker = self.worker()
        item = worker.turn()
        worker.answer(item, activity(1))
        failure = pb.TaskFailureDetails.FromString(
            pb.TaskFailureDetails(errorType="E").SerializeToString() + extra)
        worker.result(worker.task(), failureDetails=failure)
        item = worker.turn()
        sent = item.orchestratorRequest.newEvents[1].taskFailed.failureDetails
        self.assertEqual(sent.SerializeToString(), failure.SerializeToString())
        worker.answer(item, complete(2))
        self.ended("future")
        stored = self.history("future")[4].taskFailed.failureDetails
        self.assertEqual(stored.SerializeToString(), failure.SerializeToString())

    # --- creation ---

    def test_reuse_policies(self):  # DT-045 to DT-050
        worker = self.worker()
        every = [pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_PENDING, pb.ORCHESTRATION_STATUS_SUSPENDED,
                 pb.ORCHESTRATION_STATUS_COMPLETED, pb.ORCHESTRATION_STATUS_FAILED, pb.ORCHESTRATION_STATUS_CANCELED,
                 pb.ORCHESTRATION_STATUS_TERMINATED]

        def request(*statuses, **more):
            return pb.CreateInstanceRequest(instanceId="i", name="Orch", orchestrationIdReusePolicy=pb.
                                            OrchestrationIdReusePolicy(replaceableStatus=statuses), **more)
        self.start(instanceId="i")
        self.run_to_the_end(worker, "i")
        first = self.get("i").orchestrationState
        for statuses in ([], [s for s in every if s != pb.ORCHESTRATION_STATUS_COMPLETED]):
            detail = self.refused(grpc.StatusCode.ALREADY_EXISTS, "StartInstance", request(*statuses))
            self.assertIn("orchestration instance already exists", detail)
        self.wire.call("StartInstance", request(pb.ORCHESTRATION_STATUS_COMPLETED, input=text("2")))
        item = worker.turn()
        self.assertEqual(self.history("i"), [])
        second = self.get("i").orchestrationState
        self.assertNotEqual(second.executionId.value, first.executionId.value)
        self.assertFalse(second.HasField("completedTimestamp") or second.HasField("output"))
        for live in (pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_PENDING,
                     pb.ORCHESTRATION_STATUS_SUSPENDED):
            detail = self.refused(grpc.StatusCode.INVALID_ARGUMENT, "StartInstance", request(live))
            self.assertIn("Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of "
                          "running instances", detail)
        self.assertEqual(self.status("i"), pb.ORCHESTRATION_STATUS_PENDING)
        self.wire.call("StartInstance", request(*every, input=text("3")))
        worker.answer(item, complete(1, result=text("late")))  # of the run that was replaced
        item = worker.turn()
        self.assertEqual(item.orchestratorRequest.newEvents[1].executionStarted.input.value, "3")
        worker.answer(item, complete(1, result=text("good")))
        self.assertEqual(self.ended("i").output.value, "good")

    def test_a_state_has_all_that_is_known(self):  # DT-057, DT-098, DT-129, DT-130, DT-164
        token = "blob:v1:durabletask-payloads:0123"
        begin = now()
        instance = self.start(input=text(token), version=text("1.0"), tags={"a": "1", "b": ""},
                              scheduledStartTimestamp=stamp(begin + timedelta(seconds=1)))
        state = self.get(instance).orchestrationState
        self.assertEqual(state.scheduledStartTimestamp.ToDatetime(timezone.utc), begin + timedelta(seconds=1))
        self.assertEqual(state.createdTimestamp, state.lastUpdatedTimestamp)
        self.assertGreaterEqual(state.createdTimestamp.ToDatetime(timezone.utc), begin)
        self.assertEqual((state.instanceId, state.name, state.version.value), (instance, "Orch", "1.0"))
        self.assertFalse(state.HasField("parentInstanceId") or state.HasField("completedTimestamp"))
        self.assertEqual(dict(state.tags), {"a": "1", "b": ""})
        self.assertRegex(state.executionId.value, HEX)
        worker = self.worker()
        item = worker.turn()
        self.assertEqual(item.orchestratorRequest.newEvents[1].executionStarted.input.value, token)
        worker.answer(item, complete(1, result=text(token)), customStatus=text(token))
        state = self.ended(instance)
        self.assertEqual([state.input.value, state.output.value, state.customStatus.value], [token] * 3)
        self.assertFalse(state.HasField("failureDetails"))
        self.assertEqual(state.completedTimestamp, state.lastUpdatedTimestamp)
        bare = self.get(instance, False).orchestrationState
        for one in ("input", "output", "customStatus", "failureDetails"):
            self.assertFalse(bare.HasField(one), one)
        self.assertEqual(dict(bare.tags), {"a": "1", "b": ""})
        self.wire.call("RaiseEvent", pb.RaiseEventRequest(instanceId=instance, name="late"))
        self.wire.call("SuspendInstance", pb.SuspendRequest(instanceId=instance))
        self.wire.call("TerminateInstance", pb.TerminateRequest(instanceId=instance))
        self.assertEqual(self.get(instance, False).orchestrationState, bare)  # what has ended stays as it is

    # --- history ---

    def test_the_history_of_everything(self):  # DT-063 to DT-067, DT-070, DT-075, DT-096, DT-097
        failure = pb.TaskFailureDetails(
            errorType="Outer", errorMessage="m", stackTrace=text("s"), isNonRetriable=True,
            innerFailure=pb.TaskFailureDetails(errorType="Inner", innerFailure=pb.TaskFailureDetails(errorType="Deep")),
            properties={"list": struct_pb2.Value(list_value=struct_pb2.ListValue(
                values=[struct_pb2.Value(number_value=1), struct_pb2.Value(null_value=0)]))})
        trace = pb.TraceContext(traceParent=f"00-{'1' * 32}-{'2' * 16}-01", traceState=text("k=v"))
        instance = self.start(input=text("in"), parentTraceContext=trace, tags={"k": "v"})
        self.raise_event(instance, "Early", input=text("1"))
        worker = self.worker()
        item = worker.turn()
        fire_at = now() + timedelta(milliseconds=300)
        worker.answer(item, child(3, "", version=text("2"), input=text("ci"), tags={"c": "t"}, parentTraceContext=trace),
                      activity(1, input=text("ai"), version=text("9"), tags={"a": "t"}, parentTraceContext=trace),
                      timer(2, fire_at),
                      pb.OrchestratorAction(id=4, sendEvent=pb.SendEventAction(
                          instance=pb.OrchestrationInstance(instanceId="nobody"), name="N", data=text("d"))))
        self.assertEqual(self.status(instance), pb.ORCHESTRATION_STATUS_RUNNING)
        left, seen = {"taskFailed", "timerFired", "subOrchestrationInstanceFailed"}, None
        while left:
            item = worker.next()
            if item.WhichOneof("request") == "activityRequest":
                worker.result(item, failureDetails=failure)
                continue
            request = item.orchestratorRequest
            if request.instanceId != instance:
                started = request.newEvents[1].executionStarted
                self.assertEqual((started.parentTraceContext, dict(started.tags)), (trace, {"c": "t"}))
                worker.answer(item, complete(0, pb.ORCHESTRATION_STATUS_FAILED, failureDetails=failure))
                continue
            past = self.history(instance, forWorkItemProcessing=True)
            self.assertEqual(list(request.pastEvents), past)
            self.assertNotIn("executionCompleted", kinds(past))
            left -= set(kinds(request.newEvents))
            seen = item
            worker.answer(item, *([] if left else [complete(5, pb.ORCHESTRATION_STATUS_FAILED,
                                                            failureDetails=failure)]))
        state = self.ended(instance)
        self.assertEqual(state.failureDetails, failure)
        self.assertFalse(state.HasField("output"))
        events = self.history(instance)
        self.assertEqual(events[:len(seen.orchestratorRequest.pastEvents)], list(seen.orchestratorRequest.pastEvents))
        self.check_history(events, instance, failure, trace, fire_at)

    def check_history(self, events, instance, failure, trace, fire_at):
        self.assertEqual(kinds(events)[:7], ["orchestratorStarted", "executionStarted", "eventRaised",
                                             "subOrchestrationInstanceCreated", "taskScheduled", "timerCreated",
                                             "eventSent"])
        self.assertEqual([e.eventId for e in events[:7]], [-1, 0, -1, 3, 1, 2, 4])
        self.assertEqual(kinds(events)[-1], "executionCompleted")
        self.assertNotIn("orchestratorCompleted", kinds(events))
        times = [e.timestamp.ToNanoseconds() for e in events]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[0], 0)
        by_kind = {kind: event for kind, event in zip(kinds(events), events)}
        self.assertEqual(by_kind["executionStarted"].executionStarted.parentTraceContext, trace)
        self.assertEqual(dict(by_kind["executionStarted"].executionStarted.tags), {"k": "v"})
        scheduled = by_kind["taskScheduled"].taskScheduled
        self.assertEqual((scheduled.name, scheduled.version.value, scheduled.input.value, dict(scheduled.tags),
                          scheduled.parentTraceContext), ("Act", "9", "ai", {"a": "t"}, trace))
        created = by_kind["subOrchestrationInstanceCreated"].subOrchestrationInstanceCreated
        self.assertEqual((created.name, created.version.value, created.input.value, dict(created.tags),
                          created.parentTraceContext), ("Child", "2", "ci", {"c": "t"}, trace))
        self.assertEqual(created.instanceId, f"{instance}:0003")
        sent = by_kind["eventSent"].eventSent
        self.assertEqual((sent.instanceId, sent.name, sent.input.value), ("nobody", "N", "d"))
        for kind, number in (("taskFailed", 1), ("subOrchestrationInstanceFailed", 3)):
            self.assertEqual(by_kind[kind].eventId, -1)
            body = getattr(by_kind[kind], kind)
            self.assertEqual((body.taskScheduledId, body.failureDetails), (number, failure))
        fired = by_kind["timerFired"].timerFired
        self.assertEqual((fired.timerId, fired.fireAt), (2, stamp(fire_at)))  # DT-084
        index = kinds(events).index("timerFired")
        before = max(n for n in range(index) if kinds(events)[n] == "orchestratorStarted")
        self.assertGreaterEqual(times[before], stamp(fire_at).ToNanoseconds())  # DT-068
        end = by_kind["executionCompleted"]
        self.assertEqual((end.eventId, end.executionCompleted.orchestrationStatus,
                          end.executionCompleted.failureDetails), (5, pb.ORCHESTRATION_STATUS_FAILED, failure))

    def test_one_id_may_be_used_again(self):  # DT-071: retries of the Python SDK
        instance = self.start()
        worker = self.worker()
        worker.answer(worker.turn(), activity(1), child(2, "kid"))
        answers = 0
        while answers < 2:
            item = worker.next()
            if item.WhichOneof("request") == "activityRequest":
                worker.result(item, failureDetails=pb.TaskFailureDetails(errorType="E"))
            elif item.orchestratorRequest.instanceId == "kid":
                worker.answer(item, complete(1, pb.ORCHESTRATION_STATUS_FAILED,
                                             failureDetails=pb.TaskFailureDetails(errorType="E")))
            else:
                answers += len(item.orchestratorRequest.newEvents) - 1
                worker.answer(item, *([activity(1), child(2, "kid")] if answers == 2 else []))
        results = []
        while len(results) < 2:
            item = worker.next()
            if item.WhichOneof("request") == "activityRequest":
                worker.result(item, result=text("a"))
            elif item.orchestratorRequest.instanceId == "kid":
                worker.answer(item, complete(1, result=text("k")))
            else:
                results += [e for e in item.orchestratorRequest.newEvents if e.WhichOneof("eventType") in
                            ("taskCompleted", "subOrchestrationInstanceCompleted")]
                worker.answer(item, *([complete(3)] if len(results) == 2 else []))
        self.ended(instance)
        ids = [e.eventId for e in self.history(instance) if e.WhichOneof("eventType") in
               ("taskScheduled", "subOrchestrationInstanceCreated")]
        self.assertEqual(ids, [1, 2, 1, 2])

    def test_events_come_in_order_and_wait_while_suspended(self):  # DT-094, DT-105, DT-106; 3.11
        instance = self.start()
        worker = self.worker()
        held = worker.turn()
        for n in range(10):
            self.raise_event(instance, f"E{n}")
        worker.answer(held)
        got = []
        while len(got) < 10:
            item = worker.turn()
            got += [e.eventRaised.name for e in item.orchestratorRequest.newEvents[1:]]
            worker.answer(item)
        self.assertEqual(got, [f"E{n}" for n in range(10)])
        self.wire.call("SuspendInstance", pb.SuspendRequest(instanceId=instance, reason=text("why")))
        item = worker.turn()
        self.assertEqual(item.orchestratorRequest.newEvents[1].executionSuspended.input.value, "why")
        worker.answer(item)
        self.assertEqual(self.status(instance), pb.ORCHESTRATION_STATUS_SUSPENDED)
        self.raise_event(instance, "A")
        self.raise_event(instance, "B")
        self.wire.call("ResumeInstance", pb.ResumeRequest(instanceId=instance, reason=text("go")))
        item = worker.turn()
        self.assertEqual(kinds(item.orchestratorRequest.newEvents),
                         ["orchestratorStarted", "executionResumed", "eventRaised", "eventRaised"])
        self.assertEqual(item.orchestratorRequest.newEvents[1].executionResumed.input.value, "go")
        worker.answer(item, complete(1))
        self.ended(instance)
        self.assertEqual([e.eventId for e in self.history(instance)[-5:]], [-1] * 4 + [1])

    def test_some_events_may_be_left_for_later(self):  # 2.14: numEventsProcessed
        instance = self.start()
        for name in "ABC":
            self.raise_event(instance, name)
        worker = self.worker()
        item = worker.turn()
        self.assertEqual(len(item.orchestratorRequest.newEvents), 5)
        worker.answer(item, numEventsProcessed=wrappers_pb2.Int32Value(value=3))
        item = worker.turn()
        self.assertEqual([e.eventRaised.name for e in item.orchestratorRequest.newEvents[1:]], ["B", "C"])
        worker.answer(item, complete(1))
        self.ended(instance)
        self.assertEqual(kinds(self.history(instance)).count("eventRaised"), 3)

    # --- sizes ---

    def test_a_history_that_fits_no_message(self):  # DT-017, DT-041, DT-042, DT-143; 2.6
        instance = self.start()
        worker = self.worker()
        for n in range(3):
            worker.answer(worker.turn(), activity(n + 1, input=text(BIG)))
            worker.result(worker.task(), result=text("r"))
        item = worker.turn()  # three million bytes come inline
        self.assertEqual(kinds(item.orchestratorRequest.pastEvents).count("taskScheduled"), 3)
        self.assertFalse(item.orchestratorRequest.requiresHistoryStreaming)
        worker.answer(item, *[activity(n, input=text(BIG)) for n in (4, 5)])
        for _ in range(2):
            worker.result(worker.task(), result=text("r"))
        # Nobody here can take the next turn: it waits, with nothing lost, for somebody who can.
        self.assertEqual(self.status(instance), pb.ORCHESTRATION_STATUS_RUNNING)
        capable = self.worker(capabilities=[pb.WORKER_CAPABILITY_HISTORY_STREAMING])
        item = capable.turn()
        self.assertTrue(item.orchestratorRequest.requiresHistoryStreaming)
        self.assertEqual(len(item.orchestratorRequest.pastEvents), 0)
        capable.answer(item, complete(6))
        self.assertEqual(self.ended(instance).orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
        events = self.history(instance)
        self.assertEqual(kinds(events).count("taskScheduled"), 5)
        self.assertEqual(kinds(events)[-1], "executionCompleted")

    def test_states_that_fit_no_message(self):  # DT-017
        most = "x" * (1 << 20)  # four of them, with a name, are more than a message
        request = pb.GetInstanceRequest(instanceId="i", getInputsAndOutputs=True)
        waiting = self.wire.stub.WaitForInstanceCompletion.future(request, metadata=self.wire.metadata)
        self.start(instanceId="i", input=text(most), tags={"t": "x" * 1000})
        worker = self.worker()
        failure = pb.TaskFailureDetails(errorType="E", errorMessage=most[:-100])
        worker.answer(worker.turn(), complete(1, pb.ORCHESTRATION_STATUS_FAILED, failureDetails=failure,
                                              result=text(most)), customStatus=text(most))
        self.assertEqual(waiting.exception(timeout=PATIENCE_S).code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "GetInstance", request)
        query = pb.InstanceQuery(fetchInputsAndOutputs=True)
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "QueryInstances", pb.QueryInstancesRequest(query=query))
        page = self.wire.call("QueryInstances", pb.QueryInstancesRequest())
        self.assertEqual(page.orchestrationState[0].failureDetails, failure)
        self.assertEqual(self.get("i", False).orchestrationState.orchestrationStatus, pb.ORCHESTRATION_STATUS_FAILED)

    def test_pages_are_cut_by_bytes(self):  # 3.22
        ids = [self.start(input=text(BIG), instanceId=f"p{n}") for n in range(7)]
        found, token, pages = [], None, 0
        while True:
            query = pb.InstanceQuery(fetchInputsAndOutputs=True, maxInstanceCount=2147483647,
                                     continuationToken=token)
            page = self.wire.call("QueryInstances", pb.QueryInstancesRequest(query=query))
            found += [s.instanceId for s in page.orchestrationState]
            pages += 1
            if not page.HasField("continuationToken"):
                break
            token = page.continuationToken
        self.assertEqual(found, ids)
        self.assertGreaterEqual(pages, 3)

    def test_a_large_answer_in_one_message(self):  # DT-018
        instance = self.start()
        worker = self.worker()
        actions = [activity(n, "never", input=text(BIG)) for n in range(1, 18)]
        worker.answer(worker.turn(), *actions, complete(18))
        self.ended(instance)
        self.assertEqual(len(self.history(instance)), 2 + 17 + 1)

    # --- control ---

    def test_terminate_reaches_down(self):  # DT-109, DT-112
        worker = self.worker()
        instance = self.start()
        worker.answer(worker.turn(), child(1, "kid"))
        worker.answer(worker.turn(), child(1, "grandkid"))
        worker.answer(worker.turn())
        self.wire.call("SuspendInstance", pb.SuspendRequest(instanceId="kid"))
        worker.answer(worker.turn())
        self.wire.call("TerminateInstance", pb.TerminateRequest(instanceId=instance, output=text("why"),
                                                                recursive=True))
        for wanted in (instance, "kid", "grandkid"):
            item = worker.turn()
            self.assertEqual(item.orchestratorRequest.instanceId, wanted)
            event = item.orchestratorRequest.newEvents[1].executionTerminated
            self.assertEqual((event.input.value, event.recurse), ("why", True))
            worker.answer(item)  # as Go does while suspended: the server ends it
            state = self.ended(wanted)
            self.assertEqual((state.orchestrationStatus, state.output.value),
                             (pb.ORCHESTRATION_STATUS_TERMINATED, "why"))
        purge = pb.PurgeInstancesRequest(instanceId=instance, recursive=True)
        self.assertEqual(self.wire.call("PurgeInstances", purge).deletedInstanceCount, 3)
        self.assertFalse(self.get("grandkid").exists)

    def fail(self, worker, instance):
        """The turn that comes next schedules an activity, which fails, and its orchestration with it."""
        worker.answer(worker.turn(), activity(1))
        worker.result(worker.task(), failureDetails=pb.TaskFailureDetails(errorType="E", errorMessage="m"))
        worker.answer(worker.turn(), complete(2, pb.ORCHESTRATION_STATUS_FAILED))
        self.assertEqual(self.ended(instance).orchestrationStatus, pb.ORCHESTRATION_STATUS_FAILED)

    def rewind(self, instance):
        self.wire.call("RewindInstance", pb.RewindInstanceRequest(instanceId=instance, reason=text("mended")))

    def test_a_rewind_survives_a_kill_and_is_shown_to_no_worker(self):  # DT-119, DT-123; 3.14
        worker = self.worker()
        instance = self.start(input=text("in"))
        self.fail(worker, instance)
        before = self.get(instance).orchestrationState
        self.rewind(instance)
        self.host.kill()
        self.host.start()
        after = self.get(instance).orchestrationState
        self.assertEqual(after.orchestrationStatus, pb.ORCHESTRATION_STATUS_RUNNING)
        self.assertNotEqual(after.executionId.value, before.executionId.value)
        self.assertFalse(after.HasField("failureDetails") or after.HasField("completedTimestamp"))
        other = self.worker()
        item = other.turn()
        request = item.orchestratorRequest
        self.assertEqual(kinds(request.pastEvents), ["orchestratorStarted", "executionStarted", "orchestratorStarted"])
        self.assertEqual(kinds(request.newEvents), ["orchestratorStarted"])
        self.assertEqual(request.pastEvents[1].executionStarted.input.value, "in")
        self.assertEqual(request.pastEvents[1].executionStarted.orchestrationInstance.executionId.value,
                         request.executionId.value)
        other.answer(item, activity(1))
        other.result(other.task(), result=text("r"))
        item = other.turn()
        self.assertNotIn("executionRewound", kinds(item.orchestratorRequest.pastEvents))
        self.assertEqual(kinds(self.history(instance, forWorkItemProcessing=True)),
                         kinds(item.orchestratorRequest.pastEvents))
        other.answer(item, complete(2))
        self.assertEqual(self.ended(instance).orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
        self.assertEqual(kinds(self.history(instance)).count("executionRewound"), 1)

    def test_nobodys_history_and_events(self):  # DT-142; 2.8
        self.assertEqual(self.history("nobody"), [])
        self.raise_event("nobody", "hello")
        self.refused(grpc.StatusCode.NOT_FOUND, "TerminateInstance", pb.TerminateRequest(instanceId="nobody"))

    def test_rewind_is_refused_with_words(self):  # DT-122
        worker = self.worker()
        self.refused(grpc.StatusCode.NOT_FOUND, "RewindInstance", pb.RewindInstanceRequest(instanceId="nobody"))
        instance = self.start()
        words = self.refused(grpc.StatusCode.FAILED_PRECONDITION, "RewindInstance",
                             pb.RewindInstanceRequest(instanceId=instance))
        self.assertIn("not allowed", words)
        self.run_to_the_end(worker, instance)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, "RewindInstance",
                     pb.RewindInstanceRequest(instanceId=instance))

    def test_a_workers_own_rewind(self):  # DT-124
        worker = self.worker()
        instance = self.start()
        worker.answer(worker.turn(), activity(1))
        worker.result(worker.task(), result=text("r"))
        item = worker.turn()
        kept = list(item.orchestratorRequest.pastEvents[:2])
        kept[1].executionStarted.orchestrationInstance.executionId.value = "0123456789abcdef0123456789abcdef"
        worker.answer(item, pb.OrchestratorAction(id=-1, rewindOrchestration=pb.RewindOrchestrationAction(
            newHistory=kept)))
        item = worker.turn()
        self.assertEqual(item.orchestratorRequest.executionId.value, "0123456789abcdef0123456789abcdef")
        self.assertEqual(list(item.orchestratorRequest.pastEvents), kept)
        worker.answer(item, complete(1))
        self.ended(instance)

    def test_purge_filters(self):  # DT-114 to DT-117
        worker = self.worker()
        stamps = []
        for n in range(4):
            instance = self.start(instanceId=f"f{n}")
            status = pb.ORCHESTRATION_STATUS_FAILED if n % 2 else pb.ORCHESTRATION_STATUS_COMPLETED
            self.run_to_the_end(worker, instance, status=status)
            stamps.append(self.get(instance).orchestrationState.createdTimestamp)
        self.start(instanceId="live")
        worker.turn()

        def purge(**fields):
            request = pb.PurgeInstancesRequest(purgeInstanceFilter=pb.PurgeInstanceFilter(**fields))
            answer = self.wire.call("PurgeInstances", request)
            self.assertTrue(answer.HasField("isComplete") and answer.isComplete.value)
            return answer.deletedInstanceCount
        self.assertEqual(purge(runtimeStatus=[pb.ORCHESTRATION_STATUS_PENDING]), 0)
        self.assertEqual(purge(createdTimeFrom=stamps[1], createdTimeTo=stamps[1]), 0)  # from inclusive, to exclusive
        self.assertEqual(purge(createdTimeFrom=stamps[1], createdTimeTo=stamps[3],
                               runtimeStatus=[pb.ORCHESTRATION_STATUS_FAILED]), 1)
        self.assertEqual([self.get(f"f{n}").exists for n in range(4)], [True, False, True, True])
        self.assertEqual(purge(), 3)
        self.assertTrue(self.get("live").exists)
        for one in ("live", "nobody", "@e@k", ""):
            request = pb.PurgeInstancesRequest(instanceId=one)
            self.assertEqual(self.wire.call("PurgeInstances", request).deletedInstanceCount, 0)

    def test_query_filters_combine(self):  # DT-139; 3.22
        worker = self.worker()
        stamps = []
        for n in range(3):
            instance = self.start(instanceId=f"q{n}", input=text("in"), tags={"k": "v"})
            worker.answer(worker.turn(), complete(1, result=text("out")), customStatus=text("cs"))
            self.ended(instance)
            stamps.append(self.get(instance).orchestrationState.createdTimestamp)
        self.start(instanceId="other")

        def query(**fields):
            page = self.wire.call("QueryInstances", pb.QueryInstancesRequest(query=pb.InstanceQuery(**fields)))
            self.assertFalse(page.HasField("continuationToken"))
            return page.orchestrationState
        self.assertEqual([s.instanceId for s in query()], ["q0", "q1", "q2", "other"])
        self.assertEqual([s.instanceId for s in query(createdTimeFrom=stamps[1], instanceIdPrefix=text("q"))],
                         ["q1", "q2"])
        self.assertEqual([s.instanceId for s in query(runtimeStatus=[pb.ORCHESTRATION_STATUS_PENDING,
                                                                     pb.ORCHESTRATION_STATUS_FAILED])], ["other"])
        state = query(instanceIdPrefix=text("q1"))[0]
        self.assertFalse(state.HasField("input") or state.HasField("output"))
        self.assertEqual((state.customStatus.value, dict(state.tags)), ("cs", {"k": "v"}))
        state = query(instanceIdPrefix=text("q1"), fetchInputsAndOutputs=True)[0]
        self.assertEqual((state.input.value, state.output.value), ("in", "out"))
        self.assertEqual(state, self.get("q1").orchestrationState)

    def test_waits_for_a_start(self):  # DT-062, DT-063, DT-131
        instance = self.start()
        worker = self.worker()
        item = worker.turn()
        request = pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True)
        with self.assertRaises(grpc.RpcError) as caught:
            self.wire.call("WaitForInstanceStart", request, timeout=0.5)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        waiting = self.wire.stub.WaitForInstanceStart.future(request, metadata=self.wire.metadata)
        worker.answer(item, customStatus=text("now"))
        state = waiting.result(timeout=PATIENCE_S).orchestrationState
        self.assertEqual((state.orchestrationStatus, state.customStatus.value),
                         (pb.ORCHESTRATION_STATUS_RUNNING, "now"))

    def test_a_bad_child_id_does_not_hang_its_parent(self):  # 3.8
        instance = self.start()
        worker = self.worker()
        worker.answer(worker.turn(), child(1, "x" * 300), child(2, "@e@k"), child(3, "\n"))
        item = worker.turn()
        failed = [e.subOrchestrationInstanceFailed for e in item.orchestratorRequest.newEvents[1:]]
        self.assertEqual([f.taskScheduledId for f in failed], [1, 2, 3])
        self.assertEqual({f.failureDetails.errorType for f in failed}, {"InvalidSubOrchestration"})
        worker.answer(item, complete(4))
        self.ended(instance)

    def test_a_killed_server_goes_on_where_it_was(self):  # DT-167; 3.20
        instance = self.start()
        worker = self.worker()
        worker.answer(worker.turn(), *[activity(n) for n in range(1, 21)])
        held = [worker.task() for _ in range(20)]
        for one in held[:10]:
            worker.result(one, result=text("r"))
        self.host.kill()
        self.host.start()
        other = self.worker()
        other.result(held[0], result=text("again"))  # a token of the server that died: OK and ignored
        done = 0
        while done < 20:
            item = other.next()
            if item.WhichOneof("request") == "activityRequest":
                other.result(item, result=text("r"))
            else:
                done += kinds(item.orchestratorRequest.newEvents).count("taskCompleted")
                other.answer(item, *([complete(21)] if done == 20 else []))
        self.ended(instance)
        events = self.history(instance)
        answered = [e.taskCompleted.taskScheduledId for e in events if e.HasField("taskCompleted")]
        self.assertEqual(sorted(answered), list(range(1, 21)))


if __name__ == "__main__":
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
