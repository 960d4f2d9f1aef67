# SPDX-License-Identifier: MIT
"""The model of a request through the front door: what is acknowledged is there, one decision, votes on what was seen, revisions,
cancelling, release, events. Each test names its statement (RP-…). If one fails, a person decides about something else
than they think, or what was acknowledged is lost.

Usage: review_model_test.py PROGRAM"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import sys
import time
import unittest

import history
from server import HELD, Server

PROGRAM = sys.argv.pop(1)


class Model(unittest.TestCase):
    """One server for all that needs no crash."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2"]).start()
        cls.addClassCleanup(cls.server.close)

    def create(self, code="print(1)", headers=None, **members):
        status, answer_headers, answer = self.server.ask("POST", "/v1/requests", {"code": code, **members}, headers)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def waiting(self, code="print(1)", **members):
        return self.server.until(self.create(code, **members), "waiting")

    def vote(self, request_id, answer, **members):
        return self.server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer, **members})

    def test_what_was_said_is_shown(self):
        """RP-01: what a submission said is in the request, and in the one entry of the log that was written with it."""
        said = {"purpose": "monthly figures", "labels": {"env": "test", "team": "ops"}, "language": "python", "gate": "after",
                "onBehalfOf": "ann", "submittedBy": "bot"}
        seen = self.waiting("print('figures')", **said)
        for name, value in said.items():
            self.assertEqual(seen[name], value, name)
        self.assertEqual((seen["revision"], seen["attempts"], seen["stage"], seen["released"]), (1, 1, "after", False))
        self.assertEqual(seen["submitter"], {"id": "local", "name": "anonymous", "kind": "local"})
        self.assertEqual(seen["revisions"][0]["codeSha256"], hashlib.sha256(b"print('figures')").hexdigest())
        run = seen["runs"][0]
        self.assertEqual((run["number"], run["revision"], run["ended"], run["manifestSha256"]),
                         (1, 1, "succeeded", seen["manifestSha256"]))
        brief = [item for item in self.server.ask("GET", "/v1/requests?label=team:ops&limit=500")[2]["requests"]
                 if item["id"] == seen["id"]][0]
        for name in ("code", "result", "runs", "votes", "revisions"):
            self.assertNotIn(name, brief)
        for query, found in (("q=figures", True), ("q=monthly", True), ("q=nothing", False), ("submitter=bot", True),
                             ("submitter=ann", False), ("label=env:live", False), ("state=waiting,queued", True),
                             ("state=failed,rejected", False), ("since=2001-01-01T00:00:00Z", True),
                             ("until=2001-01-01T00:00:00Z", False)):
            ids = [item["id"] for item in self.server.ask("GET", f"/v1/requests?limit=500&{query}")[2]["requests"]]
            self.assertEqual(seen["id"] in ids, found, query)
        for bad in ({"purpose": "x" * 2001}, {"labels": {"a": 1}}, {"labels": {"a:b": "c"}}, {"gate": "never"}, {"language": "cobol"},
                    {"labels": {str(n): "" for n in range(17)}}, {"files": [{"path": "a", "base64": ""}]}):
            self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "1", **bad})[0], 400, bad)

    def test_the_same_key_is_one_request(self):
        """RP-60: Idempotency-Key: the same again is the same request, another body is refused."""
        key = {"Idempotency-Key": "once"}
        first = self.create("print('once')", key)
        self.assertEqual(self.create("print('once')", key), first)
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "print('twice')"}, key)
        self.assertEqual((status, answer["type"]), (422, "urn:sallyport:problem:idempotency-key-used"))

    def test_fifty_clients_race(self):
        """RP-02: of fifty who decide at once one wins, everybody else is told the winner."""
        request_id = self.waiting()["id"]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda n: self.vote(request_id, "approve" if n % 2 else "reject"), range(50)))
        self.assertEqual(sorted(status for status, _, _ in answers), [200] + [409] * 49)
        won = next(answer for status, _, answer in answers if status == 200)
        for status, _, answer in answers:
            self.assertEqual(answer["decision"], won["decision"])
        over = self.server.request(request_id)
        self.assertEqual(over["state"], won["decision"]["outcome"])
        self.assertEqual([vote["counts"] for vote in over["votes"]], [True])
        history.check(self, self.server.ready["schedulerConnectionString"], request_id, over)

    def test_another_client_of_the_scheduler_decides(self):
        """RP-03: HumanApproval of any client decides, and is written down as `scheduler`, without a name."""
        for approve in (True, False):
            seen = self.waiting()
            history.raise_event(self.server.ready["schedulerConnectionString"], seen["id"], "HumanApproval", approve)
            over = self.server.until(seen["id"], "approved" if approve else "rejected")
            self.assertEqual((over["decision"]["via"], over["decision"]["approved"]), ("scheduler", approve))
            self.assertNotIn("by", over["decision"])
            self.assertNotIn("by", over["votes"][0])
            self.assertEqual(self.vote(seen["id"], "approve")[0], 409)

    def test_a_vote_names_what_it_saw(self):
        """RP-04: a vote on another manifest is refused with what differs; after a revision earlier votes count no more."""
        seen = self.waiting("print('first')")
        other = self.waiting("print('second')")
        status, _, answer = self.vote(seen["id"], "approve", manifestSha256=other["manifestSha256"])
        self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:manifest-differs"))
        self.assertEqual(answer["manifestSha256"], seen["manifestSha256"])
        for part in ("code", "request", "result"):
            self.assertIn(part, answer["differs"])
        status, _, asked = self.vote(seen["id"], "changes", comment="say what", manifestSha256=seen["manifestSha256"])
        self.assertEqual((status, asked["state"]), (200, "changes-requested"))
        self.assertEqual(self.vote(seen["id"], "approve")[0], 409)  # there is nothing new to approve
        status, _, revised = self.server.ask("POST", f"/v1/requests/{seen['id']}/revisions", {"code": "print('better')", "comment": "done"})
        self.assertEqual((status, revised["revision"]), (201, 2))
        again = self.server.until(seen["id"], "waiting")
        self.assertEqual(again["result"]["stdout"], "better\n")
        self.assertNotEqual(again["manifestSha256"], seen["manifestSha256"])
        self.assertEqual([vote["counts"] for vote in again["votes"]], [False])
        self.assertEqual([run["revision"] for run in again["runs"]], [1, 2])
        self.assertEqual(self.vote(seen["id"], "approve", manifestSha256=seen["manifestSha256"])[0], 409)
        self.assertEqual(self.vote(seen["id"], "approve", manifestSha256=again["manifestSha256"])[0], 200)
        self.assertEqual(self.server.until(seen["id"], "approved")["decision"]["manifestSha256"], again["manifestSha256"])
        code = self.server.raw("GET", f"/v1/requests/{seen['id']}/revisions/1/code")
        self.assertEqual(code, b"print('first')")

    def test_the_manifest_is_what_was_hashed(self):
        """RP-04: the manifest's bytes have the hash that votes name, and name what was shown by their hashes."""
        seen = self.waiting("print('hashed')")
        manifest = self.server.raw("GET", f"/v1/requests/{seen['id']}/manifest")
        self.assertEqual(hashlib.sha256(manifest).hexdigest(), seen["manifestSha256"])
        facts = json.loads(manifest)
        self.assertEqual(manifest, json.dumps(facts, sort_keys=True, separators=(",", ":")).encode())
        self.assertEqual(facts["code"]["sha256"], hashlib.sha256(b"print('hashed')").hexdigest())
        result = self.server.raw("GET", f"/v1/requests/{seen['id']}/result")
        self.assertEqual(facts["result"], {"bytes": len(result), "sha256": hashlib.sha256(result).hexdigest()})

    def test_gates(self):
        """Gate before: nothing runs until approved. Both: people are asked twice."""
        before = self.create("print('ran')", gate="before")
        seen = self.server.until(before, "waiting")
        self.assertEqual((seen["stage"], seen["runs"]), ("before", []))
        self.assertNotIn("result", seen)
        self.assertEqual(self.vote(before, "approve", manifestSha256=seen["manifestSha256"])[0], 200)
        over = self.server.until(before, "approved")
        self.assertEqual((over["result"]["stdout"], over["released"]), ("ran\n", True))

        both = self.create("print('ran')", gate="both")
        first = self.server.until(both, "waiting")
        self.assertEqual(self.vote(both, "approve", manifestSha256=first["manifestSha256"])[0], 200)
        second = self.server.until(both, "waiting")
        deadline = time.monotonic() + 60
        while second.get("stage") != "after" and time.monotonic() < deadline:
            time.sleep(0.02)
            second = self.server.until(both, "waiting")
        self.assertEqual((second["stage"], second["result"]["stdout"]), ("after", "ran\n"))
        self.assertEqual(self.vote(both, "reject", comment="no")[0], 200)
        self.assertEqual(self.server.until(both, "rejected")["released"], False)

        refused = self.create("print('never')", gate="before")
        self.assertEqual(self.vote(refused, "reject")[0], 200)
        self.assertEqual(self.server.until(refused, "rejected")["runs"], [])

    def test_cancel(self):
        """RP-62: what waits, runs or asks for changes can be given up; a run is broken off; it says who and why."""
        running = self.create(HELD)
        self.server.until_busy()
        status, _, answer = self.server.ask("POST", f"/v1/requests/{running}/cancel", {"reason": "not needed"})
        self.assertEqual((status, answer["state"]), (200, "cancelled"))
        self.assertEqual((answer["ended"]["by"], answer["ended"]["reason"]), ("anonymous", "not needed"))
        deadline = time.monotonic() + 30
        while self.server.ask("GET", "/healthz")[2]["pool"]["sessions"]["busy"]:
            self.assertLess(time.monotonic(), deadline, "the run goes on")
            time.sleep(0.05)
        waiting = self.waiting()["id"]
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{waiting}/cancel", {})[0], 200)
        status, _, answer = self.server.ask("POST", f"/v1/requests/{waiting}/cancel", {})
        self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:request-over"))
        self.assertEqual(self.vote(waiting, "approve")[0], 409)

    def test_time_over(self):
        """RP-02: without a decision a request times out; one that is recorded wins."""
        late = self.create("print(1)", approvalTimeoutSeconds=0.3)
        self.assertNotIn("decision", self.server.until(late, "timed-out"))
        self.assertEqual(self.vote(late, "approve")[0], 409)

    def test_rp_60_nobody_acts_on_what_was_changed_unseen(self):
        """If-Match, in one transaction with what it guards: of a vote and a revision on the same state the first is done."""
        seen = self.waiting("print('seen')")
        path = f"/v1/requests/{seen['id']}"
        tag = self.server.ask("GET", path)[1]["ETag"]
        for match, verb, body in (('"other"', "votes", {"answer": "approve"}), ("W/" + tag, "decision", {"approve": True}),
                                  (tag[:-1], "cancel", {}), ('"a", "b"', "revisions", {"code": "2"})):
            status, _, answer = self.server.ask("POST", f"{path}/{verb}", body, {"If-Match": match})
            self.assertEqual((status, answer["type"][-15:], answer["state"]), (412, "request-changed", "waiting"), match)
        self.assertEqual(self.server.ask("GET", path)[1]["ETag"], tag)
        status, _, _ = self.server.ask("POST", f"{path}/votes", {"answer": "changes", "comment": "more"}, {"If-Match": f'"x", {tag}'})
        self.assertEqual(status, 200)
        self.assertEqual(self.server.ask("POST", f"{path}/revisions", {"code": "print(3)"}, {"If-Match": tag})[0], 412)
        self.assertEqual(self.server.ask("POST", f"{path}/revisions", {"code": "print(3)"}, {"If-Match": "*"})[0], 201)

    def test_events(self):
        """RP-40: every change is one event with a number; a reader that comes back misses none."""
        connection = self.server.connect()
        connection.request("GET", "/v1/events?after=0")
        stream = connection.getresponse()
        self.assertEqual(stream.headers["Content-Type"], "text/event-stream; charset=utf-8")
        seen = self.waiting("print('told')")
        self.vote(seen["id"], "approve")
        self.server.until(seen["id"], "approved")
        mine, last = self.read_events(stream, f"requests/{seen['id']}", "sallyport.request.released")
        connection.close()
        self.assertEqual([event["type"].rsplit(".", 1)[1] for event in mine],
                         ["submitted", "run_started", "run_ended", "waiting", "vote", "approved", "released"])
        for event in mine:
            self.assertEqual((event["specversion"], event["subject"]), ("1.0", f"requests/{seen['id']}"))
        middle = mine[3]["sequence"]
        connection = self.server.connect()
        connection.request("GET", f"/v1/events?object=requests/{seen['id']}", headers={"Last-Event-ID": str(middle)})
        again, _ = self.read_events(connection.getresponse(), f"requests/{seen['id']}", "sallyport.request.released")
        connection.close()
        self.assertEqual(again, mine[4:])

    def test_events_of_a_type(self):
        """RP-40: by the name of a webhook's event as well; one that there is not is told at once, not by silence."""
        seen = self.waiting("print('typed')")
        self.vote(seen["id"], "approve")
        self.server.until(seen["id"], "approved")
        for kind in ("request.approved", "sallyport.request.approved", "request.*"):
            connection = self.server.connect()
            connection.request("GET", f"/v1/events?after=0&object=requests/{seen['id']}&type={kind}")
            mine, _ = self.read_events(connection.getresponse(), f"requests/{seen['id']}", "sallyport.request.approved")
            connection.close()
            self.assertEqual((mine[-1]["type"], len(mine)), ("sallyport.request.approved", 6 if "*" in kind else 1), kind)
        for query in ("type=request.aproved", "type=approved", "object=typed", "type=" + "x" * 200):
            self.assertEqual(self.server.ask("GET", f"/v1/events?{query}")[0], 400, query)

    def read_events(self, stream, subject, until):
        """All events about it up to that type, and the last number seen, which has no gap."""
        found, number = [], None
        while True:
            line = stream.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                previous, number = number, int(line[4:])
            if not line.startswith("data: "):
                continue
            event = json.loads(line[6:])
            self.assertEqual(event["sequence"], number)
            if event["subject"] != subject:
                continue
            found.append(event)
            if event["type"] == until:
                return found, number

    def test_who_am_i(self):
        """RP-20: without sign-in there is one principal, who may do everything."""
        me = self.server.ask("GET", "/v1/me")[2]
        self.assertEqual((me["id"], me["kind"], me["signIn"]), ("local", "local", False))
        self.assertLessEqual({"read", "submit", "decide", "audit", "cancel"}, set(me["permissions"]))

    def test_an_etag_changes_with_the_request(self):
        seen = self.waiting()
        path = f"/v1/requests/{seen['id']}"
        first = self.server.ask("GET", path)[1]["ETag"]
        self.assertEqual(self.server.ask("GET", path)[1]["ETag"], first)
        self.vote(seen["id"], "reject")
        self.assertNotEqual(self.server.ask("GET", path)[1]["ETag"], first)


class Crash(unittest.TestCase):
    """kill -9 between the writes: what was acknowledged goes on, once."""

    def test_what_was_acknowledged_goes_on(self):
        """RP-01, RP-02: submissions and decisions that were acknowledged a moment before the server died."""
        server = Server(PROGRAM, arguments=["--ready-sessions", "2"]).start()
        self.addCleanup(server.close)
        for round_number in range(3):
            ids = [server.ask("POST", "/v1/requests", {"code": f"print({n})"})[2]["id"] for n in range(5)]
            server.kill()
            server.start()
            decided = []
            for number, request_id in enumerate(ids):
                self.assertEqual(server.until(request_id, "waiting")["result"]["stdout"], f"{number}\n")
                approve = (number + round_number) % 2 == 0
                status, _, _ = server.ask("POST", f"/v1/requests/{request_id}/votes",
                                          {"answer": "approve" if approve else "reject"})
                self.assertEqual(status, 200)
                decided.append(approve)
            server.kill()
            server.start()
            for request_id, approve in zip(ids, decided):
                over = server.request(request_id)
                self.assertEqual(over["state"], "approved" if approve else "rejected")
                history.check(self, server.ready["schedulerConnectionString"], request_id, over)


class Away(unittest.TestCase):
    """The app with its own data folder, and scheduler and pool of another process."""

    def test_without_scheduler(self):
        """RP-01: with the scheduler away a submission is acknowledged all the same, and runs once when it is back. RP-06: the
        two are reached by their addresses only."""
        other = Server(PROGRAM).start()
        self.addCleanup(other.close)
        environment = {**os.environ, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": other.ready["schedulerConnectionString"],
                       "SESSION_POOL_URL": other.ready["sessionPoolUrl"]}
        app = Server(PROGRAM, command="app", environment=environment)
        app.arguments += ["--data", app.data]
        app.start()
        self.addCleanup(app.close)
        seen = app.until(app.ask("POST", "/v1/requests", {"code": "print('here')"})[2]["id"], "waiting")
        other.kill()
        began = time.monotonic()
        status, _, answer = app.ask("POST", "/v1/requests", {"code": "print('later')"})
        self.assertEqual(status, 201, answer)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(app.ask("POST", f"/v1/requests/{seen['id']}/votes", {"answer": "approve"})[0], 200)
        self.assertEqual(app.request(seen["id"])["state"], "approved")
        app.kill()
        app.start(wait=False)  # it is ready when the scheduler is there
        other.start()
        app.wait_ready()
        later = app.until(answer["id"], "waiting")
        self.assertEqual((later["result"]["stdout"], later["attempts"]), ("later\n", len(later["runs"])))
        history.check(self, other.ready["schedulerConnectionString"], seen["id"], app.request(seen["id"]))
        self.assertEqual([item["id"] for item in app.ask("GET", "/v1/requests")[2]["requests"]], [seen["id"], answer["id"]])


class Size(unittest.TestCase):
    def test_what_waits_is_on_disk(self):
        """RP-07: large requests that wait do not show in the server's memory; the same bytes are stored once."""
        server = Server(PROGRAM, arguments=["--ready-sessions", "1", "--code-size-max", "900K"]).start()
        self.addCleanup(server.close)

        def resident():
            status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0]) >> 10

        code = "#" * 800_000 + "\n1"
        for _ in range(3):
            server.until(server.ask("POST", "/v1/requests", {"code": code, "gate": "before"})[2]["id"], "waiting")
        before = resident()
        ids = [server.ask("POST", "/v1/requests", {"code": code + f" + {n}", "gate": "before"})[2]["id"] for n in range(60)]
        ids += [server.ask("POST", "/v1/requests", {"code": code, "gate": "before"})[2]["id"] for _ in range(60)]
        if "libasan" not in pathlib.Path(f"/proc/{server.process.pid}/maps").read_text():  # it keeps what was freed
            self.assertLess(resident() - before, 40)
        files = [path for path in pathlib.Path(server.data, "blobs").rglob("*") if path.is_file()]
        self.assertEqual(len(files), 61)
        self.assertEqual(server.request(ids[-1])["code"], code)

    def test_a_long_inbox_is_listed_from_either_end(self):
        """More that came at once than the scheduler shows on a page: each is listed, once, in order, on full pages."""
        server = Server(PROGRAM, arguments=["--ready-sessions", "0"]).start()
        self.addCleanup(server.close)
        count = 1300

        def submit(number):
            return server.ask("POST", "/v1/requests", {"code": str(number), "gate": "before"})[2]["id"]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            ids = set(pool.map(submit, range(count)))
        for query in ("order=desc", "order=asc", "order=desc&state=waiting", "order=asc&state=waiting"):
            listed, after, sizes = [], "", []
            while after is not None:
                status, _, page = server.ask("GET", f"/v1/requests?{query}&limit=200{after and '&after=' + after}")
                self.assertEqual(status, 200, page)
                sizes.append(len(page["requests"]))
                listed += [(item["createdAt"], item["id"]) for item in page["requests"]]
                after = page.get("next")
            self.assertEqual({request_id for _, request_id in listed}, ids)
            self.assertEqual(len(listed), count)
            self.assertEqual(listed, sorted(listed, reverse="desc" in query))
            self.assertEqual(sizes[:6], [200] * 6)


class LikeTheSample(unittest.TestCase):
    """--compat sample is about the sample's two routes: what the others were promised holds under it, too."""

    def test_what_is_to_wait_does_not_run(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1", "--compat", "sample"]) as server:
            said = {"code": "1/0", "gate": "both", "purpose": "p", "labels": {"a": "b"}}
            status, _, created = server.ask("POST", "/v1/requests", said)
            self.assertEqual((status, created["state"]), (201, "waiting"))
            seen = server.request(created["id"])
            for name, value in said.items():
                self.assertEqual(seen[name], value, name)
            self.assertEqual((seen["stage"], seen["attempts"], "result" in seen), ("before", 0, False))
            self.assertEqual(server.review(created["id"], True)[0], 200)  # the sample's route decides on it as well
            deadline = time.monotonic() + 60
            while server.request(created["id"]).get("stage") != "after":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            over = server.request(created["id"])  # what raised waits for people, as the mode says
            self.assertEqual((over["state"], over["result"]["status"]), ("waiting", "Failure"))
            self.assertEqual(server.review(created["id"], False)[0], 200)
            server.until(created["id"], "rejected")


if __name__ == "__main__":
    unittest.main(verbosity=2)
