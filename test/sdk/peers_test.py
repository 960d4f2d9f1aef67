# SPDX-License-Identifier: MIT
"""libdurabletask and the official Python SDK, each as the other's peer, at our scheduler.

A C client with a Python worker, and a Python client with a C worker, go through the same list: whatever one side
writes, the other must be able to read. Usage: peers_test.py PEER SCHEDULER_HOST   (peers_test.py worker PORT is
the Python worker.)
"""
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
from durabletask import client, task, worker

import services
from process import Process

WAIT_S = 60
QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


# --- what the worker does; peer.c has the same in C ---

def say_hello(_, name):
    return f"Hello {name}"


def square(_, number):
    return number * number


def linger(_, path):
    mark = pathlib.Path(path)
    if mark.exists():
        return "survived"
    mark.touch()
    threading.Event().wait()


def sequence(ctx, name):
    first = yield ctx.call_activity("say_hello", input="Tokyo")
    return [first, (yield ctx.call_activity("say_hello", input=name))]


def fan_out(ctx, count):
    return sum((yield task.when_all([ctx.call_activity("square", input=i) for i in range(count)])))


def timer(ctx, delay_ms):
    fire_at = ctx.current_utc_datetime + timedelta(milliseconds=delay_ms)
    yield ctx.create_timer(fire_at)
    return ctx.current_utc_datetime >= fire_at


def approval(ctx, timeout_ms):
    event = ctx.wait_for_external_event("Approval")
    late = ctx.create_timer(timedelta(milliseconds=timeout_ms))
    return "timed out" if (yield task.when_any([event, late])) == late else event.get_result()


def child(ctx, number):
    if number == -1:
        raise ValueError("the child says no")
    return (yield ctx.call_activity("square", input=number))


def parent(ctx, number):
    good = yield ctx.call_sub_orchestrator("child", input=number)
    yield ctx.call_sub_orchestrator("child", input=-1)
    return good


def generations(ctx, number):
    if number < 5:
        ctx.continue_as_new(number + 1, save_events=True)
        return None
    return (yield ctx.wait_for_external_event("kept"))


def collect(ctx, _):
    first = yield ctx.wait_for_external_event("item")
    return [first, (yield ctx.wait_for_external_event("item"))]


def lingering(ctx, path):
    return (yield ctx.call_activity("linger", input=path))


def serve(port):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ours = worker.TaskHubGrpcWorker(host_address=f"127.0.0.1:{port}", logger=QUIET)
    for function in (sequence, fan_out, timer, approval, child, parent, generations, collect, lingering):
        ours.add_orchestrator(function)
    for function in (say_hello, square, linger):
        ours.add_activity(function)
    ours.start()
    stop.wait()
    ours.stop()


# --- the two clients, with one face: states are the C SDK's words, outputs are JSON values or failure messages ---

class CClient:
    def __init__(self, peer, service):
        self.command = [peer, service.connection]

    def call(self, *words):
        done = subprocess.run([*self.command, *words], capture_output=True, text=True, timeout=2 * WAIT_S)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")
        return done.stdout.strip()

    def start(self, name, value):
        return self.call("start", name, json.dumps(value))

    def state(self, verb, instance):
        status, text = self.call(verb, instance).split(" ", 1)
        return (status, text if status == "failed" else json.loads(text))

    def wait(self, instance):
        return self.state("wait", instance)

    def look(self, instance):
        return self.state("look", instance)

    def raise_event(self, instance, name, value):
        self.call("raise", instance, name, json.dumps(value))

    def terminate(self, instance, value):
        self.call("terminate", instance, json.dumps(value))

    def suspend(self, instance):
        self.call("suspend", instance)

    def resume(self, instance):
        self.call("resume", instance)


class PythonClient:
    def __init__(self, _, service):
        self.client = client.TaskHubGrpcClient(host_address=f"127.0.0.1:{service.port}", logger=QUIET)

    def start(self, name, value):
        return self.client.schedule_new_orchestration(name, input=value)

    @staticmethod
    def state(found):
        text = found.failure_details.message if found.failure_details else json.loads(found.serialized_output or "null")
        return (found.runtime_status.name.lower(), text)

    def wait(self, instance):
        return self.state(self.client.wait_for_orchestration_completion(instance, timeout=WAIT_S))

    def look(self, instance):
        return self.state(self.client.get_orchestration_state(instance))

    def raise_event(self, instance, name, value):
        self.client.raise_orchestration_event(instance, name, data=value)

    def terminate(self, instance, value):
        self.client.terminate_orchestration(instance, output=value)

    def suspend(self, instance):
        self.client.suspend_orchestration(instance)

    def resume(self, instance):
        self.client.resume_orchestration(instance)


# --- the list ---

def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def until(what, condition):
    for _ in range(WAIT_S * 20):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {WAIT_S} s")


def go_through(one, start_worker, folder):
    def completes(name, value, wanted):
        expect(name, one.wait(one.start(name, value)), ("completed", wanted))

    completes("sequence", "Ürümqi", ["Hello Tokyo", "Hello Ürümqi"])
    completes("fan_out", 100, 328350)
    completes("timer", 700, True)
    completes("approval", 300, "timed out")

    waiting = one.start("approval", 600000)
    one.raise_event(waiting, "aPPROVAL", {"by": "me"})
    expect("approval", one.wait(waiting), ("completed", {"by": "me"}))

    status, message = one.wait(one.start("parent", 7))
    expect("failed child", (status, "the child says no" in message), ("failed", True))

    going_on = one.start("generations", 0)
    one.raise_event(going_on, "kept", 42)
    expect("continue-as-new", one.wait(going_on), ("completed", 42))

    endless = one.start("collect", None)
    until("running", lambda: one.look(endless)[0] == "running")
    one.terminate(endless, "enough")
    expect("terminate", one.wait(endless), ("terminated", "enough"))

    paused = one.start("collect", None)
    until("running", lambda: one.look(paused)[0] == "running")
    one.suspend(paused)
    until("suspended", lambda: one.look(paused)[0] == "suspended")
    one.raise_event(paused, "item", 1)
    one.raise_event(paused, "ITEM", 2)
    expect("still suspended", one.look(paused)[0], "suspended")
    one.resume(paused)
    expect("suspend and resume", one.wait(paused), ("completed", [1, 2]))

    mark = folder / "mark"
    lost = one.start("lingering", str(mark))
    until("in mid-activity", mark.exists)
    start_worker(kill_first=True)
    expect("worker killed", one.wait(lost), ("completed", "survived"))


def run(title, make_client, make_command, peer, host):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with services.scheduler(host, folder / "store.db") as service:
            running = []

            def start_worker(kill_first=False):
                if kill_first:
                    running[-1].kill()
                running.append(Process(make_command(peer, service), stdout=None, stderr=None))

            start_worker()
            try:
                go_through(make_client(peer, service), start_worker, folder)
                expect("the worker's exit code", running[-1].stop(), 0)
            finally:
                for process in running:
                    process.kill()
    print(f"{title}: ok")


def main(peer, host):
    run("C client, Python worker", CClient,
        lambda _, service: [sys.executable, __file__, "worker", str(service.port)], peer, host)
    run("Python client, C worker", PythonClient, lambda peer, service: [peer, service.connection, "worker"], peer, host)


if sys.argv[1] == "worker":
    serve(*sys.argv[2:])
else:
    main(*sys.argv[1:])
