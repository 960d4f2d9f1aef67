# SPDX-License-Identifier: MIT
"""The connection life of a C worker (spec/durable-task-protocol.md 2.9), at a service that misbehaves.

The service is played with the protocol's own messages: it refuses, ends streams, falls silent, goes away, loses answers and
refuses them for good. Nothing here is measured in time: each step waits for what the worker does next.
Usage: worker_life_test.py PEER
"""
import os
import queue
import re
import sys
import threading
import time
from concurrent import futures

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc
from google.protobuf import empty_pb2, timestamp_pb2, wrappers_pb2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Servicer  # noqa: E402
from process import Process  # noqa: E402

WAIT_S = 60
PING_S = 0.2
END = object()


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


class Service(Servicer):
    """Answers as its script says: `hellos` and `streams` list what the next ones get, `answers` what completions get."""

    def __init__(self, port=0, hellos=(), streams=(), answers=()):
        self.hellos, self.streams, self.answers = list(hellos), list(streams), list(answers)
        self.seen = queue.Queue()  # (what, details) in the order of their arrival
        self.items = queue.Queue()
        self.over = threading.Event()
        self.server = grpc.server(futures.ThreadPoolExecutor(16))
        self.add_to(self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def close(self):
        self.over.set()
        self.items.put(END)
        self.server.stop(0).wait()

    def next(self, what, ignoring=()):
        while True:
            kind, details = self.seen.get(timeout=WAIT_S)
            if kind == what:
                return details
            if kind not in ignoring:
                raise AssertionError(f"{kind} {details!r} came, but {what} was to come")

    def note(self, what, context, details=None):
        self.seen.put((what, (dict(context.invocation_metadata()), context.peer(), details)))

    def Hello(self, request, context):
        self.note("Hello", context)
        code = self.hellos.pop(0) if self.hellos else None
        if code:
            context.abort(code, "not now")
        return empty_pb2.Empty()

    def GetWorkItems(self, request, context):
        self.note("GetWorkItems", context, request)
        behaviour = self.streams.pop(0) if self.streams else "work"
        if behaviour == "end":
            return
        if behaviour == "silent":
            context.send_initial_metadata(())
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(2 * WAIT_S)
            return
        if behaviour != "work":
            context.abort(behaviour, "no stream")
        while True:
            item = self.items.get()
            if item is END:
                return
            yield item

    def complete(self, what, request, context):
        self.note(what, context, request)
        code = self.answers.pop(0) if self.answers else None
        if code:
            context.abort(code, "over the limit")
        return pb.CompleteTaskResponse()

    def CompleteActivityTask(self, request, context):
        return self.complete("activity", request, context)

    def CompleteOrchestratorTask(self, request, context):
        return self.complete("turn", request, context)

    def CompleteEntityTask(self, request, context):
        return self.complete("batch", request, context)

    def AbandonTaskOrchestratorWorkItem(self, request, context):
        self.note("turn back", context, request)
        return pb.AbandonOrchestrationTaskResponse()

    def AbandonTaskEntityWorkItem(self, request, context):
        self.note("entity back", context, request)
        return pb.AbandonEntityTaskResponse()


class Worker:
    def __init__(self, peer, service, silence_ms, **settings):
        connection = f"Endpoint=http://127.0.0.1:{service.port};Authentication=None;TaskHub=Some-Hub"
        self.process = Process([peer, connection, "worker", str(silence_ms)], env=os.environ | settings, stdout=None, stderr=None)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        else:
            expect("the worker's exit code", self.process.stop(), 0)


def activity(token, number):
    return pb.WorkItem(completionToken=token, activityRequest=pb.ActivityRequest(
        name="square", input=text(number), taskId=3,
        orchestrationInstance=pb.OrchestrationInstance(instanceId="i", executionId=text("e"))))


def text(value):
    return wrappers_pb2.StringValue(value=str(value))


def turn(token, started=True):
    now = timestamp_pb2.Timestamp(seconds=1700000000)
    events = [pb.HistoryEvent(eventId=-1, timestamp=now, orchestratorStarted=pb.OrchestratorStartedEvent())]
    if started:
        events.append(pb.HistoryEvent(eventId=0, timestamp=now, executionStarted=pb.ExecutionStartedEvent(
            name="child", input=text(5), orchestrationInstance=pb.OrchestrationInstance(instanceId="i", executionId=text("e")))))
    return pb.WorkItem(completionToken=token, orchestratorRequest=pb.OrchestratorRequest(
        instanceId="i", executionId=text("e"), newEvents=events))


def comes_back(peer):
    """Whatever happens to Hello or the stream, both come again, under one name, at one hub."""
    service = Service(hellos=[grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.NOT_FOUND],
                      streams=[grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, "end", "silent", "work"])
    with Worker(peer, service, 300):
        names, connections = set(), []
        for _ in range(5):
            metadata, connection, request = service.next("GetWorkItems", ignoring=["Hello"])
            names.add(metadata["workerid"])
            connections.append(connection)
            expect("task hub", metadata["taskhub"], "Some-Hub")
            expect("agent", bool(re.fullmatch(r"durabletask-c/[0-9.]+ \(DurableTaskWorker\)", metadata["x-user-agent"])), True)
            expect("authorization", "authorization" in metadata, False)
            expect("limits", (request.maxConcurrentOrchestrationWorkItems > 0, request.maxConcurrentActivityWorkItems > 0), (True, True))
            expect("capabilities", list(request.capabilities), [pb.WORKER_CAPABILITY_HISTORY_STREAMING])
            expect("filters", request.HasField("workItemFilters"), False)
        expect("names", len(names), 1)
        expect("host,pid,guid", bool(re.fullmatch(r"[^,]+,\d+,[0-9a-f-]{36}", names.pop())), True)
        expect("a new connection after the silence", connections[4] != connections[3], True)
        service.items.put(activity("t", 3))
        service.next("activity", ignoring=["Hello", "GetWorkItems"])
    service.close()


def stays(peer):
    """A stream with no work but signs of life is kept for longer than a silent one would be."""
    service = Service()
    with Worker(peer, service, 5000):
        service.next("Hello")
        service.next("GetWorkItems")
        for _ in range(int(7 / PING_S)):
            service.items.put(pb.WorkItem(healthPing=pb.HealthPing()))
            time.sleep(PING_S)
        service.items.put(activity("t", 3))
        service.next("activity")
    service.close()


def answers(peer):
    """Lost answers are sent again, refused ones become failures, and what nobody here can do is given back."""
    service = Service(answers=[grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, None,
                               grpc.StatusCode.RESOURCE_EXHAUSTED, None, grpc.StatusCode.RESOURCE_EXHAUSTED, None])
    with Worker(peer, service, 60000):
        service.next("Hello")
        service.next("GetWorkItems")
        service.items.put(activity("lost", 3))
        for _ in range(3):
            request = service.next("activity")[2]
            expect("an answer sent again", (request.completionToken, request.instanceId, request.taskId, request.result.value),
                   ("lost", "i", 3, "9"))
        service.items.put(activity("refused", 4))
        expect("token", service.next("activity")[2].completionToken, "refused")
        request = service.next("activity")[2]
        expect("a refused answer", (request.completionToken, request.HasField("result"), request.failureDetails.errorType,
                                    "over the limit" in request.failureDetails.errorMessage, request.failureDetails.isNonRetriable),
               ("refused", False, "ResultRefusedError", True, True))
        service.items.put(turn("turn"))
        request = service.next("turn")[2]
        expect("a turn", (request.completionToken, [a.scheduleTask.name for a in request.actions]), ("turn", ["square"]))
        request = service.next("turn")[2]
        complete = request.actions[0].completeOrchestration
        expect("a refused turn", (request.completionToken, complete.orchestrationStatus, complete.failureDetails.errorType),
               ("turn", pb.ORCHESTRATION_STATUS_FAILED, "ResultRefusedError"))
        service.items.put(turn("no start", started=False))
        expect("a turn given back", service.next("turn back")[2].completionToken, "no start")
        service.items.put(pb.WorkItem(completionToken="entity", entityRequest=pb.EntityBatchRequest(instanceId="@e@k")))
        expect("an entity given back", service.next("entity back")[2].completionToken, "entity")
        service.items.put(pb.WorkItem(completionToken="nothing"))
        service.items.put(activity("last", 2))
        expect("after all that", service.next("activity")[2].result.value, "4")
    service.close()


def called(operation, number=None, caller="i"):
    """An event of the second encoding: a call, or a signal if nobody calls."""
    body = dict(requestId="00000000-0000-0000-0000-000000000001", operation=operation,
                input=text(number) if number is not None else None, targetInstanceId=text("@counter@k"))
    if not caller:
        return pb.HistoryEvent(eventId=-1, entityOperationSignaled=pb.EntityOperationSignaledEvent(**body))
    return pb.HistoryEvent(eventId=-1, entityOperationCalled=pb.EntityOperationCalledEvent(
        parentInstanceId=text(caller), parentExecutionId=text("e"), **body))


def batch(token, *events, state=None, entity="@counter@k"):
    return pb.WorkItem(completionToken=token, entityRequestV2=pb.EntityRequest(
        instanceId=entity, executionId="e", entityState=text(state) if state is not None else None, operationRequests=events))


def runs_entities(peer):
    """Batches are answered in order and under their tokens; a refused answer fails each operation and keeps the state."""
    service = Service(answers=[None, None, None, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, None])
    with Worker(peer, service, 60000, PEER_ENTITIES="1", PEER_FILTER="1"):
        service.next("Hello")
        request = service.next("GetWorkItems")[2]
        expect("entities at once", request.maxConcurrentEntityWorkItems > 0, True)
        expect("capabilities", list(request.capabilities),
               [pb.WORKER_CAPABILITY_HISTORY_STREAMING, pb.WORKER_CAPABILITY_SCHEDULED_TASKS])
        expect("filters", [f.name for f in request.workItemFilters.entities], ["counter", "schedule"])

        service.items.put(batch("two", called("add", 2), called("ADD", 3, caller=None), called("break"), state="1"))
        result = service.next("batch")[2]
        expect("token", result.completionToken, "two")
        expect("kinds", [r.WhichOneof("resultType") for r in result.results], ["success", "success", "failure"])
        expect("result", result.results[1].success.result.value, "6")
        expect("failure", result.results[2].failure.failureDetails.errorType, "Broken")
        expect("state", result.entityState.value, "6")
        expect("addresses", [i.responseDestination.instanceId for i in result.operationInfos], ["i", "", "i"])

        service.items.put(batch("deleted", called("delete"), state="1"))
        expect("a deleted state", service.next("batch")[2].HasField("entityState"), False)
        service.items.put(batch("unknown", called("add", 1), state="1", entity="@stranger@k"))
        result = service.next("batch")[2]
        expect("an unknown kind", (result.results[0].failure.failureDetails.errorType, result.entityState.value),
               ("EntityTaskNotFound", "1"))

        service.items.put(batch("refused", called("add", 1), state="1"))
        for _ in range(2):
            expect("an answer sent again", service.next("batch")[2].results[0].success.result.value, "2")
        result = service.next("batch")[2]
        expect("a refused answer", (result.results[0].failure.failureDetails.errorType, result.entityState.value),
               ("ResultRefusedError", "1"))

        # What cannot be read is given back: an answer without results would delete the state.
        service.items.put(batch("no id", called("add", 1), state="1", entity="counter"))
        expect("given back", service.next("entity back")[2].completionToken, "no id")
        service.items.put(batch("no operation", pb.HistoryEvent(eventId=-1, timerFired=pb.TimerFiredEvent()), state="1"))
        expect("given back", service.next("entity back")[2].completionToken, "no operation")
        service.items.put(pb.WorkItem(completionToken="first", entityRequest=pb.EntityBatchRequest(
            instanceId="@counter@k", operations=[pb.OperationRequest(operation="add", requestId="r", input=text(4))])))
        result = service.next("batch")[2]
        expect("the first encoding", (result.completionToken, result.entityState.value), ("first", "4"))
    service.close()


def goes_away(peer):
    """GOAWAY: what is new goes to the next connection, what is open stays where it is until it ends."""
    first = Service()
    with Worker(peer, first, 60000):
        first.next("Hello")
        first.next("GetWorkItems")
        second = Service(port=first.port)  # listens beside it
        stopped = first.server.stop(WAIT_S)
        first.items.put(activity("on the old one", 3))
        expect("answer", second.next("activity")[2].completionToken, "on the old one")
        first.items.put(END)
        expect("the old one is over", stopped.wait(WAIT_S), True)
        second.next("Hello")
        second.next("GetWorkItems")
        second.items.put(activity("on the new one", 3))
        expect("answer", second.next("activity")[2].completionToken, "on the new one")
    second.close()


for part in (comes_back, stays, answers, runs_entities, goes_away):
    part(sys.argv[1])
    print(f"{part.__name__}: ok", flush=True)
