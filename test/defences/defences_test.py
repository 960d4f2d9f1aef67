#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The table of defences fits the tree: each cut stands in today's sources once, each test and its case are there, each clause is a row
of THREATS.md or a line of a specification, and no abuse that THREATS lists is without a row.
If this fails, mend the row: its lines have moved. That the test goes red is what tools/defences looks at, not this.

Usage: defences_test.py BUILD"""
import collections
import json
import pathlib
import re
import subprocess
import sys
import unittest

import rows
from defence import ROOT

SPECIFIED = re.compile(r"(RP|CS|DT)-\d+\b")  # a line of doc/statements.md


def first_cells(text):
    return {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ") and not line.startswith("|--")}


def text_of(test):
    """The sources in which the cases of a test stand: the script and what lies beside it (whose names are cases of the sandbox), or what
    programs in C are made from."""
    program = pathlib.Path(rows.script_of(test))
    if program.suffix == ".py":
        beside = [path for pattern in ("*.py", "*.mjs") for path in sorted(program.parent.rglob(pattern))]
        return "".join(f"{path.stem}\n{path.read_text()}" for path in beside)
    return "".join(path.read_text() for folder in ("src", "test") for path in sorted((ROOT / folder).rglob("*_test.c")))


class Table(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = subprocess.run(["meson", "introspect", "--tests", BUILD], check=True, stdout=subprocess.PIPE, text=True).stdout
        cls.tests = rows.by_name(json.loads(said))
        cls.threats = (ROOT / "THREATS.md").read_text()

    def test_every_cut_fits_the_sources_once(self):
        self.assertEqual([f"{row.name}: {fault}" for row in rows.ROWS for cut in row.cuts if (fault := cut.fault())], [])

    def test_every_test_and_its_case_are_there(self):
        self.assertEqual([row.name for row in rows.ROWS if row.test not in self.tests], [])
        texts = {name: text_of(self.tests[name]) for name in {row.test for row in rows.ROWS}}
        absent = [f"{row.name}: {word}" for row in rows.ROWS for word in [*row.case.split("."), row.only] if word not in texts[row.test]]
        self.assertEqual(absent, [])

    def test_every_name_is_there_once(self):
        self.assertEqual([name for name, count in collections.Counter(row.name for row in rows.ROWS).items() if count > 1], [])

    def test_every_clause_is_in_threats_or_a_line_of_a_specification(self):
        known = first_cells(self.threats)
        self.assertEqual([row.clause for row in rows.ROWS if row.clause not in known and not SPECIFIED.match(row.clause)], [])

    def test_every_abuse_has_a_row(self):
        chapter = self.threats.split("### What must fail in a review")[1].split("\n### ")[0]
        abuses = first_cells(chapter) - {"abuse"}
        self.assertGreater(len(abuses), 10)
        self.assertEqual(sorted(abuses - {row.clause for row in rows.ROWS}), [])


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
