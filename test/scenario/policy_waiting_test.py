# SPDX-License-Identifier: MIT
"""RP-36 through the front door: reminders, who is asked besides from the first one on, and who stands in for somebody who is away. If one
fails, a request waits until its deadline although somebody could decide, or somebody decides whom nobody asked.

Usage: policy_waiting_test.py PROGRAM"""
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
        self.rule("defaults: { timeout: 9s, reminders: [6s, 3s], on_timeout: fail }")
        shown = self.waiting()
        over = self.until(shown["id"], "failed")
        self.assertEqual(over["error"]["type"], "TimedOut")
        actions = [entry["action"] for entry in self.entries(f"requests/{shown['id']}")]
        self.assertEqual((actions.count("request.reminded"), actions[-1]), (2, "request.timed-out"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
