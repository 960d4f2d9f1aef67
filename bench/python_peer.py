# SPDX-License-Identifier: MIT
"""Hello5, one activity, and the workloads of entities (bench/hello_bench.c) with the official Python SDK's client and worker, for comparison.

The server is the SDK's own in-memory backend (not durable), or any endpoint: what a Python user sees on each.
The in-memory backend answers waits from a small thread pool and stalls with more than about eight in flight.
Usage: python_peer.py memory|HOST:PORT COUNT IN_FLIGHT [TASK_HUB [WORKLOAD]]      prints one line of JSON a workload
With PEER_TOKEN in the environment every call shows it, over TLS; gRPC takes GRPC_DEFAULT_SSL_ROOTS_FILE_PATH's authorities.
"""
import concurrent.futures
import json
import logging
import os
import statistics
import sys
import time
import zlib

from durabletask import client, entities, task, worker


def hello(_, name):
    return f"Hello {name}!"


def hello5(ctx: task.OrchestrationContext, _):
    greetings = []
    for city in ("Tokyo", "Seattle", "London", "Cairo", "Lima"):
        greetings.append((yield ctx.call_activity(hello, input=city)))
    return greetings


def one_activity(ctx: task.OrchestrationContext, _):
    return (yield ctx.call_activity(hello, input="Tokyo"))


class Counter(entities.DurableEntity):
    def add(self, _=None):
        self.set_state(self.get_state(int, 0) + 1)
        return self.get_state(int, 0)


def entity10(ctx: task.OrchestrationContext, _):
    last = None
    for _ in range(10):
        last = yield ctx.call_entity(entities.EntityInstanceId("Counter", ctx.instance_id), "add")
    return last


def contended(ctx: task.OrchestrationContext, _):
    return (yield ctx.call_entity(entities.EntityInstanceId("Counter", "common"), "add"))


def lock2(ctx: task.OrchestrationContext, _):
    pick = zlib.crc32(ctx.instance_id.encode())
    both = [entities.EntityInstanceId("Counter", f"lock-{n % 10}") for n in (pick, pick + 1 + pick // 10 % 9)]
    with (yield ctx.lock_entities(both)):
        yield ctx.call_entity(both[0], "add")
        return (yield ctx.call_entity(both[1], "add"))


WORKLOADS = (hello5, one_activity, entity10, contended, lock2)


def run(c, orchestrator, count, in_flight):
    def one(_):
        began = time.perf_counter()
        state = c.wait_for_orchestration_completion(c.schedule_new_orchestration(orchestrator), timeout=60)
        assert state.runtime_status == client.OrchestrationStatus.COMPLETED, state
        return time.perf_counter() - began

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(in_flight) as pool:
        times = sorted(pool.map(one, range(count)))
    took = time.perf_counter() - began
    return {"workload": orchestrator.__name__, "in_flight": in_flight, "count": count, "per_second": count / took,
            "p50_ms": statistics.median(times) * 1000, "p99_ms": times[int(len(times) * 0.99)] * 1000}


def main(target, count, in_flight, hub="default", only=None):
    logging.disable(logging.WARNING)
    backend = None
    if target == "memory":
        from durabletask.testing import create_test_backend
        backend = create_test_backend(port=50199)
        target = "localhost:50199"
    token = os.environ.get("PEER_TOKEN")
    metadata = [("taskhub", hub)] + ([("authorization", f"Bearer {token}")] if token else [])
    place = {"host_address": target, "metadata": metadata, "secure_channel": bool(token)}
    with worker.TaskHubGrpcWorker(**place) as w:
        w.add_activity(hello)
        w.add_entity(Counter)
        for orchestrator in WORKLOADS:
            w.add_orchestrator(orchestrator)
        w.start()
        c = client.TaskHubGrpcClient(**place)
        run(c, hello5, 5, 1)  # warm
        for orchestrator in (one for one in WORKLOADS if only in (None, one.__name__)):
            print(json.dumps(run(c, orchestrator, count, in_flight)), flush=True)
    if backend:
        backend.stop()


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
