# SPDX-License-Identifier: MIT
"""A second scheduler, small and slow, written from the protocol's specification and from nothing of ours.

It holds everything in dictionaries, takes operations one at a time, and says what a right scheduler shows after each:
the work that is due, the answer of every call, the state and history of every instance and entity. model_test.py gives
the same operations to the real one. What the specification leaves open is chosen in the places marked CHOICE.

Events are tuples: (kind, eventId, field, …), as `event_of` in model_test.py makes them of a message. An execution id is
a number here; a request id is what the test made.
"""
import dataclasses
import itertools

PENDING, RUNNING, SUSPENDED = "PENDING", "RUNNING", "SUSPENDED"
COMPLETED, FAILED, TERMINATED = "COMPLETED", "FAILED", "TERMINATED"
ENDED = {COMPLETED, FAILED, TERMINATED}
OK, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION = "OK", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION"
CONTROLS = {"executionResumed", "executionTerminated"}


@dataclasses.dataclass
class Instance:
    id: str
    name: str
    input: str | None
    execution: int
    parent: tuple | None = None  # (instance id, execution, task id)
    awaited: bool = True  # the parent waits for its end
    status: str = PENDING
    output: str | None = None
    failure: str | None = None  # the message
    custom: str | None = None
    suspended: bool = False  # as the committed history says
    suspend_wanted: bool = False
    history: list = dataclasses.field(default_factory=list)
    inbox: list = dataclasses.field(default_factory=list)
    turn: list | None = None  # the events of the turn that a worker has
    recurse: bool = False  # a terminate that waits asks for the children, too
    activities: dict = dataclasses.field(default_factory=dict)  # task id → Activity
    past_timers: set = dataclasses.field(default_factory=set)  # ids of those whose time had come when they were made

    @property
    def ended(self):
        return self.status in ENDED


@dataclasses.dataclass
class Activity:
    name: str
    input: str | None
    execution: int
    sent: bool = False


@dataclasses.dataclass
class Operation:
    name: str
    input: str | None
    request: str
    caller: str | None = None  # who waits for an answer, or holds the lock
    execution: int | None = None
    waits: bool = False  # a call
    lock: tuple | None = None  # (critical section, (entity, …), position)


@dataclasses.dataclass
class Entity:
    id: str
    state: str | None = None
    queue: list = dataclasses.field(default_factory=list)  # of Operation
    batch: list | None = None  # what a worker has
    locked_by: str | None = None


class Model:
    def __init__(self):
        self.instances = {}
        self.entities = {}
        self.executions = itertools.count(1)

    # --- what is due ---

    def due(self):
        """Gives the work that is due now to the worker, and returns it. A lock that passes may make more of it."""
        work = []
        while more := self.due_once():
            work += more
        return work

    def due_once(self):
        work = []
        for entity in list(self.entities.values()):
            self.pass_locks(entity)
        for instance in list(self.instances.values()):
            if instance.turn is None and (taken := self.take(instance)):
                instance.turn = taken
                work.append(("turn", instance.id, list(instance.history), list(taken)))
        for instance in self.instances.values():
            for task, one in instance.activities.items():
                if not one.sent:
                    one.sent = True
                    work.append(("activity", instance.id, task, one.name, one.input))
        for entity in list(self.entities.values()):
            if entity.batch is None and (batch := self.take_batch(entity)):
                entity.batch = batch
                work.append(("entity", entity.id, entity.state, [(one.name, one.input, one.request) for one in batch]))
        return work

    def take(self, instance):
        """The events of the next turn. A suspended instance is told a resume or a terminate, and nothing else (3.3,
        3.11)."""
        if instance.ended:
            return []
        taken, held, suspended = [], [], instance.suspended
        pending = list(instance.inbox)
        while pending:
            event = pending.pop(0)
            if suspended and event[0] not in CONTROLS:
                held.append(event)
                continue
            taken.append(event)
            if event[0] == "executionSuspended":
                suspended = True
            elif event[0] == "executionResumed" and suspended:
                suspended, pending, held = False, held + pending, []
        instance.inbox = held if taken else instance.inbox
        return taken

    def take_batch(self, entity):
        """Operations from the front, as far as the lock lets them through (3.23.6, rule 3)."""
        if entity.locked_by:
            batch = [one for one in entity.queue if one.caller == entity.locked_by and not one.lock]
        else:
            batch = list(itertools.takewhile(lambda one: not one.lock, entity.queue))
        entity.queue = [one for one in entity.queue if one not in batch]
        return batch

    def pass_locks(self, entity):
        """A lock request that has come to the head of a free entity takes it and goes on to the next one."""
        while not entity.locked_by and not entity.batch and entity.queue and entity.queue[0].lock:
            request = entity.queue.pop(0)
            section, names, position = request.lock
            entity.locked_by = request.caller
            if position + 1 < len(names):
                self.enqueue(names[position + 1], dataclasses.replace(request, lock=(section, names, position + 1)))
                self.pass_locks(self.entities[names[position + 1]])
            else:
                self.tell(request.caller, request.execution, ("entityLockGranted", -1, section))

    # --- small steps ---

    def tell(self, target, execution, event):
        """An event that belongs to one execution."""
        instance = self.instances.get(target)
        if instance and not instance.ended and instance.execution == execution:
            instance.inbox.append(event)

    def enqueue(self, entity, operation):
        self.entities.setdefault(entity, Entity(entity)).queue.append(operation)

    def create(self, key, name, given, parent=None, awaited=True):
        if key in self.instances:
            self.forget(self.instances[key])
        instance = Instance(key, name, given, next(self.executions), parent, awaited)
        instance.inbox.append(("executionStarted", 0, name, given))
        self.instances[key] = instance

    def forget(self, instance):
        """What an instance leaves when it ends or goes: no work, no inbox, no lock."""
        instance.inbox, instance.turn = [], None
        self.release(instance.id)

    def release(self, owner):
        for entity in self.entities.values():
            entity.queue = [one for one in entity.queue if not (one.lock and one.caller == owner)]
            if entity.locked_by == owner:
                entity.locked_by = None

    def live_parent(self, instance):
        """The execution that waits for it, if it does."""
        parent = self.instances.get(instance.parent[0]) if instance.parent and instance.awaited else None
        return parent if parent and not parent.ended and parent.execution == instance.parent[1] else None

    def end(self, instance, status, output=None, failure=None):
        parent = self.live_parent(instance)
        recurse = instance.recurse or (parent and parent.recurse)
        children = [one for one in self.instances.values() if self.live_parent(one) is instance and not one.ended]
        instance.status, instance.output, instance.failure = status, output, failure
        instance.suspended = instance.suspend_wanted = instance.recurse = False
        self.forget(instance)
        if parent and status == COMPLETED:
            parent.inbox.append(("subOrchestrationInstanceCompleted", -1, instance.parent[2], output))
        elif parent:
            message = failure or {"TERMINATED": "The sub-orchestration was terminated."}.get(status)
            parent.inbox.append(("subOrchestrationInstanceFailed", -1, instance.parent[2], message))
        if recurse:  # CHOICE: also of one that ended just before the terminate reached it
            for child in children:
                self.send_terminate(child, output if status == TERMINATED else None, True)

    def orphans_below(self, root):
        """Live instances whose parent has ended, and that descend from `root` all the same (3.12)."""
        found = []
        for one in self.instances.values():
            above, seen = one, set()
            while not one.ended and above and above.parent and above.id not in seen and not self.live_parent(one):
                seen.add(above.id)
                parent = self.instances.get(above.parent[0])
                above = parent if parent and parent.execution == above.parent[1] else None
                if above is root:
                    found.append(one)
                    break
        return found

    def send_terminate(self, instance, output, recurse):
        instance.recurse |= recurse
        instance.inbox.append(("executionTerminated", -1, output))

    # --- the calls of a client ---

    def start(self, key, name, given, replaceable=None):
        existing = self.instances.get(key)
        if existing:
            if replaceable is None and not existing.ended:
                return ALREADY_EXISTS
            if replaceable is not None and existing.status not in replaceable:
                return ALREADY_EXISTS
        self.create(key, name, given)
        return OK

    def send(self, key, event):
        """3.9, 3.11, 3.12: an id that is not there is NOT_FOUND, one that has ended takes it without effect."""
        instance = self.instances.get(key)
        if not instance:
            return NOT_FOUND
        if not instance.ended:
            instance.inbox.append(event)
        return OK

    def raise_event(self, key, name, given):
        if key not in self.instances:
            return OK  # accepted and logged, as .NET documents
        return self.send(key, ("eventRaised", -1, name, given))

    def want_suspended(self, key, wanted, reason):
        instance = self.instances.get(key)
        if not instance:
            return NOT_FOUND
        if instance.ended or instance.suspend_wanted == wanted:
            return OK
        instance.suspend_wanted = wanted
        if instance.status != PENDING:  # CHOICE: a started instance shows it at once
            instance.status = SUSPENDED if wanted else RUNNING
        return self.send(key, ("executionSuspended" if wanted else "executionResumed", -1, reason))

    def terminate(self, key, output, recurse):
        instance = self.instances.get(key)
        if not instance:
            return NOT_FOUND
        if instance.ended:
            return OK
        orphans = self.orphans_below(instance) if recurse else []
        self.send_terminate(instance, output, recurse)
        for one in orphans:  # CHOICE: now, and not when the instance has ended
            if not any(event[0] == "executionTerminated" for event in one.inbox + (one.turn or [])):
                self.send_terminate(one, output, True)
        return OK

    def purge(self, key, recurse):
        """How many went (3.13)."""
        instance = self.instances.get(key)
        if not instance or not instance.ended:
            return 0
        count = 1
        if recurse:
            for _, number, child_key, *_ in [event for event in instance.history
                                             if event[0] == "subOrchestrationInstanceCreated"]:
                child = self.instances.get(child_key)
                if child and child.parent and (child.parent[0], child.parent[2]) == (key, number):
                    count += self.purge(child_key, True)
        self.release(key)
        del self.instances[key]
        return count

    def restart(self, key, new_key):
        """`new_key` is what the service made, or None for the same id (3.15)."""
        instance = self.instances.get(key)
        if not instance:
            return NOT_FOUND
        if not new_key and not instance.ended:
            return FAILED_PRECONDITION
        self.create(new_key or key, instance.name, instance.input)
        return OK

    def rewind(self, key, reason):
        """3.14: what failed is taken back, failed children too, and the rest is replayed."""
        instance = self.instances.get(key)
        if not instance:
            return NOT_FOUND
        if instance.status != FAILED or any(self.is_locked(one) for one in self.to_take_back(instance)):
            return FAILED_PRECONDITION
        if self.live_parent(instance):  # it has heard of the failure, and hears of no second end (invariant 3)
            instance.parent = (instance.parent[0], None, instance.parent[2])
        self.take_back(instance, reason, None)
        return OK

    @staticmethod
    def answered(instance):
        return {event[2] for event in instance.history
                if event[0] in ("taskCompleted", "subOrchestrationInstanceCompleted", "entityOperationCompleted",
                                "entityOperationFailed", "entityLockGranted")}

    def children_without_answer(self, instance):
        answered = self.answered(instance)
        return [event for event in instance.history
                if event[0] == "subOrchestrationInstanceCreated" and event[1] not in answered]

    def is_own(self, child, instance, number):
        return child and child.parent and (child.parent[0], child.parent[2]) == (instance.id, number)

    def to_take_back(self, instance):
        """It and its failed children, all the way down."""
        found = [instance]
        for one in found:  # grows while it runs
            for _, number, key, *_ in self.children_without_answer(one):
                child = self.instances.get(key)
                if self.is_own(child, one, number) and child.status == FAILED and child not in found:
                    found.append(child)
        return found

    @staticmethod
    def is_locked(instance):
        """It failed within a critical section: what is behind the lock would run on without it."""
        section = None
        for event in instance.history:
            if event[0] == "entityLockGranted":
                section = event[2]
            elif event[0] == "entityUnlockSent" and event[2] == section:
                section = None
        return section is not None

    def take_back(self, instance, reason, parent_execution):
        answered = self.answered(instance)
        fired = {event[2] for event in instance.history if event[0] == "timerFired"}
        gone = ("taskFailed", "subOrchestrationInstanceFailed", "executionCompleted")
        asked = {"taskScheduled": 1, "entityOperationCalled": 5, "entityLockRequested": 2}  # the place of what names it
        instance.history = [event for event in instance.history if event[0] not in gone and
                            not (event[0] in asked and event[asked[event[0]]] not in answered)]
        instance.activities = {}
        instance.execution = next(self.executions)
        instance.status, instance.output, instance.failure = RUNNING, None, None
        if parent_execution is not None:
            instance.parent, instance.awaited = (instance.parent[0], parent_execution, instance.parent[2]), True
        instance.inbox = [("executionRewound", -1, reason)]
        steps = [event[0] for event in instance.history if event[0] in ("executionSuspended", "executionResumed")]
        instance.suspended = steps[-1:] == ["executionSuspended"]
        if instance.suspended:  # CHOICE: it was when it failed, and a rewind lets it go on
            instance.inbox.append(("executionResumed", -1, None))
        past = {event[1] for event in instance.history if event[0] == "timerCreated" and event[1] in instance.past_timers}
        instance.inbox += [("timerFired", -1, number) for number in sorted(past - fired)]
        for _, number, key, name, given in self.children_without_answer(instance):
            self.take_back_child(instance, reason, number, key, name, given)

    def take_back_child(self, instance, reason, number, key, name, given):
        child = self.instances.get(key)
        own = self.is_own(child, instance, number)
        if own and child.status == FAILED:
            self.take_back(child, reason, instance.execution)
        elif own and child.status == COMPLETED:
            instance.inbox.append(("subOrchestrationInstanceCompleted", -1, number, child.output))
        elif own and not child.ended:
            child.parent, child.awaited = (instance.id, instance.execution, number), True
        elif child and not child.ended:
            instance.inbox.append(("subOrchestrationInstanceFailed", -1, number, "exists"))
        else:
            self.create(key, name, given, (instance.id, instance.execution, number))

    def signal(self, entity, name, given, request):
        self.enqueue(entity, Operation(name, given, request))
        return OK

    # --- the answers of a worker ---

    def commit(self, key, actions, custom=None):
        """3.5: the events of the turn, then an event for each action, the completion last."""
        instance = self.instances[key]
        events, instance.turn = instance.turn, None
        instance.history.append(("orchestratorStarted", -1))
        instance.history += events
        terminate = next((one for one in events if one[0] == "executionTerminated"), None)
        for event in events:
            if event[0] == "executionSuspended":
                instance.suspended = True
            elif event[0] == "executionResumed":
                instance.suspended = False
        completion = next((one for one in actions if one[0] in ("complete", "renew")), None)
        if terminate and (not completion or completion[0] == "renew"):
            completion = ("complete", -1, TERMINATED, terminate[2], None)
        if custom is not None:
            instance.custom = custom or None
        if completion and completion[0] == "complete":
            instance.activities = {}
        for action in actions:
            if action[0] not in ("complete", "renew"):
                getattr(self, "do_" + action[0])(instance, *action[1:], ends=completion is not None)
        if completion and completion[0] == "complete":
            _, number, status, output, failure = completion
            instance.history.append(("executionCompleted", number, status, failure))
            self.end(instance, status, output, failure)
        elif completion:
            self.renew(instance, completion[2], completion[3])
        else:
            instance.status = SUSPENDED if instance.suspend_wanted else RUNNING

    def renew(self, instance, given, carryover):
        """3.10: a new execution; events that nobody has seen stay, results of the old one go."""
        late = [one for one in instance.inbox if one[0] in ("eventRaised", "executionSuspended", "executionTerminated",
                                                            "executionResumed")]
        self.release(instance.id)
        instance.execution = next(self.executions)
        instance.history, instance.activities = [], {}
        instance.input = given
        held = [("executionSuspended", -1, None)] if instance.suspended else []
        instance.suspended = False
        instance.inbox = [("executionStarted", 0, instance.name, given)] + held + \
            [("eventRaised", -1, name, one) for name, one in carryover] + late
        instance.status = SUSPENDED if instance.suspend_wanted else RUNNING

    def do_activity(self, instance, number, name, given, ends):
        instance.history.append(("taskScheduled", number, name, given))
        instance.activities[number] = Activity(name, given, instance.execution)

    def do_timer(self, instance, number, past, ends):
        instance.history.append(("timerCreated", number))
        if past:
            instance.past_timers.add(number)
        if past and not ends:
            instance.inbox.append(("timerFired", -1, number))

    def do_child(self, instance, number, key, name, given, ends):
        instance.history.append(("subOrchestrationInstanceCreated", number, key, name, given))
        existing = self.instances.get(key)
        if existing and not existing.ended:
            self.tell(instance.id, instance.execution, ("subOrchestrationInstanceFailed", -1, number, "exists"))
            return
        # Started by the turn that completes, a child is nobody's: it runs on whatever becomes of its parent.
        self.create(key, name, given, (instance.id, instance.execution, number), awaited=not ends)

    def do_send(self, instance, number, target, name, given, ends):
        instance.history.append(("eventSent", number, target, name, given))
        if target in self.instances:
            self.send(target, ("eventRaised", -1, name, given))

    def do_signal(self, instance, number, entity, name, given, request, ends):
        instance.history.append(("entityOperationSignaled", number, entity, name, given, request))
        self.enqueue(entity, Operation(name, given, request, instance.id, instance.execution))

    def do_call(self, instance, number, entity, name, given, request, ends):
        instance.history.append(("entityOperationCalled", number, entity, name, given, request))
        self.enqueue(entity, Operation(name, given, request, instance.id, instance.execution, True))

    def do_lock(self, instance, number, entities, section, ends):
        names = tuple(sorted(set(entities), key=lambda one: tuple(one[1:].split("@", 1))))
        instance.history.append(("entityLockRequested", number, section, entities))  # as it was sent
        if not ends:
            self.enqueue(names[0], Operation("", None, section, instance.id, instance.execution, lock=(section, names, 0)))

    def do_unlock(self, instance, number, entity, section, ends):
        instance.history.append(("entityUnlockSent", number, section, entity))
        held = self.entities.get(entity)
        if held and held.locked_by == instance.id:
            held.locked_by = None

    def finish_activity(self, key, task, result, failure):
        instance = self.instances.get(key)
        if not instance or task not in instance.activities:
            return
        execution = instance.activities.pop(task).execution
        if failure is not None:
            self.tell(key, execution, ("taskFailed", -1, task, failure))
        else:
            self.tell(key, execution, ("taskCompleted", -1, task, result))

    def finish_batch(self, key, state, results, signals, starts):
        """`results`: (value, None) or (None, message) for each operation that ran; the rest goes back to the front."""
        entity = self.entities[key]
        batch, entity.batch = entity.batch, None
        entity.queue = batch[len(results):] + entity.queue
        entity.state = state
        for one, (value, message) in zip(batch, results):
            if one.waits and message is None:
                self.tell(one.caller, one.execution, ("entityOperationCompleted", -1, one.request, value))
            elif one.waits:
                self.tell(one.caller, one.execution, ("entityOperationFailed", -1, one.request, message))
        for target, name, given in signals:
            self.enqueue(target, Operation(name, given, None))
        for key, name, given in starts:
            if key not in self.instances or self.instances[key].ended:
                self.create(key, name, given)
