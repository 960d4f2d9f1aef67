# SPDX-License-Identifier: MIT
"""BackendService, which hosts with an engine of their own speak, played by hand (1.6). If this fails, such a host gets no
work, its decisions are lost, or its scaler sees nothing.

Usage: backend_test.py SCHEDULER_HOST [unittest arguments]."""
import os
import sys
import unittest

import grpc

import scheduler_process
from scheduler_process import Host, PATIENCE_S

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import BACKEND_METHODS, BACKEND_SERVICE, backend, pb, Stub  # noqa: E402
from google.protobuf import wrappers_pb2  # noqa: E402


def text(value):
    return wrappers_pb2.StringValue(value=value)


def scheduled(number, name="Act"):
    return pb.HistoryEvent(eventId=number, taskScheduled=pb.TaskScheduledEvent(name=name, input=text("in")))


def completed(number, result):
    return pb.HistoryEvent(eventId=number, executionCompleted=pb.ExecutionCompletedEvent(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED, result=text(result)))


class BackendTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host("default", "*")

    @classmethod
    def tearDownClass(cls):
        assert cls.host.stop() == 0

    def setUp(self):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.host.port}",
                                             options=[("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(self.channel.close)
        self.stub = Stub(self.channel, BACKEND_SERVICE, BACKEND_METHODS)
        self.metadata = [("taskhub", self.id().rsplit(".", 1)[-1][:60])]

    def call(self, name, request):
        return getattr(self.stub, name)(request, metadata=self.metadata, timeout=PATIENCE_S)

    def work(self, **fields):
        stream = self.stub.GetWorkItems(pb.GetWorkItemsRequest(**fields), metadata=[*self.metadata, ("workerid", "h1")])
        self.addCleanup(stream.cancel)
        items = iter(stream)
        return lambda: next(one for one in items if one.WhichOneof("request") != "healthPing")

    def start(self, instance):
        self.call("CreateInstance", pb.CreateInstanceRequest(instanceId=instance, name="Orch"))

    def decide(self, item, *events, **more):
        self.call("CompleteOrchestrationWorkItem", backend.CompleteOrchestrationWorkItemRequest(
            completionToken=item.completionToken, newHistory=events, **more))

    def test_a_host_runs_an_orchestration(self):
        next_item = self.work()
        self.start("a")
        item = next_item()
        self.decide(item, *item.orchestratorRequest.newEvents, scheduled(0), customStatus=text("busy"))
        item = next_item()
        self.assertEqual((item.activityRequest.name, item.activityRequest.input.value), ("Act", "in"))
        self.call("CompleteActivityWorkItem", backend.CompleteActivityWorkItemRequest(
            completionToken=item.completionToken, responseEvent=pb.HistoryEvent(
                eventId=-1, taskCompleted=pb.TaskCompletedEvent(taskScheduledId=0, result=text("r")))))
        item = next_item()
        self.assertEqual(item.orchestratorRequest.newEvents[1].taskCompleted.result.value, "r")
        self.decide(item, completed(1, "done"))
        state = self.call("WaitForInstance", backend.WaitForInstanceRequest(
            instanceId="a", getInputsAndOutputs=True)).orchestrationState
        self.assertEqual((state.orchestrationStatus, state.output.value, state.customStatus.value),
                         (pb.ORCHESTRATION_STATUS_COMPLETED, "done", "busy"))
        history = self.call("GetOrchestrationRuntimeState", backend.GetOrchestrationRuntimeStateRequest(
            instance=pb.OrchestrationInstance(instanceId="a"))).history
        self.assertEqual([e.WhichOneof("eventType") for e in history],
                         ["orchestratorStarted", "executionStarted", "taskScheduled", "orchestratorStarted",
                          "taskCompleted", "executionCompleted"])

    def test_an_activity_that_failed(self):
        next_item = self.work()
        self.start("a")
        self.decide(next_item(), scheduled(0))
        item = next_item()
        self.call("CompleteActivityWorkItem", backend.CompleteActivityWorkItemRequest(
            completionToken=item.completionToken, responseEvent=pb.HistoryEvent(
                eventId=-1, taskFailed=pb.TaskFailedEvent(taskScheduledId=0, failureDetails=pb.TaskFailureDetails(
                    errorType="E", errorMessage="m")))))
        self.assertEqual(next_item().orchestratorRequest.newEvents[1].taskFailed.failureDetails.errorType, "E")
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("CompleteActivityWorkItem", backend.CompleteActivityWorkItemRequest(completionToken="t"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_a_session_is_answered_and_ends(self):
        next_item = self.work()
        self.start("a")
        answers = list(self.call("CompleteOrchestrationWorkItemWithExtendedSession",
                                 backend.CompleteOrchestrationWorkItemRequest(
                                     completionToken=next_item().completionToken, newHistory=[completed(0, "x")])))
        self.assertEqual([one.WhichOneof("request") for one in answers], ["orchestratorResponse"])
        self.call("ReleaseOrchestrationWorkItem", backend.ReleaseOrchestrationWorkItemRequest(completionToken="t"))

    def test_events(self):
        next_item = self.work()
        for instance in ("a", "b"):
            self.start(instance)
            self.decide(next_item())
        self.call("AddEvent", backend.AddEventRequest(
            instance=pb.OrchestrationInstance(instanceId="a"),
            event=pb.HistoryEvent(eventId=-1, eventRaised=pb.EventRaisedEvent(name="go", input=text("1")))))
        item = next_item()
        self.assertEqual(item.orchestratorRequest.newEvents[1].eventRaised.name, "go")
        self.decide(item)
        stop = pb.HistoryEvent(eventId=-1, executionSuspended=pb.ExecutionSuspendedEvent(input=text("why")))
        failed = self.call("AddEvents", backend.AddEventsRequest(events={
            "a": stop, "nobody": stop, "b": pb.HistoryEvent(eventId=1, taskScheduled=pb.TaskScheduledEvent(name="no"))}))
        self.assertEqual(sorted(failed.unsuccessfulInstanceIds), ["b", "nobody"])
        state = self.call("GetInstance", pb.GetInstanceRequest(instanceId="a")).orchestrationState
        self.assertEqual(state.orchestrationStatus, pb.ORCHESTRATION_STATUS_SUSPENDED)

    def test_metrics_and_a_drain(self):
        self.call("Ping", backend.PingRequest())
        for n in range(3):
            self.start(f"i{n}")
        metrics = self.call("GetMetrics", backend.GetMetricsRequest()).metrics
        self.assertEqual((metrics.orchestratorWorkItems.pending, metrics.orchestratorWorkItems.active,
                          metrics.connectedWorkers.count), (3, 0, 0))
        next_item = self.work(maxConcurrentOrchestrationWorkItems=1)
        item = next_item()
        metrics = self.call("GetMetrics", backend.GetMetricsRequest()).metrics
        self.assertEqual((metrics.orchestratorWorkItems.pending, metrics.orchestratorWorkItems.active,
                          metrics.connectedWorkers.count), (2, 1, 1))
        found = [self.stub.BeginWorkerDrain(backend.BeginWorkerDrainRequest(), timeout=PATIENCE_S,
                                            metadata=[*self.metadata, ("workerid", name)]).workerFound
                 for name in ("h1", "h2")]
        self.assertEqual(found, [True, False])
        self.decide(item, completed(0, "x"))
        metrics = self.call("GetMetrics", backend.GetMetricsRequest()).metrics
        self.assertEqual((metrics.orchestratorWorkItems.pending, metrics.orchestratorWorkItems.active), (2, 0))

    def test_a_host_runs_entities(self):
        next_item = self.work(maxConcurrentEntityWorkItems=1)
        self.start("a")
        item = next_item()
        self.decide(item, pb.HistoryEvent(eventId=0, entityOperationCalled=pb.EntityOperationCalledEvent(
            requestId="r", operation="get", targetInstanceId=text("@c@1"))))
        item = next_item()
        self.assertEqual(item.entityRequestV2.instanceId, "@c@1")
        answer = pb.HistoryEvent(eventId=-1, entityOperationCompleted=pb.EntityOperationCompletedEvent(
            requestId="r", output=text("7")))
        signal = pb.HistoryEvent(eventId=-1, entityOperationSignaled=pb.EntityOperationSignaledEvent(
            requestId="s", operation="ping"))
        answers = list(self.call("CompleteEntityWorkItemWithExtendedSession", backend.CompleteEntityWorkItemRequest(
            completionToken=item.completionToken, instanceId="@c@1", numberOperationsExecuted=1,
            entityState=text("7"), messages=[
                backend.OrchestratorMessage(instance=pb.OrchestrationInstance(instanceId="a"), event=answer),
                backend.OrchestratorMessage(instance=pb.OrchestrationInstance(instanceId="@d@1"), event=signal)])))
        self.assertEqual([one.WhichOneof("request") for one in answers], ["entityResponse"])
        seen = {}
        for _ in range(2):
            item = next_item()
            seen[item.WhichOneof("request")] = item
        event = seen["orchestratorRequest"].orchestratorRequest.newEvents[1].entityOperationCompleted
        self.assertEqual((event.requestId, event.output.value), ("r", "7"))
        batch = seen["entityRequestV2"]
        self.assertEqual(batch.entityRequestV2.operationRequests[0].entityOperationSignaled.operation, "ping")
        self.call("CompleteEntityWorkItem", backend.CompleteEntityWorkItemRequest(
            completionToken=batch.completionToken, instanceId="@d@1", numberOperationsExecuted=1))
        state = self.call("GetEntity", pb.GetEntityRequest(instanceId="@c@1", includeState=True))
        self.assertEqual(state.entity.serializedState.value, "7")
        self.assertFalse(self.call("GetEntity", pb.GetEntityRequest(instanceId="@d@1")).exists)

    def test_a_host_that_names_no_number_gets_no_entities(self):
        next_item = self.work()
        self.call("AddEvent", backend.AddEventRequest(
            instance=pb.OrchestrationInstance(instanceId="@c@1"), event=pb.HistoryEvent(
                eventId=-1, entityOperationSignaled=pb.EntityOperationSignaledEvent(requestId="r", operation="add"))))
        self.start("a")
        self.assertEqual(next_item().WhichOneof("request"), "orchestratorRequest")
        metrics = self.call("GetMetrics", backend.GetMetricsRequest()).metrics
        self.assertEqual(metrics.entityWorkItems.pending, 1)


if __name__ == "__main__":
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
