#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What policies are told of code without running it (src/runtime/python/syntax.py): imports, called names, the hash of the
syntax tree; and that it says so when it cannot tell. The table runs here, some of it in a session of the pool as the server
does it. If it fails, a policy lets through what it forbids, or takes other code for code that was approved.

    POOL_HOST=… POOL_ZYGOTE=… syntax_test.py
"""
import base64
import contextlib
import io
import json
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Pool, Session  # noqa: E402

CELL = (pathlib.Path(__file__).parents[2] / "src/runtime/python/syntax.py").read_text()


def cell_for(code):
    return CELL + f'_sallyport_syntax("{base64.b64encode(code if isinstance(code, bytes) else code.encode()).decode()}")\n'


def look(code):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(cell_for(code), "<cell>", "exec"), {})
    return json.loads(out.getvalue())


NAMES = [
    ("import os", ["os"], []),
    ("import os.path as p\np.join('a')", ["os", "os.path"], ["os.path", "os.path.join"]),
    ("from os import system as s\ns('x')", ["os", "os.system"], ["os.system"]),
    ("import os\nf = os.system\nf('x')", ["os"], ["f", "os.system"]),
    ("from . import near", [".near"], []),
    ("from ..far import x", ["..far", "..far.x"], []),
    ("def f():\n  import subprocess\n  return subprocess.run", ["subprocess"], ["subprocess.run"]),
    ("__import__('os').system('x')", ["os"], ["?.system", "__import__"]),
    ("import importlib\nimportlib.import_module(name)", ["?", "importlib"], ["importlib.import_module"]),
    ("getattr(x, 'y')()", [], ["?", "getattr"]),
    ("'a'.join(b)", [], ["?.join"]),
    ("@app.route\ndef f(): pass", [], ["app.route"]),
    ("if a:\n  import json as j\nelse:\n  import ujson as j\nj.dumps(1)", ["json", "ujson"], ["json.dumps", "ujson.dumps"]),
    ("print(1)", [], ["print"]),
    ("", [], []),
]
SAME = [
    ("x = 1", "x   =  1  # one"),
    ("def f():\n  '''doc'''\n  return 1", "def f():\n\n    return 1"),
    ("'''module'''\nx = 'a'", 'x = "a"'),
    ("x = 0x10", "x = 16"),
    ("x = u'a'", "x = 'a'"),
]
OTHER = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = True"),
    ("x = 1", "x = 1.0"),
    ("x = 'a'", "x = b'a'"),
    ("f(a, b)", "f(a); b"),
    ("x = 'doc'", "x = 'cod'"),
    ("def f():\n  return 'a'", "def f():\n  'a'"),
    ("if a:\n  b\nc", "if a:\n  b\n  c"),
    ("x = [[a], b]", "x = [[a, b]]"),
]


class Here(unittest.TestCase):
    def test_names(self):
        for code, imports, calls in NAMES:
            with self.subTest(code=code):
                answer = look(code)
                self.assertEqual((imports, calls), (answer["imports"], answer["calls"]))

    def test_trees(self):
        for one, other in SAME:
            self.assertEqual(look(one)["treeSha256"], look(other)["treeSha256"], (one, other))
        for one, other in OTHER:
            self.assertNotEqual(look(one)["treeSha256"], look(other)["treeSha256"], (one, other))

    def test_it_says_when_it_cannot_tell(self):
        for code in ("def", "x = (", b"\xff", "a\0b", "(" * 400 + ")" * 400, "-" * 100000 + "1", "x = [" + "0," * 300000 + "]",
                     "\n".join(f"import m{i}" for i in range(3000)), "#" * (600 << 10), "x" * 500 + "()"):
            with self.subTest(code=code[:20]):
                began = time.monotonic()
                self.assertEqual(["error"], list(look(code)))
                self.assertLess(time.monotonic() - began, 30)

    def test_deep_code_has_a_tree(self):
        self.assertIn("treeSha256", look("x = 0x" + "f" * 20000))
        self.assertIn("treeSha256", look("x" + ".a" * 80 + "\n" + "if a:\n" + "    b\n" * 5000))


class InSession(unittest.TestCase):
    def test_as_the_server_does_it(self):
        with Pool() as pool, Session(pool) as session:
            answer = json.loads(session.run(cell_for("import os\nos.system('touch /mnt/data/ran')\n"))["stdout"])
            self.assertEqual((answer["imports"], answer["calls"]), (["os"], ["os.system"]))
            self.assertEqual(64, len(answer["treeSha256"]))
            # A shell line is a call; nothing has run.
            magic = json.loads(session.run(cell_for("!touch /mnt/data/ran\n"))["stdout"])
            self.assertIn("get_ipython", magic["calls"])
            self.assertEqual("False", session.run("import os; os.path.exists('/mnt/data/ran')")["value"])


if __name__ == "__main__":
    unittest.main()
