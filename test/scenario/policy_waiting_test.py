# SPDX-License-Identifier: MIT
"""RP-36 through the front door: reminders, who is asked besides from the first one on, and who stands in for somebody who is away. If one
fails, a request waits until its deadline although somebody could decide, or somebody decides whom nobody asked.

Usage: policy_waiting_test.py PROGRAM"""
import datetime
import time
import unittest

from policy_case import PEOPLE, Case


class Reminders(Case):
    """Durable: the server may be killed meanwhile."""
    people = PEOPLE

    def until_escalated(self, request_id, seconds=30):
        deadline = time.monotonic() + seconds
        while not (shown := self.look(request_id)).get("escalated"):
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.05)
        return shown

    def test_others_are_asked_from_the_first_reminder_on(self):
        """RP-36."""
        self.rule("defaults: { reviewers: [group:security], timeout: 1h, reminders: [3595s, 30m], escalate: [user:rita] }")
        shown = self.waiting()
        self.assertIn("nextReminder", shown)
        self.assertEqual(self.ask("GET", f"/v1/requests/{shown['id']}", who="rita")[0], 404)
        self.assertEqual(self.vote(shown["id"], "rita")[0], 404)
        self.server.kill()
        self.server.start()
        type(self).local = self.server.local_key()  # each start has another
        shown = self.until_escalated(shown["id"])
        self.assertEqual((shown["state"], shown["asked"]), ("waiting", ["group:security", "user:rita"]))
        self.assertLess(shown["nextReminder"], shown["deadline"])
        reminded = [entry for entry in self.entries(f"requests/{shown['id']}") if entry["action"] == "request.reminded"]
        self.assertEqual([(entry["actor"]["id"], entry["details"]["escalatedTo"]) for entry in reminded], [("server", ["user:rita"])])
        self.assertEqual(self.look(shown["id"], "rita")["state"], "waiting")
        over = self.approve(shown["id"], "rita")
        self.assertEqual((over["state"], over["decision"]["by"]), ("approved", "rita"))
        self.assertNotIn("nextReminder", over)

    def test_all_reminders_and_then_the_end(self):
        """RP-36, RP-40."""
        self.rule("defaults: { timeout: 9s, reminders: [6s, 3s], on_timeout: fail }")
        shown = self.waiting()
        over = self.until(shown["id"], "failed")
        self.assertEqual(over["error"]["type"], "TimedOut")
        actions = [entry["action"] for entry in self.entries(f"requests/{shown['id']}")]
        self.assertEqual((actions.count("request.reminded"), actions[-1]), (2, "request.timed-out"))


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Absence(Case):
    """Somebody stands in, until a time."""
    people = {**PEOPLE, "olga": (["operator"], [])}

    def away(self, delegate, who, seconds=3600, **more):
        return self.ask("POST", "/v1/absences", {"delegate": delegate, "until": in_seconds(seconds), **more}, who)

    def back(self, absence, who=None):
        return self.ask("DELETE", f"/v1/absences/{absence['id']}", who=who)

    def test_who_stands_in_counts_in_their_place(self):
        """RP-36."""
        self.rule("defaults: { approvals: 2, reviewers: [group:security] }")
        shown = self.waiting()
        self.assertEqual(self.vote(shown["id"], "rita")[0], 404)
        status, _, absence = self.away("Rita", "mina", comment="skiing")
        self.assertEqual((status, absence["person"]["name"], absence["groups"]), (201, "mina", ["security"]))
        self.assertEqual(self.good("GET", "/v1/me", who="rita")["standsInFor"], ["mina"])
        self.assertIn(shown["id"], [one["id"] for one in self.good("GET", "/v1/requests?state=waiting", who="rita")["requests"]])
        self.assertEqual(self.vote(shown["id"], "rita")[2]["state"], "waiting")
        self.assertEqual(self.vote(shown["id"], "mina")[2]["state"], "waiting")  # it was her place
        over = self.approve(shown["id"], "noor")
        self.assertEqual(over["state"], "approved")
        self.assertEqual([(vote["by"]["name"], vote.get("standsInFor"), vote["weight"]) for vote in self.look(shown["id"])["votes"]],
                         [("rita", ["mina"], "counts"), ("mina", None, "replaced"), ("noor", None, "counts")])
        own = self.until(self.submit("print(2)", who="mina")["id"], "waiting")
        self.assertEqual(self.vote(own["id"], "rita")[0], 404)  # it is her own
        self.assertEqual(self.back(absence, "mina")[0], 200)
        self.assertEqual(self.vote(self.waiting()["id"], "rita")[0], 404)
        self.assertEqual([entry["action"] for entry in self.entries(f"absences/{absence['id']}")], ["absence.begun", "absence.ended"])

    def test_who_may(self):
        for who, delegate, more, expected in (("sam", "rita", {}, 403), ("ada", "rita", {}, 403), ("mina", "mina", {}, 400),
                                              ("mina", "rita", {"person": "noor"}, 403), ("mina", "rita", {"until": "soon"}, 400),
                                              ("mina", "rita", {"until": in_seconds(-1)}, 400), ("mina", "", {}, 400),
                                              ("mina", "rita", {"until": in_seconds(400 * 86400)}, 400)):
            self.assertEqual(self.away(delegate, who, **more)[0], expected, (who, delegate, more))
        status, _, absence = self.away("rita", "olga", person="noor")
        self.assertEqual((status, absence["groups"], absence["by"]["name"]), (201, [], "olga"))
        self.rule("defaults: { reviewers: [user:noor] }")
        shown = self.waiting()
        self.assertEqual(self.approve(shown["id"], "rita")["state"], "approved")
        for who, expected in (("rita", 403), ("ada", 403), ("noor", 200), ("noor", 404)):
            self.assertEqual(self.back(absence, who)[0], expected, who)

    def test_it_ends_by_itself_and_survives_a_kill(self):
        """RP-36."""
        self.rule("defaults: { reviewers: [user:noor] }")
        until = time.monotonic() + 15
        self.assertEqual(self.command("absence", "add", "rita", "--until", in_seconds(15), who="noor")[0], 0)
        self.server.kill()
        self.server.start()
        type(self).local = self.server.local_key()
        self.assertRegex(self.command("absence", "list")[1], r" +noor +rita +")
        self.assertEqual(self.approve(self.waiting()["id"], "rita")["state"], "approved")
        shown = self.waiting()
        time.sleep(max(0, until - time.monotonic()))
        self.assertEqual(self.vote(shown["id"], "rita")[0], 404)
        self.assertEqual(self.good("GET", "/v1/absences")["absences"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
