# SPDX-License-Identifier: MIT
"""One random stream of operations through a real scheduler and through the model (model.py), compared after each step.

Usage: model_test.py SCHEDULER_HOST [FIRST_SEED COUNT [STEPS]]. The worker is played by hand, so a step is: one call or
one answer, the same for both; then exactly the work that the model says is due must arrive, with the events it says;
then the state and history of every instance and entity must be the same. Now and then the scheduler is killed and
started again in between, or the worker hangs until its leases have run out. The seed, and the steps up to a difference, are printed.
"""
import datetime
import os
import queue
import random
import sys
import threading
import time
import traceback
import uuid

import grpc
from google.protobuf import timestamp_pb2, wrappers_pb2

import model as reference
from model import COMPLETED, FAILED, Model, TERMINATED

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../lib"), os.path.join(HERE, "../interop")]
import scheduler_process  # noqa: E402
from protocol import pb, Stub  # noqa: E402
from scheduler_process import Host  # noqa: E402

PATIENCE_S = 30
IDS = [f"i{n}" for n in range(6)]
ENTITIES = ["@counter@a", "@counter@b", "@log@a"]
STATUS = {getattr(pb, f"ORCHESTRATION_STATUS_{name}"): name for name in
          ("PENDING", "RUNNING", "SUSPENDED", "COMPLETED", "FAILED", "TERMINATED")}
NUMBER = {name: number for number, name in STATUS.items()}
OPTIONAL = ("input", "result", "output")


def text(value):
    return None if value is None else wrappers_pb2.StringValue(value=value)


def value_of(message, field):
    return getattr(message, field).value if message.HasField(field) else None


def event_of(event):
    """A message as the model's tuple, or None for what only the wire has."""
    kind = event.WhichOneof("eventType")
    body = getattr(event, kind)
    head = (kind, event.eventId)
    if kind == "orchestratorStarted":
        return head
    if kind == "executionStarted":
        return head + (body.name, value_of(body, "input"))
    if kind == "executionCompleted":
        return head + (STATUS[body.orchestrationStatus],
                       body.failureDetails.errorMessage if body.HasField("failureDetails") else None)
    if kind == "taskScheduled":
        return head + (body.name, value_of(body, "input"))
    if kind == "taskCompleted":
        return head + (body.taskScheduledId, value_of(body, "result"))
    if kind == "taskFailed":
        return head + (body.taskScheduledId, body.failureDetails.errorMessage)
    if kind == "subOrchestrationInstanceCreated":
        return head + (body.instanceId, body.name, value_of(body, "input"))
    if kind == "subOrchestrationInstanceCompleted":
        return head + (body.taskScheduledId, value_of(body, "result"))
    if kind == "subOrchestrationInstanceFailed":
        exists = body.failureDetails.errorType == "OrchestrationAlreadyExists"
        return head + (body.taskScheduledId, "exists" if exists else body.failureDetails.errorMessage)
    if kind == "timerCreated":
        return head
    if kind == "timerFired":
        return head + (body.timerId,)
    if kind == "eventSent":
        return head + (body.instanceId, body.name, value_of(body, "input"))
    if kind == "eventRaised":
        return head + (body.name, value_of(body, "input"))
    if kind in ("executionSuspended", "executionResumed", "executionTerminated"):
        return head + (value_of(body, "input"),)
    if kind == "executionRewound":
        return head + (value_of(body, "reason"),)
    if kind in ("entityOperationSignaled", "entityOperationCalled"):
        return head + (value_of(body, "targetInstanceId"), body.operation, value_of(body, "input"), body.requestId)
    if kind == "entityLockRequested":
        return head + (body.criticalSectionId, tuple(body.lockSet))
    if kind == "entityUnlockSent":
        return head + (body.criticalSectionId, value_of(body, "targetInstanceId"))
    if kind == "entityOperationCompleted":
        return head + (body.requestId, value_of(body, "output"))
    if kind == "entityOperationFailed":
        return head + (body.requestId, body.failureDetails.errorMessage)
    if kind == "entityLockGranted":
        return head + (body.criticalSectionId,)
    raise AssertionError(f"an event that the model does not know: {event}")


def shown(events):
    """Without what workers are not shown (3.14)."""
    return [event for event in events if event[0] != "executionRewound"]


class Wire:
    def __init__(self, port):
        self.items = queue.Queue()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = Stub(self.channel)
        self.stream = self.stub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=[("taskhub", "default")])
        self.stream.initial_metadata()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for item in self.stream:
                if item.WhichOneof("request") != "healthPing":
                    self.items.put(item)
        except grpc.RpcError:
            pass

    def call(self, method, request):
        return getattr(self.stub, method)(request, metadata=[("taskhub", "default")], timeout=PATIENCE_S)

    def code_of(self, method, request):
        """The status of a call, and its answer."""
        try:
            return reference.OK, self.call(method, request)
        except grpc.RpcError as error:
            return error.code().name, None

    def close(self):
        self.stream.cancel()
        self.channel.close()


class Run:
    def __init__(self, seed, steps):
        self.random = random.Random(seed)
        self.seed, self.steps = seed, steps
        self.model = Model()
        self.told = []
        self.held = {}  # (kind, id[, task]) → the work item
        self.ids = list(IDS)
        self.counter = 0
        self.signals = []  # those that a client has sent
        self.sections = {}  # instance id → (section, entities) that it asked for in this execution

    # --- the stream ---

    def run(self):
        self.host = Host("default")
        self.wire = Wire(self.host.port)
        try:
            for _ in range(self.steps):
                self.step()
        except BaseException:
            print(f"seed {self.seed} differs after:")
            print("\n".join(self.told[-40:]))
            raise
        finally:
            self.wire.close()
            assert self.host.stop() == 0

    def say(self, line):
        self.told.append(line)

    def step(self):
        held = list(self.held)
        if held and self.random.random() < 0.6:
            self.answer(self.random.choice(held))
        else:
            names = ["start", "start", "start", "raise_event", "raise_event", "suspend", "resume", "terminate", "purge", "rewind",
                     "rewind", "restart", "signal", "signal", "signal_again", "kill", "hang"]
            getattr(self, "op_" + self.random.choice(names))()
        self.receive()
        self.compare()

    def fresh(self):
        self.counter += 1
        return f"v{self.counter}"

    def maybe(self):
        return self.fresh() if self.random.random() < 0.8 else None

    def some_id(self):
        return self.random.choice(self.ids)

    def same(self, what, ours, models):
        assert ours == models, f"{what}: the scheduler says\n  {ours}\nand the model\n  {models}"

    # --- the calls of a client ---

    def op_start(self):
        key, given = self.random.choice(IDS), self.maybe()
        replaceable = self.random.choice([None, None, [COMPLETED, FAILED, TERMINATED],
                                          [TERMINATED, "RUNNING", "PENDING", "SUSPENDED"], []])
        self.say(f"start {key} {given} {replaceable}")
        request = pb.CreateInstanceRequest(instanceId=key, name="Orchestrator", input=text(given))
        if replaceable is not None:
            request.orchestrationIdReusePolicy.SetInParent()
            request.orchestrationIdReusePolicy.replaceableStatus.extend(NUMBER[one] for one in replaceable)
        existed = self.model.instances.get(key)
        code, _ = self.wire.code_of("StartInstance", request)
        self.same("start", code, self.model.start(key, "Orchestrator", given, replaceable))
        if code == reference.OK and existed:
            self.drop(key)

    def op_raise_event(self):
        key, given = self.some_id(), self.fresh()
        self.say(f"raise {key} {given}")
        code, _ = self.wire.code_of("RaiseEvent", pb.RaiseEventRequest(instanceId=key, name="Event", input=text(given)))
        self.same("raise", code, self.model.raise_event(key, "Event", given))

    def op_suspend(self):
        self.want_suspended("SuspendInstance", pb.SuspendRequest, True)

    def op_resume(self):
        self.want_suspended("ResumeInstance", pb.ResumeRequest, False)

    def want_suspended(self, method, message, wanted):
        key, reason = self.some_id(), self.fresh()
        self.say(f"{method} {key}")
        code, _ = self.wire.code_of(method, message(instanceId=key, reason=text(reason)))
        self.same(method, code, self.model.want_suspended(key, wanted, reason))

    def op_terminate(self):
        key, output, recurse = self.some_id(), self.fresh(), self.random.random() < 0.5
        self.say(f"terminate {key} {recurse}")
        code, _ = self.wire.code_of("TerminateInstance",
                                    pb.TerminateRequest(instanceId=key, output=text(output), recursive=recurse))
        self.same("terminate", code, self.model.terminate(key, output, recurse))

    def op_purge(self):
        key, recurse = self.some_id(), self.random.random() < 0.5
        self.say(f"purge {key} {recurse}")
        code, answer = self.wire.code_of("PurgeInstances", pb.PurgeInstancesRequest(instanceId=key, recursive=recurse))
        self.same("purge", (code, answer.deletedInstanceCount), (reference.OK, self.model.purge(key, recurse)))

    def op_rewind(self):
        failed = [key for key, one in self.model.instances.items() if one.status == FAILED]
        key = self.random.choice(failed) if failed and self.random.random() < 0.8 else self.some_id()
        reason = self.fresh()
        self.say(f"rewind {key}")
        code, _ = self.wire.code_of("RewindInstance", pb.RewindInstanceRequest(instanceId=key, reason=text(reason)))
        self.same("rewind", code, self.model.rewind(key, reason))

    def op_restart(self):
        key, new = self.some_id(), self.random.random() < 0.3
        self.say(f"restart {key} {new}")
        existed = self.model.instances.get(key)
        code, answer = self.wire.code_of("RestartInstance",
                                         pb.RestartInstanceRequest(instanceId=key, restartWithNewInstanceId=new))
        new_key = answer.instanceId if answer and new else ("?" if new else None)
        if new and answer:
            self.ids.append(new_key)
        self.same("restart", code, self.model.restart(key, new_key))
        if code == reference.OK and existed and not new:
            self.drop(key)

    def op_signal(self):
        entity, given, request = self.random.choice(ENTITIES), self.fresh(), str(uuid.UUID(int=self.random.getrandbits(128)))
        self.say(f"signal {entity} {given}")
        code, _ = self.wire.code_of("SignalEntity", pb.SignalEntityRequest(instanceId=entity, name="set", input=text(given),
                                                                           requestId=request))
        self.same("signal", code, self.model.signal(entity, "set", given, request))
        self.signals.append((entity, given, request))

    def op_signal_again(self):
        """The answer was lost, as far as the client knows: whatever has happened since, it is one operation."""
        if not self.signals:
            return
        entity, given, request = self.random.choice(self.signals)
        self.say(f"signal again {entity} {given}")
        code, _ = self.wire.code_of("SignalEntity", pb.SignalEntityRequest(instanceId=entity, name="set", input=text(given),
                                                                           requestId=request))
        self.same("signal again", code, reference.OK)

    def op_kill(self):
        """kill -9: what was acknowledged is there, and what a worker had comes again."""
        if self.random.random() < 0.7:
            return
        self.say("kill -9")
        self.host.kill()
        self.wire.close()
        self.host.start()
        self.wire = Wire(self.host.port)
        again = list(self.held)
        self.held = {}
        for key in again:
            self.lost(key)

    def op_hang(self):
        """The worker answers nothing until all its leases have run out. Another one takes over, and what the first says at
        last changes nothing."""
        waiting = [event[0] for one in self.model.instances.values() for event in one.inbox]
        if not self.held or "executionTerminated" in waiting:  # a terminate would not wait so long for the worker
            return
        self.say("hang")
        self.signals = []  # so long after, nobody knows them (3.23.4)
        hung, late, self.held, self.wire = self.wire, self.held, {}, Wire(self.host.port)
        for key in late:
            self.lost(key)
        for end in (self.host.end_leases, self.host.end_grace):
            end()
            self.wire.call("GetInstance", pb.GetInstanceRequest(instanceId="any"))  # so that it looks at its clock
        self.receive()
        for key in self.random.sample(list(late), min(2, len(late))):
            self.answer_too_late(hung, key, late[key].completionToken)
        self.compare()
        assert hung.items.empty(), "a worker that hung was sent more work"
        hung.close()

    @staticmethod
    def answer_too_late(wire, key, token):
        if key[0] == "turn":
            wire.code_of("CompleteOrchestratorTask", pb.OrchestratorResponse(
                instanceId=key[1], completionToken=token, customStatus=text("late")))
        elif key[0] == "activity":
            wire.code_of("CompleteActivityTask", pb.ActivityResponse(
                instanceId=key[1], taskId=key[2], completionToken=token, result=text("late")))
        else:
            wire.code_of("CompleteEntityTask", pb.EntityBatchResult(completionToken=token, entityState=text("late")))

    def lost(self, key):
        model = self.model
        if key[0] == "turn":
            instance = model.instances[key[1]]
            instance.inbox, instance.turn = instance.turn + instance.inbox, None
        elif key[0] == "activity":
            instance = model.instances[key[1]]
            if key[2] in instance.activities:  # else a rewind has taken it back
                instance.activities[key[2]].sent = False
        else:
            entity = model.entities[key[1]]
            entity.queue, entity.batch = entity.batch + entity.queue, None

    # --- the answers of the worker ---

    def answer(self, key):
        item = self.held.pop(key)
        {"turn": self.answer_turn, "activity": self.answer_activity, "entity": self.answer_entity}[key[0]](key, item)

    def answer_turn(self, key, item):
        instance = self.model.instances[key[1]]
        custom = self.random.choice([None, None, self.fresh(), ""])
        actions = self.choose_actions(instance)
        self.say(f"turn of {key[1]}: {actions} {custom!r}")
        self.wire.call("CompleteOrchestratorTask", pb.OrchestratorResponse(
            instanceId=key[1], completionToken=item.completionToken, customStatus=text(custom),
            actions=[self.action_of(instance, one) for one in actions]))
        ends = any(one[0] in ("complete", "renew") for one in actions) or \
            any(one[0] == "executionTerminated" for one in instance.turn)
        self.model.commit(key[1], actions, custom)
        if ends:
            self.sections.pop(key[1], None)
            self.drop(key[1], activities_only=True)

    def next_number(self, instance):
        instance.numbers = getattr(instance, "numbers", 0) + 1
        return instance.numbers

    def choose_actions(self, instance):
        """What a worker might answer, within what is sure to come in one order."""
        if instance.turn and any(one[0] == "executionTerminated" for one in instance.turn):
            return [("complete", self.next_number(instance), TERMINATED, "stopped", None)]
        actions, pick = [], self.random
        for _ in range(pick.randrange(3)):
            number = self.next_number(instance)
            kind = pick.choice(["activity", "activity", "child", "send", "far timer", "signal", "call", "lock"])
            if kind == "activity":
                actions.append(("activity", number, "Activity", self.maybe()))
            elif kind == "child":
                name = f"{instance.id}-c{self.fresh()}" if pick.random() < 0.8 else self.some_id()
                if len(name) < 60:
                    actions.append(("child", number, name, "Child", self.maybe()))
                    if name not in self.ids:
                        self.ids.append(name)
            elif kind == "send":
                actions.append(("send", number, self.some_id(), "Sent", self.fresh()))
            elif kind == "far timer":
                actions.append(("timer", number, False))
            else:
                actions += self.entity_actions(instance, kind, number)
        if pick.random() < 0.35:
            actions.append(self.choose_end(instance))
        elif not actions and not instance.inbox and pick.random() < 0.3:
            actions.append(("timer", self.next_number(instance), True))
        return actions

    def choose_end(self, instance):
        kind, number = self.random.random(), self.next_number(instance)
        if kind < 0.45:
            return ("complete", number, COMPLETED, self.maybe(), None)
        if kind < 0.75:
            return ("complete", number, FAILED, None, "it broke")
        return ("renew", number, self.maybe(), [("Carried", self.fresh()) for _ in range(self.random.randrange(3))])

    def entity_actions(self, instance, kind, number):
        entity = self.random.choice(ENTITIES)
        request = str(uuid.UUID(int=self.random.getrandbits(128)))
        held = self.sections.get(instance.id)
        if kind == "lock" and not held:
            entities = self.random.sample(ENTITIES, self.random.randrange(1, 3))
            self.sections[instance.id] = (request, tuple(sorted(set(entities))))
            return [("lock", number, tuple(entities), request)]
        if kind == "lock":
            granted = ("entityLockGranted", -1, held[0])
            if granted not in instance.history and granted not in (instance.turn or []):
                return []
            del self.sections[instance.id]
            return [("unlock", number if n == 0 else self.next_number(instance), one, held[0])
                    for n, one in enumerate(held[1])]
        return [(kind, number, entity, "set", self.fresh(), request)]

    def action_of(self, instance, action):
        kind, number = action[0], action[1]
        out = pb.OrchestratorAction(id=number)
        message = out.sendEntityMessage
        if kind == "activity":
            out.scheduleTask.CopyFrom(pb.ScheduleTaskAction(name=action[2], input=text(action[3])))
        elif kind == "child":
            out.createSubOrchestration.CopyFrom(pb.CreateSubOrchestrationAction(
                instanceId=action[2], name=action[3], input=text(action[4])))
        elif kind == "send":
            out.sendEvent.CopyFrom(pb.SendEventAction(instance=pb.OrchestrationInstance(instanceId=action[2]), name=action[3],
                                                      data=text(action[4])))
        elif kind == "timer":
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=-1 if action[2] else 100)
            stamp = timestamp_pb2.Timestamp()
            stamp.FromDatetime(at)
            out.createTimer.CopyFrom(pb.CreateTimerAction(fireAt=stamp))
        elif kind == "signal":
            message.entityOperationSignaled.CopyFrom(pb.EntityOperationSignaledEvent(
                requestId=action[5], operation=action[3], input=text(action[4]), targetInstanceId=text(action[2])))
        elif kind == "call":
            message.entityOperationCalled.CopyFrom(pb.EntityOperationCalledEvent(
                requestId=action[5], operation=action[3], input=text(action[4]), targetInstanceId=text(action[2]),
                parentInstanceId=text(instance.id)))
        elif kind == "lock":
            message.entityLockRequested.CopyFrom(pb.EntityLockRequestedEvent(
                criticalSectionId=action[3], lockSet=action[2], position=0, parentInstanceId=text(instance.id)))
        elif kind == "unlock":
            message.entityUnlockSent.CopyFrom(pb.EntityUnlockSentEvent(
                criticalSectionId=action[3], targetInstanceId=text(action[2]), parentInstanceId=text(instance.id)))
        elif kind == "complete":
            body = pb.CompleteOrchestrationAction(orchestrationStatus=NUMBER[action[2]], result=text(action[3]))
            if action[4] is not None:
                body.failureDetails.CopyFrom(pb.TaskFailureDetails(errorType="Error", errorMessage=action[4]))
            out.completeOrchestration.CopyFrom(body)
        else:
            out.completeOrchestration.CopyFrom(pb.CompleteOrchestrationAction(
                orchestrationStatus=pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW, result=text(action[2]),
                carryoverEvents=[pb.HistoryEvent(eventId=-1, eventRaised=pb.EventRaisedEvent(name=name, input=text(one)))
                                 for name, one in action[3]]))
        return out

    def answer_activity(self, key, item):
        failure = "activity broke" if self.random.random() < 0.3 else None
        result = None if failure else self.maybe()
        self.say(f"activity {key[2]} of {key[1]}: {failure or result}")
        response = pb.ActivityResponse(instanceId=key[1], taskId=key[2], completionToken=item.completionToken,
                                       result=text(result))
        if failure:
            response.failureDetails.CopyFrom(pb.TaskFailureDetails(errorType="Error", errorMessage=failure))
        self.wire.call("CompleteActivityTask", response)
        self.model.finish_activity(key[1], key[2], result, failure)

    def answer_entity(self, key, item):
        entity, pick = self.model.entities[key[1]], self.random
        count = pick.randrange(1, len(entity.batch) + 1)
        results = [(None, "refused") if pick.random() < 0.2 else (self.maybe(), None) for _ in range(count)]
        state = self.maybe()
        others = [one for one in ENTITIES if one != key[1]]
        signals = [(pick.choice(others), "set", self.fresh())] if pick.random() < 0.2 else []
        starts = [(pick.choice(IDS), "Started", self.fresh())] if pick.random() < 0.1 else []
        self.say(f"entity {key[1]}: {results} state {state} {signals} {starts}")
        answer = pb.EntityBatchResult(completionToken=item.completionToken, entityState=text(state))
        for value, message in results:
            if message:
                answer.results.add().failure.failureDetails.CopyFrom(
                    pb.TaskFailureDetails(errorType="Error", errorMessage=message))
            else:
                answer.results.add().success.CopyFrom(pb.OperationResultSuccess(result=text(value)))
        for target, name, given in signals:
            answer.actions.add().sendSignal.CopyFrom(pb.SendSignalAction(instanceId=target, name=name, input=text(given)))
        for target, name, given in starts:
            existing = self.model.instances.get(target)
            if existing and existing.ended:
                self.drop(target)
            answer.actions.add().startNewOrchestration.CopyFrom(
                pb.StartNewOrchestrationAction(instanceId=target, name=name, input=text(given)))
        self.wire.call("CompleteEntityTask", answer)
        self.model.finish_batch(key[1], state, results, signals, starts)

    def drop(self, key, activities_only=False):
        """The worker has work of an execution that is over: its answers would go nowhere."""
        for one in [one for one in self.held if one[1] == key and (one[0] == "activity" or not activities_only)]:
            if one[0] != "entity":
                del self.held[one]
        if not activities_only:
            self.sections.pop(key, None)

    # --- what must be the same ---

    def receive(self):
        due = self.model.due()
        wanted = {work[:3] if work[0] == "activity" else work[:2]: work for work in due}
        while wanted:
            try:
                item = self.wire.items.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"work that did not come: {list(wanted.values())}") from None
            key, work = self.work_of(item)
            assert key in wanted, f"work that is not due: {work}; due is {list(wanted.values())}"
            due = self.as_shown(wanted.pop(key))
            if work[0] == "turn":
                due = self.in_their_order(due, work[3])
            if work[0] == "entity":
                due = self.as_much(due, work[3])
            self.same("work", work, due)
            self.held[key] = item

    def in_their_order(self, due, events):
        """Events of one sender come in their order, and nothing is promised between one sender and another: a timer that
        was due before a crash may stand behind what came after it. The model goes on with the order that was sent."""
        def raised(some):
            return [event for event in some if event[0] == "eventRaised"]

        if due[3] == events or sorted(map(repr, due[3])) != sorted(map(repr, events)) or raised(due[3]) != raised(events):
            return due
        turn = self.model.instances[due[1]].turn
        turn[:] = [event for event in turn if event[0] == "executionRewound"] + events[1:]
        return due[:3] + (events,)

    def as_much(self, due, operations):
        """A batch may be shorter than it could be: what is not yet on disk is not sent, and comes with the next one. Who
        signals for an entity makes the request's id."""
        entity, size = self.model.entities[due[1]], len(operations)
        if 0 < size < len(entity.batch):
            entity.batch, entity.queue = entity.batch[:size], entity.batch[size:] + entity.queue
        return due[:3] + ([(name, given, made or sent[2])
                           for (name, given, made), sent in zip(due[3][:size], operations)],)

    def as_shown(self, work):
        if work[0] != "turn":
            return work
        return ("turn", work[1], shown(work[2]), [("orchestratorStarted", -1)] + shown(work[3]))

    def work_of(self, item):
        kind = item.WhichOneof("request")
        if kind == "orchestratorRequest":
            request = item.orchestratorRequest
            return ("turn", request.instanceId), ("turn", request.instanceId, [event_of(one) for one in request.pastEvents],
                                                  [event_of(one) for one in request.newEvents])
        if kind == "activityRequest":
            request = item.activityRequest
            key = ("activity", request.orchestrationInstance.instanceId, request.taskId)
            return key, key + (request.name, value_of(request, "input"))
        request = item.entityRequestV2
        operations = []
        for event in request.operationRequests:
            body = getattr(event, event.WhichOneof("eventType"))
            operations.append((body.operation, value_of(body, "input"), body.requestId))
        return ("entity", request.instanceId), ("entity", request.instanceId, value_of(request, "entityState"), operations)

    def compare(self):
        assert self.wire.items.empty(), f"work that is not due: {self.work_of(self.wire.items.get())[1]}"
        for key in self.ids:
            self.same(f"instance {key}", self.instance_of(key), self.model_instance(key))
        for key in ENTITIES:
            self.same(f"entity {key}", self.entity_of(key), self.model_entity(key))

    def instance_of(self, key):
        answer = self.wire.call("GetInstance", pb.GetInstanceRequest(instanceId=key, getInputsAndOutputs=True))
        if not answer.exists:
            return None
        state = answer.orchestrationState
        chunks = self.wire.call("StreamInstanceHistory", pb.StreamInstanceHistoryRequest(instanceId=key))
        return (STATUS[state.orchestrationStatus], state.name, value_of(state, "input"), value_of(state, "output"),
                value_of(state, "customStatus") or None,
                state.failureDetails.errorMessage if state.HasField("failureDetails") else None,
                [event_of(event) for chunk in chunks for event in chunk.events])

    def model_instance(self, key):
        one = self.model.instances.get(key)
        if not one:
            return None
        return (one.status, one.name, one.input, one.output, one.custom, one.failure, one.history)

    def entity_of(self, key):
        answer = self.wire.call("GetEntity", pb.GetEntityRequest(instanceId=key, includeState=True))
        if not answer.exists:
            return None
        return value_of(answer.entity, "serializedState"), value_of(answer.entity, "lockedBy")

    def model_entity(self, key):
        one = self.model.entities.get(key)
        return (one.state, one.locked_by) if one and one.state is not None else None


def main():
    scheduler_process.program = sys.argv[1]
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else 120
    failures = []
    for seed in range(first, first + count):
        try:
            Run(seed, steps).run()
        except Exception:
            traceback.print_exc()
            failures.append(seed)
            if len(failures) >= 3:
                break
    print(f"{count} seeds from {first} on, {steps} steps each; different: {failures or 'none'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
