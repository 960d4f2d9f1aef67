# SPDX-License-Identifier: MIT
"""A server whose wall clock is set back, and one that ends at each of its writes. If one of these fails, what was over begins again, requests are
not seen any more, or a crash at the wrong moment decides twice, tells nobody, or breaks the chain of the audit log.

Usage: review_steered_test.py PROGRAM LIBRARY (of test/lib/steer.c)"""
import pathlib
import sys
import time
import unittest
import urllib.parse

import confirm_test
from policy_case import PEOPLE, PROGRAM, Case
from server import Server
from steer import Steer

LIBRARY = pathlib.Path(sys.argv.pop(1)).resolve()
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
