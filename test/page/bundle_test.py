#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the program carries as its page is what web/ and its lock file build, byte for byte; its types, its style and its
own tests hold. Skipped without Node or its registry.
Usage: bundle_test.py FOLDER_OF_MODULES"""
import re
import shutil
import subprocess
import sys
import unittest

import modules

BUILD_TIME_MAX_S = 240


def npm(folder, *words):
    done = subprocess.run(["npm", *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=BUILD_TIME_MAX_S)
    return done.returncode, done.stdout


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = modules.workplace(FOLDER)
        cls.addClassCleanup(shutil.rmtree, cls.place)

    def assertRuns(self, *words):
        code, said = npm(self.place, *words)
        self.assertEqual(code, 0, said[-4000:])

    def test_the_committed_bundle_is_what_is_built(self):
        self.assertRuns("run", "build")
        built = {path.relative_to(self.place / "dist"): path.read_bytes() for path in (self.place / "dist").rglob("*") if path.is_file()}
        kept = {path.relative_to(modules.WEB / "dist"): path.read_bytes()
                for path in (modules.WEB / "dist").rglob("*") if path.is_file()}
        self.assertEqual(sorted(built), sorted(kept), "run `npm ci && npm run build` in web/ and commit web/dist")
        self.assertEqual([name for name in built if built[name] != kept[name]], [])

    def test_its_own_tests_pass(self):
        self.assertRuns("test")

    def test_it_is_written_as_the_stock_rules_say(self):
        self.assertRuns("run", "lint")

    def test_the_form_of_policies_knows_all_words_that_there_are(self):
        """doc/policy.md is generated from the tables that parse a policy."""
        page, words = (modules.ROOT / "doc/policy.md").read_text(), (modules.WEB / "src/pages/policies/form/words.ts").read_text()
        keys, demands, conditions = (re.findall(r"^\| `([\w.]+)`", part, re.M) for part in page.split("\n### ")[-3:])
        has = [re.findall(rf'\{{\s*{member}: "([\w.]+)"', words) for member in ("key", "name")]
        lists = {"approvals", "reviewers", "reminders", "escalate"}
        self.assertLess(lists, set(keys))
        self.assertEqual(sorted(has[0]), sorted([*demands, *lists]))
        self.assertEqual(has[1], conditions)

    def test_no_registry_is_named(self):
        self.assertNotIn('"resolved"', (modules.WEB / "package-lock.json").read_text())


if __name__ == "__main__":
    FOLDER = modules.prepare(sys.argv.pop(1))
    unittest.main(verbosity=2)
