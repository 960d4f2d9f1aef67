# SPDX-License-Identifier: MIT
"""What follows an approval. If this fails, what a submitter wanted to go on does not, does so twice, or does so without approval.

Usage: then_test.py PROGRAM"""
import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time
import unittest

from server import HELD, Server

PROGRAM = sys.argv.pop(1)
HUBS = ["--task-hubs", "default,next"]
DUTY_NEXT = 5  # as the book numbers it


class Next:
    """What the tests ask of servers; `apart` is the scheduler, if it is not the same one."""

    def submit(self, server, code="print('go on')", headers=None, **members):
        status, _, answer = server.ask("POST", "/v1/requests", {"code": code, **members}, headers)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def decide(self, server, request_id, answer="approve"):
        server.until(request_id, "waiting")
        status, _, body = server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer})
        self.assertEqual(status, 200, body)

    def until_next(self, server, request_id, *states, seconds=60):
        """Looks until what follows is in one of the states; its description."""
        deadline = time.monotonic() + seconds
        while True:
            start = server.request(request_id)["then"]["start"]
            if start.get("state") in states:
                return start
            self.assertLess(time.monotonic(), deadline, f"{start}\n{server.tail()}")
            time.sleep(0.02)

    def instance(self, scheduler, instance_id, hub, part=""):
        """As the scheduler's own HTTP API has it; None: there is none."""
        status, _, answer = scheduler.ask("GET", f"/v1/taskhubs/orchestrations/{instance_id}{part}", headers={"x-taskhub": hub})
        self.assertIn(status, (200, 404), answer)
        return answer if status == 200 else None


class ThenStart(unittest.TestCase, Next):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "1", *HUBS]).start()
        cls.addClassCleanup(cls.server.close)

    def test_an_orchestration_is_started_in_its_hub_when_the_result_is_released(self):
        """RP-11: name, hub, version and input are what was asked for; request, manifest, log, events and receipt tell of it."""
        start = {"name": "Publish", "hub": "next", "version": "2"}
        request_id = self.submit(self.server, then={"start": start})
        seen = self.server.until(request_id, "waiting")
        self.assertEqual(seen["then"], {"start": start})
        self.assertIsNone(self.instance(self.server, f"{request_id}-then", "next"))
        manifest = json.loads(self.server.raw("GET", f"/v1/requests/{request_id}/manifest"))
        self.assertEqual(manifest["then"], {"start": start})

        self.decide(self.server, request_id)
        told = self.until_next(self.server, request_id, "started", "failed")
        self.assertEqual((told["state"], told["instanceId"]), ("started", f"{request_id}-then"))
        made = self.instance(self.server, f"{request_id}-then", "next")
        self.assertEqual((made["name"], made["version"]), ("Publish", "2"))
        self.assertIsNone(self.instance(self.server, f"{request_id}-then", "default"))
        held = json.loads(self.instance(self.server, f"{request_id}-then", "next", "/payloads")["input"])
        over = self.server.request(request_id)
        self.assertEqual(held, {"requestId": request_id, "manifestSha256": over["manifestSha256"], "result": over["result"]})
        self.assertEqual(hashlib.sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest(),
                         over["manifestSha256"])

        entries = [json.loads(line) for line in self.server.raw("GET", f"/v1/audit?object=requests/{request_id}").splitlines()]
        self.assertEqual(entries[0]["details"]["then"], {"start": start})
        self.assertEqual((entries[-1]["action"], entries[-1]["details"]),
                         ("request.continued", {"start": start, "instanceId": f"{request_id}-then"}))
        receipt = self.server.ask("GET", f"/v1/requests/{request_id}/receipt")[2]
        self.assertIn("request.continued", receipt["entries"][-1]["line"])
        connection = self.server.connect()
        connection.request("GET", f"/v1/events?object=requests/{request_id}&after=0")
        stream, text = connection.getresponse(), b""
        while b"sallyport.request.continued" not in text:
            text += stream.read1(65536)
        connection.close()

    def test_the_hub_of_the_app_is_the_one_that_nobody_names(self):
        """RP-11: without a hub it is the app's own; code that runs after its approval goes on when its result is there."""
        request_id = self.submit(self.server, gate="before", then={"start": {"name": "Publish", "hub": None}})
        self.decide(self.server, request_id)
        self.assertEqual(self.until_next(self.server, request_id, "started", "failed")["hub"], "default")
        held = json.loads(self.instance(self.server, f"{request_id}-then", "default", "/payloads")["input"])
        self.assertEqual(held["result"]["stdout"], "go on\n")

    def test_without_an_approval_nothing_follows(self):
        """RP-11: of what is rejected, given up, or failed nothing is started."""
        then = {"start": {"name": "Publish", "hub": "next"}}
        rejected, failed = self.submit(self.server, then=then), self.submit(self.server, "1/0", then=then)
        late = self.submit(self.server, then=then, approvalTimeoutSeconds=0.2)
        self.decide(self.server, rejected, "reject")
        for request_id, state in ((rejected, "rejected"), (failed, "failed"), (late, "timed-out")):
            self.assertNotIn("state", self.server.until(request_id, state)["then"]["start"])
        proof = self.submit(self.server, then=then)  # duties are done in their order
        self.decide(self.server, proof)
        self.until_next(self.server, proof, "started")
        for request_id in (rejected, failed, late):
            self.assertIsNone(self.instance(self.server, f"{request_id}-then", "next"))

    def test_what_cannot_be_started_is_said_and_holds_up_nobody(self):
        """RP-11: a hub that does not exist: failed, with why, in the request and in the log; others go on."""
        request_id = self.submit(self.server, then={"start": {"name": "Publish", "hub": "nowhere"}})
        self.decide(self.server, request_id)
        told = self.until_next(self.server, request_id, "started", "failed")
        self.assertEqual((told["state"], told["error"]["type"]), ("failed", "NOT_FOUND"))
        self.assertIn("nowhere", told["error"]["message"])
        self.assertEqual(self.server.request(request_id)["state"], "approved")  # the decision stands
        line = self.server.raw("GET", f"/v1/audit?object=requests/{request_id}").splitlines()[-1]
        self.assertEqual(json.loads(line)["details"]["error"], told["error"])

    def test_the_command_line_says_and_shows_it(self):
        """RP-11: submit --then-start, and show."""
        def run(*words):
            done = subprocess.run([PROGRAM, *words], env={**os.environ, "SALLYPORT_URL": self.server.ready["url"]}, text=True,
                                  capture_output=True, timeout=60, input="print('typed')")
            return done.returncode, done.stdout.strip()
        self.assertEqual(run("submit", "-", "--then-hub", "next")[0], 2)
        code, request_id = run("submit", "-", "--then-start", "Publish", "--then-hub", "next")
        self.assertEqual(code, 0)
        self.assertIn("start Publish in hub next\n", run("show", request_id)[1] + "\n")
        self.decide(self.server, request_id)
        self.until_next(self.server, request_id, "started")
        self.assertIn(f"start Publish in hub next: started as {request_id}-then", run("show", request_id)[1])

    def test_what_is_refused(self):
        """RP-11: a promise is taken whole or not at all."""
        for then in ("x", [], {"stop": {}}, {"start": None}, {"start": {}}, {"start": {"name": ""}}, {"start": {"name": "x" * 201}},
                     {"start": {"name": "a\nb"}}, {"start": {"name": "a", "hub": "a/b"}}, {"start": {"name": "a", "hub": "a b"}},
                     {"start": {"name": "a", "hub": "x" * 129}}, {"start": {"name": "a", "version": 1}},
                     {"start": {"name": "a", "input": "b"}}):
            self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "1", "then": then})[0], 400, then)


class Crash(unittest.TestCase, Next):
    def test_it_is_started_once_whatever_dies(self):
        """RP-11: the scheduler is somebody else's and away, the app dies, and dies once more before it has noted what it did."""
        scheduler = Server(PROGRAM, command="scheduler", arguments=HUBS)
        pool = Server(PROGRAM, command="pool", arguments=["--ready-sessions", "1"])
        for part in (scheduler, pool):
            self.addCleanup(part.close)
            part.start()
        environment = dict(os.environ, SESSION_POOL_URL=pool.ready["sessionPoolUrl"],
                           DURABLE_TASK_SCHEDULER_CONNECTION_STRING=scheduler.ready["schedulerConnectionString"])
        app = Server(PROGRAM, command="app", environment=environment)
        app.arguments = ["--data", app.data]
        self.addCleanup(app.close)
        app.start()
        request_id = self.submit(app, then={"start": {"name": "Publish", "hub": "next"}})
        app.until(request_id, "waiting")
        scheduler.kill()
        status, _, answer = app.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve"})
        self.assertEqual((status, answer["then"]["start"]["state"]), (200, "due"))
        app.kill()
        app.start(wait=False)
        scheduler.start()
        app.wait_ready()
        self.until_next(app, request_id, "started")
        first = self.instance(scheduler, f"{request_id}-then", "next")

        # It was started and came to its end, and the app died before it had written so.
        status, _, left = scheduler.ask("POST", "/v1/taskhubs/orchestrations/forceterminate",
                                        {"instanceIds": [f"{request_id}-then"]}, {"x-taskhub": "next"})
        self.assertEqual((status, left), (200, []))
        app.kill()
        with sqlite3.connect(pathlib.Path(app.data, "audit.db")) as book:
            book.execute("UPDATE request SET doc = CAST(replace(CAST(doc AS TEXT), '\"state\":\"started\"', '\"state\":\"due\"') AS BLOB)")
            book.execute("INSERT INTO duty (id, kind) VALUES (?, ?)", (request_id.encode(), DUTY_NEXT))
        book.close()
        app.start()
        self.assertEqual(self.until_next(app, request_id, "started", "failed")["state"], "started")
        again = self.instance(scheduler, f"{request_id}-then", "next")
        self.assertEqual((again["executionId"], again["orchestrationStatus"]),
                         (first["executionId"], "ORCHESTRATION_STATUS_TERMINATED"))


class Rights(unittest.TestCase, Next):
    def test_whoever_submits_must_be_allowed_to_start_it_themselves(self):
        """RP-11: the server starts it, and lends its rights to nobody."""
        with Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1", *HUBS]) as server:
            key = server.key_of("ann@example.org", "submitter")
            mine = {"Authorization": f"Bearer {key}"}
            body = {"code": "1", "then": {"start": {"name": "Publish", "hub": "next"}}}
            status, _, answer = server.ask("POST", "/v1/requests", body, mine)
            self.assertEqual((status, answer["type"]), (403, "urn:sallyport:problem:permission-denied"))
            self.assertIn("--scope /scheduler/next", answer["detail"])
            self.assertEqual(server.ask("GET", "/v1/requests", headers=mine)[2]["requests"], [])
            server.grant("Durable Task Data Contributor", "ann@example.org", "/scheduler/next")
            self.assertEqual(server.ask("POST", "/v1/requests", body, mine)[0], 201)
            body["then"]["start"]["hub"] = "default"
            self.assertEqual(server.ask("POST", "/v1/requests", body, mine)[0], 403)


class ThenCode(unittest.TestCase, Next):
    """RP-14: a dry run, somebody looks, then the real step in the same session."""

    def start(self, *arguments):
        server = Server(PROGRAM, arguments=["--ready-sessions", "1", *arguments]).start()
        self.addCleanup(server.close)
        return server

    def over(self, server, request_id, state):
        seen = server.until(request_id, state, "approved", "failed", "rejected", "cancelled", seconds=60)
        self.assertEqual(seen["state"], state, seen)
        return seen

    def test_rp14_the_step_goes_on_with_what_was_approved(self):
        """RP-14, RP-53: variables and files of the dry run are there; the result is the step's, both runs are told, and the receipt holds."""
        server = self.start()
        step = "print('did', plan, open('/mnt/data/kept').read())\nopen('/mnt/data/done', 'w').write('x')"
        request_id = self.submit(server, "plan = [1, 2]\nopen('/mnt/data/kept', 'w').write('k')\nprint('would', plan)", then={"code": step})
        seen = server.until(request_id, "waiting")
        named = {"sha256": hashlib.sha256(step.encode()).hexdigest(), "bytes": len(step)}
        self.assertEqual(seen["then"], {"code": {**named, "text": step}})
        manifest = json.loads(server.raw("GET", f"/v1/requests/{request_id}/manifest"))
        self.assertEqual(manifest["then"], {"code": named})
        self.assertEqual(seen["result"]["stdout"], "would [1, 2]\n")
        self.decide(server, request_id)
        over = self.over(server, request_id, "approved")
        self.assertEqual(over["result"]["stdout"], "did [1, 2] k\n")
        self.assertEqual([(run["number"], run.get("step"), run["ended"]) for run in over["runs"]], [(1, None, "succeeded"), (2, "then", "succeeded")])
        self.assertEqual((over["attempts"], over["run"], over["decision"]["manifestSha256"]), (1, 2, seen["manifestSha256"]))
        told = over["then"]["code"]
        self.assertEqual((told["state"], told["run"], told["afterRun"]), ("succeeded", 2, 1))
        self.assertEqual([item["path"] for item in over["files"]], ["done"])
        self.assertEqual(json.loads(server.raw("GET", f"/v1/requests/{request_id}/manifest"))["stage"], "then")
        for run, text in ((1, b"would"), (2, b"did")):
            self.assertIn(text, server.raw("GET", f"/v1/requests/{request_id}/runs/{run}/output"))
        self.assertEqual(server.sessions(), [])  # nobody wants it any more

        receipt = pathlib.Path(server.data, "receipt.json")
        receipt.write_bytes(server.raw("GET", f"/v1/requests/{request_id}/receipt"))
        checked = subprocess.run([PROGRAM, "audit", "check", receipt, "--key", pathlib.Path(server.data, "audit-key.pub")], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn("would", json.loads(receipt.read_bytes())["shown"]["result"])

    def test_rp14_a_step_that_raises_fails_the_request(self):
        server = self.start()
        request_id = self.submit(server, "n = 0", then={"code": "print('half'); 1 / n"})
        self.decide(server, request_id)
        over = self.over(server, request_id, "failed")
        self.assertIn("ZeroDivisionError", over["error"]["message"])
        self.assertEqual((over["then"]["code"]["state"], over["decision"]["approved"], over["released"]), ("failed", True, False))

    def test_rp14_what_is_not_approved_is_not_run(self):
        """RP-14: rejected, or cancelled while the step runs; the session does not stay behind."""
        server = self.start()
        rejected = self.submit(server, then={"code": "print('never')"})
        server.until(rejected, "waiting")
        self.assertEqual(len(server.sessions()), 1)
        self.assertEqual(server.ask("POST", f"/v1/requests/{rejected}/votes", {"answer": "reject", "comment": "no"})[0], 200)
        self.assertEqual(len(self.over(server, rejected, "rejected")["runs"]), 1)
        self.eventually(lambda: server.sessions() == [], "the session of what was rejected is still there")

        cancelled = self.submit(server, then={"code": HELD})
        self.decide(server, cancelled)
        self.eventually(lambda: server.request(cancelled)["then"]["code"].get("state") == "running", "the step does not run")
        self.assertEqual((server.request(cancelled)["state"], server.request(cancelled)["stage"]), ("running", "then"))
        self.assertEqual(server.ask("POST", f"/v1/requests/{cancelled}/votes", {"answer": "reject", "comment": "no"})[0], 409)
        self.assertEqual(server.ask("POST", f"/v1/requests/{cancelled}/cancel", {"reason": "stop"})[0], 200)
        self.eventually(lambda: server.request(cancelled)["runs"][1].get("ended") == "cancelled", "the step goes on")
        self.assertEqual(server.request(cancelled)["then"]["code"]["state"], "cancelled")

    def test_rp14_a_session_that_is_gone_is_said(self):
        """RP-14: behind its cooldown, or a restart, nothing runs in a new session in its place."""
        server = self.start("--cooldown", "1s")
        late, restarted = (self.submit(server, "kept = 1", then={"code": "print(globals().get('kept'))"}) for _ in range(2))
        for request_id in (late, restarted):
            server.until(request_id, "waiting")
        self.eventually(lambda: server.sessions() == [], "the cooldown ends no session")
        self.decide(server, late)
        self.gone(self.over(server, late, "failed"))
        server.kill()
        server.start()
        self.decide(server, restarted)
        self.gone(self.over(server, restarted, "failed"))

    def gone(self, over):
        self.assertEqual((over["error"]["type"], over["runs"][1]["why"]), ("SessionGone", "session-gone"), over)
        self.assertIn("cooldown", over["error"]["message"])

    def test_rp14_kill_9_in_the_middle_of_the_step(self):
        """RP-14: nobody knows how far it came, and it is not done twice."""
        server = self.start()
        request_id = self.submit(server, then={"code": HELD})
        self.decide(server, request_id)
        self.eventually(lambda: server.request(request_id)["then"]["code"].get("state") == "running", "the step does not run")
        server.kill()
        server.start()
        over = self.over(server, request_id, "failed")
        self.assertEqual((over["error"]["type"], len(over["runs"]), over["runs"][1]["ended"]), ("StepLost", 2, "interrupted"))

    def test_rp14_rules_look_at_the_step_too(self):
        """RP-14, RP-31: nobody gets past a rule by writing what it forbids into the step."""
        server = self.start()
        rule = b"defaults: {}\nrules:\n  - { name: no, when: { code_matches: 'rmtree' }, do: deny }\n"
        status, _, answer = server.ask("PUT", "/v1/policy", rule, {"Content-Type": "application/yaml", "If-Match": "*"})
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.over(server, self.submit(server, then={"code": "shutil.rmtree('/')"}), "rejected")["policy"]["settledBy"], "no")

    def test_rp14_a_revision_has_the_step_of_before_another_or_none(self):
        """RP-14, RP-04: each revision names its step, the manifest and the vote are of the present one, and that is what runs."""
        server = self.start()
        request_id = self.submit(server, "n = 1", then={"code": "print('first', n)"})

        def revise(code, **members):
            server.until(request_id, "waiting", "changes-requested")
            status, _, answer = server.ask("POST", f"/v1/requests/{request_id}/revisions", {"code": code, **members})
            self.assertEqual(status, 201, answer)
            return server.until(request_id, "waiting")
        voted = server.until(request_id, "waiting")["manifestSha256"]
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "changes", "comment": "louder"})[0], 200)
        seen = revise("n = 2")
        self.assertEqual(seen["then"]["code"]["text"], "print('first', n)")
        self.assertEqual([(vote["counts"], vote["weight"]) for vote in seen["votes"]], [(False, "other-manifest")])
        self.assertNotIn("then", revise("n = 3", then={"code": None}))
        seen = revise("n = 4", then={"code": "print('last', n)"})
        self.assertEqual(seen["then"]["code"]["text"], "print('last', n)")
        steps = [revision.get("then", {}).get("code", {}).get("bytes") for revision in seen["revisions"]]
        self.assertEqual(steps, [17, 17, None, 16])
        first, last = (hashlib.sha256(text.encode()).hexdigest() for text in ("print('first', n)", "print('last', n)"))
        for between, expected in (((1, 2), {"from": first, "to": first, "same": True}), ((2, 3), {"from": first, "same": False}),
                                  ((3, 4), {"to": last, "same": False}), ((1, 4), {"from": first, "to": last, "same": False}),
                                  ((3, 3), {"same": True})):
            told = server.ask("GET", f"/v1/requests/{request_id}/diff?from={between[0]}&to={between[1]}")[2]
            self.assertEqual(told["step"], expected, between)
        self.assertEqual(server.raw("GET", f"/v1/requests/{request_id}/revisions/4/step"), b"print('last', n)")
        for number in (3, 5):
            self.assertEqual(server.ask("GET", f"/v1/requests/{request_id}/revisions/{number}/step")[0], 404)
        for between, lines in (((1, 4), ("--- step of revision 1", "-print('first', n)", "+print('last', n)")),
                               ((3, 4), ("+++ step of revision 4", "+print('last', n)"))):
            said = subprocess.run([PROGRAM, "diff", request_id, "--from", str(between[0]), "--to", str(between[1]), "--url", server.ready["url"]],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(said.returncode, 0, said.stderr)
            for line in lines:
                self.assertIn(line, said.stdout)
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve", "manifestSha256": voted})[0], 409)
        self.decide(server, request_id)
        self.assertEqual(self.over(server, request_id, "approved")["result"]["stdout"], "last 4\n")

    def test_rp14_a_step_of_a_revision_that_cannot_be_taken_is_refused(self):
        server = self.start()
        request_id, named = self.submit(server), self.submit(server, session="notebook")
        for which in (request_id, named):
            server.until(which, "waiting")
        for which, then, kind in ((request_id, "x", "bad-request"), (request_id, {"code": " "}, "bad-request"), (request_id, {"code": 1}, "bad-request"),
                                  (request_id, {"start": {"name": "Publish"}}, "bad-request"), (named, {"code": "1"}, "step-in-session")):
            status, _, answer = server.ask("POST", f"/v1/requests/{which}/revisions", {"code": "1", "then": then})
            self.assertEqual((status, answer["type"].rsplit(":", 1)[-1]), (409 if which == named else 400, kind), then)
        self.assertEqual([server.request(which)["revision"] for which in (request_id, named)], [1, 1])
        self.assertEqual(server.ask("POST", f"/v1/requests/{named}/revisions", {"code": "1", "then": {"code": None}})[0], 201)

    def test_rp14_what_cannot_be_taken_is_refused(self):
        server = self.start()
        for body, status in (({"then": {"code": " "}}, 400), ({"then": {"code": 1}}, 400), ({"then": {"code": "1"}, "session": "s"}, 400),
                             ({"then": {"code": "x" * (1 << 20)}}, 413)):
            self.assertEqual(server.ask("POST", "/v1/requests", {"code": "1", **body})[0], status, str(body)[:80])
        self.assertEqual(server.ask("GET", "/v1/requests")[2]["requests"], [])

    def test_rp14_from_the_command_line(self):
        """RP-14, RP-63: submit --then-code FILE, and show has the step."""
        server = self.start()
        dry, real = (pathlib.Path(server.data, name) for name in ("dry.py", "real.py"))
        dry.write_text("n = 2")
        real.write_text("print(n + 3)")
        environment = {**os.environ, "SALLYPORT_URL": f"http://127.0.0.1:{server.port}"}
        request_id = subprocess.run([PROGRAM, "submit", dry, "--then-code", real], env=environment, capture_output=True, text=True, check=True).stdout.strip()
        self.decide(server, request_id)
        self.over(server, request_id, "approved")
        shown = subprocess.run([PROGRAM, "show", request_id], env=environment, capture_output=True, text=True, check=True).stdout
        self.assertRegex(shown, r"then +code, 12 bytes, in the same session: succeeded")
        self.assertIn("print(n + 3)", shown)
        self.assertIn("5\n", shown)

    def eventually(self, look, text, seconds=30):
        deadline = time.monotonic() + seconds
        while not look():
            self.assertLess(time.monotonic(), deadline, text)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
