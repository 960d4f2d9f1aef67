# SPDX-License-Identifier: MIT
"""Entities by hand: the statements DT-144 to DT-160 of the protocol's checklist, with frames as SDKs send them.

Usage: entity_protocol_test.py SCHEDULER_HOST [unittest arguments]. Each test has a hub of its own.
"""
import os
import queue
import sys
import time
import unittest
import uuid
from datetime import timedelta

import grpc

import scheduler_process
from scheduler_process import Host, PATIENCE_S, eventually
from protocol_test import Wire, Worker, complete, kinds, now, stamp, text

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb  # noqa: E402

FAILURE = pb.TaskFailureDetails(errorType="Boom", errorMessage="it broke", stackTrace=text("here"),
                                innerFailure=pb.TaskFailureDetails(errorType="Inner"))


def message(number, **body):
    return pb.OrchestratorAction(id=number, sendEntityMessage=pb.SendEntityMessageAction(**body))


def call(number, target, operation, request=None, **more):
    return message(number, entityOperationCalled=pb.EntityOperationCalledEvent(
        requestId=request or str(uuid.uuid4()), operation=operation, targetInstanceId=text(target), **more))


def signal(number, target, operation, **more):
    return message(number, entityOperationSignaled=pb.EntityOperationSignaledEvent(
        requestId=str(uuid.uuid4()), operation=operation, targetInstanceId=text(target), **more))


def lock(number, section, *targets, **more):
    return message(number, entityLockRequested=pb.EntityLockRequestedEvent(
        criticalSectionId=section, lockSet=targets, **more))


def unlock(number, section, target):
    return message(number, entityUnlockSent=pb.EntityUnlockSentEvent(
        criticalSectionId=section, targetInstanceId=text(target)))


def success(value=None):
    one = pb.OperationResultSuccess(result=text(value)) if value is not None else pb.OperationResultSuccess()
    return pb.OperationResult(success=one)


def failure(details=FAILURE):
    return pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=details))


def operations(item):
    """Name and input of what a work item asks for."""
    out = []
    for event in item.entityRequestV2.operationRequests:
        body = getattr(event, event.WhichOneof("eventType"))
        out.append((body.operation, body.input.value))
    return out


def event_of(item, kind):
    """The one event of that kind among those that a turn brings."""
    found = [getattr(e, kind) for e in item.orchestratorRequest.newEvents if e.WhichOneof("eventType") == kind]
    assert len(found) == 1, (kind, kinds(item.orchestratorRequest.newEvents))
    return found[0]


class EntityCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host("default", "*")

    @classmethod
    def tearDownClass(cls):
        code = cls.host.stop()
        assert code == 0, f"the host ended with {code}"

    def setUp(self):
        self.hub = self.id().rsplit(".", 1)[-1][:60]
        self.wire = Wire(self.host.port, self.hub)
        self.addCleanup(self.wire.close)

    def worker(self, **fields):
        worker = Worker(self.host.port, self.hub, **fields)
        self.addCleanup(worker.close)
        return worker

    def start(self, instance, name="Orch"):
        self.wire.call("StartInstance", pb.CreateInstanceRequest(name=name, instanceId=instance))

    def signal(self, entity, operation, value=None, **more):
        self.wire.call("SignalEntity", pb.SignalEntityRequest(
            instanceId=entity, name=operation, requestId=str(uuid.uuid4()), input=value and text(value), **more))

    def get(self, entity, state=True):
        return self.wire.call("GetEntity", pb.GetEntityRequest(instanceId=entity, includeState=state))

    def state(self, entity):
        return self.get(entity).entity.serializedState.value

    def batch(self, worker, entity=None):
        item = worker.next()
        assert item.WhichOneof("request") == "entityRequestV2", item
        if entity:
            self.assertEqual(item.entityRequestV2.instanceId, entity)
        return item

    def done(self, worker, item, *results, **more):
        """With `state`: kept. Without: none."""
        if "state" in more:
            more["entityState"] = text(more.pop("state"))
        worker.wire.call("CompleteEntityTask", pb.EntityBatchResult(
            results=results, completionToken=item.completionToken, **more))

    def status(self, instance):
        return self.wire.call("GetInstance", pb.GetInstanceRequest(instanceId=instance)) \
            .orchestrationState.orchestrationStatus

    def query(self, **more):
        size = more.pop("size", None)
        query = pb.EntityQuery(**more)
        if size is not None:
            query.pageSize.value = size
        return self.wire.call("QueryEntities", pb.QueryEntitiesRequest(query=query))

    def nothing(self, worker, seconds=0.3):
        with self.assertRaises(queue.Empty):
            worker.items.get(timeout=seconds)

    def refused(self, code, method, request):
        with self.assertRaises(grpc.RpcError) as caught:
            self.wire.call(method, request)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())


class EntityProtocolTest(EntityCase):
    # --- signals, calls, state ---

    def test_dt_144_a_signal_creates_the_entity(self):
        worker = self.worker()
        self.assertFalse(self.get("@counter@a").exists)
        self.assertFalse(self.get("@counter@a").HasField("entity"))
        begin = now()
        self.signal("@counter@a", "add", "1")
        item = self.batch(worker, "@counter@a")
        self.assertFalse(item.entityRequestV2.HasField("entityState"))
        self.assertTrue(item.entityRequestV2.executionId)
        self.assertEqual(operations(item), [("add", "1")])
        self.assertFalse(self.get("@counter@a").exists)  # not yet
        self.done(worker, item, success(), state="1")
        found = self.get("@counter@a")
        self.assertTrue(found.exists)
        self.assertEqual((found.entity.instanceId, found.entity.serializedState.value), ("@counter@a", "1"))
        self.assertGreaterEqual(found.entity.lastModifiedTime.ToDatetime(begin.tzinfo), begin - timedelta(seconds=1))
        self.assertFalse(found.entity.HasField("lockedBy"))
        self.assertEqual(found.entity.backlogQueueSize, 0)
        self.assertFalse(self.get("@counter@a", False).entity.HasField("serializedState"))
        self.signal("@counter@a", "add", "2")
        item = self.batch(worker)
        self.assertEqual(item.entityRequestV2.entityState.value, "1")
        self.done(worker, item, success(), state="")  # an empty state is a state
        found = self.get("@counter@a")
        self.assertTrue(found.exists and found.entity.HasField("serializedState"))
        self.assertEqual(found.entity.serializedState.value, "")

    def test_dt_145_names_have_no_case_and_keys_have(self):
        worker = self.worker()
        self.signal("@CounTer@Key@X", "add", "1")
        item = self.batch(worker, "@counter@Key@X")
        self.done(worker, item, success(), state="1")
        self.assertEqual(self.get("@COUNTER@Key@X").entity.instanceId, "@counter@Key@X")
        self.assertFalse(self.get("@counter@key@x").exists)
        bad = grpc.StatusCode.INVALID_ARGUMENT
        for entity in ("counter@a", "@counter", "@@a", "", "@c@" + "k" * 98, "@c@\u00e9"):
            self.refused(bad, "SignalEntity", pb.SignalEntityRequest(instanceId=entity, name="x"))
            self.refused(bad, "GetEntity", pb.GetEntityRequest(instanceId=entity))

    def test_dt_146_operations_of_one_sender_run_in_order_once(self):
        worker = self.worker()
        for n in range(250):
            self.signal("@list@a", "append", str(n))
        seen = []
        while len(seen) < 250:
            item = self.batch(worker)
            got = operations(item)
            self.assertLessEqual(len(got), 100)
            self.assertEqual(item.entityRequestV2.entityState.value, ",".join(seen))
            seen += [value for _, value in got]
            self.done(worker, item, *[success()] * len(got), state=",".join(seen))
        self.assertEqual(seen, [str(n) for n in range(250)])
        self.nothing(worker)
        self.done(worker, item, success(), state="late")  # a token of before changes nothing
        self.assertEqual(self.state("@list@a"), ",".join(seen))

    def test_dt_147_a_call_is_answered_to_its_caller(self):
        worker = self.worker()
        self.start("caller")
        turn = worker.turn()
        self.assertTrue(turn.orchestratorRequest.HasField("entityParameters"))
        self.assertTrue(turn.orchestratorRequest.entityParameters.HasField("entityMessageReorderWindow"))
        request = str(uuid.uuid4())
        worker.answer(turn, call(1, "@counter@a", "get", request, input=text("in")))
        item = self.batch(worker, "@counter@a")
        event = item.entityRequestV2.operationRequests[0]
        body = event.entityOperationCalled
        self.assertEqual((event.eventId, body.requestId, body.operation, body.input.value), (-1, request, "get", "in"))
        self.assertTrue(event.HasField("timestamp"))
        self.assertEqual((body.parentInstanceId.value, body.parentExecutionId.value, body.targetInstanceId.value),
                         ("caller", turn.orchestratorRequest.executionId.value, "@counter@a"))
        self.done(worker, item, success("42"), state="42")
        turn = worker.turn()
        past = [e for e in turn.orchestratorRequest.pastEvents if e.WhichOneof("eventType") == "entityOperationCalled"]
        self.assertEqual([(e.eventId, e.entityOperationCalled.requestId,
                           e.entityOperationCalled.parentInstanceId.value) for e in past], [(1, request, "caller")])
        reply = event_of(turn, "entityOperationCompleted")
        self.assertEqual((reply.requestId, reply.output.value), (request, "42"))
        self.assertEqual(turn.orchestratorRequest.newEvents[1].eventId, -1)
        worker.answer(turn, call(2, "@counter@a", "void"))
        self.done(worker, self.batch(worker), success(), state="42")
        self.assertFalse(event_of(worker.turn(), "entityOperationCompleted").HasField("output"))

    def test_dt_148_a_failed_call_is_answered_with_its_failure(self):
        worker = self.worker()
        self.start("caller")
        worker.answer(worker.turn(), call(1, "@counter@a", "x", "1" * 32), signal(2, "@counter@a", "y"))
        item = self.batch(worker)
        self.assertEqual([name for name, _ in operations(item)], ["x", "y"])
        self.done(worker, item, failure(), failure(), state="kept")  # the signal's failure goes nowhere
        turn = worker.turn()
        reply = event_of(turn, "entityOperationFailed")
        self.assertEqual(reply.requestId, "1" * 32)
        self.assertEqual(reply.failureDetails, FAILURE)
        self.assertEqual(kinds(turn.orchestratorRequest.newEvents), ["orchestratorStarted", "entityOperationFailed"])
        self.assertEqual(self.state("@counter@a"), "kept")

    def test_dt_149_scheduled_signals_wait(self):
        worker = self.worker()
        due = now() + timedelta(seconds=1.5)
        self.signal("@clock@a", "later", scheduledTime=stamp(due))
        self.signal("@clock@a", "now", scheduledTime=stamp(now() - timedelta(days=1)))
        item = self.batch(worker)
        self.assertEqual(operations(item), [("now", "")])
        self.done(worker, item, success(), state="s")
        self.assertEqual(self.get("@clock@a").entity.backlogQueueSize, 1)
        item = self.batch(worker)
        self.assertGreaterEqual(now(), due)
        self.assertEqual(operations(item), [("later", "")])
        self.done(worker, item, success(), state="s", actions=[pb.OperationAction(id=1, sendSignal=pb.SendSignalAction(
            instanceId="@clock@a", name="again", scheduledTime=stamp(now() + timedelta(seconds=1))))])
        sent = now()
        self.assertEqual(operations(self.batch(worker)), [("again", "")])
        self.assertGreaterEqual(now() - sent, timedelta(seconds=0.9))

    def test_dt_150_signals_of_entities_have_guids_and_targets(self):
        worker = self.worker()
        self.signal("@a@1", "go")
        self.done(worker, self.batch(worker), success(), state="a", actions=[pb.OperationAction(
            id=1, sendSignal=pb.SendSignalAction(instanceId="@B@2", name="hello", input=text("x")))])
        item = self.batch(worker, "@b@2")
        body = item.entityRequestV2.operationRequests[0].entityOperationSignaled
        self.assertEqual(str(uuid.UUID(body.requestId)).replace("-", ""), body.requestId.replace("-", ""))
        self.assertEqual((body.targetInstanceId.value, body.operation, body.input.value), ("@b@2", "hello", "x"))

    def test_dt_151_fewer_results_send_the_rest_again(self):
        worker = self.worker()
        self.signal("@list@a", "first")
        hold = self.batch(worker)
        for n in range(4):
            self.signal("@list@a", f"op{n}")
        self.done(worker, hold, success(), state="0")
        item = self.batch(worker)
        self.assertEqual([name for name, _ in operations(item)], ["op0", "op1", "op2", "op3"])
        self.signal("@list@a", "op4")
        self.done(worker, item, success(), success(), state="2")
        item = self.batch(worker)
        self.assertEqual([name for name, _ in operations(item)], ["op2", "op3", "op4"])
        self.assertEqual(item.entityRequestV2.entityState.value, "2")

    def test_dt_152_a_failed_batch_keeps_the_state_and_comes_again(self):
        worker = self.worker()
        self.signal("@list@a", "first")
        self.done(worker, self.batch(worker), success(), state="kept")
        self.signal("@list@a", "second")
        item = self.batch(worker)
        begin = time.monotonic()
        self.done(worker, item, failureDetails=FAILURE)
        self.assertEqual(self.state("@list@a"), "kept")
        item = self.batch(worker)
        self.assertGreaterEqual(time.monotonic() - begin, 0.9)
        self.assertEqual(operations(item), [("second", "")])
        self.assertEqual(item.entityRequestV2.entityState.value, "kept")
        self.done(worker, item, requiresState=True)
        item = self.batch(worker)
        self.assertEqual((operations(item), item.entityRequestV2.entityState.value), ([("second", "")], "kept"))
        worker.wire.call("AbandonTaskEntityWorkItem", pb.AbandonEntityTaskRequest(completionToken=item.completionToken))
        self.assertEqual(operations(self.batch(worker)), [("second", "")])
        worker.wire.call("AbandonTaskEntityWorkItem", pb.AbandonEntityTaskRequest(completionToken="nobody's"))

    def test_a_signal_that_is_sent_again_is_one_operation(self):
        request = pb.SignalEntityRequest(instanceId="@c@again", name="add", requestId=str(uuid.uuid4()), input=text("1"))
        self.wire.call("SignalEntity", request)
        self.host.kill()  # the client never learned that it was taken
        self.host.start()
        self.wire = Wire(self.host.port, self.hub)
        self.addCleanup(self.wire.close)
        self.wire.call("SignalEntity", request)
        worker = self.worker()
        item = self.batch(worker, "@c@again")
        self.assertEqual(operations(item), [("add", "1")])
        self.done(worker, item, success(), state="1")
        self.wire.call("SignalEntity", request)
        self.nothing(worker)
        self.signal("@c@again", "add", "2")
        self.assertEqual(operations(self.batch(worker)), [("add", "2")])
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "SignalEntity",
                     pb.SignalEntityRequest(instanceId="@c@again", name="add", requestId="x" * 129))

    def test_a_batch_that_its_workers_refuse_is_answered_soon(self):  # DT-152
        worker = self.worker()
        self.start("o")
        worker.answer(worker.turn(), call(1, "@c@refused", "add"))
        for _ in range(5):  # 1 s, 2 s, 4 s, 8 s between them
            self.done(worker, self.batch(worker, "@c@refused"), failureDetails=FAILURE)
        failed = event_of(worker.turn(), "entityOperationFailed")
        self.assertEqual(failed.failureDetails, FAILURE)

    def test_dt_024_one_batch_of_an_entity_is_out(self):  # DT-024
        first, second = self.worker(), self.worker()
        self.signal("@c@one", "a")
        item = None
        def either():
            nonlocal item
            for worker in (first, second):
                if not worker.items.empty():
                    item = worker, worker.next()
            return item
        eventually(either, "the batch comes to one of them")
        for n in range(20):
            self.signal("@c@one", f"b{n}")
        self.nothing(first)
        self.nothing(second)
        self.done(*item, success(), state="s")
        item = None
        eventually(either, "the next batch")
        self.assertEqual(len(operations(item[1])), 20)

    def test_dt_153_an_absent_state_deletes(self):
        worker = self.worker()
        self.signal("@list@a", "first")
        self.done(worker, self.batch(worker), success(), state="kept")
        self.signal("@list@a", "delete")
        self.done(worker, self.batch(worker), success())
        self.assertFalse(self.get("@list@a").exists)
        self.assertEqual(len(self.query().entities), 0)
        self.signal("@list@a", "first")
        self.assertFalse(self.batch(worker).entityRequestV2.HasField("entityState"))

    # --- locks ---

    def test_dt_154_a_lock_is_granted_once_when_all_are_held(self):
        worker = self.worker()
        self.start("owner")
        worker.answer(worker.turn(), lock(1, "cs", "@b@2", "@A@1", "@b@2", "@b@10", parentInstanceId=text("owner")))
        turn = worker.turn()
        self.assertEqual(event_of(turn, "entityLockGranted").criticalSectionId, "cs")
        self.assertEqual(turn.orchestratorRequest.newEvents[1].eventId, -1)
        past = [e for e in turn.orchestratorRequest.pastEvents if e.WhichOneof("eventType") == "entityLockRequested"]
        self.assertEqual([(e.eventId, list(e.entityLockRequested.lockSet)) for e in past],
                         [(1, ["@b@2", "@A@1", "@b@2", "@b@10"])])
        found = self.query(includeTransient=True).entities
        self.assertEqual([(e.instanceId, e.lockedBy.value) for e in found],
                         [("@a@1", "owner"), ("@b@10", "owner"), ("@b@2", "owner")])
        self.nothing(worker)

    def locked(self, worker, owner="owner", *entities):
        """An orchestration that holds entities, and its turn that was told so."""
        self.start(owner)
        worker.answer(worker.turn(), lock(1, "cs-" + owner, *entities))
        turn = worker.turn()
        event_of(turn, "entityLockGranted")
        return turn

    def test_dt_155_only_the_holder_is_served(self):
        worker = self.worker()
        self.signal("@list@a", "first")
        self.done(worker, self.batch(worker), success(), state="s")
        turn = self.locked(worker, "owner", "@list@a")
        self.assertEqual(self.get("@list@a").entity.lockedBy.value, "owner")
        self.signal("@list@a", "stranger")
        self.start("other")
        worker.answer(worker.turn(), call(1, "@list@a", "other's"))
        self.nothing(worker)
        self.assertEqual(self.get("@list@a").entity.backlogQueueSize, 2)
        worker.answer(turn, signal(2, "@list@a", "mine too"), call(3, "@list@a", "mine"))
        item = self.batch(worker)
        self.assertEqual([name for name, _ in operations(item)], ["mine too", "mine"])
        self.done(worker, item, success(), success("ok"), state="s2")
        turn = worker.turn()
        self.assertEqual(event_of(turn, "entityOperationCompleted").output.value, "ok")
        worker.answer(turn, unlock(4, "cs-owner", "@list@a"))
        item = self.batch(worker)
        self.assertEqual([name for name, _ in operations(item)], ["stranger", "other's"])
        self.assertFalse(self.get("@list@a").entity.HasField("lockedBy"))

    def test_dt_156_locks_are_free_after_every_end(self):
        worker = self.worker()

        def ends(owner, end):
            turn = self.locked(worker, owner, "@list@" + owner, "@other@" + owner)
            self.assertEqual(len(self.query(includeTransient=True).entities), 2)
            end(turn, owner)
            eventually(lambda: not self.query(includeTransient=True).entities, f"locks of {owner} are free")

        ends("unlocks", lambda turn, owner: worker.answer(
            turn, unlock(2, "cs", "@list@" + owner), unlock(3, "cs", "@other@" + owner)))
        ends("completes", lambda turn, owner: worker.answer(turn, complete(2)))
        ends("fails", lambda turn, owner: worker.answer(
            turn, complete(2, pb.ORCHESTRATION_STATUS_FAILED, failureDetails=FAILURE)))
        ends("renews", lambda turn, owner: worker.answer(turn, complete(2, pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW)))
        worker.answer(worker.turn(), complete(1))

        def terminated(turn, owner):
            self.wire.call("TerminateInstance", pb.TerminateRequest(instanceId=owner))
            worker.answer(turn)
            worker.answer(worker.turn(), complete(3, pb.ORCHESTRATION_STATUS_TERMINATED))
        ends("terminated", terminated)

        def replaced(turn, owner):
            every = [pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_TERMINATED]
            self.wire.call("StartInstance", pb.CreateInstanceRequest(
                instanceId=owner, name="Orch",
                orchestrationIdReusePolicy=pb.OrchestrationIdReusePolicy(replaceableStatus=every)))
            worker.answer(worker.turn(), complete(1))
        ends("replaced", replaced)

    def test_a_half_taken_set_is_free_after_the_end(self):  # DT-156
        worker = self.worker()
        first = self.locked(worker, "first", "@b@2")
        self.start("second")
        worker.answer(worker.turn(), lock(1, "cs2", "@a@1", "@b@2"))
        self.assertEqual([(e.instanceId, e.lockedBy.value, e.backlogQueueSize)
                          for e in self.query(includeTransient=True).entities],
                         [("@a@1", "second", 0), ("@b@2", "first", 1)])
        unterminated = self.wire.call("SkipGracefulOrchestrationTerminations",
                                      pb.SkipGracefulOrchestrationTerminationsRequest(
                                          instanceBatch=pb.InstanceBatch(instanceIds=["first"])))
        self.assertEqual(list(unterminated.unterminatedInstanceIds), ["first"])  # it holds a lock
        self.wire.call("TerminateInstance", pb.TerminateRequest(instanceId="second"))
        worker.answer(worker.turn(), complete(3, pb.ORCHESTRATION_STATUS_TERMINATED))
        eventually(lambda: [(e.instanceId, e.backlogQueueSize) for e in self.query(includeTransient=True).entities] ==
                   [("@b@2", 0)], "the request and the half set are gone")
        worker.answer(first, complete(2))

    def test_dt_157_crossed_locks_both_finish(self):
        worker = self.worker()
        self.start("one")
        one = worker.turn()
        self.start("two")
        two = worker.turn()
        worker.answer(one, lock(1, "cs1", "@a@1", "@b@1"))
        worker.answer(two, lock(1, "cs2", "@b@1", "@a@1"))
        for _ in range(2):
            turn = worker.turn()
            event_of(turn, "entityLockGranted")
            self.nothing(worker, 0.1)
            worker.answer(turn, complete(2))
        eventually(lambda: not self.query(includeTransient=True).entities, "all is free")

    # --- what entities set going, queries ---

    def test_dt_158_entities_start_orchestrations_and_signal(self):
        worker = self.worker()
        self.signal("@a@1", "go")
        start = pb.StartNewOrchestrationAction(instanceId="from-entity", name="Made", version=text("1.0"),
                                               input=text("in"))
        nameless = pb.StartNewOrchestrationAction(name="Nameless", scheduledTime=stamp(now() + timedelta(seconds=1)))
        actions = [pb.OperationAction(id=1, startNewOrchestration=start),
                   pb.OperationAction(id=2, startNewOrchestration=nameless),
                   pb.OperationAction(id=3, sendSignal=pb.SendSignalAction(instanceId="@b@2", name="hello"))]
        self.done(worker, self.batch(worker), success(), state="s", actions=actions)
        items = [worker.next(), worker.next()]
        turn = next(i for i in items if i.WhichOneof("request") == "orchestratorRequest")
        other = next(i for i in items if i.WhichOneof("request") == "entityRequestV2")
        self.assertEqual(other.entityRequestV2.instanceId, "@b@2")
        started = turn.orchestratorRequest.newEvents[1].executionStarted
        self.assertEqual((turn.orchestratorRequest.instanceId, started.name, started.version.value,
                          started.input.value), ("from-entity", "Made", "1.0", "in"))
        self.assertFalse(started.HasField("parentInstance"))
        late = worker.turn()
        self.assertEqual(late.orchestratorRequest.newEvents[1].executionStarted.name, "Nameless")
        self.assertRegex(late.orchestratorRequest.instanceId, "^[0-9a-f]{32}$")
        self.signal("@a@1", "again")
        self.done(worker, self.batch(worker), success(), state="s", actions=actions[:1])  # that one lives: left alone
        self.nothing(worker)
        worker.answer(turn, complete(1))
        self.signal("@a@1", "and again")
        self.done(worker, self.batch(worker), success(), state="s", actions=actions[:1])
        self.assertEqual(worker.turn().orchestratorRequest.instanceId, "from-entity")

    def test_dt_159_queries(self):  # DT-159, DT-140
        worker = self.worker()
        for entity in ("@counter@a", "@counter@b", "@countess@a", "@list@Z"):
            self.signal(entity, "go")
            self.done(worker, self.batch(worker, entity), success(), state="s-" + entity)
        self.signal("@transient@t", "waits")

        def ids(**more):
            return [e.instanceId for e in self.query(**more).entities]
        everything = ["@counter@a", "@counter@b", "@countess@a", "@list@Z"]
        self.assertEqual(ids(), everything)
        self.assertEqual(ids(instanceIdStartsWith=text("")), everything)
        self.assertEqual(ids(includeTransient=True), everything + ["@transient@t"])
        self.assertEqual(ids(instanceIdStartsWith=text("@CountER@")), everything[:2])
        self.assertEqual(ids(instanceIdStartsWith=text("Count")), everything[:3])
        self.assertEqual(ids(instanceIdStartsWith=text("@list@z")), [])
        self.assertEqual(ids(lastModifiedFrom=stamp(now() + timedelta(hours=1))), [])
        self.assertEqual(ids(lastModifiedTo=stamp(now() - timedelta(hours=1))), [])
        page = self.query(size=3, includeState=True)
        self.assertEqual([e.serializedState.value for e in page.entities], ["s-" + e for e in everything[:3]])
        self.assertTrue(page.HasField("continuationToken"))
        page = self.query(size=3, continuationToken=page.continuationToken)
        self.assertEqual([e.instanceId for e in page.entities], everything[3:])
        self.assertFalse(page.HasField("continuationToken"))
        self.assertFalse(page.entities[0].HasField("serializedState"))
        self.assertFalse(self.query(size=4).HasField("continuationToken"))
        self.assertEqual(len(self.wire.call("QueryEntities", pb.QueryEntitiesRequest()).entities), 4)
        self.assertEqual(self.wire.call("QueryInstances", pb.QueryInstancesRequest(
            query=pb.InstanceQuery())).ByteSize(), 0)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "QueryEntities", pb.QueryEntitiesRequest(
            query=pb.EntityQuery(continuationToken=text("forged"))))

    def test_dt_160_there_is_nothing_to_clean(self):
        answer = self.wire.call("CleanEntityStorage", pb.CleanEntityStorageRequest(
            removeEmptyEntities=True, releaseOrphanedLocks=True))
        self.assertEqual((answer.emptyEntitiesRemoved, answer.orphanedLocksReleased), (0, 0))
        self.assertFalse(answer.HasField("continuationToken"))

    # --- who gets the work ---

    def test_dt_040_entity_filters(self):  # DT-040
        worker = self.worker(workItemFilters=pb.WorkItemFilters(entities=[pb.EntityFilter(name="Counter")]))
        self.signal("@other@a", "go")
        self.signal("@COUNTER@a", "go")
        self.start("never")
        self.done(worker, self.batch(worker, "@counter@a"), success(), state="s")
        self.nothing(worker)

        none = self.worker(workItemFilters=pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name="Orch")]))
        none.turn()
        self.nothing(none)

    def test_a_lost_worker_gives_its_batch_back(self):  # DT-033
        worker = self.worker()
        for n in range(3):
            self.signal("@list@a", f"op{n}")
            time.sleep(0.01)
        lost = self.batch(worker)
        worker.close()
        got = operations(self.batch(self.worker()))
        self.assertEqual(got[:len(operations(lost))], operations(lost))


class EntityCrashTest(unittest.TestCase):
    def test_dt_156_kill_at_every_step_of_a_lock(self):
        """If this fails, a crash leaves an entity held by nobody, or an orchestration that waits for ever."""
        host = Host("default")
        self.addCleanup(host.stop)
        for step in range(6):
            wire = Wire(host.port, "default")
            worker = Worker(host.port, "default")
            owner = f"owner{step}"
            wire.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId=owner))
            section = f"cs{step}"
            actions = [[lock(1, section, "@a@1", "@b@2")], [call(2, "@a@1", "x")], [], [unlock(3, section, "@a@1")],
                       [unlock(4, section, "@b@2"), complete(5)]]
            done = killed = 0
            while done < len(actions):
                if done == step and not killed:
                    killed = 1
                    worker.close()
                    wire.close()
                    host.kill()
                    host.start()
                    wire = Wire(host.port, "default")
                    worker = Worker(host.port, "default")
                item = worker.next()
                if item.WhichOneof("request") == "entityRequestV2":
                    worker.wire.call("CompleteEntityTask", pb.EntityBatchResult(
                        completionToken=item.completionToken, entityState=text("s"),
                        results=[success("r")] * len(item.entityRequestV2.operationRequests)))
                    done += done == 2
                    continue
                if item.orchestratorRequest.instanceId != owner:
                    continue
                number = 2 if done == 2 else done
                if done >= 3:
                    number = 3
                worker.answer(item, *(actions[3] + actions[4] if number == 3 else actions[number]))
                done = len(actions) if number == 3 else done + 1
            state = wire.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=owner))
            self.assertEqual(state.orchestrationState.orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
            found = wire.call("QueryEntities", pb.QueryEntitiesRequest(query=pb.EntityQuery(includeTransient=True)))
            self.assertEqual([(e.instanceId, e.HasField("lockedBy"), e.backlogQueueSize) for e in found.entities],
                             [("@a@1", False, 0)], f"step {step}")
            worker.close()
            wire.close()


if __name__ == "__main__":
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
