# SPDX-License-Identifier: MIT
"""Telling others what happens to requests: the stream of events. Each test names its statement (RP-…). If one fails, somebody
who waits for news never hears it.

Usage: notices_test.py PROGRAM"""
import json
import sys
import threading
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
PREFIX = "sallyport.request."


class Stream(threading.Thread):
    """A reader of GET /v1/events on a thread of its own."""

    def __init__(self, server, query="", last=None):
        super().__init__(daemon=True)
        self.connection = server.connect()
        headers = {"Last-Event-ID": str(last)} if last is not None else {}
        self.connection.request("GET", f"/v1/events{query}", headers=headers)
        self.answer = self.connection.getresponse()
        self.changed = threading.Condition()
        self.events, self.names, self.beats = [], [], 0
        self.start()

    def run(self):
        name = "message"
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    with self.changed:
                        self.beats += 1
                        self.changed.notify_all()
                if line.startswith("event: "):
                    name = line[7:]
                if line.startswith("data: "):
                    with self.changed:
                        self.names.append(name)
                        if name == "message":
                            self.events.append(json.loads(line[6:]))
                        self.changed.notify_all()
                    name = "message"
        except (OSError, ValueError, AttributeError):
            pass  # it was closed

    def until(self, done, seconds=60):
        with self.changed:
            if not self.changed.wait_for(lambda: done(self), seconds):
                raise AssertionError(f"heard only {self.kinds()}")
        return self

    def kinds(self, request_id=None):
        return [event["type"].removeprefix(PREFIX) for event in self.events
                if request_id is None or event["subject"] == f"requests/{request_id}"]

    def close(self):
        self.connection.sock.close()


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2"]).start()
        cls.addClassCleanup(cls.server.close)

    def create(self, code="print(1)", **members):
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": code, **members})
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def vote(self, request_id, answer):
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer})[0], 200)

    def stream(self, query="", last=None):
        stream = Stream(self.server, query, last)
        self.addCleanup(stream.close)
        return stream

    def test_rp_40_every_change_is_one_event(self):
        """Each kind of change is told once, in order, with what the request is then."""
        stream = self.stream("?after=0")
        revised, rejected = self.create(), self.create()
        late, broken = self.create(approvalTimeoutSeconds=0.2), self.create("raise ValueError('no')")
        cancelled, first, twice = (self.create(gate=gate) for gate in ("before", "before", "both"))
        self.server.until(revised, "waiting")
        self.vote(revised, "changes")
        self.server.ask("POST", f"/v1/requests/{revised}/revisions", {"code": "print(2)"})
        self.server.until(revised, "waiting")
        self.vote(revised, "approve")
        self.server.until(rejected, "waiting")
        self.vote(rejected, "reject")
        self.server.ask("POST", f"/v1/requests/{cancelled}/cancel", {})
        self.vote(first, "approve")
        self.vote(twice, "approve")
        ran = ["submitted", "run_started", "run_ended"]
        expected = {
            revised: [*ran, "waiting", "vote", "changes_requested", "revised", *ran[1:], "waiting", "vote", "approved", "released"],
            rejected: [*ran, "waiting", "vote", "rejected"],
            late: [*ran, "waiting", "timed_out"],
            broken: [*ran, "failed"],
            cancelled: ["submitted", "waiting", "cancelled"],
            first: ["submitted", "waiting", "vote", "approved", *ran[1:], "released"],
            twice: ["submitted", "waiting", "vote", "cleared", *ran[1:], "waiting"],
        }
        total = sum(len(kinds) for kinds in expected.values())
        stream.until(lambda s: sum(len(s.kinds(request_id)) for request_id in expected) >= total)
        for request_id, kinds in expected.items():
            self.assertEqual(stream.kinds(request_id), kinds)
        numbers = [event["sequence"] for event in stream.events]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        ids = [event["id"] for event in stream.events]
        self.assertEqual(len(ids), len(set(ids)))
        for event in stream.events:
            self.assertEqual((event["specversion"], event["source"], event["datacontenttype"]), ("1.0", "/sallyport", "application/json"))
            self.assertEqual(event["subject"], f"requests/{event['data']['id']}")
        over = {event["subject"]: event["data"]["state"] for event in stream.events}
        self.assertEqual(over[f"requests/{late}"], "timed-out")
        self.assertEqual(over[f"requests/{first}"], "approved")

    def test_rp_40_silence_is_broken_by_a_heartbeat(self):
        """Nothing happens, and yet something comes, so that nobody between takes the stream for dead; it is no event."""
        stream = self.stream("?object=requests/nobody")
        stream.until(lambda s: s.beats >= 1)
        self.assertEqual(stream.names, [])

    def test_rp_40_a_number_of_another_book(self):
        """Who comes back with a number that never was is told that something may be missing, and hears what comes."""
        stream = self.stream(last=10**9)
        stream.until(lambda s: "reset" in s.names)
        request_id = self.create(gate="before")
        stream.until(lambda s: len(s.kinds(request_id)) == 2)
        self.assertEqual(stream.names, ["reset", "message", "message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
