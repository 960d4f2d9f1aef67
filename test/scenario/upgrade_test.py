# SPDX-License-Identifier: MIT
"""A data folder of an earlier version, opened by this one: what waits goes on, whatever the settings are now.

If this fails, an upgrade kills or hides what somebody has to decide. Usage: upgrade_test.py PROGRAM
"""
import hashlib
import json
import pathlib
import sys
import tarfile
import tempfile
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
FOLDER = pathlib.Path(__file__).parent / "upgrade"


class Upgrade(unittest.TestCase):
    def open(self, name, *arguments):
        data = tempfile.TemporaryDirectory(prefix="sallyport-upgrade-")
        self.addCleanup(data.cleanup)
        with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
            archive.extractall(data.name)
        server = Server(PROGRAM, data=data.name, arguments=["--ready-sessions", "2", *arguments]).start()
        self.addCleanup(server.close)
        return server, json.loads((FOLDER / f"{name}.json").read_text())

    def check_shown(self, server, stories):
        """Nothing that stands is shown otherwise than by the program that made it."""
        listed = {item["id"]: item["state"] for item in server.ask("GET", "/v1/requests?limit=500")[2]["requests"]}
        for name, story in stories.items():
            with self.subTest(name):
                self.assertIn(story["id"], listed)
                if story["state"] == "running":
                    continue
                shown = server.request(story["id"])
                for member in ("state", "sha256", "deadline", "result"):
                    self.assertEqual(shown.get(member), story[member], member)

    def decide_all(self, server, stories):
        for number, (name, story) in enumerate(stories.items()):
            with self.subTest(name):
                if story["state"] == "waiting":
                    approve = number % 2 == 0 and "rejected" not in name
                    status, _, answer = server.ask("POST", f"/v1/requests/{story['id']}/decision",
                                                   {"approve": approve, "by": "mina", "sha256": story["sha256"]})
                    self.assertEqual(status, 200, answer)
                    over = server.until(story["id"], "approved" if approve else "rejected")
                    self.assertEqual(over["decision"]["by"], "mina")
                    self.assertEqual(over["result"], story["result"])

    def go_on(self, server, stories, failures_wait):
        """Runs that the old program had begun are done again, and say so."""
        for name, story in stories.items():
            if story["state"] != "running":
                continue
            with self.subTest(name):
                state = "waiting"
                if "decided" in name:
                    state = "approved"
                elif "will fail" in name and not failures_wait:
                    state = "failed"
                shown = server.until(story["id"], state)
                self.assertEqual(shown["result"]["stdout"], "begin\nend\n")
                self.assertGreaterEqual(shown["attempts"], 2)
                if state == "waiting":
                    server.kill()  # what is decided about it now must be replayed
                    server.start()
                    server.review(story["id"], True)
                    server.until(story["id"], "approved")

    def test_what_the_first_release_left_goes_on(self):
        """RP-05."""
        for arguments in ([], ["--compat", "sample"],
                          ["--approval-timeout", "1s", "--run-timeout", "100s", "--task-hubs", "mine,default"]):
            with self.subTest(arguments):
                server, stories = self.open("5bc8daa", *arguments)
                self.check_shown(server, stories)
                if "--compat" in arguments:  # its decision routes tell nothing of conflicts; ours do
                    self.go_on(server, stories, failures_wait=True)
                    self.decide_all(server, stories)
                elif not arguments:
                    self.decide_all(server, stories)
                    self.go_on(server, stories, failures_wait=False)
                else:
                    self.decide_all(server, stories)
                    self.assertEqual(server.stop(), 0)

    def test_what_was_found_by_an_index_of_ids_goes_on(self):
        """RP-05: A store of version 4: ids come to a table of their own (decision 19)."""
        server, stories = self.open("82d3706")
        self.check_shown(server, stories)
        self.decide_all(server, stories)
        self.go_on(server, stories, failures_wait=False)

    def check_holds(self, shown, before):
        """All that was there is there; a later version may tell more."""
        if isinstance(before, dict):
            self.assertLessEqual(set(before), set(shown))
            for member, value in before.items():
                self.check_holds(shown[member], value)
        elif isinstance(before, list):
            self.assertEqual(len(shown), len(before))
            for one, other in zip(shown, before):
                self.check_holds(one, other)
        else:
            self.assertEqual(shown, before)

    def check_book(self, server, stories):
        """Each request of the book has at least what the program of its time showed, with the same bytes."""
        for name, story in stories.items():
            with self.subTest(name):
                if name == "running":
                    continue
                shown = server.request(story["id"])
                self.check_holds(shown, story["shown"])
                for member in ("code", "result"):
                    text = json.dumps(shown.get(member), sort_keys=True)
                    self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), story[member + "Digest"], member)

    def test_what_stood_in_the_book_goes_on(self):
        """RP-05: requests in the book, with their blobs in the database and as files, in every state that lasts."""
        server, stories = self.open("1eedfe9")
        self.check_book(server, stories)
        for name, story in stories.items():
            with self.subTest(name):
                path = f"/v1/requests/{story['id']}"
                if name == "running":
                    server.let_go(lambda: server.request(story["id"])["state"] == "waiting")
                    self.assertGreaterEqual(server.request(story["id"])["attempts"], 2)
                if name == "changes requested":
                    status, _, answer = server.ask("POST", path + "/revisions", {"code": "print('better')"})
                    self.assertEqual((status, answer["revision"]), (201, 2))
                    self.assertEqual(server.until(story["id"], "waiting")["result"]["stdout"], "better\n")
                shown = server.request(story["id"])
                if shown["state"] != "waiting":
                    continue
                vote = {"answer": "approve", "manifestSha256": shown["manifestSha256"]}
                self.assertEqual(server.ask("POST", path + "/votes", vote)[0], 200)
                self.assertIn("result", server.until(story["id"], "approved"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
