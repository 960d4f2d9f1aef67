# SPDX-License-Identifier: MIT
"""A server whose wall clock is set back, and one that ends at each of its writes. If one of these fails, what was over begins again, requests are
not seen any more, or a crash at the wrong moment decides twice, tells nobody, or breaks the chain of the audit log.

Usage: review_steered_test.py PROGRAM LIBRARY (of test/lib/steer.c) [--long] [TEST...]
With --long a server ends at each write, else at a dozen that lie apart."""
import http.client
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.parse

import confirm_test
import history
import webhooks_test
from policy_case import PEOPLE, PROGRAM, Case
from server import Server
from steer import KILLED, PID, Steer

PATIENCE_S = 30

LIBRARY = pathlib.Path(sys.argv.pop(1)).resolve()
LONG = "--long" in sys.argv and not sys.argv.remove("--long")
ROUNDS = 12
HOUR_S = 3600


class Clock(Case):
    people = {name: PEOPLE[name] for name in ("sam", "mina", "ada")}
    arguments = ("--link-lifetime", "30m")
    link, open, answer = confirm_test.Links.link, confirm_test.Links.open, confirm_test.Links.answer

    @classmethod
    def setUpClass(cls):
        cls.steer = Steer(LIBRARY)
        cls.addClassCleanup(cls.steer.close)
        cls.environment = cls.steer.environment
        super().setUpClass()

    def status(self, key):
        return self.server.ask("GET", "/v1/requests", headers={"Authorization": f"Bearer {key}"})[0]

    def listed(self, order, limit):
        found, after = [], ""
        while after is not None:
            page = self.good("GET", f"/v1/requests?order={order}&limit={limit}{after and '&after=' + urllib.parse.quote(after)}")
            found += [one["id"] for one in page["requests"]]
            after = page.get("next")
        return found

    def until_over(self, link, seconds=60):
        deadline = time.monotonic() + seconds
        while self.open(link)[0] != 410:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_a_clock_that_is_set_back(self):
        """What was over stays over, what was decided stays decided, all requests are seen and can be decided, the log verifies; also after a
        start with a clock that is a day behind."""
        short = self.server.change_directory("keys", {"name": "short", "owner": "mina", "expiresInSeconds": HOUR_S})["key"]
        decided, linked = self.waiting("print('decided')"), self.waiting("print('linked')")
        self.approve(decided["id"], "mina")
        link = self.link(linked["id"], "mina")
        page = self.open(link)[2]
        self.rule("defaults: { timeout: 90m }")
        late = self.waiting("print('late')")
        self.assertEqual((self.status(short), self.open(link)[0]), (200, 200))

        self.steer.set_clock(2 * HOUR_S)
        self.assertEqual(self.status(short), 401)
        self.until_over(link)
        self.assertEqual(self.until(late["id"], "timed-out")["state"], "timed-out")
        ahead = self.waiting("print('ahead')")
        everything = {one["id"] for one in (decided, linked, late, ahead)}

        for shift in (0, -24 * HOUR_S):
            self.steer.set_clock(shift)
            if shift:
                self.server.kill()
                self.server.start()
                type(self).local = self.server.local_key()
            self.assertEqual(self.status(short), 401)
            if not shift:  # a server that starts believes the machine; what is made before its time is none then
                self.assertEqual((self.open(link)[0], self.answer(link, page)[0]), (410, 410))
            else:
                self.assertEqual((self.open(link)[0], self.answer(link, page)[0]), (404, 404))
            self.assertEqual([self.look(one["id"])["state"] for one in (decided, late, linked)], ["approved", "timed-out", "waiting"])
            for one in (decided, late):
                self.assertEqual(self.vote(one["id"], "mina", "reject", comment="no")[0], 409)
            behind = self.waiting(f"print('behind {shift}')")
            everything.add(behind["id"])
            for order in ("asc", "desc"):
                for limit in (1, 100):
                    found = self.listed(order, limit)
                    self.assertEqual((len(found), set(found)), (len(everything), everything), (order, limit))
            self.approve(behind["id"], "mina")
            self.assertEqual(self.command("audit", "verify")[0], 0)
        self.approve(ahead["id"], "mina")
        self.assertEqual([entry["seq"] for entry in self.entries(f"requests/{ahead['id']}")],
                         sorted(entry["seq"] for entry in self.entries(f"requests/{ahead['id']}")))


class Writes(unittest.TestCase):
    """kill -9 before a write of any file of the data folder, between submission and release."""

    def setUp(self):
        self.receiver = webhooks_test.Receiver()
        self.addCleanup(self.receiver.close)
        self.steer = Steer(LIBRARY)
        self.addCleanup(self.steer.close)
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "1", "--webhook-hosts", f"127.0.0.1:{self.receiver.port}"],
                             environment=self.steer.environment)
        self.addCleanup(self.server.close)
        self.server.start()
        status, _, answer = self.server.ask("POST", "/v1/webhooks", {"name": "all", "url": f"http://127.0.0.1:{self.receiver.port}/"})
        self.assertEqual(status, 201, answer)

    def pass_through(self, name):
        """From the submission to the release, as often as it takes; whoever lost an answer asks again with the same key."""
        status, _, made = self.server.ask("POST", "/v1/requests", {"code": f"print('{name}')", "purpose": name}, {"Idempotency-Key": name})
        self.assertEqual(status, 201, made)
        seen = self.server.until(made["id"], "waiting", "approved")
        if seen["state"] == "waiting":
            vote = {"answer": "approve", "manifestSha256": seen["manifestSha256"]}
            status, _, answer = self.server.ask("POST", f"/v1/requests/{made['id']}/votes", vote)
            self.assertEqual(status, 200, answer)
        over = self.server.until(made["id"], "approved")
        deadline = time.monotonic() + 60
        while "released" not in self.receiver.events(made["id"]):
            self.assertLess(time.monotonic(), deadline, self.receiver.events(made["id"]))
            self.server.ask("GET", "/healthz")  # a server that ended meanwhile is started again
            time.sleep(0.05)
        return over

    def persist(self, name, ends_at):
        """The request, and whether the server ended on the way."""
        ended = False
        self.steer.count_writes(self.server.process.pid, ends_at)
        while True:
            try:
                return self.pass_through(name), ended
            except (OSError, http.client.HTTPException):
                self.assertEqual((self.server.process.wait(60), ended), (KILLED, False), self.server.tail())
                ended = True
                self.server.check()
                self.server.start()

    def assert_once(self, name, over):
        """One request, one decision, each of its events at least once and in order, each entry that there is once."""
        listed = [one["id"] for one in self.server.ask("GET", "/v1/requests?limit=500")[2]["requests"] if one["purpose"] == name]
        self.assertEqual(listed, [over["id"]])
        self.assertEqual([vote["counts"] for vote in over["votes"]], [True])
        self.assertTrue(over["released"])
        first = list(dict.fromkeys(self.receiver.events(over["id"])))
        self.assertEqual([event for event in first if event not in ("run_started", "run_ended")], ["submitted", "waiting", "vote", "approved", "released"])
        text = self.server.raw("GET", f"/v1/audit?limit=1000&object=requests/{over['id']}").decode()
        actions = [json.loads(line)["action"] for line in text.splitlines()]
        for action in ("request.submitted", "request.voted", "request.decided", "request.released"):
            self.assertEqual(actions.count(action), 1, actions)
        history.check(self, self.server.ready["schedulerConnectionString"], over["id"], over)

    def test_kill_9_at_each_write(self):
        """RP-01, RP-02, RP-41, RP-50: afterwards there are one request and one decision, the receiver was told, and the chain is whole."""
        over, ended = self.persist("whole", 0)
        count = self.steer.writes()
        self.assertFalse(ended)
        self.assertGreater(count, ROUNDS)
        self.assert_once("whole", over)
        ends, rounds = 0, count if LONG else ROUNDS
        for number in range(rounds):
            name = f"round {number}"
            over, ended = self.persist(name, 1 + number * count // rounds)
            ends += ended
            self.assert_once(name, over)
        print(f"  {count} writes between submission and release; ended at {ends} of {rounds}", file=sys.stderr)
        self.assertGreater(ends, rounds // 2)
        done = subprocess.run([PROGRAM, "audit", "verify", "--url", self.server.ready["url"]], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)


class Directory(unittest.TestCase):
    """kill -9 before a write of any file of the data folder, while people, keys and roles change."""
    CHANGES = (("POST", "users", {"name": "{0}"}), ("POST", "keys", {"name": "{0}", "owner": "{0}"}),
               ("POST", "assignments", {"role": "reviewer", "principal": "{0}", "scope": "/"}), ("DELETE", "keys/{0}", None))

    def setUp(self):
        self.steer = Steer(LIBRARY)
        self.addCleanup(self.steer.close)
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "0"], environment=self.steer.environment)
        self.addCleanup(self.server.close)
        self.server.start()

    def ask(self, method, path, body=None):
        return self.server.ask(method, f"/v1/directory/{path}", body)

    def change(self, name, ends_at=0):
        """All of them in turn; whether the server ended on the way. What it did not do is not asked for again."""
        self.steer.count_writes(self.server.process.pid, ends_at)
        try:
            for method, path, body in self.CHANGES:
                self.ask(method, path.format(name), body and {member: value.format(name) for member, value in body.items()})
            self.steer.put(PID, 0)
            self.ask("GET", "users")
        except (OSError, http.client.HTTPException):
            self.assertEqual(self.server.process.wait(60), KILLED, self.server.tail())
            self.server.check()
            self.server.start()
            return True
        return False

    def assert_told(self, name):
        """What is there, and what is not there any more, is told once; what never was is not told."""
        there = {kind: self.ask("GET", kind)[2][kind] for kind in ("users", "keys", "assignments")}
        people = [one for one in there["users"] if one["name"] == name]
        keys = [one for one in there["keys"] if one["name"] == name]
        roles = [one for one in there["assignments"] if one["principal"] == name]
        expected = ["person.created"] * len(people) + ["key.created"] * len(keys) + ["role.granted"] * len(roles)
        expected += ["key.revoked"] * len([key for key in keys if key.get("revokedAt")])
        end = time.monotonic() + PATIENCE_S
        while (told := self.told_of(name)) != expected and len(told) < len(expected) and time.monotonic() < end:
            time.sleep(0.05)  # the log has it soon after the directory: nobody waits for it
        self.assertEqual(told, expected, (name, there))
        return len(told)

    def told_of(self, name):
        entries = [json.loads(line) for line in self.server.raw("GET", "/v1/audit?limit=1000").decode().splitlines()]
        return [entry["action"] for entry in entries if name in (entry["details"].get("name"), entry["details"].get("principal"))]

    def test_kill_9_at_each_write(self):
        """RP-50: after it the log tells what the directory has, each change once, and the chain is whole."""
        self.assertFalse(self.change("whole"))
        self.assertEqual(self.assert_told("whole"), len(self.CHANGES))
        count, ends = self.steer.writes(), 0
        rounds = count if LONG else ROUNDS
        for number in range(rounds):
            ends += self.change(f"round-{number}", 1 + number * count // rounds)
            self.assert_told(f"round-{number}")
        print(f"  {count} writes for {len(self.CHANGES)} changes; ended at {ends} of {rounds}", file=sys.stderr)
        self.assertGreater(ends, rounds // 2)
        done = subprocess.run([PROGRAM, "audit", "verify", "--url", self.server.ready["url"]], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
