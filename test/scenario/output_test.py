# SPDX-License-Identifier: MIT
"""What runs print, as people read it: while the run goes on, again from the start, after a restart, and by whom. RP-61.
If one fails, somebody reads what they may not, or something else than what was printed.

Usage: output_test.py PROGRAM"""
import http.client
import json
import os
import sys
import time
import unittest

from fake_pool import GOOD, FakePool, eventually
from http2_raw import Connection, SETTING_INITIAL_WINDOW, setting
from server import HELD, Server, is_sanitized

PROGRAM = sys.argv.pop(1)
GROWTH_MAX = 200 * (192 << 10)  # bytes of two hundred readers that read nothing: 64 KiB, a piece and the connection for each
BEGUN = "import sys\nprint('begun', flush=True)\nprint('oh', file=sys.stderr, flush=True)\n"


class Events:
    """The events of one stream of output; `received` has (event, data, id)."""

    def __init__(self, server, request_id, run=1, start=None, last=None, key=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Last-Event-ID": last} if last else {}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        query = f"?from={start}" if start is not None else ""
        self.connection.request("GET", f"/v1/requests/{request_id}/runs/{run}/output{query}", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.received = []
        if self.status != 200:
            self.close()

    def next(self):
        """The next event, or None at the end."""
        fields = {}
        for line in self.response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if line == b"\n" and "data" in fields:
                self.received.append((fields["event"], json.loads(fields["data"]), fields["id"]))
                return self.received[-1]
            fields[name] = value
        return None

    def until(self, condition):
        while not condition(self):
            if self.next() is None:
                raise AssertionError(f"the stream ended: {self.received}")
        return self

    def all(self):
        while self.next() is not None:
            pass
        self.close()
        return self

    def close(self):
        self.connection.close()

    def text(self, stream="stdout"):
        return "".join(data["text"] for event, data, _ in self.received if event == stream)

    def statuses(self):
        return [data for event, data, _ in self.received if event == "status"]

    def kinds(self):
        return [event for event, _, _ in self.received]


class Case(unittest.TestCase):
    def create(self, code, key=None, **members):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": code, **members}, headers)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def let_go(self, request_id, *states):
        over = states or ("waiting",)
        self.server.let_go(lambda: self.server.request(request_id)["state"] in over)
        return self.server.request(request_id)


class Output(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2", "--interrupt-grace", "1s"]).start()
        cls.addClassCleanup(cls.server.close)

    def test_rp61_output_comes_while_the_code_runs_and_is_the_result_in_the_end(self):
        """RP-61: what was printed is read before the code ends; all pieces together are the stored result."""
        request_id = self.create(BEGUN + HELD + "print('grüße, done')\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n[1]")
        events = Events(self.server, request_id).until(lambda e: e.text() and e.text("stderr"))
        self.assertEqual((events.text(), events.text("stderr")), ("begun\n", "oh\n"))
        self.assertEqual(events.statuses()[-1], {"status": "running", "run": 1, "live": True})
        seen = self.let_go(request_id)
        events.all()
        self.assertEqual((events.text(), events.text("stderr")), (seen["result"]["stdout"], seen["result"]["stderr"]))
        shown = [data for event, data, _ in events.received if event == "display"]
        self.assertEqual((shown, shown[0]["text/html"]), (seen["result"]["outputs"], "<b>x</b>"))
        event, data, place = events.received[-1]
        self.assertEqual((event, data["status"], data["ended"], data["why"], place.rsplit(",", 1)[1]),
                         ("status", "over", "succeeded", "completed", "end"))
        self.assertNotIn("reset", events.kinds())

    def test_rp61_a_long_output_is_read_to_its_end_while_the_code_runs(self):
        """RP-61: as much as a result may have, not its first quarter; it is the stored result in the end, without a reset."""
        request_id = self.create("print('x' * 900000, flush=True)\n" + HELD + "print('end')")
        events = Events(self.server, request_id).until(lambda e: len(e.text()) == 900001)
        self.assertEqual(events.statuses()[-1], {"status": "running", "run": 1, "live": True})
        result = self.let_go(request_id)["result"]
        self.assertEqual(events.all().text(), result["stdout"])
        self.assertNotIn("reset", events.kinds())

    def test_rp61_replay_from_any_place(self):
        """RP-61: after the end the same bytes, from the start and from any event on; who has all is told not to come back."""
        request_id = self.create("import sys\nfor n in range(9000): print(n, 'ü')\nprint('end', file=sys.stderr)\n[1]")
        result = self.server.until(request_id, "waiting")["result"]
        whole = Events(self.server, request_id, start="0").all()
        self.assertEqual((whole.text(), whole.text("stderr")), (result["stdout"], result["stderr"]))
        middle = whole.received[1]
        known = len(whole.received[0][1]["text"] + middle[1]["text"])
        for again in (Events(self.server, request_id, start=middle[2]).all(), Events(self.server, request_id, last=middle[2]).all()):
            self.assertEqual(again.text(), result["stdout"][known:])
        self.assertEqual(Events(self.server, request_id, last=whole.received[-1][2]).status, 204)
        self.assertEqual(Events(self.server, request_id, start="999999,0,0").all().received[0][0], "reset")
        for start, status in (("x", 400), ("1", 400), ("-1,0", 400)):
            self.assertEqual(Events(self.server, request_id, start=start).status, status, start)
        for run, status in (("3", 404), ("0", 404), ("x", 404), ("99999999999999999999", 404)):
            self.assertEqual(Events(self.server, request_id, run=run).status, status, run)
        self.assertEqual(Events(self.server, "00000000-0000-4000-8000-000000000000").status, 404)

    def test_rp61_a_stream_waits_for_its_run(self):
        """RP-61: who follows what has not begun is told so, and then reads it."""
        request_id = self.create("print('ran')", gate="before")
        self.server.until(request_id, "waiting")
        events = Events(self.server, request_id)
        self.assertEqual(events.next()[1], {"status": "queued", "run": 1})
        self.assertEqual(self.server.review(request_id, True)[0], 200)
        self.assertEqual(events.all().text(), "ran\n")
        never = self.create("print('never')", gate="before")
        events = Events(self.server, never)
        self.assertEqual(events.next()[1]["status"], "queued")
        self.server.ask("POST", f"/v1/requests/{never}/cancel", {})
        self.assertEqual(events.all().statuses()[-1]["why"], "not-run")

    def test_rp61_a_cancelled_run_ends_its_streams_and_can_be_read_again(self):
        """RP-61, RP-62: the stream ends with who and why; what was printed until then is kept."""
        request_id = self.create(BEGUN + HELD)
        events = Events(self.server, request_id).until(lambda e: e.text())
        self.server.ask("POST", f"/v1/requests/{request_id}/cancel", {"reason": "no need"})
        events.all()
        self.assertEqual((events.statuses()[-1]["ended"], events.statuses()[-1]["why"]), ("cancelled", "cancelled"))
        self.assertIn("KeyboardInterrupt", events.text("stderr"))
        again = Events(self.server, request_id).all()
        self.assertEqual((again.text(), again.text("stderr")), (events.text(), events.text("stderr")))

    def test_rp61_what_does_not_fit_begins_anew(self):
        """RP-61: of output of which the middle is left out in the end, each reader has exactly what is kept."""
        lines = "sys.stdout.write('%s %s\\n' % (n, 'x' * 90))"
        request_id = self.create(f"import sys\nfor n in range(1000): {lines}\nsys.stdout.flush()\n" + HELD +
                                 f"for n in range(40000): {lines}\nsys.stderr.write('e' * 900000)")
        events = Events(self.server, request_id).until(lambda e: len(e.text()) > 50000)
        result = self.let_go(request_id)["result"]
        self.assertTrue(result["stdoutTruncated"])
        for reader in (events.all(), Events(self.server, request_id, last=events.received[2][2]).all()):
            kinds = reader.kinds()
            if "reset" in kinds:
                reader.received = reader.received[kinds.index("reset"):]
                self.assertEqual((reader.text(), reader.text("stderr")), (result["stdout"], result["stderr"]))
        if "reset" not in events.kinds():
            self.assertEqual((events.text(), events.text("stderr")), (result["stdout"], result["stderr"]))

    def test_rp61_each_revision_has_runs_of_its_own(self):
        """RP-61: the output of an earlier run stays readable."""
        request_id = self.create("print('one')")
        self.server.until(request_id, "waiting")
        self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "changes", "comment": "two"})
        self.server.ask("POST", f"/v1/requests/{request_id}/revisions", {"code": "print('two')"})
        self.server.until(request_id, "waiting")
        self.assertEqual([Events(self.server, request_id, run=n).all().text() for n in (1, 2)], ["one\n", "two\n"])

    def test_rp61_two_hundred_readers_that_do_not_read_hold_up_nobody(self):
        """RP-61: a run, its result and another reader do not wait for them, and what waits for each of them is bounded."""
        request_id = self.create(HELD + "print('y' * 900000)")
        self.server.until_busy()
        before = self.server.resident()
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"),
                   (":path", f"/v1/requests/{request_id}/runs/1/output")]
        for _ in range(4):  # a window of a byte for each stream: what the kernel would hold stays in the server
            deaf = self.enterContext(Connection(self.server.port, setting(SETTING_INITIAL_WINDOW, 1)))
            streams = [deaf.open(headers, end=True) for _ in range(50)]
            deaf.read(lambda: all(deaf.data.get(stream) for stream in streams))
        reader = Events(self.server, request_id)
        began = time.monotonic()
        self.let_go(request_id)
        self.assertEqual(len(reader.all().text()), 900001)
        other = self.create("print('other')")
        self.assertEqual(Events(self.server, other).all().text(), "other\n")
        self.assertLess(time.monotonic() - began, 30)
        self.assertLess(self.server.resident() - before, 16 * GROWTH_MAX if is_sanitized(PROGRAM) else GROWTH_MAX)


class Restart(Case):
    def test_rp61_kill_9_in_the_middle_of_a_live_run(self):
        """RP-61: the next run is followed as the first was; a finished one is read from the book, also after another kill."""
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(self.server.close)
        request_id = self.create(BEGUN + HELD + "print('done')")
        events = Events(self.server, request_id).until(lambda e: e.text())
        self.server.kill()
        with self.assertRaises((OSError, http.client.HTTPException)):
            while events.next() is not None:
                pass
            raise http.client.HTTPException("the stream was ended in order")
        events.close()
        self.server.start()
        self.server.until_busy()
        eventually(self, lambda: len(self.server.request(request_id)["runs"]) == 2, "no second run")
        lost = Events(self.server, request_id).all()
        self.assertEqual((lost.text(), lost.statuses()[-1]["ended"], lost.statuses()[-1]["why"]), ("", "interrupted", "lost"))
        live = Events(self.server, request_id, run=2).until(lambda e: e.text() and e.text("stderr"))
        result = self.let_go(request_id)["result"]
        self.server.kill()
        live.close()
        self.server.start()
        again = Events(self.server, request_id, run=2).all()
        self.assertEqual((again.text(), again.text("stderr")), (result["stdout"], result["stderr"]))


    def test_rp62_kill_9_behind_a_cancel(self):
        """RP-62, RP-54: the request stays cancelled, and of the run nobody says that it still goes on."""
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "1", "--interrupt-grace", "60s"]).start()
        self.addCleanup(self.server.close)
        request_id = self.create("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf', flush=True)\nwhile True: pass")
        events = Events(self.server, request_id).until(lambda e: e.text())
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{request_id}/cancel", {"reason": "enough"})[0], 200)
        self.assertNotIn("ended", self.server.request(request_id)["runs"][0])
        self.server.kill()
        events.close()
        self.server.start()
        seen = self.server.request(request_id)
        self.assertEqual((seen["state"], seen["ended"]["reason"]), ("cancelled", "enough"))
        self.assertEqual((seen["runs"][0]["ended"], seen["runs"][0]["why"]), ("interrupted", "lost"))
        self.assertEqual(Events(self.server, request_id).all().statuses()[-1]["why"], "lost")


class Foreign(Case):
    def test_rp06_a_foreign_pool_tells_its_output_at_the_end(self):
        """RP-06: its runs are not live, and that is said; the output comes with the result."""
        pool = FakePool(["hang", GOOD])
        self.addCleanup(pool.close)
        scheduler = Server(PROGRAM, command="scheduler").start()
        self.addCleanup(scheduler.close)
        self.server = Server(PROGRAM, command="app", environment=dict(
            os.environ, SESSION_POOL_URL=pool.url,
            DURABLE_TASK_SCHEDULER_CONNECTION_STRING=scheduler.ready["schedulerConnectionString"]))
        self.addCleanup(self.server.close)
        self.server.arguments = ["--data", self.server.data]
        self.server.start()
        request_id = self.create("print('hi')")
        eventually(self, lambda: pool.requests, "the run never came")
        events = Events(self.server, request_id)
        self.assertEqual(events.next()[1], {"status": "running", "run": 1, "live": False})
        self.server.ask("POST", f"/v1/requests/{request_id}/cancel", {})
        self.assertEqual(events.all().statuses()[-1]["ended"], "cancelled")
        other = self.create("print('hi')")
        self.server.until(other, "waiting")
        self.assertEqual(Events(self.server, other).all().text(), "hi\n")


class Sight(Case):
    """Who may read."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start().sign_in()
        cls.keys = {name: cls.server.key_of(name, role) for name, role in (
            ("sam", "submitter"), ("sid", "submitter"), ("rea", "reviewer"), ("aud", "auditor"), ("rob", "reviewer"))}

    def read(self, request_id, name, **more):
        return Events(self.server, request_id, key=self.keys[name], **more)

    def test_rp61_a_submitter_sees_that_it_runs_and_nothing_of_what_it_says(self):
        """RP-61, RP-10: neither while it runs nor afterwards, nor by the effects; whoever reviews or audits sees it; others find nothing."""
        secret = "S3CRET"
        code = BEGUN + HELD + f"print('{secret}')\nopen('/mnt/data/{secret}', 'w').write('x')\n'{secret}'"
        request_id = self.create(code, self.keys["sam"])
        own = self.read(request_id, "sam")
        reviewer, auditor = self.read(request_id, "rea"), self.read(request_id, "aud")
        reviewer.until(lambda e: e.text())
        self.assertEqual(self.read(request_id, "sid").status, 404)
        self.assertEqual(self.read(request_id, "sid", run=9).status, 404)
        self.let_go(request_id)
        for reader in (reviewer.all(), auditor.all()):
            self.assertIn(secret, reader.text())
        own.all()
        self.assertEqual(set(own.kinds()), {"status"})
        self.assertEqual({status.get("held") for status in own.statuses()}, {True})
        self.assertEqual(own.statuses()[-1]["ended"], "succeeded")
        self.assertNotIn(secret, json.dumps(own.received))
        again = self.read(request_id, "sam", start="0").all()
        self.assertEqual(set(again.kinds()), {"status"})
        for path in ("", "/manifest", "/receipt"):
            headers = {"Authorization": f"Bearer {self.keys['sam']}"}
            text = self.server.raw("GET", f"/v1/requests/{request_id}{path}", headers=headers).decode()
            shown = text.replace(json.dumps(code)[1:-1], "").replace(json.dumps(json.dumps(code))[1:-1], "")
            self.assertNotIn(secret, shown, path)

        status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve"},
                                            {"Authorization": f"Bearer {self.keys['rea']}"})
        self.assertEqual(status, 200, answer)
        self.assertIn(secret, self.read(request_id, "sam").all().text())
        seen = self.server.ask("GET", f"/v1/requests/{request_id}", headers={"Authorization": f"Bearer {self.keys['sam']}"})[2]
        self.assertIn(secret, [change["path"] for change in seen["runs"][0]["effects"]["files"]["changes"]])

    def readers_in_the_log(self, request_id):
        lines = self.server.raw("GET", f"/v1/audit?object=requests/{request_id}", headers={"Authorization": f"Bearer {self.keys['aud']}"})
        entries = [json.loads(line) for line in lines.decode().splitlines()]
        return [(entry["actor"]["name"], entry["details"]) for entry in entries if entry["action"] == "output.downloaded"]

    def test_rp50_who_reads_held_output_is_in_the_log(self):
        """RP-50: one entry for each reader and run, while it runs and behind it; none for its submitter, and none for what is released."""
        request_id = self.create(BEGUN + HELD, self.keys["sam"])
        own = self.read(request_id, "sam")
        reviewer = self.read(request_id, "rea").until(lambda e: e.text())
        self.assertEqual(self.readers_in_the_log(request_id), [("rea", {"run": 1, "stream": "output"})])
        again = self.read(request_id, "rea").until(lambda e: e.text())
        self.let_go(request_id)
        for reader in (own, reviewer, again, self.read(request_id, "rea"), self.read(request_id, "aud")):
            reader.all()
        self.assertEqual([name for name, _ in self.readers_in_the_log(request_id)], ["rea", "aud"])
        headers = {"Authorization": f"Bearer {self.keys['rea']}"}
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve"}, headers)[0], 200)
        self.server.until(request_id, "approved")
        for name in ("sam", "rob"):
            self.assertEqual(self.read(request_id, name).all().text(), "begun\n")
        self.assertEqual(len(self.readers_in_the_log(request_id)), 2)

    def test_rp61_a_policy_may_let_submitters_read(self):
        """RP-61: with live_output while the request is open, and no longer; what it did stays held all the same."""
        headers = {"Content-Type": "application/yaml", "If-Match": "*"}
        self.assertEqual(self.server.ask("PUT", "/v1/policy", b"defaults: { live_output: true }", headers)[0], 200)
        self.addCleanup(self.server.ask, "PUT", "/v1/policy", b"defaults: {}", headers)
        request_id = self.create(BEGUN + HELD, self.keys["sam"])
        own = self.read(request_id, "sam").until(lambda e: e.text())
        self.assertEqual(self.read(request_id, "sid").status, 404)
        self.let_go(request_id)
        self.assertEqual(own.all().text(), "begun\n")
        seen = self.server.ask("GET", f"/v1/requests/{request_id}", headers={"Authorization": f"Bearer {self.keys['sam']}"})[2]
        self.assertEqual(("effects" in seen["runs"][0], "result" in seen), (False, False))
        status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "reject", "comment": "no"},
                                            {"Authorization": f"Bearer {self.keys['rea']}"})
        self.assertEqual(status, 200, answer)
        self.assertEqual(set(self.read(request_id, "sam").all().kinds()), {"status"})

    def test_rp61_a_stream_ends_with_the_right_to_it(self):
        """RP-61: who is no reviewer any more reads nothing more of others' runs."""
        request_id = self.create(BEGUN + HELD + "print('later')", self.keys["sam"])
        reader = self.read(request_id, "rob").until(lambda e: e.text())
        grants = self.server.ask("GET", "/v1/directory/assignments")[2]
        grants = grants if isinstance(grants, list) else next(value for value in grants.values() if isinstance(value, list))
        grant = next(one for one in grants if "rob" in json.dumps(one))
        self.assertIn(self.server.ask("DELETE", f"/v1/directory/assignments/{grant['id']}")[0], (200, 204))
        with self.assertRaises(http.client.HTTPException):
            reader.all()
            raise http.client.HTTPException
        self.let_go(request_id)
        self.assertNotIn("later", reader.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
