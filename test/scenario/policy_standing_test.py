# SPDX-License-Identifier: MIT
"""RP-35 through the front door: "approve and remember". If one fails, something passes that nobody has approved, more often or for longer
than was meant, or nobody can take it back.

Usage: policy_standing_test.py PROGRAM"""
import concurrent.futures
import time
import unittest

from policy_case import PEOPLE, PROGRAM, Case
from server import Server


class Standing(Case):
    """Made with a vote, listed, revocable, in the audit log."""
    people = {**PEOPLE, "olga": (["operator"], [])}

    def remember(self, request_id, who, **wish):
        status, _, answer = self.vote(request_id, who, remember={"for": "submitter", **wish})
        self.assertEqual(status, 200, answer)
        return answer

    def listed(self, id_, who=None):
        return next(one for one in self.good("GET", "/v1/policy/standing?limit=500", who=who)["standing"] if one["id"] == id_)

    def test_the_same_code_passes_so_often(self):
        """RP-35."""
        self.rule("rules: [{ name: loud, do: ask, when: { labels.env: prod } }]")
        first = self.waiting("print('stands')")
        answer = self.remember(first["id"], "rita", uses=2, expiresInSeconds=3600)
        self.assertEqual((answer["standing"]["id"], answer["standing"]["uses"]), (first["id"], 2))
        made = self.listed(first["id"], "rita")
        self.assertEqual((made["state"], made["of"], made["usesLeft"], made["submitter"]["name"], [by["name"] for by in made["by"]]),
                         ("active", "bytes", 2, "sam", ["rita"]))
        # A rule goes before it, others and other code are not meant.
        self.waiting("print('stands')", labels={"env": "prod"})
        self.until(self.submit("print('stands')", who="mina")["id"], "waiting")
        self.waiting("print('stands' )")
        for left in (1, 0):
            over = self.until(self.submit("print('stands')")["id"], "approved")
            self.assertEqual((over["decision"]["via"], over["decision"]["standing"], over["votes"], over["policy"]["standing"]),
                             ("policy", first["id"], [], first["id"]))
            self.assertEqual(self.listed(first["id"])["usesLeft"], left)
        self.assertIn(f"allow: standing approval {first['id']} (settles it)", self.command("show", over["id"], "--why")[1])
        self.assertEqual(self.listed(first["id"])["state"], "used-up")
        self.waiting("print('stands')")
        self.assertEqual([entry["action"] for entry in self.entries(f"standing/{first['id']}")],
                         ["standing.made", "standing.used", "standing.used"])

    def test_who_may_revoke(self):
        """RP-35."""
        self.rule("defaults: {}")
        first = self.waiting("print('revoked')")
        self.remember(first["id"], "rita")
        path = f"/v1/policy/standing/{first['id']}"
        for who, status in (("sam", 403), ("mina", 403), ("ada", 403)):
            self.assertEqual(self.ask("DELETE", path, who=who)[0], status, who)
        self.until(self.submit("print('revoked')")["id"], "approved")
        answer = self.good("DELETE", path, who="rita")
        self.assertEqual((answer["state"], answer["revokedBy"]["name"], answer["usesLeft"]), ("revoked", "rita", 9))
        self.assertEqual(self.good("DELETE", path, who="olga")["revokedBy"]["name"], "rita")  # once
        self.waiting("print('revoked')")
        self.assertEqual(self.ask("DELETE", "/v1/policy/standing/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12)[0], 404)
        self.assertEqual([entry["action"] for entry in self.entries(f"standing/{first['id']}")],
                         ["standing.made", "standing.used", "standing.revoked"])

    def test_one_of_two_cannot_make_one(self):
        self.rule("defaults: { approvals: 2, reviewers: [group:security] }")
        first = self.waiting("print('two')")
        self.remember(first["id"], "mina")
        self.approve(first["id"], "noor")
        self.assertNotIn("standing", self.look(first["id"]))
        self.waiting("print('two')")
        second = self.waiting("print('two')")
        self.remember(second["id"], "mina", uses=5)
        self.remember(second["id"], "noor", uses=3)
        self.assertEqual(self.listed(second["id"])["uses"], 3)
        self.until(self.submit("print('two')")["id"], "approved")

    def test_for_a_label_by_the_command(self):
        """RP-35."""
        self.rule("defaults: { remember: tree, remember_for: 2h }")
        first = self.waiting("print('label')", labels={"env": "test"})
        self.assertEqual(self.command("approve", first["id"], "--remember-uses", "3", who="rita")[0], 2)
        code, out, error = self.command("approve", first["id"], "--remember", "label:env", "--remember-tree", "--remember-uses", "3",
                                        "--remember-for", "90m", who="rita")
        self.assertEqual(code, 0, error)
        made = self.listed(first["id"])
        self.assertEqual((made["of"], made["label"], made["uses"]), ("tree", {"key": "env", "value": "test"}, 3))
        over = self.until(self.submit("print( 'label' )  # again", who="mina", labels={"env": "test"})["id"], "approved")
        self.assertEqual(over["decision"]["standing"], first["id"])
        out = self.command("policy", "standing")[1]
        self.assertRegex(out, rf"{first['id']} +active +tree +env=test +2 of 3 ")
        self.assertEqual(self.command("policy", "revoke", first["id"][:13], who="rita")[0], 0)
        self.assertEqual(self.listed(first["id"])["state"], "revoked")

    def test_what_is_refused(self):
        """The vote is not taken, so that nobody approves thinking that it was remembered."""
        self.rule("defaults: { remember_for: 1h }")
        first = self.waiting("print('refused')")
        for wish in ({"expiresInSeconds": 3601}, {"of": "tree"}, {"for": "label:env"}):
            status, _, answer = self.vote(first["id"], "rita", remember={"for": "submitter", **wish})
            self.assertEqual((status, answer["type"]), (422, "urn:sallyport:problem:not-remembered"), wish)
        for wish in ({"uses": 0}, {"uses": 10001}, {"uses": 1.5}, {"for": "anybody"}, {"for": "label:"}, {"of": "code"}, {"ofs": "tree"}, []):
            body = wish if isinstance(wish, list) else {"for": "submitter", **wish}
            self.assertEqual(self.vote(first["id"], "rita", remember=body)[0], 400, wish)
        self.assertEqual(self.vote(first["id"], "rita", "reject", remember={"for": "submitter"})[0], 400)
        self.assertEqual((self.look(first["id"])["state"], self.look(first["id"])["votes"]), ("waiting", []))
        self.rule("defaults: { remember: never }")
        second = self.waiting("print('never')")
        self.assertEqual(self.vote(second["id"], "rita", remember={"for": "submitter"})[0], 422)

    def test_many_at_once_and_two_uses(self):
        """RP-35: A use is taken once: of twelve requests at a time two pass."""
        self.rule("defaults: {}")
        first = self.waiting("print('race')")
        self.remember(first["id"], "rita", uses=2)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            ids = [answer["id"] for answer in pool.map(lambda _: self.submit("print('race')"), range(12))]
        states = [self.until(id_, "approved", "waiting")["state"] for id_ in ids]
        self.assertEqual(sorted(states), ["approved"] * 2 + ["waiting"] * 10)
        self.assertEqual(self.listed(first["id"])["state"], "used-up")


class Restart(unittest.TestCase):
    def test_it_stands_after_a_kill_and_ends_in_time(self):
        """RP-35."""
        server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(server.close)
        first = server.until(server.ask("POST", "/v1/requests", {"code": "print(1)"})[2]["id"], "waiting")
        status, _, answer = server.ask("POST", f"/v1/requests/{first['id']}/votes",
                                       {"answer": "approve", "remember": {"for": "submitter", "expiresInSeconds": 20}})
        self.assertEqual(status, 200, answer)
        until = time.monotonic() + 20
        server.kill()
        server.start()
        over = server.until(server.ask("POST", "/v1/requests", {"code": "print(1)"})[2]["id"], "approved", "waiting")
        self.assertEqual(over["state"], "approved")
        time.sleep(max(0, until - time.monotonic()))
        self.assertEqual(server.until(server.ask("POST", "/v1/requests", {"code": "print(1)"})[2]["id"], "waiting", "approved")["state"],
                         "waiting")
        self.assertEqual(server.ask("GET", "/v1/policy/standing")[2]["standing"][0]["state"], "expired")


if __name__ == "__main__":
    unittest.main(verbosity=2)
