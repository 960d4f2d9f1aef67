#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What must hold of a scheduler's store whenever its process is gone, in good order or by kill -9 (performance.md section 3).

Usage: invariants.py STORE. Looks at a copy, so that the scheduler's own recovery stays what a test tests. Exit code 1 and a line
for each thing that is broken. test/interop/invariants_test.py breaks each of them once.

  1 2    a history has all its events, one ExecutionStarted, in front, and one ExecutionCompleted, at the end, if it is over
  3 17   each result names an earlier schedule, and there are no more results than schedules
  9      no timer fired before its time, and times do not decrease
  10     what is suspended takes no turn but to be resumed or terminated
  12     nothing waits for, or is left of, what is over or gone; no key is given out twice
  13     each lock has an owner that lives and asked for it, and the owner of one lock of a granted set has all that it has not given back
  14     each instance is found by its id, and each id leads to an instance
  18     the file is whole, as SQLite sees it
"""
import collections
import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

COMPLETED, FAILED, CANCELED, TERMINATED = 1, 3, 4, 5  # orchestrationStatus
OVER = (COMPLETED, FAILED, CANCELED, TERMINATED)
META_KEY_NEXT, META_SETTLED = 1, 3  # store/sqlite/meta.h
PAYLOADS_A_KEY = 8  # store/sqlite/rows.c
# Schedule -> results, and the member of a result that names its schedule.
RESULTS = {"taskCompleted": ("taskScheduled", "taskScheduledId"), "taskFailed": ("taskScheduled", "taskScheduledId"),
           "timerFired": ("timerCreated", "timerId"),
           "subOrchestrationInstanceCompleted": ("subOrchestrationInstanceCreated", "taskScheduledId"),
           "subOrchestrationInstanceFailed": ("subOrchestrationInstanceCreated", "taskScheduledId"),
           "entityOperationCompleted": ("entityOperationCalled", "requestId"),
           "entityOperationFailed": ("entityOperationCalled", "requestId"),
           "entityLockGranted": ("entityLockRequested", "criticalSectionId")}
NAMED_BY = {"entityOperationCalled": "requestId", "entityLockRequested": "criticalSectionId"}  # the others by their event's id


def check(store):
    """Fails with all that is broken in the store at this path, whose process has ended."""
    if sys.prefix == sys.base_prefix:
        faults = "\n".join(faults_of(store))
        assert not faults, f"invariants of {store}:\n{faults}"
        return
    # An SDK's packages have messages of the same names as ours: then by a process of Debian's Python.
    done = subprocess.run(["/usr/bin/python3", __file__, str(store)], capture_output=True, text=True, timeout=300,
                          env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, f"invariants of {store}:\n{done.stdout}{done.stderr}"


def faults_of(store):
    source = pathlib.Path(store)
    with tempfile.TemporaryDirectory(prefix="sallyport-invariants-") as folder:
        for name in (source.name, source.name + "-wal"):
            if source.with_name(name).exists():
                shutil.copy(source.with_name(name), folder)
        with contextlib.closing(sqlite3.connect(pathlib.Path(folder) / source.name)) as db:
            return Store(db).check()


def time_of(event):
    return event.timestamp.seconds, event.timestamp.nanos


class History:
    """One instance's events, and what they say of it."""

    def __init__(self, events):
        self.events = events
        self.kinds = [event.WhichOneof("eventType") for event in events]
        self.bodies = [getattr(event, kind) for event, kind in zip(events, self.kinds)]
        self.open = collections.Counter()  # (kind of a schedule, its name) -> schedules without a result
        self.faults = []
        self.walk()

    def walk(self):
        suspended, turn = False, []
        for at, (event, kind, body) in enumerate(zip(self.events, self.kinds, self.bodies)):
            if at and time_of(event) < time_of(self.events[at - 1]):
                self.faults.append(f"the time of event {at} is before that of the one in front of it")
            self.count(at, event, kind, body)
            if kind == "orchestratorStarted":
                suspended, turn = self.suspended_after(suspended, turn), []
            turn.append(kind)
        self.suspended_after(suspended, turn)

    def count(self, at, event, kind, body):
        if kind == "timerFired" and time_of(event) < (body.fireAt.seconds, body.fireAt.nanos):
            self.faults.append(f"event {at}: a timer fired before its time")
        if kind in RESULTS:
            schedule, member = RESULTS[kind]
            name = (schedule, getattr(body, member))
            if self.open[name] == 0:
                self.faults.append(f"event {at}: {kind} of {name[1]} has no schedule of its own in front of it")
            self.open[name] -= 1
        elif kind in {schedule for schedule, _ in RESULTS.values()}:
            self.open[kind, getattr(body, NAMED_BY[kind]) if kind in NAMED_BY else event.eventId] += 1

    def suspended_after(self, suspended, turn):
        if suspended and turn and not {"executionResumed", "executionTerminated", "executionRewound"} & set(turn):
            self.faults.append(f"a turn of what is suspended: {turn}")
        for kind in turn:
            suspended = kind == "executionSuspended" or (suspended and kind not in ("executionResumed", "executionTerminated"))
        return suspended

    def sections(self):
        """Section -> the entities that were asked for and not given back, and whether all were granted."""
        found = {}
        for kind, body in zip(self.kinds, self.bodies):
            if kind == "entityLockRequested":
                found[body.criticalSectionId] = (set(body.lockSet), self.open["entityLockRequested", body.criticalSectionId] == 0)
            elif kind == "entityUnlockSent":  # whatever section it names: the owner counts (3.23.6)
                for wanted, _ in found.values():
                    wanted.discard(body.targetInstanceId.value)
        return found


def kept_name(entity):
    """As the store keeps it: the name in lower case."""
    _, name, key = entity.split("@", 2)
    return f"@{name.lower()}@{key}"


class Store:
    def __init__(self, db):
        from messages import pb  # not in a process that has an SDK's
        self.pb = pb
        self.db = db
        self.db.row_factory = sqlite3.Row
        self.faults = []
        self.instances = {row["key"]: row for row in self.db.execute("SELECT * FROM instance")}
        self.histories = {}

    def fault(self, key, text):
        name = bytes(self.instances[key]["instance_id"]).decode(errors="replace") if key in self.instances else f"key {key}"
        self.faults.append(f"{name}: {text}")

    def check(self):
        self.faults += [text for (text,) in self.db.execute("PRAGMA integrity_check") if text != "ok"]
        for key in self.instances:
            self.check_history(key)
        self.check_waiting()
        self.check_numbers()
        tables = {name for (name,) in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "entity_lock" in tables:  # else it is a store of an older release
            self.check_locks()
        if "instance_key" in tables:
            self.check_ids()
        return self.faults

    def meta(self, name):
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else 0

    def read_events(self, key):
        events, following = [], 0
        for row in self.db.execute("SELECT first, count, events FROM history WHERE key = ? ORDER BY first", (key,)):
            if row["first"] != following:
                self.fault(key, f"its history goes on at {row['first']}, not at {following}")
            part = list(self.pb.OrchestratorRequest.FromString(row["events"]).pastEvents)
            if len(part) != row["count"]:
                self.fault(key, f"{len(part)} events where there are {row['count']}")
            events, following = events + part, row["first"] + row["count"]
        return events

    def check_history(self, key):
        row, events = self.instances[key], self.read_events(key)
        history = self.histories[key] = History(events)
        for text in history.faults:
            self.fault(key, text)
        over = row["status"] in OVER
        if len(events) != row["history_count"]:
            self.fault(key, f"{len(events)} events, and it says {row['history_count']}")
        if over != (row["completed_ns"] != 0):
            self.fault(key, f"status {row['status']}, and its end is at {row['completed_ns']}")
        if not events:
            return
        if history.kinds.count("executionStarted") != 1 or history.kinds[1] != "executionStarted":
            self.fault(key, f"it begins with {history.kinds[:3]}, and started {history.kinds.count('executionStarted')} times")
        if [kind for kind in history.kinds if kind == "executionCompleted"] != ["executionCompleted"] * over or \
                (over and history.kinds[-1] != "executionCompleted"):
            self.fault(key, f"status {row['status']}, and its history is {history.kinds}")

    def check_waiting(self):
        for row in self.db.execute("SELECT key, sequence FROM inbox"):
            if row["key"] not in self.instances or self.instances[row["key"]]["status"] in OVER:
                self.fault(row["key"], f"event {row['sequence']} waits for what is over or gone")
        for row in self.db.execute("SELECT key, request FROM activity"):
            request = self.pb.ActivityRequest.FromString(row["request"])
            if row["key"] not in self.instances:
                self.fault(row["key"], f"activity {request.taskId} of what is gone")
            elif self.histories[row["key"]].open["taskScheduled", request.taskId] < 1:
                self.fault(row["key"], f"activity {request.taskId} runs, and was not scheduled, or has its result")
        for table, key in (("history", "key"), ("payload", f"id / {PAYLOADS_A_KEY}")):
            for (gone,) in self.db.execute(f"SELECT DISTINCT {key} FROM {table} WHERE {key} NOT IN (SELECT key FROM instance)"):
                self.fault(gone, f"{table} of what is gone")
        for row in self.db.execute("SELECT key, hub FROM instance WHERE hub NOT IN (SELECT hub FROM hub)"):
            self.fault(row["key"], f"its hub {row['hub']} is gone")

    def check_numbers(self):
        """A new instance gets a key that none had: else it would get the rows of an old one."""
        if self.instances and max(self.instances) >= self.meta(META_KEY_NEXT):
            self.fault(max(self.instances), f"the next key is {self.meta(META_KEY_NEXT)}")

    def check_locks(self):
        held = collections.defaultdict(set)  # (hub, owner, section) -> entities
        for row in self.db.execute("SELECT * FROM entity_lock"):
            entity, section = bytes(row["entity_id"]).decode(), bytes(row["section"]).decode()
            owner = next((key for key, one in self.instances.items()
                          if (one["hub"], one["instance_id"]) == (row["hub"], row["owner"])), None)
            if owner is None or self.instances[owner]["status"] in OVER or self.instances[owner]["execution_id"] != row["execution_id"]:
                self.faults.append(f"{entity}: locked by {bytes(row['owner'])!r}, which is over or gone")
                continue
            held[owner, section].add(entity)
        for owner, history in self.histories.items():
            if self.instances[owner]["status"] not in OVER and "eventSent" not in history.kinds:  # hosts lock by events: no section
                self.check_sections(owner, history, held)

    def check_sections(self, owner, history, held):
        sections = history.sections()
        for section, (wanted, granted) in sections.items():
            wanted, has = {kept_name(entity) for entity in wanted}, held.get((owner, section), set())
            if not has <= wanted or (granted and has != wanted):
                self.fault(owner, f"section {section}: it holds {sorted(has)} of {sorted(wanted)}{', granted' if granted else ''}")
        for key, section in held:
            if key == owner and section not in sections:
                self.fault(owner, f"it holds {sorted(held[key, section])}, which it did not ask for")

    def check_ids(self):
        for row in self.db.execute("SELECT instance.key FROM instance LEFT JOIN instance_key USING (hub, instance_id)"
                                   " WHERE instance.key <= ? AND instance_key.key IS NOT instance.key", (self.meta(META_SETTLED),)):
            self.fault(row["key"], "it is not found by its id")
        for row in self.db.execute("SELECT instance_key.key, instance_key.instance_id FROM instance_key"
                                   " LEFT JOIN instance USING (hub, instance_id) WHERE instance.key IS NOT instance_key.key"):
            self.fault(row["key"], f"the id {bytes(row['instance_id'])!r} leads to another or nothing")


if __name__ == "__main__":
    found = faults_of(sys.argv[1])
    print("\n".join(found))
    sys.exit(1 if found else 0)
