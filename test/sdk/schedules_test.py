# SPDX-License-Identifier: MIT
"""Schedules and entities between libdurabletask and the official Python SDK, at our scheduler.

Python's client makes schedules that a C worker runs, and a C client makes one that a Python worker runs; each reads what the
other has written. If it fails, a team cannot move one half of its programs.
Usage: schedules_test.py SCHEDULE_EXAMPLE COUNTER_EXAMPLE SCHEDULER_HOST
"""
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from datetime import timedelta

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
from durabletask import client, entities, worker
from durabletask.scheduled import (ScheduleCreationOptions, ScheduleStatus, ScheduleUpdateOptions, ScheduledTaskClient)

import services
from process import Process

WAIT_S = 60
logging.disable(logging.WARNING)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def wait_for(what, found):
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found():
            return
        time.sleep(0.1)
    sys.exit(f"{what}: not within {WAIT_S} s")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=WAIT_S)
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def runs_of(hub, name):
    found = hub.get_all_orchestration_states()
    return [state for state in found if state.instance_id.startswith(f"{name}-") and
            state.runtime_status == client.OrchestrationStatus.COMPLETED]


def python_client(program, connection, hub):
    """A C worker runs what Python's client asks for."""
    runner = Process([program, connection, "worker"], stderr=None)
    try:
        schedules = ScheduledTaskClient(hub, operation_timeout=WAIT_S)
        schedule = schedules.create_schedule(ScheduleCreationOptions(
            schedule_id="from-python", orchestration_name="tick", interval=timedelta(seconds=1),
            orchestration_input={"say": "tock"}, start_immediately_if_late=True))
        wait_for("two runs", lambda: len(runs_of(hub, "from-python")) >= 2)
        expect("the input", hub.get_orchestration_state(runs_of(hub, "from-python")[0].instance_id).serialized_output,
               '{"say": "tock"}')
        schedule.update(ScheduleUpdateOptions(interval=timedelta(hours=1)))
        description = schedule.describe()
        expect("described", (description.orchestration_name, description.interval, description.status, description.orchestration_input),
               ("tick", timedelta(hours=1), ScheduleStatus.ACTIVE, {"say": "tock"}))
        schedule.pause()
        expect("paused", schedule.describe().status, ScheduleStatus.PAUSED)
        try:
            schedule.pause()
        except RuntimeError as error:
            expect("the reason", "is paused" in str(error), True)
        else:
            sys.exit("a second pause was not refused")
        expect("listed", [s.schedule_id for s in schedules.list_schedules()], ["from-python"])
        expect("read in C", run(program, connection, "show", "from-python"), "from-python: tick every 3600 s, paused")
        schedule.resume()
        schedule.delete()
        expect("deleted", schedules.get_schedule("from-python"), None)
    finally:
        runner.stop()


class Counter(entities.DurableEntity):
    def add(self, number):
        self.set_state(self.get_state(int, 0) + number)
        return self.get_state(int)


def python_worker(counter, connection, address):
    """A Python worker runs what a C client and a C orchestration ask of an entity."""
    with worker.TaskHubGrpcWorker(host_address=address, secure_channel=False) as runner:
        runner.add_entity(Counter, "counter")
        runner.start()
        run(counter, connection, "signal", "apples", 2)
        wait_for("the state", lambda: run(counter, connection, "show", "apples") == "2")


def c_worker(counter, connection, hub):
    """A C worker's entity, signalled and read by Python's client."""
    runner = Process([counter, connection, "worker"], stderr=None)
    try:
        pears = entities.EntityInstanceId("counter", "pears")
        hub.signal_entity(pears, "add", input=5)
        hub.signal_entity(pears, "add", input=-2)
        wait_for("the state", lambda: (e := hub.get_entity(pears)) is not None and e.get_state(int) == 3)
    finally:
        runner.stop()


schedule_program, counter_program, host = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder, services.scheduler(host, pathlib.Path(folder, "store.db")) as service:
    where = f"127.0.0.1:{service.port}"
    task_hub = client.TaskHubGrpcClient(host_address=where, secure_channel=False)
    python_client(schedule_program, service.connection, task_hub)
    print("schedules of Python's client on a C worker: ok", flush=True)
    c_worker(counter_program, service.connection, task_hub)
    print("a C worker's entity for Python's client: ok", flush=True)
    python_worker(counter_program, service.connection, where)
    print("a Python worker's entity for a C client: ok", flush=True)
