# SPDX-License-Identifier: MIT
"""What a row of the table of defences is, and how it is looked at without being run.

A row says: without these lines, that test goes red. So each cut must fit today's sources at one place exactly, and the test
and its case must be there; `defences_test.py` looks at both, and `tools/defences` takes the lines out and runs the test."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Cut:
    """Takes a defence out of one file: `has` stands in it once, and `without` takes its place."""
    file: str
    has: str
    without: str

    def apply(self, root):
        path = pathlib.Path(root) / self.file
        path.write_text(path.read_text().replace(self.has, self.without))

    def fault(self, root=ROOT):
        path = pathlib.Path(root) / self.file
        if not path.exists():
            return f"there is no {self.file}"
        count = path.read_text().count(self.has)
        return None if count == 1 and self.has != self.without else f"{self.file} has {count} times: {self.has!r}"


@dataclasses.dataclass(frozen=True)
class Defence:
    """`clause` is the first cell of a row of THREATS.md, or the line of a specification. `test` is a test's name in Meson, or suite/name. `case` is
    the one of its cases that must fail: Class.test of Python, the function of C, the words that any other test prints. `only` picks
    a test of a browser's drive. One that `hangs` may also run into the time that Meson gives it. Several cuts stand where two defences hold one line: `note` says so."""
    name: str
    clause: str
    cuts: tuple
    test: str
    case: str
    only: str = ""
    note: str = ""
    hangs: bool = False

    @property
    def fails(self):
        """What the line says that tells of the failure."""
        return self.only or self.case.split(".")[-1]

    @property
    def of_page(self):
        return any(cut.file.startswith("web/") for cut in self.cuts)

    def is_red(self, said):
        """Does the output of the test say that the case failed?"""
        if self.hangs and re.search(r"(?m)^Timeout: +1", said):
            return True
        return re.search(rf"(?m)^.*\b(FAIL|FAILED|ERROR|not ok)\b.*{re.escape(self.fails)}", said) is not None


def defence(name, clause, test, case, *cuts, only="", note="", hangs=False):
    """A row. A cut is (file, has, without)."""
    return Defence(name, clause, tuple(Cut(*cut) for cut in cuts), test, case, only, note, hangs)
