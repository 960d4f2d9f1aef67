# SPDX-License-Identifier: MIT
"""Entities of the official Python SDK, unmodified, against a real scheduler process.

Usage: python_entities_test.py SCHEDULER_HOST|--peer [unittest arguments]

With --peer the same tests run against the SDK's own in-memory backend, which shows that a test asks for what the SDK's
authors mean and not for what we happen to do. What only a durable server can promise is skipped there.
"""
import sys
import unittest
import uuid
from datetime import datetime, timedelta, timezone

from durabletask import entities
from durabletask.client import EntityQuery, OrchestrationStatus
from durabletask.entities import EntityInstanceId

import scheduler_process
from scheduler_process import PATIENCE_S, eventually, if_reached
from sdk_service import Ours, Peer

PEER = sys.argv[1] == "--peer"


# --- entities ---

class Counter(entities.DurableEntity):
    def add(self, amount):
        self.set_state(self.get_state(int, 0) + amount)
        return self.get_state(int, 0)

    def get(self, _=None):
        return self.get_state(int, 0)

    def spoil(self, _=None):
        self.set_state(-1)
        raise ValueError("spoilt")

    def clear(self, _=None):
        self.set_state(0)


class Log(entities.DurableEntity):
    """Keeps what it was told in the order in which it was told."""

    def append(self, item):
        self.set_state(self.get_state(list, []) + [item])

    def read(self, _=None):
        return self.get_state(list, [])


class Forwarder(entities.DurableEntity):
    def forward(self, value):
        self.signal_entity(EntityInstanceId("Counter", self.entity_context.entity_id.key), "add", value)

    def later(self, seconds):
        self.signal_entity(EntityInstanceId("Counter", self.entity_context.entity_id.key), "add", 1,
                           datetime.now(timezone.utc) + timedelta(seconds=seconds))

    def launch(self, value):
        return self.schedule_new_orchestration("doubler", value, instance_id=f"of-{self.entity_context.entity_id.key}")


def account(ctx, amount):
    """An entity that is a function."""
    state = ctx.get_state(int, 0)
    if ctx.operation == "deposit":
        ctx.set_state(state + amount)
    elif ctx.operation == "withdraw":
        if amount > state:
            raise ValueError("not enough")
        ctx.set_state(state - amount)
    return ctx.get_state(int, 0)


# --- orchestrations ---

def doubler(ctx, value):
    return 2 * value


def call_counter(ctx, key):
    counter = EntityInstanceId("Counter", key)
    yield ctx.call_entity(counter, "add", 5)
    yield ctx.call_entity(counter, "add", 7)
    return (yield ctx.call_entity(counter, "get"))


def signal_counter(ctx, key):
    counter = EntityInstanceId("Counter", key)
    for _ in range(10):
        ctx.signal_entity(counter, "add", 1)
    return (yield ctx.call_entity(counter, "get"))


def call_what_fails(ctx, key):
    counter = EntityInstanceId("Counter", key)
    yield ctx.call_entity(counter, "add", 3)
    try:
        yield ctx.call_entity(counter, "spoil")
        return "no failure"
    except Exception as error:
        return [str(error), (yield ctx.call_entity(counter, "get"))]


def call_what_is_not_there(ctx, key):
    try:
        yield ctx.call_entity(EntityInstanceId("Counter", key), "fly")
        return "no failure"
    except Exception as error:
        return str(error)


def transfer(ctx, order):
    source, target = EntityInstanceId("account", order["from"]), EntityInstanceId("account", order["to"])
    with (yield ctx.lock_entities([source, target])):
        held = yield ctx.call_entity(source, "get")
        if held < order["amount"]:
            return False
        yield ctx.call_entity(source, "withdraw", order["amount"])
        yield ctx.call_entity(target, "deposit", order["amount"])
    return True


def read_wait_write(ctx, key):
    """Loses updates unless it is alone between its read and its write."""
    counter = EntityInstanceId("Counter", key)
    with (yield ctx.lock_entities([counter])):
        before = yield ctx.call_entity(counter, "get")
        yield ctx.create_timer(timedelta(milliseconds=20))
        yield ctx.call_entity(counter, "add", 1)
        return (yield ctx.call_entity(counter, "get")) - before


def fail_in_section(ctx, key):
    with (yield ctx.lock_entities([EntityInstanceId("Counter", key)])):
        raise RuntimeError("left in the middle")


def wait_in_section(ctx, key):
    with (yield ctx.lock_entities([EntityInstanceId("Counter", key)])):
        ctx.set_custom_status("inside")
        yield ctx.wait_for_external_event("Leave")
    return "left"


def once_more_in_section(ctx, job):
    yield ctx.lock_entities([EntityInstanceId("Counter", job["key"])])
    if job["rounds"]:
        ctx.continue_as_new({"key": job["key"], "rounds": job["rounds"] - 1})
        return
    return "done"


def ask_the_child(ctx, key):
    return (yield ctx.call_sub_orchestrator(call_counter, input=key))


ORCHESTRATORS = [doubler, call_counter, signal_counter, call_what_fails, call_what_is_not_there, transfer, read_wait_write,
                 fail_in_section, wait_in_section, once_more_in_section, ask_the_child]


class EntityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Peer() if PEER else Ours()
        cls.client = cls.service.client()
        cls.worker = cls.service.worker()
        for one in (Counter, Log, Forwarder, account):
            cls.worker.add_entity(one)
        for one in ORCHESTRATORS:
            cls.worker.add_orchestrator(one)
        cls.worker.start()

    @classmethod
    def tearDownClass(cls):
        cls.worker.stop()
        cls.client.close()
        cls.service.stop()

    def setUp(self):
        self.key = f"k{uuid.uuid4().hex[:10]}"
        self.counter = EntityInstanceId("Counter", self.key)

    def run_to_the_end(self, orchestrator, value):
        instance = self.client.schedule_new_orchestration(orchestrator, input=value)
        state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        self.assertIsNotNone(state, "it did not end")
        return state

    def output_of(self, orchestrator, value):
        state = self.run_to_the_end(orchestrator, value)
        self.assertEqual(state.runtime_status, OrchestrationStatus.COMPLETED, state.failure_details)
        return state.get_output()

    def state_of(self, entity):
        found = self.client.get_entity(entity)
        return found.get_state() or None if found else None  # "" is what the SDK makes of no state; 0 is "0"

    def settled(self, entity, wanted):
        eventually(lambda: str(self.state_of(entity)) == str(wanted), f"{entity} is {wanted}")

    # --- signals and state ---

    def test_signals_of_a_client_reach_the_state(self):  # DT-144
        self.assertIsNone(self.client.get_entity(self.counter))
        for _ in range(20):
            self.client.signal_entity(self.counter, "add", 2)
        self.settled(self.counter, 40)

    def test_signals_are_applied_in_their_order(self):  # DT-146
        log = EntityInstanceId("Log", self.key)
        for i in range(100):
            self.client.signal_entity(log, "append", i)
        self.settled(log, list(range(100)))

    def test_the_name_is_found_without_regard_to_case(self):  # DT-145
        self.client.signal_entity(EntityInstanceId("COUNTER", self.key), "add", 1)
        self.client.signal_entity(EntityInstanceId("counter", self.key), "add", 1)
        self.settled(self.counter, 2)

    def test_zero_is_a_state_and_deleted_is_none(self):  # DT-153
        self.client.signal_entity(self.counter, "add", 1)
        self.client.signal_entity(self.counter, "clear")
        self.settled(self.counter, 0)
        self.assertIsNotNone(self.client.get_entity(self.counter))
        self.client.signal_entity(self.counter, "delete")
        eventually(lambda: self.state_of(self.counter) is None, "it has no state")

    def test_metadata_tells_who_it_is_and_when_it_changed(self):
        before = datetime.now(timezone.utc) - timedelta(seconds=1)
        self.client.signal_entity(self.counter, "add", 1)
        self.settled(self.counter, 1)
        found = self.client.get_entity(self.counter)
        self.assertEqual(found.id.key, self.key)
        changed = found.last_modified
        changed = changed if changed.tzinfo else changed.replace(tzinfo=timezone.utc)
        self.assertGreaterEqual(changed, before)
        self.assertFalse(self.client.get_entity(self.counter, include_state=False).includes_state)

    def test_a_failed_signal_leaves_the_state_and_those_behind_it_run(self):
        self.client.signal_entity(self.counter, "add", 4)
        self.client.signal_entity(self.counter, "spoil")
        self.client.signal_entity(self.counter, "add", 1)
        self.settled(self.counter, 5)

    # --- orchestrations ---

    def test_a_call_returns_the_value(self):  # DT-147
        self.assertEqual(self.output_of(call_counter, self.key), 12)
        self.assertEqual(self.output_of(ask_the_child, self.key), 24)

    def test_signals_of_an_orchestration_stand_before_its_later_call(self):
        self.assertEqual(self.output_of(signal_counter, self.key), 10)

    def test_a_call_that_fails_tells_why_and_changes_nothing(self):  # DT-148
        text, value = self.output_of(call_what_fails, self.key)
        self.assertIn("spoilt", text)
        self.assertEqual(value, 3)

    def test_an_operation_that_is_not_there_fails(self):
        self.assertNotEqual(self.output_of(call_what_is_not_there, self.key), "no failure")

    # --- entities that act ---

    def test_an_entity_signals_another(self):  # DT-150
        self.client.signal_entity(EntityInstanceId("Forwarder", self.key), "forward", 9)
        self.settled(self.counter, 9)

    def test_a_signal_for_later_arrives_later(self):  # DT-149
        begun = datetime.now(timezone.utc)
        self.client.signal_entity(EntityInstanceId("Forwarder", self.key), "later", 1.5)
        self.settled(self.counter, 1)
        self.assertGreaterEqual(datetime.now(timezone.utc) - begun, timedelta(seconds=1.4))

    def test_an_entity_starts_an_orchestration(self):  # DT-158
        self.client.signal_entity(EntityInstanceId("Forwarder", self.key), "launch", 21)
        eventually(lambda: self.client.get_orchestration_state(f"of-{self.key}"), "it was started")
        state = self.client.wait_for_orchestration_completion(f"of-{self.key}", timeout=PATIENCE_S)
        self.assertEqual(state.get_output(), 42)

    # --- locks ---

    def test_transfers_lose_nothing(self):  # DT-154, DT-157
        names = [f"{self.key}-{i}" for i in range(4)]
        for name in names:
            self.client.signal_entity(EntityInstanceId("account", name), "deposit", 100)
        orders = [{"from": names[i % 4], "to": names[(i * 3 + 1) % 4], "amount": 7} for i in range(24)
                  if i % 4 != (i * 3 + 1) % 4]
        instances = [self.client.schedule_new_orchestration(transfer, input=order) for order in orders]
        for instance in instances:
            state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
            self.assertEqual(state.runtime_status, OrchestrationStatus.COMPLETED, state.failure_details)
        self.assertEqual(sum(int(self.state_of(EntityInstanceId("account", name))) for name in names), 400)

    def test_a_section_is_alone(self):  # DT-155
        instances = [self.client.schedule_new_orchestration(read_wait_write, input=self.key) for _ in range(8)]
        for instance in instances:
            state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
            self.assertEqual(state.get_output(), 1)
        self.settled(self.counter, 8)

    def test_a_failure_in_a_section_releases_the_lock(self):  # DT-156
        state = self.run_to_the_end(fail_in_section, self.key)
        self.assertEqual(state.runtime_status, OrchestrationStatus.FAILED)
        self.assertEqual(self.output_of(read_wait_write, self.key), 1)

    def enter_and_wait(self):
        instance = self.client.schedule_new_orchestration(wait_in_section, input=self.key)
        eventually(lambda: "inside" in (self.client.get_orchestration_state(instance).serialized_custom_status or ""),
                   "it is inside")
        return instance

    @unittest.skipIf(PEER, "the SDK's own backend lets signals through a lock")
    def test_others_wait_while_the_section_lasts(self):
        instance = self.enter_and_wait()
        self.client.signal_entity(self.counter, "add", 10)
        other = self.client.schedule_new_orchestration(read_wait_write, input=self.key)
        with self.assertRaises(TimeoutError):
            self.client.wait_for_orchestration_completion(other, timeout=1)
        self.assertIsNone(self.state_of(self.counter))
        self.client.raise_orchestration_event(instance, "Leave")
        self.client.wait_for_orchestration_completion(other, timeout=PATIENCE_S)
        self.settled(self.counter, 11)

    @unittest.skipIf(PEER, "the SDK's own backend keeps the lock for ever")
    def test_terminate_in_a_section_releases_the_lock(self):
        instance = self.enter_and_wait()
        self.client.terminate_orchestration(instance)
        self.assertEqual(self.output_of(read_wait_write, self.key), 1)

    @unittest.skipIf(PEER, "the SDK's own backend keeps the lock for ever")
    def test_continue_as_new_in_a_section_releases_the_lock(self):
        self.assertEqual(self.output_of(once_more_in_section, {"key": self.key, "rounds": 3}), "done")
        self.assertEqual(self.output_of(read_wait_write, self.key), 1)

    @unittest.skipIf(PEER, "in memory")
    def test_a_lock_survives_kill_9_and_is_released_then(self):
        instance = self.enter_and_wait()
        waiting = self.client.schedule_new_orchestration(read_wait_write, input=self.key)
        self.client.signal_entity(self.counter, "add", 5)
        self.service.host.kill()
        self.service.host.start()
        eventually(lambda: if_reached(lambda: self.client.get_orchestration_state(waiting)), "the host is back")
        self.assertEqual(self.client.get_orchestration_state(waiting).runtime_status in
                         (OrchestrationStatus.RUNNING, OrchestrationStatus.PENDING), True)
        self.client.raise_orchestration_event(instance, "Leave")
        state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        self.assertEqual(state.get_output(), "left")
        self.client.wait_for_orchestration_completion(waiting, timeout=PATIENCE_S)
        self.settled(self.counter, 6)

    # --- queries ---

    def test_a_query_finds_by_prefix_and_pages(self):  # DT-159
        for i in range(5):
            self.client.signal_entity(EntityInstanceId("Counter", f"{self.key}-{i}"), "add", i)
        for i in range(5):
            self.settled(EntityInstanceId("Counter", f"{self.key}-{i}"), i)
        found = self.client.get_all_entities(EntityQuery(instance_id_starts_with=f"@counter@{self.key}", page_size=2))
        self.assertEqual(sorted((one.id.key, str(one.get_state())) for one in found),
                         [(f"{self.key}-{i}", str(i)) for i in range(5)])
        bare = self.client.get_all_entities(EntityQuery(instance_id_starts_with=f"@counter@{self.key}",
                                                        include_state=False))
        self.assertEqual(len(bare), 5)
        now = datetime.now(timezone.utc)
        none = self.client.get_all_entities(EntityQuery(instance_id_starts_with=f"@counter@{self.key}",
                                                        last_modified_from=now + timedelta(hours=1)))
        self.assertEqual(none, [])

    def test_cleaning_removes_what_is_empty(self):  # DT-160
        self.client.signal_entity(self.counter, "add", 1)
        self.settled(self.counter, 1)
        self.client.signal_entity(self.counter, "delete")
        eventually(lambda: self.state_of(self.counter) is None, "it is empty")
        self.client.clean_entity_storage()
        self.assertIsNone(self.client.get_entity(self.counter))


def main():
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
