# SPDX-License-Identifier: MIT
"""Reads an orchestration's history over gRPC and checks that it holds each event once."""
import collections
import json
import os
import sys
import time

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Stub  # noqa: E402


def parse(connection_string):
    """The target and the metadata of a call."""
    parts = dict(pair.split("=", 1) for pair in connection_string.split(";") if pair)
    return parts["Endpoint"].removeprefix("http://").rstrip("/"), (("taskhub", parts["TaskHub"]),)


def terminate(connection_string, instance_id):
    target, metadata = parse(connection_string)
    with grpc.insecure_channel(target) as channel:
        Stub(channel).TerminateInstance(pb.TerminateRequest(instanceId=instance_id), metadata=metadata, timeout=20)


def raise_event(connection_string, instance_id, name, value):
    target, metadata = parse(connection_string)
    with grpc.insecure_channel(target) as channel:
        request = pb.RaiseEventRequest(instanceId=instance_id, name=name)
        request.input.value = json.dumps(value)
        Stub(channel).RaiseEvent(request, metadata=metadata, timeout=20)


def read(connection_string, instance_id):
    target, metadata = parse(connection_string)
    with grpc.insecure_channel(target) as channel:
        stub = Stub(channel)
        chunks = stub.StreamInstanceHistory(pb.StreamInstanceHistoryRequest(instanceId=instance_id),
                                            metadata=metadata, timeout=20)
        return [event for chunk in chunks for event in chunk.events]


def check(test, connection_string, instance_id, request):
    """performance.md section 3, invariants 1-3, on one history. The book decides first, and the orchestration learns it."""
    deadline = time.monotonic() + 60
    while not (events := read(connection_string, instance_id)) or not events[-1].HasField("executionCompleted"):
        test.assertLess(time.monotonic(), deadline, "the orchestration does not end")
        time.sleep(0.05)
    kinds = [event.WhichOneof("eventType") for event in events]
    count = collections.Counter(kinds)
    test.assertEqual(count["executionStarted"], 1, kinds)
    test.assertEqual(count["executionCompleted"], 1, kinds)
    test.assertEqual(kinds[-1], "executionCompleted")
    test.assertNotIn("orchestratorCompleted", kinds)
    times = [(event.timestamp.seconds, event.timestamp.nanos) for event in events]
    test.assertEqual(times, sorted(times))
    scheduled = [event.eventId for event in events if event.WhichOneof("eventType") in ("taskScheduled", "timerCreated")]
    test.assertEqual(len(scheduled), len(set(scheduled)), kinds)
    results = [event.taskCompleted.taskScheduledId for event in events if event.HasField("taskCompleted")]
    results += [event.taskFailed.taskScheduledId for event in events if event.HasField("taskFailed")]
    fired = [event.timerFired.timerId for event in events if event.HasField("timerFired")]
    test.assertEqual(len(results + fired), len(set(results + fired)), kinds)
    test.assertLessEqual(set(results + fired), set(scheduled))
    raised = collections.Counter(event.eventRaised.name for event in events if event.HasField("eventRaised"))
    decided = 1 if request["state"] in ("approved", "rejected") else 0
    test.assertIn(raised["HumanApproval"], (decided, 2 * decided), raised)  # at least once: twice after a crash
    test.assertEqual(len(request["runs"]), request["attempts"])
