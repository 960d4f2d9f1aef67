# SPDX-License-Identifier: MIT
"""A request as a step of somebody else's orchestration. If this fails, an orchestration that waits for a person never hears of the
decision, hears of another one, or goes round the inbox.

Usage: step_test.py PROGRAM EXAMPLE"""
import json
import os
import sys
import time
import unittest
import uuid

import grpc

import history
from server import Server

from process import Process  # noqa: E402

PROGRAM, EXAMPLE = sys.argv.pop(1), sys.argv.pop(1)
OVER = ("ORCHESTRATION_STATUS_COMPLETED", "ORCHESTRATION_STATUS_FAILED", "ORCHESTRATION_STATUS_TERMINATED")


class Steps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        cls.addClassCleanup(cls.server.close)

    def find(self, server, purpose, state="waiting"):
        """The only request of that purpose, once it is in that state."""
        deadline = time.monotonic() + 60
        while True:
            found = [item for item in server.ask("GET", "/v1/requests?limit=500")[2]["requests"] if item.get("purpose") == purpose]
            self.assertLessEqual(len(found), 1)
            if found and found[0]["state"] == state:
                return server.request(found[0]["id"])
            self.assertLess(time.monotonic(), deadline, f"{found}\n{server.tail()}")
            time.sleep(0.05)

    def vote(self, server, request, answer="approve"):
        status, _, body = server.ask("POST", f"/v1/requests/{request['id']}/votes",
                                     {"answer": answer, "manifestSha256": request["manifestSha256"]})
        self.assertEqual(status, 200, body)

    def start(self, server, given, instance_id=None, version=None):
        """As any client of the scheduler does; the instance's id."""
        target, metadata = history.parse(server.ready["schedulerConnectionString"])
        with grpc.insecure_channel(target) as channel:
            request = history.pb.CreateInstanceRequest(instanceId=instance_id or str(uuid.uuid4()), name="CodeExecutionOrchestrator")
            request.input.value = json.dumps(given)
            if version:
                request.version.value = version
            return history.Stub(channel).StartInstance(request, metadata=metadata, timeout=20).instanceId

    def output(self, server, instance_id):
        """What became of the orchestration: its status in a word, and its output or failure."""
        deadline = time.monotonic() + 60
        while True:
            path = f"/v1/taskhubs/orchestrations/{instance_id}/payloads"
            told = server.ask("GET", path, headers={"x-taskhub": "default"})[2]
            if told.get("orchestrationStatus") in OVER:
                done = "output" in told and told["orchestrationStatus"] == OVER[0]
                return told["orchestrationStatus"].rsplit("_", 1)[1], json.loads(told["output"]) if done else told.get("failureDetails")
            self.assertLess(time.monotonic(), deadline, f"{told}\n{server.tail()}")
            time.sleep(0.05)


class InC(Steps):
    """The example in C, and what any client of the scheduler sends."""

    def run_example(self, *words):
        step = Process([EXAMPLE, self.server.ready["schedulerConnectionString"], *words])
        self.addCleanup(step.close)
        return step, step.line().removeprefix("instance ")

    def test_an_object_gives_what_became_of_it(self):
        """RP-12: the step is a request in the book, found by both ids, once; whoever awaits it gets the released result."""
        step, parent = self.run_example("print(6 * 7)", "an object")
        seen = self.find(self.server, "an object")
        self.assertEqual(seen["parentInstanceId"], parent)
        self.assertEqual((seen["code"], seen["revision"], seen["attempts"]), ("print(6 * 7)", 1, 1))
        self.assertEqual(self.server.request(seen["instanceId"]), self.server.request(seen["id"]))
        for order in ("asc", "desc"):  # beside the book, lists have what is only an orchestration
            listed = self.server.ask("GET", f"/v1/requests?limit=500&order={order}")[2]["requests"]
            self.assertEqual([item["id"] for item in listed if seen["id"] in (item["id"], item.get("purpose"))
                              or item["id"] == seen["instanceId"]], [seen["id"]])
        entries = self.server.raw("GET", f"/v1/audit?object=requests/{seen['id']}").splitlines()
        self.assertEqual([json.loads(line)["action"] for line in entries], ["request.submitted", "run.ended"])
        self.assertEqual(json.loads(entries[0])["details"]["instanceId"], seen["instanceId"])

        self.vote(self.server, seen)
        word, outcome = step.line(60).split(" ", 1)
        over = self.server.request(seen["id"])
        self.assertEqual((word, json.loads(outcome)), ("completed", {"approved": True, "state": "approved", "result": over["result"],
                                                                      "manifestSha256": seen["manifestSha256"]}))
        self.assertEqual(step.wait(), 0)
        history.check(self, self.server.ready["schedulerConnectionString"], seen["instanceId"], over)

    def test_a_string_gives_a_boolean(self):
        """RP-12: the contract of the sample, decided by its own route and the instance's id."""
        for approve in (True, False):
            step, parent = self.run_example("print('plain')")
            deadline = time.monotonic() + 60
            while not (found := [item for item in self.server.ask("GET", "/v1/requests?state=waiting")[2]["requests"]
                                 if item.get("parentInstanceId") == parent]):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            self.assertEqual(self.server.review(found[0]["instanceId"], approve)[0], 200)
            self.assertEqual(step.line(60), f"completed {'true' if approve else 'false'}")
            self.assertEqual(self.server.request(found[0]["id"])["decision"]["via"], "api")

    def test_every_end_reaches_whoever_awaits_it(self):
        """RP-12: rejected, cancelled, timed out, failed: said in the object; the result of what was not approved is not in it."""
        for purpose, members, act, state in (
                ("rejected", {}, lambda r: self.vote(self.server, r, "reject"), "rejected"),
                ("cancelled", {}, lambda r: self.assertEqual(self.server.ask("POST", f"/v1/requests/{r['id']}/cancel", {})[0], 200),
                 "cancelled"),
                ("late", {"approvalTimeoutSeconds": 0.5}, None, "timed-out"),
                ("broken", {"code": "1/0"}, None, "failed")):
            instance = self.start(self.server, {"code": "print(1)", "purpose": purpose, **members})
            if act:
                act(self.find(self.server, purpose))
            status, outcome = self.output(self.server, instance)
            self.assertEqual((status, outcome["approved"], outcome["state"]), ("COMPLETED", False, state))
            self.assertNotIn("result", outcome)
            self.assertEqual(outcome.get("error", {}).get("type"), "CodeFailed" if state == "failed" else None)
            self.assertEqual(self.server.request(instance)["state"], state)
        self.assertEqual(self.output(self.server, self.start(self.server, "1/0"))[0], "FAILED")  # the contract of the string
        given_up = self.start(self.server, "print('given up')")
        self.server.until(given_up, "waiting")
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{given_up}/cancel", {})[0], 200)
        self.assertEqual(self.output(self.server, given_up), ("COMPLETED", False))

    def test_what_the_object_says_holds(self):
        """RP-12: gate, labels, session and person are those of any submission; nothing runs before it may."""
        self.start(self.server, {"code": "print('ran')", "purpose": "gated", "gate": "before", "labels": {"env": "live"},
                                 "onBehalfOf": "ann", "submittedBy": "bot"})
        seen = self.find(self.server, "gated")
        self.assertEqual((seen["stage"], seen["runs"], seen["labels"]), ("before", [], {"env": "live"}))
        self.assertEqual((seen["onBehalfOf"], seen["submittedBy"]), ("ann", "bot"))
        self.vote(self.server, seen)
        status, outcome = self.output(self.server, seen["instanceId"])
        self.assertEqual((status, outcome["result"]["stdout"]), ("COMPLETED", "ran\n"))

    def test_what_is_no_submission_fails_at_once(self):
        """RP-12: nobody reads warnings of an orchestration: what is not known is refused, and nothing has run."""
        before = self.server.ask("GET", "/v1/requests?limit=500")[2]["requests"]
        for given in ({}, {"code": 1}, {"code": " "}, {"code": "1", "gate": "never"}, {"code": "1", "Purpose": "typed wrongly"},
                      {"code": "1", "then": {"start": {"name": "a"}}}, {"code": "x" * 600000}):
            status, failure = self.output(self.server, self.start(self.server, given))
            self.assertEqual((status, failure["errorType"]), ("FAILED", "InvalidRequest"), given)
        instance = self.start(self.server, "1", version="3")  # of the server's own
        self.assertEqual(self.output(self.server, instance)[0], "FAILED")
        after = self.server.ask("GET", "/v1/requests?limit=500")[2]["requests"]
        known = {item["id"] for item in before}
        self.assertEqual({item["state"] for item in after if item["id"] not in known} - {"failed"}, set())

    def test_an_id_that_is_used_again_is_another_request(self):
        """RP-12: what was decided about one execution says nothing of the next one of the same instance."""
        instance = self.start(self.server, {"code": "print('good')", "purpose": "first"}, "Order-7:0001")
        first = self.find(self.server, "first")
        self.vote(self.server, first)
        self.assertTrue(self.output(self.server, instance)[1]["approved"])
        self.assertEqual(self.start(self.server, {"code": "print('bad')", "purpose": "second"}, "Order-7:0001"), instance)
        second = self.find(self.server, "second")
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(self.server.request(instance)["id"], second["id"])  # the present one
        self.vote(self.server, second, "reject")
        self.assertFalse(self.output(self.server, instance)[1]["approved"])
        self.assertEqual(self.server.request(first["id"])["state"], "approved")

    def test_versions_of_whoever_starts_it_are_theirs(self):
        """RP-12: a worker with versions gives its own to what it starts."""
        instance = self.start(self.server, {"code": "print(1)", "purpose": "versioned"}, version="1.0")
        self.vote(self.server, self.find(self.server, "versioned"))
        self.assertTrue(self.output(self.server, instance)[1]["approved"])


class Crash(Steps):
    def test_kill_9_at_every_stage(self):
        """RP-12: a step is one request with one run, whatever dies while it waits, and its end reaches whoever awaits it."""
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            instance = self.start(server, {"code": "print('once')", "purpose": "survives"})
            server.kill()
            server.start()
            seen = self.find(server, "survives")
            server.kill()
            server.start()
            self.vote(server, seen)
            server.kill()
            server.start()
            status, outcome = self.output(server, instance)
            self.assertEqual((status, outcome["approved"]), ("COMPLETED", True))
            self.assertEqual(len(server.ask("GET", "/v1/requests")[2]["requests"]), 1)


class WithoutBook(Steps):
    def test_an_app_without_a_data_folder_keeps_the_contract(self):
        """RP-12, RP-06: the app of somebody else's scheduler, without a book: the same input and output; what only a book can
        promise is refused."""
        scheduler = Server(PROGRAM, command="scheduler")
        pool = Server(PROGRAM, command="pool", arguments=["--ready-sessions", "1"])
        for part in (scheduler, pool):
            self.addCleanup(part.close)
            part.start()
        environment = dict(os.environ, SESSION_POOL_URL=pool.ready["sessionPoolUrl"],
                           DURABLE_TASK_SCHEDULER_CONNECTION_STRING=scheduler.ready["schedulerConnectionString"])
        app = Server(PROGRAM, command="app", environment=environment)
        self.addCleanup(app.close)
        app.start()
        for given, answer, expected in (({"code": "print(1)"}, True, True), ({"code": "print(1)"}, False, False),
                                        ("print(1)", True, True), ("print(1)", False, False)):
            instance = self.start(scheduler, given)
            app.until(instance, "waiting")
            self.assertEqual(app.review(instance, answer)[0], 200)
            status, outcome = self.output(scheduler, instance)
            self.assertEqual(status, "COMPLETED")
            self.assertEqual(outcome["approved"] if isinstance(given, dict) else outcome, expected)
            if isinstance(given, dict):
                self.assertEqual(outcome["state"], "approved" if expected else "rejected")
                self.assertEqual(outcome.get("result", {}).get("stdout"), "1\n" if expected else None)
        status, outcome = self.output(scheduler, self.start(scheduler, {"code": "1/0"}))
        self.assertEqual((status, outcome["state"], outcome["error"]["type"]), ("COMPLETED", "failed", "CodeFailed"))
        for given in ({"code": "1", "gate": "before"}, {"code": "1", "session": "mine"}, {"code": "1", "later": 1}):
            status, failure = self.output(scheduler, self.start(scheduler, given))
            self.assertEqual((status, failure["errorType"]), ("FAILED", "InvalidRequest"))


class SignedIn(Steps):
    def test_whoever_is_named_behind_a_step_does_not_decide_on_it(self):
        """RP-12, RP-23: the scheduler tells nobody who started it; whom the step names may not approve it."""
        with Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1"]) as server:
            ann, bob = server.key_of("ann@example.org", "reviewer"), server.key_of("bob@example.org", "reviewer")
            server.sign_in()
            for members in ({"submittedBy": "ann@example.org"}, {"onBehalfOf": "Ann@Example.org"}):
                body = {"name": "CodeExecutionOrchestrator", "instanceId": str(uuid.uuid4()),
                        "input": json.dumps({"code": "print(1)", **members})}
                status, _, made = server.ask("POST", "/v1/taskhubs/orchestrations", body, {"x-taskhub": "default"})
                self.assertEqual(status, 201, made)
                path = f"/v1/requests/{body['instanceId']}"
                server.until(body["instanceId"], "waiting")
                for key, expected in ((ann, 403), (bob, 200)):
                    self.assertEqual(server.ask("POST", f"{path}/votes", {"answer": "approve"},
                                                {"Authorization": f"Bearer {key}"})[0], expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
