# SPDX-License-Identifier: MIT
"""The official Python SDK, unmodified, against a real scheduler process.

Usage: python_sdk_test.py SCHEDULER_HOST [unittest arguments]. The same file is the worker process of the tests that
kill one (--worker PORT HUB FOLDER).
"""
import logging
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone

import grpc
from durabletask import client, task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

import scheduler_process
from scheduler_process import Host, PATIENCE_S, eventually
from process import Process

QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


# --- orchestrations and activities ---

def plus_one(ctx, value):
    return value + 1


def sequence(ctx, start):
    numbers = [start]
    for _ in range(5):
        numbers.append((yield ctx.call_activity(plus_one, input=numbers[-1])))
    return numbers


def fan_out(ctx, count):
    results = yield task.when_all([ctx.call_activity(plus_one, input=i) for i in range(count)])
    return sum(results)


def sleeper(ctx, seconds):
    before = ctx.current_utc_datetime
    yield ctx.create_timer(timedelta(seconds=seconds))
    return (ctx.current_utc_datetime - before).total_seconds()


def approval(ctx, timeout_s):
    event = ctx.wait_for_external_event("Approval")
    timer = ctx.create_timer(timedelta(seconds=timeout_s))
    winner = yield task.when_any([event, timer])
    return event.get_result() if winner == event else "timed out"


def collect(ctx, count):
    names = []
    for _ in range(count):
        names.append((yield ctx.wait_for_external_event("Item")))
    return names


def child(ctx, value):
    return (yield ctx.call_activity(plus_one, input=value))


def parent(ctx, count):
    results = yield task.when_all([ctx.call_sub_orchestrator(child, input=i) for i in range(count)])
    return sum(results)


def failing_child(ctx, _):
    raise ValueError("the child broke")
    yield


def parent_of_failing(ctx, _):
    try:
        yield ctx.call_sub_orchestrator(failing_child)
    except task.TaskFailedError as error:
        return error.details.message
    return "no failure"


def counter(ctx, value):
    yield ctx.create_timer(timedelta(milliseconds=1))
    if value < 10:
        ctx.continue_as_new(value + 1)
        return
    return value


def counter_with_events(ctx, seen):
    seen = seen + [(yield ctx.wait_for_external_event("Item"))]
    if len(seen) < 5:
        ctx.continue_as_new(seen, save_events=True)
        return
    return seen


def waiter(ctx, _):
    yield ctx.wait_for_external_event("Never")


def parent_of_waiters(ctx, count):
    ctx.set_custom_status("waiting")
    yield task.when_all([ctx.call_sub_orchestrator(waiter, instance_id=f"{ctx.instance_id}-{i}")
                         for i in range(count)])


def reporter(ctx, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("Go")
    ctx.set_custom_status({"step": 2})
    return "reported"


def instant(ctx, value):
    return value


attempts = {}


def flaky(ctx, name):
    attempts[name] = attempts.get(name, 0) + 1
    if attempts[name] < 3:
        raise RuntimeError(f"attempt {attempts[name]}")
    return attempts[name]


def hopeless(ctx, name):
    attempts[name] = attempts.get(name, 0) + 1
    raise RuntimeError("never works")


def retrying(ctx, name):
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=50), max_number_of_attempts=4,
                              backoff_coefficient=2)
    return (yield ctx.call_activity(flaky, input=name, retry_policy=policy))


def retrying_in_vain(ctx, name):
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=50), max_number_of_attempts=3)
    return (yield ctx.call_activity(hopeless, input=name, retry_policy=policy))


broken = set()


def breakable(ctx, name):
    attempts[name] = attempts.get(name, 0) + 1
    if name in broken:
        raise RuntimeError("broken")
    return attempts[name]


def two_steps(ctx, name):
    first = yield ctx.call_activity(breakable, input=name + " first")
    second = yield ctx.call_activity(breakable, input=name)
    return [first, second]


def parent_of_two_steps(ctx, name):
    return (yield ctx.call_sub_orchestrator(two_steps, input=name))


def two_tries(ctx, name):
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=50), max_number_of_attempts=2)
    return (yield ctx.call_activity(breakable, input=name, retry_policy=policy))


def flaky_child(ctx, name):
    return (yield ctx.call_activity(flaky, input=name))


def retrying_child(ctx, name):
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=50), max_number_of_attempts=4)
    return (yield ctx.call_sub_orchestrator(flaky_child, input=name, retry_policy=policy))


def slow(ctx, job):
    """Leaves a file for each time it begins, and takes its time: at least until the gate is there, if it has one."""
    folder = pathlib.Path(job["folder"])
    (folder / f"{job['number']}-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(job["seconds"])
    while job["gate"] and not os.path.exists(job["gate"]):
        time.sleep(0.02)
    return job["number"]


def slow_fan_out(ctx, job):
    results = yield task.when_all([ctx.call_activity(slow, input={**job, "number": i}) for i in range(job["count"])])
    return sorted(results)


ORCHESTRATORS = [sequence, fan_out, sleeper, approval, collect, child, parent, failing_child, parent_of_failing,
                 counter, counter_with_events, waiter, parent_of_waiters, reporter, instant, retrying, two_steps, parent_of_two_steps, two_tries,
                 retrying_in_vain, flaky_child, retrying_child, slow_fan_out]
ACTIVITIES = [breakable, plus_one, flaky, hopeless, slow]


def make_worker(port, hub="default"):
    worker = DurableTaskSchedulerWorker(host_address=f"127.0.0.1:{port}", taskhub=hub, token_credential=None,
                                        secure_channel=False, logger=QUIET)
    for orchestrator in ORCHESTRATORS:
        worker.add_orchestrator(orchestrator)
    for activity in ACTIVITIES:
        worker.add_activity(activity)
    return worker


def make_client(port, hub="default"):
    return DurableTaskSchedulerClient(host_address=f"127.0.0.1:{port}", taskhub=hub, token_credential=None,
                                      secure_channel=False, logger=QUIET)


class SdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host()
        cls.worker = make_worker(cls.host.port)
        cls.worker.start()
        cls.client = make_client(cls.host.port)

    @classmethod
    def tearDownClass(cls):
        cls.worker.stop()
        cls.client.close()
        code = cls.host.stop()
        assert code == 0, f"the host ended with {code}"

    def run_one(self, orchestrator, value=None, **options):
        instance = self.client.schedule_new_orchestration(orchestrator, input=value, **options)
        return self.wait(instance)

    def wait(self, instance):
        state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        self.assertIsNotNone(state)
        return state

    def completed(self, state):
        self.assertEqual(state.runtime_status, OrchestrationStatus.COMPLETED, state.failure_details)
        self.assertIsNone(state.failure_details)
        return state.get_output()

    # patterns

    def test_sequence(self):
        self.assertEqual(self.completed(self.run_one(sequence, 1)), [1, 2, 3, 4, 5, 6])

    def test_fan_out_and_in_of_100(self):
        self.assertEqual(self.completed(self.run_one(fan_out, 100)), 5050)

    def test_a_timer_is_never_early(self):
        began = time.monotonic()
        self.assertGreaterEqual(self.completed(self.run_one(sleeper, 1)), 1)
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_an_event_beats_its_time_out(self):
        instance = self.client.schedule_new_orchestration(approval, input=30)
        self.client.wait_for_orchestration_start(instance, timeout=PATIENCE_S)
        self.client.raise_orchestration_event(instance, "Approval", data="yes")
        self.assertEqual(self.completed(self.wait(instance)), "yes")

    def test_a_time_out_beats_its_event(self):
        self.assertEqual(self.completed(self.run_one(approval, 1)), "timed out")

    def test_early_events_wait_in_order(self):
        start = datetime.now(timezone.utc) + timedelta(seconds=3)
        instance = self.client.schedule_new_orchestration(collect, input=10, start_at=start)
        for i in range(10):
            self.client.raise_orchestration_event(instance, "Item", data=i)
        state = self.client.get_orchestration_state(instance)
        if datetime.now(timezone.utc) < start:  # else the machine was too slow to see it
            self.assertEqual(state.runtime_status, OrchestrationStatus.PENDING)
        self.assertEqual(self.completed(self.wait(instance)), list(range(10)))
        self.assertGreaterEqual(datetime.now(timezone.utc), start)

    def test_children(self):
        self.assertEqual(self.completed(self.run_one(parent, 10)), 55)

    def test_a_childs_failure_reaches_its_parent(self):
        self.assertIn("the child broke", self.completed(self.run_one(parent_of_failing)))

    def test_continue_as_new(self):
        self.assertEqual(self.completed(self.run_one(counter, 0)), 10)

    def test_continue_as_new_keeps_events(self):
        instance = self.client.schedule_new_orchestration(counter_with_events, input=[])
        for i in range(5):
            self.client.raise_orchestration_event(instance, "Item", data=i)
        self.assertEqual(self.completed(self.wait(instance)), [0, 1, 2, 3, 4])

    def test_an_unknown_orchestrator_fails(self):
        state = self.run_one("nowhere")
        self.assertEqual(state.runtime_status, OrchestrationStatus.FAILED)
        self.assertIsNotNone(state.failure_details)

    # control

    def test_terminate(self):
        instance = self.client.schedule_new_orchestration(waiter)
        self.client.wait_for_orchestration_start(instance, timeout=PATIENCE_S)
        self.client.terminate_orchestration(instance, output="stopped")
        state = self.wait(instance)
        self.assertEqual(state.runtime_status, OrchestrationStatus.TERMINATED)
        self.assertEqual(state.get_output(), "stopped")

    def terminate_tree(self, recursive):
        instance = self.client.schedule_new_orchestration(parent_of_waiters, input=3)
        children = [f"{instance}-{i}" for i in range(3)]
        for one in children:
            self.client.wait_for_orchestration_start(one, timeout=PATIENCE_S)
        self.client.terminate_orchestration(instance, output="all", recursive=recursive)
        self.assertEqual(self.wait(instance).runtime_status, OrchestrationStatus.TERMINATED)
        return instance, children

    def test_terminate_recursively(self):
        instance, children = self.terminate_tree(True)
        for one in children:
            self.assertEqual(self.wait(one).runtime_status, OrchestrationStatus.TERMINATED)
        self.assertEqual(self.client.purge_orchestration(instance, recursive=True).deleted_instance_count, 4)
        for one in children:
            self.assertIsNone(self.client.get_orchestration_state(one))

    def test_terminate_alone(self):
        _, children = self.terminate_tree(False)
        time.sleep(0.5)
        for one in children:
            state = self.client.get_orchestration_state(one)
            self.assertEqual(state.runtime_status, OrchestrationStatus.RUNNING)
            self.client.terminate_orchestration(one)
            self.wait(one)

    def test_suspend_and_resume(self):
        instance = self.client.schedule_new_orchestration(collect, input=1)
        self.client.wait_for_orchestration_start(instance, timeout=PATIENCE_S)
        self.client.suspend_orchestration(instance)
        eventually(lambda: self.client.get_orchestration_state(instance).runtime_status
                   == OrchestrationStatus.SUSPENDED, "suspended")
        self.client.raise_orchestration_event(instance, "Item", data="held")
        with self.assertRaises(TimeoutError):
            self.client.wait_for_orchestration_completion(instance, timeout=1)
        self.client.resume_orchestration(instance)
        self.assertEqual(self.completed(self.wait(instance)), ["held"])
        self.client.suspend_orchestration(instance)
        self.client.resume_orchestration(instance)
        self.assertEqual(self.client.get_orchestration_state(instance).runtime_status, OrchestrationStatus.COMPLETED)

    def test_custom_status(self):
        instance = self.client.schedule_new_orchestration(reporter)
        state = self.client.wait_for_orchestration_start(instance, fetch_payloads=True, timeout=PATIENCE_S)
        self.assertEqual(state.get_custom_status(), {"step": 1})
        self.client.raise_orchestration_event(instance, "Go")
        state = self.wait(instance)
        self.assertEqual(state.get_custom_status(), {"step": 2})
        self.assertEqual(self.completed(state), "reported")

    # ids

    def refused(self, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.schedule_new_orchestration(*arguments, **options)
        return caught.exception

    def test_an_id_in_use_is_refused_and_a_finished_one_is_replaced(self):
        self.client.schedule_new_orchestration(waiter, instance_id="reused")
        self.client.wait_for_orchestration_start("reused", timeout=PATIENCE_S)
        error = self.refused(instant, input=1, instance_id="reused")
        self.assertEqual(error.code(), grpc.StatusCode.ALREADY_EXISTS)
        self.assertIn("orchestration instance already exists", error.details())
        self.client.terminate_orchestration("reused")
        self.wait("reused")
        self.assertEqual(self.completed(self.run_one(instant, 2, instance_id="reused")), 2)

    def test_reuse_policies(self):
        policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_FAILED])
        self.run_one(instant, 1, instance_id="policy")
        error = self.refused(instant, input=2, instance_id="policy", reuse_id_policy=policy)
        self.assertEqual(error.code(), grpc.StatusCode.ALREADY_EXISTS)
        policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_COMPLETED])
        state = self.run_one(instant, 3, instance_id="policy", reuse_id_policy=policy)
        self.assertEqual(self.completed(state), 3)
        policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_RUNNING])
        error = self.refused(instant, input=4, instance_id="policy", reuse_id_policy=policy)
        self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_bad_ids_are_refused(self):
        self.assertEqual(self.refused(instant, instance_id="@entity@x").code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(self.refused(instant, instance_id="x" * 101).code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_restart(self):
        self.run_one(instant, 7, instance_id="again")
        self.assertEqual(self.client.restart_orchestration("again"), "again")
        self.assertEqual(self.completed(self.wait("again")), 7)
        other = self.client.restart_orchestration("again", restart_with_new_instance_id=True)
        self.assertNotEqual(other, "again")
        self.assertEqual(self.completed(self.wait(other)), 7)

    def failed(self, instance, orchestrator, name):
        broken.add(name)
        state = self.run_one(orchestrator, name, instance_id=instance)
        self.assertEqual(state.runtime_status, client.OrchestrationStatus.FAILED)
        broken.discard(name)

    def test_rewind_runs_again_what_failed(self):  # DT-119
        self.failed("rewound", two_steps, "plain")
        self.client.rewind_orchestration("rewound", reason="mended")
        self.assertEqual(self.completed(self.wait("rewound")), [1, 2])
        self.assertIsNone(self.wait("rewound").failure_details)

    def test_rewind_of_a_child(self):  # DT-120
        self.failed("rewound-parent", parent_of_two_steps, "of a child")
        self.client.rewind_orchestration("rewound-parent")
        self.assertEqual(self.completed(self.wait("rewound-parent")), [1, 2])

    def test_rewind_of_a_purged_child(self):  # DT-121
        self.failed("rewound-alone", parent_of_two_steps, "purged")
        child = self.client.get_all_orchestration_states(
            client.OrchestrationQuery(runtime_status=[client.OrchestrationStatus.FAILED]))
        for one in child:
            if one.instance_id.startswith("rewound-alone:"):
                self.assertEqual(self.client.purge_orchestration(one.instance_id).deleted_instance_count, 1)
        self.client.rewind_orchestration("rewound-alone")
        self.assertEqual(self.completed(self.wait("rewound-alone")), [2, 2])

    def test_rewind_of_an_activity_that_was_tried_again(self):  # DT-119
        self.failed("rewound-tries", two_tries, "tries")
        self.client.rewind_orchestration("rewound-tries")
        self.assertEqual(self.completed(self.wait("rewound-tries")), 3)

    def test_rewind_is_refused(self):  # DT-122
        self.run_one(instant, 7, instance_id="not-failed")
        for instance, code in [("not-failed", grpc.StatusCode.FAILED_PRECONDITION),
                               ("nobody-at-all", grpc.StatusCode.NOT_FOUND)]:
            with self.assertRaises(grpc.RpcError) as caught:
                self.client.rewind_orchestration(instance)
            self.assertEqual(caught.exception.code(), code)

    # reads

    def test_query_and_purge(self):
        began = datetime.now(timezone.utc)
        for i in range(7):
            self.run_one(instant, i, instance_id=f"query-{i}")
        self.client.schedule_new_orchestration(waiter, instance_id="query-live")
        self.client.wait_for_orchestration_start("query-live", timeout=PATIENCE_S)
        query = OrchestrationQuery(instance_id_prefix="query-", max_instance_count=3, fetch_inputs_and_outputs=True)
        states = self.client.get_all_orchestration_states(query)
        self.assertEqual([s.instance_id for s in states], [f"query-{i}" for i in range(7)] + ["query-live"])
        self.assertEqual([s.get_output() for s in states[:7]], list(range(7)))
        query = OrchestrationQuery(instance_id_prefix="query-", runtime_status=[OrchestrationStatus.RUNNING])
        states = self.client.get_all_orchestration_states(query)
        self.assertEqual([s.instance_id for s in states], ["query-live"])
        self.assertIsNone(states[0].serialized_input)
        self.assertEqual(self.client.purge_orchestration("query-live").deleted_instance_count, 0)
        self.assertEqual(self.client.purge_orchestration("query-0").deleted_instance_count, 1)
        self.assertEqual(self.client.purge_orchestration("query-0").deleted_instance_count, 0)
        self.assertIsNone(self.client.get_orchestration_state("query-0"))
        result = self.client.purge_orchestrations_by(created_time_from=began,
                                                     runtime_status=[OrchestrationStatus.COMPLETED])
        self.assertEqual(result.deleted_instance_count, 6)
        self.assertTrue(result.is_complete)
        self.client.terminate_orchestration("query-live")
        self.wait("query-live")

    def test_list_instance_ids(self):
        made = {self.client.schedule_new_orchestration(instant, input=i) for i in range(5)}
        for one in made:
            self.wait(one)
        found, key = [], None
        while True:
            page = self.client.list_instance_ids(page_size=2, continuation_token=key)
            found += page.items
            key = page.continuation_token
            if not key:
                break
        self.assertEqual(len(found), len(set(found)))
        self.assertTrue(made <= set(found))

    def test_history(self):
        instance = self.client.schedule_new_orchestration(child, input=1)
        self.wait(instance)
        events = self.client.get_orchestration_history(instance)
        kinds = [type(e).__name__ for e in events]
        self.assertEqual(kinds, ["OrchestratorStartedEvent", "ExecutionStartedEvent", "TaskScheduledEvent",
                                 "OrchestratorStartedEvent", "TaskCompletedEvent", "ExecutionCompletedEvent"])
        self.assertEqual(list(self.client.get_orchestration_history("no such instance")), [])

    def test_a_wait_for_an_unknown_id_waits(self):
        with self.assertRaises(TimeoutError):
            self.client.wait_for_orchestration_start("to come", timeout=1)
        results = []
        thread = threading.Thread(target=lambda: results.append(self.wait("to come")))
        thread.start()
        time.sleep(0.2)
        self.client.schedule_new_orchestration(instant, input="came", instance_id="to come")
        thread.join(PATIENCE_S)
        self.assertEqual(results[0].get_output(), "came")

    # retries

    def test_retry_of_an_activity(self):
        self.assertEqual(self.completed(self.run_one(retrying, "a")), 3)

    def test_retry_in_vain(self):
        state = self.run_one(retrying_in_vain, "b")
        self.assertEqual(state.runtime_status, OrchestrationStatus.FAILED)
        self.assertIn("never works", state.failure_details.message)
        self.assertEqual(attempts["b"], 3)

    def test_retry_of_a_child(self):
        self.assertEqual(self.completed(self.run_one(retrying_child, "c")), 3)

    # hubs

    def test_an_unknown_hub_is_named(self):  # DT-005
        with make_client(self.host.port, "nowhere") as other:
            with self.assertRaises(grpc.RpcError) as caught:
                other.get_orchestration_state("x")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(caught.exception.details(), "Task hub not found: nowhere")


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.host = Host("*", "crash")
        self.client = make_client(self.host.port, "crash")
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-interop-")
        self.processes = []

    def tearDown(self):
        for process in self.processes:
            process.kill()
        self.client.close()
        self.host.stop()
        self.folder.cleanup()

    def start_worker(self):
        process = Process([sys.executable, __file__, "--worker", str(self.host.port), "crash"], stdout=None, stderr=None)
        self.processes.append(process)
        return process

    def begun(self):
        return len(os.listdir(self.folder.name))

    def start(self, count, seconds, gate=None):
        return self.client.schedule_new_orchestration(
            slow_fan_out, input={"folder": self.folder.name, "count": count, "seconds": seconds, "gate": gate})

    def finish(self, instance, count):
        state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        self.assertEqual(state.runtime_status, OrchestrationStatus.COMPLETED, state.failure_details)
        self.assertEqual(state.get_output(), list(range(count)))
        results = [e for e in self.client.get_orchestration_history(instance)
                   if type(e).__name__ == "TaskCompletedEvent"]
        self.assertEqual(len(results), count)
        self.assertEqual(len({e.task_scheduled_id for e in results}), count)

    def test_a_worker_killed_in_mid_activity(self):  # DT-168
        first = self.start_worker()
        gate = f"{self.folder.name}.gate"
        instance = self.start(3, 0, gate)
        eventually(lambda: self.begun() == 3, "three activities begun")
        first.kill()
        first.wait(10)
        self.addCleanup(os.unlink, gate)
        pathlib.Path(gate).touch()
        self.start_worker()
        self.finish(instance, 3)
        self.assertEqual(self.begun(), 6)

    def test_the_server_killed_in_mid_fan_out(self):
        self.start_worker()
        instance = self.start(300, 0.02)
        for wanted in (50, 150):
            eventually(lambda: self.begun() >= wanted, f"{wanted} activities begun")
            self.host.kill()
            self.host.start()
        self.client.close()
        self.client = make_client(self.host.port, "crash")
        self.finish(instance, 300)


def worker_main(port, hub):
    worker = make_worker(int(port), hub)
    worker.start()
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker_main(*sys.argv[2:])
    scheduler_process.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
