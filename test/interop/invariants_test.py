# SPDX-License-Identifier: MIT
"""What test/lib/invariants.py looks for, it finds: a store that a scheduler left, with one thing broken in it at a time.

If this fails, every scenario may pass over a store that is broken. Usage: invariants_test.py SCHEDULER_HOST
"""
import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import scheduler_process
from entity_protocol_test import lock
from protocol_test import Wire, Worker, activity, complete, now, text, timer
from scheduler_process import Host
import invariants
from protocol import pb

# A schedule and its result, by a number that names them. Not taken from the checker.
PAIRS = [
    (lambda n: {"eventId": n, "taskScheduled": {}}, lambda n: {"taskCompleted": {"taskScheduledId": n}}),
    (lambda n: {"eventId": n, "taskScheduled": {}}, lambda n: {"taskFailed": {"taskScheduledId": n}}),
    (lambda n: {"eventId": n, "timerCreated": {}}, lambda n: {"timerFired": {"timerId": n}}),
    (lambda n: {"eventId": n, "subOrchestrationInstanceCreated": {}},
     lambda n: {"subOrchestrationInstanceCompleted": {"taskScheduledId": n}}),
    (lambda n: {"eventId": n, "subOrchestrationInstanceCreated": {}},
     lambda n: {"subOrchestrationInstanceFailed": {"taskScheduledId": n}}),
    (lambda n: {"entityOperationCalled": {"requestId": str(n)}}, lambda n: {"entityOperationCompleted": {"requestId": str(n)}}),
    (lambda n: {"entityOperationCalled": {"requestId": str(n)}}, lambda n: {"entityOperationFailed": {"requestId": str(n)}}),
    (lambda n: {"entityLockRequested": {"criticalSectionId": str(n)}}, lambda n: {"entityLockGranted": {"criticalSectionId": str(n)}}),
]


def faults(*events):
    return invariants.History([pb.HistoryEvent(**event) for event in events]).faults


class HistoryTest(unittest.TestCase):
    """What is a matter of events alone."""

    def test_a_result_has_a_schedule_of_its_own(self):
        for schedule, result in PAIRS:
            with self.subTest(result(1)):
                self.assertEqual(faults(schedule(1), schedule(2), result(2), result(1)), [])
                for broken in ([result(1)], [result(1), schedule(1)], [schedule(1), result(1), result(1)], [schedule(2), result(1)]):
                    self.assertRegex("\n".join(faults(*broken)), r"^event \d: \w+ of 1 has no schedule of its own in front of it$")

    def test_what_is_suspended_takes_no_turn(self):
        turn, raised, suspended = {"orchestratorStarted": {}}, {"eventRaised": {}}, {"executionSuspended": {}}
        for lifted in ({"executionResumed": {}}, {"executionTerminated": {}}):
            self.assertEqual(faults(turn, suspended, turn, raised, lifted, turn, raised), [])
            self.assertRegex("\n".join(faults(turn, suspended, turn, raised, turn, lifted)), "^a turn of what is suspended: .*eventRaised")
            self.assertRegex("\n".join(faults(turn, lifted, suspended, turn, raised)), "^a turn of what is suspended: .*eventRaised")

    def test_times(self):
        first, second = {"timestamp": {"seconds": 5, "nanos": 1}}, {"timestamp": {"seconds": 5, "nanos": 2}}
        created, fired = {"timerCreated": {}}, {"timerFired": {"fireAt": {"seconds": 5, "nanos": 2}}}
        self.assertEqual(faults({**first, **created}, {**second, **fired}), [])
        self.assertEqual(faults({**first, **created}, {**first, **fired}), ["event 1: a timer fired before its time"])
        self.assertEqual(faults({**second, **created}, {**first, "eventRaised": {}}),
                         ["the time of event 1 is before that of the one in front of it"])


class StoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """`over` has an activity and a timer behind it; `holds` runs an activity and holds two entities."""
        cls.host = Host("default")
        cls.addClassCleanup(cls.host.folder.cleanup)
        cls.addClassCleanup(cls.host.process.close)
        wire, worker = Wire(cls.host.port, "default"), Worker(cls.host.port, "default")
        wire.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId="over", input=text("in")))
        worker.answer(worker.turn(), activity(1, "one"))
        worker.result(worker.task(), result=text("1"))
        worker.answer(worker.turn(), timer(2, now()))
        worker.answer(worker.turn(), complete(3))
        wire.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId="holds"))
        worker.answer(worker.turn(), lock(1, "cs", "@a@1", "@b@2"))
        worker.answer(worker.turn(), activity(2, "held"))
        worker.task()
        worker.close()
        wire.close()
        code = cls.host.process.stop()
        assert code == 0, code
        with contextlib.closing(sqlite3.connect(cls.host.store())) as db:  # what it left in its log comes into the file
            cls.keys = {bytes(name).decode(): key for key, name in db.execute("SELECT key, instance_id FROM instance")}
            cls.histories = {name: [event for (blob,) in db.execute("SELECT events FROM history WHERE key = ? ORDER BY first", (key,))
                                    for event in pb.OrchestratorRequest.FromString(blob).pastEvents] for name, key in cls.keys.items()}

    def broken(self, wanted, *statements):
        """Each statement is SQL and its values. All that is found then is `wanted`'s."""
        with tempfile.TemporaryDirectory(prefix="sallyport-interop-") as folder:
            store = pathlib.Path(folder) / "broken.db"
            shutil.copy(self.host.store(), store)
            with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as db:
                for sql, *values in statements:
                    self.assertNotEqual(db.execute(sql, values).rowcount, 0, sql)
            with self.assertRaisesRegex(AssertionError, wanted):
                invariants.check(store)

    def rewritten(self, wanted, name, change):
        """A history that `change` has changed, in one row."""
        events, key = change([pb.HistoryEvent.FromString(event.SerializeToString()) for event in self.histories[name]]), self.keys[name]
        blob = pb.OrchestratorRequest(pastEvents=events).SerializeToString()
        self.broken(wanted, ("DELETE FROM history WHERE key = ?", key),
                    ("INSERT INTO history (key, first, count, events) VALUES (?, 0, ?, ?)", key, len(events), blob),
                    ("UPDATE instance SET history_count = ? WHERE key = ?", len(events), key))

    def test_what_was_left_is_whole(self):
        invariants.check(self.host.store())
        command = ["/usr/bin/python3", invariants.__file__, self.host.store()]
        self.assertEqual(subprocess.run(command, timeout=60).returncode, 0)

    def test_a_history_with_a_gap(self):
        self.broken("over: 3 events, and it says 9", ("DELETE FROM history WHERE key = ? AND first > 0", self.keys["over"]))
        self.broken("over: its history goes on at", ("DELETE FROM history WHERE key = ? AND first = 0", self.keys["over"]))
        self.broken("over: 3 events where there are 2", ("UPDATE history SET count = 2 WHERE key = ? AND first = 0", self.keys["over"]))

    def test_a_start_and_an_end_too_many(self):
        self.rewritten("over: it begins with .* started 2 times", "over", lambda events: events[:2] + events[1:])
        self.rewritten("over: it begins with .'executionStarted', 'orchestratorStarted'", "over", lambda events: events[1::-1] + events[2:])
        self.rewritten("over: status 1, and its history is", "over", lambda events: events + events[-1:])
        self.rewritten("over: status 1, and its history is", "over", lambda events: events[:-1])
        self.rewritten("over: status 1, and its history is", "over", lambda events: events[:-2] + events[:-3:-1])
        self.rewritten("holds: status 0, and its history is", "holds", lambda events: events + self.histories["over"][-1:])
        self.broken("over: status 1, and its end is at 0", ("UPDATE instance SET completed_ns = 0 WHERE key = ?", self.keys["over"]))
        self.broken("holds: status 0, and its end is at 7", ("UPDATE instance SET completed_ns = 7 WHERE key = ?", self.keys["holds"]))

    def test_a_history_that_is_broken_in_itself(self):
        self.rewritten("over: event .: taskCompleted of 1 has no schedule", "over",
                       lambda events: [event for event in events if not event.HasField("taskScheduled")])

    def test_what_is_left_of_what_is_over_or_gone(self):
        event, request = pb.HistoryEvent(eventId=-1).SerializeToString(), pb.ActivityRequest(taskId=1).SerializeToString()
        for key in (self.keys["over"], 999):
            self.broken("event 0 waits for what is over or gone", ("INSERT INTO inbox VALUES (?, 0, 0, ?, x'')", key, event))
        for key in (self.keys["over"], self.keys["holds"]):
            self.broken("activity 1 runs, and was not scheduled", ("INSERT INTO activity VALUES (?, 7, ?)", key, request))
        self.broken("key 999: activity 1 of what is gone", ("INSERT INTO activity VALUES (999, 0, ?)", request))
        self.broken("key 999: history of what is gone", ("INSERT INTO history (key, first, count, events) VALUES (999, 0, 0, x'')",))
        self.broken("key 999: payload of what is gone", ("INSERT INTO payload VALUES (?, x'')", 999 * 8 + 3))
        self.broken("over: its hub 1 is gone", ("DELETE FROM hub",))

    def test_a_key_that_comes_again(self):
        self.broken("the next key is 1$", ("UPDATE meta SET value = 1 WHERE name = 1",))

    def test_locks(self):
        self.broken(r"holds: section cs: it holds \['@a@1'\] of \['@a@1', '@b@2'\], granted",
                    ("DELETE FROM entity_lock WHERE entity_id = ?", b"@b@2"))
        self.broken(r"holds: section cs: it holds \['@a@1', '@b@2', '@c@3'\] of \['@a@1', '@b@2'\], granted",
                    ("INSERT INTO entity_lock SELECT hub, ?, owner, execution_id, section, at_ns FROM entity_lock LIMIT 1", b"@c@3"))
        self.broken("locked by b'over', which is over or gone", ("UPDATE entity_lock SET owner = ?", b"over"))
        self.broken("locked by b'nobody', which is over or gone", ("UPDATE entity_lock SET owner = ?", b"nobody"))
        self.broken("locked by b'holds', which is over or gone", ("UPDATE entity_lock SET execution_id = ?", b"0" * 32))
        self.broken("holds: it holds .* which it did not ask for", ("UPDATE entity_lock SET section = ?", b"another"))

    def test_ids(self):
        self.broken("over: it is not found by its id", ("UPDATE meta SET value = 1000 WHERE name = 3",))
        for key in (999, self.keys["holds"]):
            self.broken("the id b'over' leads to another or nothing",
                        ("INSERT INTO instance_key SELECT hub, instance_id, ? FROM instance WHERE instance_id = ?", key, b"over"))

    def test_a_file_that_is_broken(self):
        self.broken("Page [0-9]+ is never used|Page [0-9]+: never used", ("PRAGMA writable_schema = ON",), (
            "DELETE FROM sqlite_schema WHERE name = 'instance_done'",))


if __name__ == "__main__":
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
