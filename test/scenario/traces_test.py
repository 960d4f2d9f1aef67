#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Spans by OTLP/HTTP, taken by a receiver that reads nothing but what opentelemetry-proto's JSON encoding allows.

If this fails, an operator's collector refuses the spans, shows a request in pieces, or tracing holds up the work.
Usage: traces_test.py SALLYPORT"""
import http.server
import json
import os
import re
import sys
import threading
import time
import unittest
import uuid

from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from entity_protocol_test import call, success  # noqa: E402
from protocol_test import Wire, Worker, complete, text  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb  # noqa: E402

PROGRAM = sys.argv[1]
ATTRIBUTE = {"key": str, "value": dict}
# opentelemetry-proto, trace/v1/trace.proto, as far as it is used: member -> type; 64-bit numbers are texts.
SPAN = {"traceId": str, "spanId": str, "parentSpanId": str, "name": str, "kind": int, "startTimeUnixNano": str,
        "endTimeUnixNano": str, "attributes": list, "status": dict}


def check(value, members, optional=()):
    for name, kind in members.items():
        if name in value or name not in optional:
            assert isinstance(value[name], kind), (name, value)
    assert set(value) <= set(members), value


def spans_of(request):
    check(request, {"resourceSpans": list})
    for resource in request["resourceSpans"]:
        check(resource, {"resource": dict, "scopeSpans": list})
        attributes = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
        assert attributes["service.name"] == "sallyport", attributes
        for scope in resource["scopeSpans"]:
            check(scope, {"scope": dict, "spans": list})
            yield from map(checked_span, scope["spans"])


def checked_span(span):
    check(span, SPAN, optional=("parentSpanId",))
    assert re.fullmatch("[0-9a-f]{32}", span["traceId"]), span
    assert re.fullmatch("[0-9a-f]{16}", span["spanId"]), span
    assert 1 <= span["kind"] <= 5 and int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]), span
    for attribute in span["attributes"]:
        check(attribute, ATTRIBUTE)
        (kind, value), = attribute["value"].items()
        assert kind in ("stringValue", "intValue") and isinstance(value, str), attribute
    span["map"] = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
    return span


class Receiver(http.server.ThreadingHTTPServer):
    """Takes POST /v1/traces; the first `refusals` of them are answered 503."""

    def __init__(self, refusals=0):
        self.spans, self.requests, self.faults, self.refusals = [], 0, [], refusals
        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        receiver, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        receiver.requests += 1
        status = 503 if receiver.requests <= receiver.refusals else 200
        if status == 200:
            try:
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json", self.path
                receiver.spans += spans_of(json.loads(body))
            except Exception as fault:
                receiver.faults.append(repr(fault))
                status = 400
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def one_request(server, approve=True):
    request = server.submit("print(6 * 7)")
    server.until(request, "waiting")
    server.ask("POST", f"/v1/requests/{request}/decision", {"approve": approve})
    server.until(request, "approved" if approve else "rejected")
    # The book has decided; the orchestration learns of it afterwards.
    until(lambda: server.ask("GET", f"/v1/taskhubs/orchestrations/{request}")[2]["orchestrationStatus"].endswith("_COMPLETED"))
    return request


def until(done, seconds=30):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def counted(server):
    text = server.ask("GET", "/metrics")[2]
    return {name: int(value) for name, value in re.findall(r'trace_spans_total\{outcome="(\w+)"\} (\d+)', text)}


class Traces(unittest.TestCase):
    def receiver(self, **options):
        receiver = Receiver(**options)
        self.addCleanup(receiver.close)
        return receiver

    def test_one_request_is_one_trace(self):
        receiver = self.receiver()
        with Server(PROGRAM, arguments=["--trace-url", receiver.url, "--metrics"]) as server:
            request = one_request(server)
            until(lambda: any(span["name"].startswith("orchestration:") for span in receiver.spans))
            by_name = {span["name"].split("@")[0]: span for span in receiver.spans}
            self.assertEqual(receiver.faults, [])
            root = by_name["create_orchestration:CodeExecutionOrchestrator"]
            whole = by_name["orchestration:CodeExecutionOrchestrator"]
            activities = [span for span in receiver.spans if span["name"].startswith("activity:RunCodeInSession")]
            run = min(activities, key=lambda span: int(span["startTimeUnixNano"]))
            event = by_name["orchestration_event:HumanApproval"]
            self.assertNotIn("parentSpanId", root)
            self.assertEqual(whole["parentSpanId"], root["spanId"])
            self.assertEqual({span["parentSpanId"] for span in (*activities, event)}, {whole["spanId"]})
            self.assertEqual(len({span["traceId"] for span in receiver.spans}), 1)
            self.assertEqual(len({span["spanId"] for span in receiver.spans}), len(receiver.spans))
            self.assertEqual(whole["map"]["durabletask.task.instance_id"], request)
            self.assertEqual((whole["map"]["durabletask.task.status"], run["map"]["durabletask.task.status"]),
                             ("COMPLETED", "COMPLETED"))
            self.assertLessEqual(int(whole["startTimeUnixNano"]), int(run["startTimeUnixNano"]))
            self.assertLessEqual(int(run["endTimeUnixNano"]), int(event["startTimeUnixNano"]))
            self.assertLessEqual(int(event["endTimeUnixNano"]), int(whole["endTimeUnixNano"]))
            until(lambda: counted(server)["sent"] == len(receiver.spans))  # counted once the receiver has answered
            self.assertEqual(counted(server), {"sent": len(receiver.spans), "dropped": 0, "failed": 0})
            self.assertNotIn("6 * 7", json.dumps(receiver.spans))

    def test_an_entity_goes_on_in_the_trace_of_who_asks_it(self):
        """A client's signal, kept over kill -9, and the call of an orchestration: each with the entity's own span below."""
        receiver = self.receiver()
        trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
        with Server(PROGRAM, command="scheduler", arguments=["--trace-url", receiver.url]) as server:
            wire = Wire(server.port, "default")
            wire.call("SignalEntity", pb.SignalEntityRequest(
                instanceId="@Counter@k", name="add", requestId=str(uuid.uuid4()),
                parentTraceContext=pb.TraceContext(traceParent=f"00-{trace}-{span}-01")))
            wire.close()
            server.kill()
            server.start()
            worker = Worker(server.port, "default")
            self.addCleanup(worker.close)
            self.answer_batch(worker)
            worker.wire.call("StartInstance", pb.CreateInstanceRequest(name="Orch", instanceId="asks"))
            worker.answer(worker.turn(), call(1, "@counter@k", "get"))
            self.answer_batch(worker)
            worker.answer(worker.turn(), complete(2))
            until(lambda: any(one["name"] == "orchestration:Orch" for one in receiver.spans) and
                  sum(one["name"] == "entity:counter:get" for one in receiver.spans) == 2)
        self.assertEqual(receiver.faults, [])
        signal, = [one for one in receiver.spans if one["name"] == "entity:counter:add"]
        self.assertEqual((signal["traceId"], signal["parentSpanId"], signal["kind"]), (trace, span, 5))
        self.assertEqual(signal["map"]["durabletask.task.operation"], "signal_entity")
        asks = {one["kind"]: one for one in receiver.spans if one["name"] == "entity:counter:get"}
        whole, = [one for one in receiver.spans if one["name"] == "orchestration:Orch"]
        self.assertEqual((asks[2]["parentSpanId"], asks[3]["parentSpanId"]), (asks[3]["spanId"], whole["spanId"]))
        self.assertEqual({one["traceId"] for one in (whole, asks[2], asks[3])}, {whole["traceId"]})

    def answer_batch(self, worker):
        item = worker.next()
        worker.wire.call("CompleteEntityTask", pb.EntityBatchResult(
            completionToken=item.completionToken, results=[success("1")], entityState=text("1")))

    def test_a_collector_that_is_busy_gets_them_later(self):
        receiver = self.receiver(refusals=1)
        with Server(PROGRAM, arguments=["--trace-url", receiver.url]) as server:
            one_request(server)
            until(lambda: len(receiver.spans) >= 4)
            self.assertGreaterEqual(receiver.requests, 2)

    def test_without_a_collector_work_goes_on_and_spans_are_counted(self):
        receiver = Receiver()
        receiver.close()
        with Server(PROGRAM, arguments=["--trace-url", receiver.url, "--metrics"]) as server:
            one_request(server)
            one_request(server, approve=False)
            until(lambda: counted(server)["failed"] >= 8)
            self.assertEqual(counted(server)["sent"], 0)
            self.assertEqual(server.tail().count("the collector takes no spans"), 1)

    def test_what_waits_is_sent_at_an_orderly_stop(self):
        receiver = self.receiver()
        with Server(PROGRAM, arguments=["--trace-url", receiver.url]) as server:
            one_request(server)
            self.assertEqual(server.stop(), 0)
            self.assertGreaterEqual(len(receiver.spans), 4)

    def test_an_address_that_is_none_ends_the_start(self):
        server = Server(PROGRAM, arguments=["--trace-url", "collector:4318"])
        self.addCleanup(server.close)
        with self.assertRaisesRegex(AssertionError, "trace-url: \"collector:4318\" is not an http or https URL"):
            server.start()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
