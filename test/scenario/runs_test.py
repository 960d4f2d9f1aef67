# SPDX-License-Identifier: MIT
"""What a run did and why it ended, through the front door: measured by the pool, kept in the book, named in what people sign. RP-06,
RP-54, RP-62. If one fails, somebody signs effects that nobody measured, or a run that nobody wants goes on.

Usage: runs_test.py PROGRAM"""
import hashlib
import json
import os
import sys
import unittest

from fake_pool import FakePool, eventually
from server import HELD, Server

PROGRAM = sys.argv.pop(1)
TRIES = "import socket\nfor _ in range(2):\n    try: socket.socket()\n    except OSError: pass\nopen('/mnt/data/made.csv', 'w').write('a,b')\n"
# Whatever the code prints or returns, it is no report.
FORGED = ("print('{\"ended\": \"completed\", \"effects\": {\"network\": {\"attempts\": 0, \"calls\": []}}}')\n"
          "{'ended': 'completed', 'effects': {'network': {'attempts': 0, 'calls': []}}, 'properties': {'effects': {}}}")


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Runs(unittest.TestCase):
    """One server for all."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2", "--interrupt-grace", "1s"]).start()
        cls.addClassCleanup(cls.server.close)

    def create(self, code, **members):
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": code, **members})
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def ran(self, code, *states, **members):
        seen = self.server.until(self.create(code, **members), *(states or ("waiting",)))
        return seen, seen["runs"][-1]

    def test_rp54_what_a_run_did_is_in_its_record(self):
        """RP-54: network attempts, refused calls, files with their hashes, time: as the pool measured it."""
        _, run = self.ran(TRIES)
        effects = run["effects"]
        self.assertEqual((run["ended"], run["why"], effects["ended"]), ("succeeded", "completed", "completed"))
        self.assertEqual(effects["network"], {"attempts": 2, "calls": [{"family": "inet", "type": "stream", "count": 2}]})
        self.assertEqual(effects["refused"], {"count": 2, "calls": [{"call": "socket", "count": 2}]})
        self.assertEqual(effects["files"]["changes"], [{"path": "made.csv", "change": "made", "bytes": 3, "sha256": sha256(b"a,b")}])
        self.assertGreater(effects["wallMicroseconds"], 0)
        facts = run["facts"]
        self.assertEqual((facts["effects.network.attempts"], facts["effects.refused.names"], facts["files.made"], facts["files.paths"]),
                         (2, ["socket"], 1, ["made.csv"]))
        self.assertEqual(facts["effects.processes.started"], effects["processes"]["started"])
        self.assertEqual(facts.get("effects.processes.most"), effects["processes"].get("mostAtOnce"))
        self.assertEqual(effects["ownWord"], {"hosts": []})
        self.assertEqual(facts["effects.network.hosts"], [])
        for member in ("cpuMicroseconds", "memoryPeakBytes", "processes", "ownWord"):
            self.assertNotEqual(member in effects, member in effects["notReported"], member)

    def test_rp54_people_sign_what_the_run_did(self):
        """RP-54, RP-04: the manifest names the effects by their hash, so a vote is on them; so does the log, and the receipt has them."""
        seen, run = self.ran(TRIES)
        text = canonical(run["effects"])
        self.assertEqual((run["effectsSha256"], run["effectsBytes"]), (sha256(text), len(text)))
        manifest = json.loads(self.server.raw("GET", f"/v1/requests/{seen['id']}/manifest"))
        self.assertEqual(manifest["effects"], {"bytes": len(text), "sha256": sha256(text)})
        status, _, answer = self.server.ask("POST", f"/v1/requests/{seen['id']}/votes",
                                            {"answer": "approve", "manifestSha256": seen["manifestSha256"]})
        self.assertEqual(status, 200, answer)
        receipt = self.server.ask("GET", f"/v1/requests/{seen['id']}/receipt")[2]
        self.assertEqual(receipt["shown"]["effects"].encode(), text)
        ended = next(json.loads(pair["line"]) for pair in receipt["entries"] if "run.ended" in pair["line"])
        self.assertEqual((ended["details"]["effectsSha256"], ended["details"]["why"]), (sha256(text), "completed"))

    def test_rp54_code_cannot_say_what_it_did(self):
        """RP-54: a report that is printed or returned is output and nothing else."""
        _, run = self.ran("try: socket.socket()\nexcept OSError: pass\n".join(["import socket\n", FORGED]))
        self.assertEqual(run["effects"]["network"]["attempts"], 1)

    def test_rp54_each_end_has_its_word(self):
        """RP-54: why a run ended, as a word and as a sentence."""
        for code, state, ended, why, words in (
                ("1", "waiting", "succeeded", "completed", "came to its end"),
                ("1 / 0", "failed", "failed", "raised", "an exception"),
                ("import os; os._exit(3)", "failed", "failed", "exited", "ended the process"),
                ("import os; os.kill(os.getpid(), 9)", "failed", "failed", "killed", "A signal")):
            with self.subTest(why=why):
                _, run = self.ran(code, state)
                self.assertEqual((run["ended"], run["why"]), (ended, why))
                self.assertIn(words, run["words"])
                self.assertEqual(run["effects"]["ended"], why)

    def test_rp54_a_run_without_effects_of_its_files_says_so(self):
        """RP-54: a session that goes takes its files along: not reported, and never none."""
        _, run = self.ran("open('/mnt/data/x', 'w').write('x'); import os; os._exit(1)", "failed")
        self.assertNotIn("files", run["effects"])
        self.assertIn("files", run["effects"]["notReported"])


    def cancelled(self, code, **said):
        """Cancels code once it runs; returns the request when its run has ended, too."""
        request_id = self.create(code)
        self.server.until_busy()
        status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/cancel", said)
        self.assertEqual((status, answer["state"]), (200, "cancelled"))
        eventually(self, lambda: "ended" in self.server.request(request_id)["runs"][-1], "the run did not end")
        return self.server.request(request_id)

    def test_rp62_a_run_is_interrupted_and_its_slot_is_free(self):
        """RP-62: KeyboardInterrupt in the code, who and why in the request, what the code did in the run, no session left."""
        seen = self.cancelled("import socket\ntry: socket.socket()\nexcept OSError: pass\n" + HELD, reason="too slow")
        run = seen["runs"][-1]
        self.assertEqual((seen["ended"]["by"], seen["ended"]["reason"]), ("anonymous", "too slow"))
        self.assertEqual((run["ended"], run["why"], run["effects"]["ended"]), ("cancelled", "cancelled", "cancelled"))
        self.assertIn("the code was stopped", run["words"])
        self.assertEqual(run["effects"]["network"]["attempts"], 1)
        self.assertNotIn("result", seen)
        eventually(self, lambda: not self.server.sessions(), "the session was not released")
        entries = [json.loads(line) for line in self.server.raw("GET", f"/v1/audit?object=requests/{seen['id']}&limit=100").splitlines()]
        self.assertEqual([entry["action"] for entry in entries], ["request.submitted", "request.cancelled", "run.ended"])
        self.assertEqual((entries[1]["details"], entries[2]["details"]["ended"]), ({"reason": "too slow"}, "cancelled"))

    def test_rp62_code_that_does_not_yield_is_killed(self):
        """RP-62: after the grace its session is ended; the next one has the slot."""
        stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
        run = self.cancelled(stubborn)["runs"][-1]
        self.assertEqual((run["ended"], run["why"]), ("cancelled", "cancelled"))
        self.assertIn("files", run["effects"]["notReported"])
        eventually(self, lambda: not self.server.sessions(), "the session was not released")
        self.ran("print('next')")

    def test_rp62_a_rejection_stops_the_run_too(self):
        """RP-62: nobody needs the run of what was rejected."""
        request_id = self.create(HELD)
        self.server.until_busy()
        self.assertEqual(self.server.review(request_id, False)[0], 200)
        eventually(self, lambda: "ended" in self.server.request(request_id)["runs"][-1], "the run did not end")
        self.assertEqual(self.server.request(request_id)["runs"][-1]["ended"], "cancelled")

    def test_rp62_at_once(self):
        """RP-62: a cancel that comes before the code runs is not lost, and none of them leaves a session."""
        for _ in range(10):
            request_id = self.create(HELD)
            status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/cancel", {})
            self.assertEqual((status, answer["state"]), (200, "cancelled"))
        eventually(self, lambda: not self.server.sessions(), "a session was not released")


class Limits(unittest.TestCase):
    def test_rp54_time_and_memory(self):
        """RP-54: what ran too long or took too much says which."""
        arguments = ["--ready-sessions", "1", "--run-timeout", "1s", "--session-memory", "128M"]
        with Server(PROGRAM, arguments=arguments) as server:
            for code, why, words in (("while True: pass", "timed-out", "longer than its time limit"),
                                     ("held = [bytearray(1 << 20) for _ in range(4096)]", "memory", "more memory")):
                seen = server.until(server.submit(code), "failed")
                run = seen["runs"][-1]
                if why == "memory" and run["why"] == "raised":
                    self.assertIn("MemoryError", seen["error"]["message"])  # where a limit of the address space comes first
                    continue
                self.assertEqual((run["ended"], run["why"]), ("failed", why))
                self.assertIn(words, run["words"])


class People(unittest.TestCase):
    def test_rp62_who_may_cancel(self):
        """RP-62: its submitter and an operator; who cancelled is in the request. To others it is not there, or not theirs to end."""
        with Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1", "--interrupt-grace", "1s"]) as server:
            server.sign_in()
            keys = {name: {"Authorization": f"Bearer {server.key_of(name, role)}"} for name, role in (
                ("sam", "submitter"), ("sid", "submitter"), ("rea", "reviewer"), ("aud", "auditor"), ("olga", "operator"))}
            for who in ("sam", "olga"):
                request_id = server.ask("POST", "/v1/requests", {"code": HELD}, keys["sam"])[2]["id"]
                server.until_busy()
                path = f"/v1/requests/{request_id}/cancel"
                for other, status in (("sid", 404), ("rea", 403), ("aud", 403)):
                    self.assertEqual(server.ask("POST", path, {}, keys[other])[0], status, other)
                status, _, answer = server.ask("POST", path, {"reason": "no need"}, keys[who])
                self.assertEqual((status, answer["state"], answer["ended"]["by"]), (200, "cancelled", who))
                eventually(self, lambda: "ended" in server.request(request_id)["runs"][-1], "the run did not end")
                self.assertEqual(server.request(request_id)["runs"][-1]["why"], "cancelled")


class Foreign(unittest.TestCase):
    """A pool that speaks the contract and nothing of ours."""

    def app(self, *answers, ours=0):
        self.pool = FakePool(answers)
        self.pool.ours = ours
        self.addCleanup(self.pool.close)
        scheduler = Server(PROGRAM, command="scheduler").start()
        self.addCleanup(scheduler.close)
        server = Server(PROGRAM, command="app", environment=dict(
            os.environ, SESSION_POOL_URL=self.pool.url,
            DURABLE_TASK_SCHEDULER_CONNECTION_STRING=scheduler.ready["schedulerConnectionString"]))
        self.addCleanup(server.close)
        server.arguments = ["--data", server.data]
        return server.start()

    def answer(self, **more):
        return (200, {"properties": {"status": "Success", "stdout": "hi\n", "stderr": "", "result": "",
                                     "executionTimeInMilliseconds": 3, "effects": {}, "ended": "completed"}, **more})

    def test_rp06_what_a_foreign_pool_does_not_give_is_not_reported(self):
        """RP-06: the run works, its effects are absent, and nothing in the answer makes them appear: it may be a session's word."""
        forged = {"ended": "killed", "effects": {"network": {"attempts": 0, "calls": []}, "wallMicroseconds": 1}}
        server = self.app(self.answer(**forged))
        seen = server.until(server.submit("print('hi')"), "waiting")
        run = seen["runs"][-1]
        self.assertEqual((run["ended"], run["why"], seen["result"]["stdout"]), ("succeeded", "completed", "hi\n"))
        self.assertEqual(run["facts"], {"status": "succeeded", "ended": "completed", "duration": "3ms",
                                        "result.size": run["resultBytes"]})
        for member in ("effects", "effectsSha256"):
            self.assertNotIn(member, run)
        self.assertNotIn("effects", json.loads(server.raw("GET", f"/v1/requests/{seen['id']}/manifest")))
        path, headers, _ = self.pool.requests[0]
        self.assertNotIn("report", path)
        self.assertNotIn("operation-id", {name.lower() for name in headers})

    def test_rp06_a_pool_that_is_replaced_is_asked_again(self):
        """RP-06: one that was ours and refuses what only ours can is asked what it is; nothing has run, so the code runs once by the contract."""
        server = self.app((400, {"error": {"code": "BadRequest", "message": "what is report?"}}), self.answer(), ours=1)
        seen = server.until(server.submit("print('hi')"), "waiting")
        self.assertEqual((seen["attempts"], seen["result"]["stdout"]), (1, "hi\n"))
        self.assertNotIn("effects", seen["runs"][-1])
        runs = [path for path, _, body in self.pool.requests if body is not None]
        self.assertEqual(["report=sallyport" in path for path in runs], [True, False])

    def test_rp06_a_pool_that_claims_to_be_ours_and_reports_nothing(self):
        """RP-06: an answer without a report is a run of which nothing is reported."""
        server = self.app(self.answer(), ours=1)
        run = server.until(server.submit("print('hi')"), "waiting")["runs"][-1]
        self.assertEqual((run["ended"], run["why"]), ("succeeded", "completed"))
        self.assertNotIn("effects", run)
        server.until(server.submit("print('hi')"), "waiting")
        runs = [path for path, _, body in self.pool.requests if body is not None]
        self.assertEqual(["report=sallyport" in path for path in runs], [True, False])

    def test_rp62_a_foreign_pool_is_not_asked_to_stop_and_that_is_said(self):
        """RP-62: cancelled at once; the run's record says that the code was not interrupted."""
        server = self.app("hang")
        request_id = server.submit("while True: pass")
        eventually(self, lambda: self.pool.requests, "the run never came")
        status, _, answer = server.ask("POST", f"/v1/requests/{request_id}/cancel", {"reason": "no need"})
        self.assertEqual((status, answer["state"], answer["ended"]["reason"]), (200, "cancelled", "no need"))
        eventually(self, lambda: "ended" in server.request(request_id)["runs"][-1], "the run did not end")
        run = server.request(request_id)["runs"][-1]
        self.assertEqual((run["ended"], run["why"]), ("cancelled", "cancelled"))
        self.assertIn("not interrupted", run["words"])
        self.assertFalse([path for path, _, _ in self.pool.requests if "cancel" in path])


if __name__ == "__main__":
    unittest.main(verbosity=2)
