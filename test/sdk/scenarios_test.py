#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""libdurabletask against real services.

  scenarios_test.py scheduler SCENARIOS SCHEDULER_HOST    every scenario against our scheduler
  scenarios_test.py memory SCENARIOS                      against the official Python SDK's in-memory backend
  scenarios_test.py examples COUNTER TRANSFER             the entity examples against that backend
  scenarios_test.py restart SCENARIOS SCHEDULER_HOST HELLO_SEQUENCE FAN_OUT APPROVAL
                                                          the examples, across a kill -9 and restart of the scheduler
"""
import pathlib
import subprocess
import sys
import tempfile
import time

import services
from process import Process

# What the in-memory backend does not do: give an activity of a dead worker to another; serve more waits than it has
# threads, or one without a deadline; report version, tags and the scheduled start; tell an absent payload from an empty
# one, or refuse a large one; replace an instance of the same id; terminate and purge children; have rules for ids, or
# more hubs than one; end without a worker; purge by a list; wait with a signal for its time, or for a lock; forget an entity
# that has no state; join the parts of an answer.
MEMORY_LACKS = ["redelivery", "many-waits", "endless-waits", "version", "tags", "scheduled-start", "absent-payloads",
                "payload-limit", "reuse", "recursive", "id-rules", "hubs", "skip-termination", "purge-ids", "delayed-signals",
                "signals-wait-for-lock", "entity-deletion", "parts"]


def run(*command, timeout=60):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def without(features):
    return [part for feature in features for part in ("--without", feature)]


def examples(connection, counter, transfer):
    """What the entity examples print, before our own scheduler is asked (examples_test.py)."""
    expect("transfer", run(transfer, connection, 20), "20 of 20 transfers saw a sum of 2000")
    with Process([counter, connection, "worker"]) as worker:
        expect("counter add", run(counter, connection, "add", "apples", 3), "3")
        run(counter, connection, "signal", "apples", 4)
        expect("counter add after a signal", run(counter, connection, "add", "apples", 1), "8")
        expect("counter below zero", run(counter, connection, "add", "apples", -10), "task 'add' (#1) failed: it would be -2")
        expect("counter show", run(counter, connection, "show", "apples"), "8")
        expect("counter show another", run(counter, connection, "show", "pears"), "nobody has counted pears")
        expect("the worker's exit code", worker.stop(), 0)


def restart(host, hello_sequence, fan_out, approval, folder):
    store = pathlib.Path(folder, "store.db")
    with services.scheduler(host, store) as first:
        port = first.port
        connection = first.connection
        expect("fan_out", run(fan_out, connection, 50), "42925")
        output = run(hello_sequence, connection).splitlines()
        expect("hello_sequence", output[-1], "completed: Hello, Tokyo! Hello, Seattle! Hello, London!")
        with Process([approval, connection, "worker"]) as worker:
            waiting = run(approval, connection, "submit", "some words", 60)
            short = run(approval, connection, "submit", "some words", 2)
            time.sleep(0.5)
            show = Process([approval, connection, "show", waiting])
            time.sleep(0.3)
            first.kill()
            time.sleep(0.5)
            with services.scheduler(host, store, port) as second, show:
                # The worker, which lives on, and the waiting client find the new process by themselves.
                expect("time-out across the restart", run(approval, connection, "show", short), 'completed "timed out"')
                run(approval, connection, "decide", waiting, "true")
                expect("wait across the restart", show.line().strip(), 'completed "approved"')
                expect("the worker's exit code", worker.stop(), 0)


def main(kind, scenarios, *rest):
    with tempfile.TemporaryDirectory() as folder:
        if kind == "scheduler":
            with services.scheduler(rest[0], pathlib.Path(folder, "store.db")) as service:
                print(run(scenarios, service.connection, timeout=280))
        elif kind == "memory":
            with services.memory_backend() as service:
                print(run(scenarios, service.connection, *without(MEMORY_LACKS), timeout=280))
        elif kind == "examples":
            with services.memory_backend() as service:
                examples(service.connection, scenarios, *rest)
        else:
            restart(*rest, folder)


main(*sys.argv[1:])
