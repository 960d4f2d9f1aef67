#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands about policy files, which ask no server: check, explain, words. If it fails, somebody writes a policy and is told
something else than what it means. Usage: policy_files_test.py SALLYPORT"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("SALLYPORT") or sys.argv.pop(1)
POLICY = """
defaults: { reviewers: [role:reviewer], timeout: 24h }
rules:
  - { name: network, do: ask, when: { effects.network.attempts: "> 0" }, approvals: 2, reviewers: [group:security] }
  - { name: deletes, do: deny, when: { code_matches: 'shutil\\.rmtree' }, message: Ask first. }
"""


def run(*arguments, given=None):
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    done = subprocess.run([PROGRAM, "policy", *arguments], input=given, capture_output=True, text=True, env=clean, timeout=60)
    return done.returncode, done.stdout, done.stderr


class PolicyFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file, self.bad = os.path.join(folder.name, "policy.yaml"), os.path.join(folder.name, "bad.yaml")
        with open(self.file, "w", encoding="utf-8") as out:
            out.write(POLICY)
        with open(self.bad, "w", encoding="utf-8") as out:
            out.write("defaults:\n  gate: befor\n")

    def test_check(self):
        code, out, _ = run("check", self.file)
        self.assertEqual(0, code)
        self.assertIn("no faults, 2 rules", out)
        self.assertLess(out.index("deny  deletes"), out.index("ask   network"))
        value = json.loads(run("check", self.file, "--json")[1])
        self.assertEqual([True, "1d"], [value["valid"], value["policy"]["defaults"]["timeout"]])

    def test_a_fault_has_its_place(self):
        """RP-32."""
        code, out, _ = run("check", self.bad)
        self.assertEqual((1, f'{self.bad}:2:9: gate: expected one of: after before both; did you mean "before"?\n'), (code, out))
        value = json.loads(run("check", self.bad, "--json")[1])
        self.assertEqual((False, 2, 9), (value["valid"], value["line"], value["column"]))
        self.assertEqual(1, run("check", self.bad + ".gone")[0])
        self.assertEqual(2, run("explain", self.file)[0])

    def test_explain_one(self):
        """RP-30: which rules match, which one settles it."""
        facts = {"submitter": ["sam"], "code": "print(1)", "effects.network.attempts": 2}
        votes = [{"by": name, "answer": "approve", "roles": ["reviewer"], "groups": ["security"]} for name in ("mina", "sam", "noor")]
        _, out, _ = run("explain", self.file, "--facts", "-", given=json.dumps({"facts": facts, "votes": votes}))
        self.assertIn('ask, by "network"', out)
        self.assertRegex(out, r"sam +approve +their own request")
        self.assertIn("after these votes: approved", out)
        unknown = json.dumps({"facts": {"code": "x"}})
        value = json.loads(run("explain", self.file, "--facts", "-", "--json", given=unknown)[1])
        self.assertEqual([{"name": "network", "do": "ask", "unknown": "effects.network.attempts: > 0"}], value["outcome"]["rules"])
        code, _, error = run("explain", self.file, "--facts", "-", given='{"facts": {"file.made": 1}}')
        self.assertEqual((1, True), (code, "files.made" in error))

    def test_explain_many(self):
        """RP-33: what would have been."""
        one = {"request": "r1", "facts": {"code": "shutil.rmtree(p)", "effects.network.attempts": 0}}
        other = {"request": "r2", "facts": {"code": "1", "effects.network.attempts": 0}}
        given = json.dumps([one, other])
        _, out, _ = run("explain", self.file, "--facts", "-", "--against", self.file, given=given)
        self.assertEqual("0 of 2 requests would change\n", out)
        value = json.loads(run("explain", self.file, "--facts", "-", "--json", given=given)[1])
        self.assertEqual([("r1", "denied"), ("r2", "1 of role:reviewer")], [(row["request"], row["wouldBe"]["due"]) for row in value])

    def test_words(self):
        words = json.loads(run("words", "--json")[1])
        self.assertIn("effects.network.attempts", [row["name"] for row in words["conditions"]])
        self.assertIn("CONDITION", run("words")[1])


if __name__ == "__main__":
    unittest.main()
