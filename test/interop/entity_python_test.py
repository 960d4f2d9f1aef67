# SPDX-License-Identifier: MIT
"""Entities of the official Python SDK, unmodified, against a real scheduler process.

Usage: entity_python_test.py SCHEDULER_HOST [unittest arguments].
"""
import logging
import sys
import unittest
from datetime import datetime, timedelta, timezone

from durabletask import client, entities
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.client import EntityQuery, OrchestrationStatus

import scheduler_process
from scheduler_process import Host, PATIENCE_S, eventually

QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)
seen = []


def counter(ctx, value):
    if ctx.operation == "fail":
        raise ValueError("the counter broke")
    if ctx.operation == "add":
        ctx.set_state(ctx.get_state(int, 0) + value)
    elif ctx.operation == "reset":
        ctx.set_state(0)
    elif ctx.operation == "remove":
        ctx.set_state(None)
    elif ctx.operation == "forward":
        ctx.signal_entity(entities.EntityInstanceId("Counter", value), "add", 5)
    elif ctx.operation == "launch":
        ctx.schedule_new_orchestration("launched", input=value, instance_id=value)
    return ctx.get_state(int, 0)


class Account(entities.DurableEntity):
    def deposit(self, amount):
        self.set_state(self.get_state(int, 0) + amount)

    def balance(self):
        return self.get_state(int, 0)


def launched(ctx, value):
    return value


def caller(ctx, key):
    target = entities.EntityInstanceId("counter", key)
    for _ in range(3):
        yield ctx.call_entity(target, "add", 2)
    ctx.signal_entity(target, "add", 10)
    return (yield ctx.call_entity(target, "add", 1))


def failing(ctx, key):
    try:
        yield ctx.call_entity(entities.EntityInstanceId("counter", key), "fail")
    except Exception as error:  # the SDK's own exception for it
        return f"caught {error}"


def transfer(ctx, pair):
    first, second = (entities.EntityInstanceId("account", name) for name in pair)
    with (yield ctx.lock_entities([first, second])):
        before = yield ctx.call_entity(first, "balance")
        yield ctx.call_entity(first, "deposit", -10)
        yield ctx.call_entity(second, "deposit", 10)
    return before


def holder(ctx, key):
    with (yield ctx.lock_entities([entities.EntityInstanceId("counter", key)])):
        yield ctx.wait_for_external_event("Go")
    return "done"


def breaks_while_holding(ctx, key):
    with (yield ctx.lock_entities([entities.EntityInstanceId("counter", key)])):
        raise ValueError("broke")


class EntityPythonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host("default")
        options = dict(host_address=f"127.0.0.1:{cls.host.port}", taskhub="default", token_credential=None, logger=QUIET,
                       secure_channel=False)
        cls.client = DurableTaskSchedulerClient(**options)
        cls.worker = DurableTaskSchedulerWorker(**options)
        cls.worker.add_entity(counter)
        cls.worker.add_entity(Account)
        for one in (caller, failing, transfer, holder, breaks_while_holding, launched):
            cls.worker.add_orchestrator(one)
        cls.worker.start()

    @classmethod
    def tearDownClass(cls):
        cls.worker.stop()
        code = cls.host.stop()
        assert code == 0, f"the host ended with {code}"

    def run_to_the_end(self, orchestrator, value=None, **more):
        instance = self.client.schedule_new_orchestration(orchestrator, input=value, **more)
        return self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)

    def state(self, name, key):
        found = self.client.get_entity(entities.EntityInstanceId(name, key))
        return found and found.get_state(int)

    def test_signals_and_state(self):  # DT-144, DT-145, DT-146, DT-153
        target = entities.EntityInstanceId("COUNTER", "Signals")
        self.assertIsNone(self.client.get_entity(target))
        for n in range(20):
            self.client.signal_entity(target, "add", n)
        eventually(lambda: self.state("counter", "Signals") == 190, "all are added")
        self.assertEqual(str(self.client.get_entity(target).id), "@counter@Signals")
        self.client.signal_entity(target, "remove")
        eventually(lambda: self.client.get_entity(target) is None, "the entity is gone")

    def test_calls_and_failures(self):  # DT-147, DT-148
        state = self.run_to_the_end(caller, "calls")
        self.assertEqual((state.runtime_status, state.serialized_output), (OrchestrationStatus.COMPLETED, "17"))
        state = self.run_to_the_end(failing, "calls")
        self.assertIn("the counter broke", state.serialized_output)
        self.assertEqual(self.state("counter", "calls"), 17)

    def test_scheduled_signals(self):  # DT-149
        target = entities.EntityInstanceId("counter", "scheduled")
        due = datetime.now(timezone.utc) + timedelta(seconds=2)
        self.client.signal_entity(target, "add", 1, signal_time=due)
        eventually(lambda: self.state("counter", "scheduled") == 1, "the signal has come")
        self.assertGreaterEqual(datetime.now(timezone.utc), due)

    def test_locks(self):  # DT-154 to DT-157
        runs = [self.client.schedule_new_orchestration(transfer, input=pair)
                for pair in (["a", "b"], ["b", "a"]) * 5]
        for run in runs:
            state = self.client.wait_for_orchestration_completion(run, timeout=PATIENCE_S)
            self.assertEqual(state.runtime_status, OrchestrationStatus.COMPLETED, state.failure_details)
        self.assertEqual((self.state("account", "a"), self.state("account", "b")), (0, 0))
        self.assertIsNone(self.client.get_entity(entities.EntityInstanceId("account", "a")).get_locked_by())

    def test_a_lock_keeps_others_out(self):  # DT-155, DT-156
        target = entities.EntityInstanceId("counter", "held")
        self.client.signal_entity(target, "add", 1)
        eventually(lambda: self.state("counter", "held") == 1, "there is a state")
        instance = self.client.schedule_new_orchestration(holder, input="held")
        # Not get_locked_by: the SDK takes the id of an instance for one of an entity.
        eventually(lambda: self.client.get_entity(target)._locked_by, "it is held")
        self.client.signal_entity(target, "add", 1)
        self.assertEqual(self.state("counter", "held"), 1)
        self.client.raise_orchestration_event(instance, "Go")
        self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        eventually(lambda: self.state("counter", "held") == 2, "the stranger's signal has run")
        state = self.run_to_the_end(breaks_while_holding, "held")
        self.assertEqual(state.runtime_status, OrchestrationStatus.FAILED)
        eventually(lambda: not self.client.get_entity(target)._locked_by, "the lock is free")

    def test_what_entities_set_going(self):  # DT-150, DT-158
        self.client.signal_entity(entities.EntityInstanceId("counter", "source"), "forward", "sink")
        eventually(lambda: self.state("counter", "sink") == 5, "the entity has signalled")
        self.client.signal_entity(entities.EntityInstanceId("counter", "source"), "launch", "from-entity")
        state = eventually(lambda: self.client.wait_for_orchestration_completion("from-entity", timeout=PATIENCE_S),
                           "the orchestration has ended")
        self.assertEqual(state.serialized_output, '"from-entity"')

    def test_queries_and_cleaning(self):  # DT-159, DT-160
        for n in range(7):
            self.client.signal_entity(entities.EntityInstanceId("counter", f"q{n}"), "add", n)
        query = EntityQuery(instance_id_starts_with="@Counter@q", include_state=True, page_size=3)
        eventually(lambda: len(self.client.get_all_entities(query)) == 7, "all seven are listed")
        found = self.client.get_all_entities(query)
        self.assertEqual([(str(e.id), e.get_state(int)) for e in found], [(f"@counter@q{n}", n) for n in range(7)])
        cleaned = self.client.clean_entity_storage()
        self.assertEqual((cleaned.empty_entities_removed, cleaned.orphaned_locks_released), (0, 0))


if __name__ == "__main__":
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
