#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Values and errors that do what they can to the code that shows them: each cell ends within its limits, with an
error that says something, the session goes on where nothing says otherwise, and the server serves the next one.

    POOL_HOST=… POOL_ZYGOTE=… hostile_test.py
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Pool, Session  # noqa: E402

LIMIT_S = 3  # of a cell that has no end of its own
ANSWER_BYTES_MAX = 4 << 20  # of a whole answer, whatever a cell shows
HOSTILE = """
import os, sys
class A:
    def __repr__(self): raise SystemExit('in repr')
class B(Exception):
    def __str__(self): raise KeyboardInterrupt
    __notes__ = property(lambda s: (_ for _ in ()).throw(MemoryError()))
class M(type):
    def __getattribute__(c, n): raise GeneratorExit(n)
class C(metaclass=M): pass
class D(Exception):
    @property
    def __class__(self): raise BaseException('class')
class E(BaseException):
    def __getattribute__(self, n): raise E
class Z(Exception):
    def __str__(s):
        while True: pass
class H:
    def _repr_html_(s): return 'x' * (1 << 25)
    def _repr_png_(s): return 5
    def _repr_jpeg_(s): return '<script>' * 100000
class L:
    def __del__(s):
        while True: pass
class R(list):
    def __iter__(s):
        while True: yield 'x'
class Text(str):
    def __repr__(s): return 7
def loop_of_causes():
    a = ValueError('a'); b = ValueError('b'); a.__cause__ = b; b.__cause__ = a
    raise a
def noted():
    e = ValueError('noted'); e.__notes__ = ['x' * (1 << 24)] * 8
    raise e
def long_text(): raise ValueError('y' * (1 << 22))
def long_name(): raise type('N' * 100000, (Exception,), {})('said')
def deep():
    e = ValueError('last')
    for i in range(1000):
        n = ValueError(i); n.__cause__ = e; e = n
    raise e
def groups():
    e = ValueError('inmost')
    for i in range(30): e = ExceptionGroup('g', [e] * 30)
    raise e
"""
# name, code, name of the error ("" for none), part of stderr
ENDS = (
    ("a repr that exits", "A()", "SystemExit", "in repr"),
    ("a str that interrupts", "raise B()", "B", "B"),
    ("a metaclass that answers nothing", "C()", "GeneratorExit", ""),
    ("an error that has no class", "raise D('d')", "D", "D: d"),
    ("an error whose attributes raise it again", "raise E", "E", "E"),
    ("causes in a ring", "loop_of_causes()", "ValueError", "ValueError: a"),
    ("notes of 128 MiB", "noted()", "ValueError", "ValueError: noted"),
    ("a text of 4 MiB", "long_text()", "ValueError", "ValueError: yyy"),
    ("a class name of 100,000 letters", "long_name()", "N" * 200, "said"),
    ("a thousand causes", "deep()", "ValueError", "ValueError: 999"),
    ("groups of groups of groups", "groups()", "ExceptionGroup", "nested too deeply"),
    ("an html and a picture that are none", "H()", "", ""),
    ("a list without an end", "R([1])", "", ""),
    ("a repr that is no text", "Text()", "TypeError", ""),
    ("a deep recursion", "def f(): f()\nf()", "RecursionError", "RecursionError"),
    ("a repr that recurses", "class Q:\n    def __repr__(s): return repr(s)\nQ()", "RecursionError", ""),
)
# These never end by themselves: the time limit does it.
ENDLESS = (
    ("an await without an end", "import asyncio\nawait asyncio.sleep(3600)"),
    ("a task that refuses to end", "import asyncio\nasync def stay():\n    while True:\n        try:\n            await asyncio.sleep(1)\n"
                                   "        except BaseException: pass\nawait stay()"),
    ("a str without an end", "raise Z()"),
    ("a __del__ without an end", "L(); 1"),
    ("a flush without an end", "class F:\n    def write(s, t): pass\n    def flush(s):\n        while True: pass\n"
                               "kept = sys.stdout; sys.stdout = F()"),
)
REPLACED = """
import json, builtins, base64, io, time, threading, linecache, traceback, ast
json.dumps = lambda *a, **k: '{"id":1,"ok":true,"duration_us":1,"value":"patched dumps","outputs":[]}'
json.JSONEncoder.encode = json.JSONEncoder.iterencode = json.encoder.encode_basestring_ascii = None
os.write = os.read = os.getpid = base64.b64encode = linecache.getlines = None
builtins.len = lambda x: 3; builtins.print = builtins.isinstance = builtins.str = builtins.type = None
builtins.compile = builtins.eval = builtins.sum = builtins.any = None
io.StringIO = io.BytesIO = io.TextIOWrapper = ast.Expression = ast.Expr = None
time.monotonic = time.perf_counter_ns = None
sys.settrace(lambda *a: None); sys.stdout = None; sys.stderr = None
"""


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = Pool(max=20, ready=2)

    @classmethod
    def tearDownClass(cls):
        cls.pool.close()

    def check_server(self):
        with Session(self.pool) as other:
            self.assertEqual(other.run("6 * 7")["value"], "42", "another session does not answer")

    def run_hostile(self, session, code, **more):
        session.run(HOSTILE)
        answer = self.pool.run(session.id, code, **more)
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(len(answer.body), ANSWER_BYTES_MAX)
        return answer.json

    def test_what_ends_by_itself_ends_well(self):
        for name, code, error, text in ENDS:
            with self.subTest(name), Session(self.pool) as session:
                answer = self.run_hostile(session, code, timeoutInSeconds=60)
                result = answer["result"]
                self.assertEqual((result.get("error") or {}).get("name", ""), error, answer)
                self.assertIn(text, result["stderr"])
                self.assertEqual(answer["status"], "Failed" if error else "Succeeded")
                self.assertEqual(session.run("1 + 1")["value"], "2", "the session goes on")
        self.check_server()

    def test_what_never_ends_is_ended(self):
        for name, code in ENDLESS:
            with self.subTest(name), Session(self.pool) as session:
                answer = self.run_hostile(session, code, timeoutInSeconds=LIMIT_S)
                self.assertIn(answer["status"], ("Failed", "Succeeded"), answer)
                session.run("sys.stdout = kept" if "kept" in code else "pass")
                self.assertEqual(session.run("1 + 1")["value"], "2", "the session answers")
        self.check_server()

    def test_a_cut_value_is_flagged(self):
        with Session(self.pool) as session:
            for code in ("'x' * (2 << 20)", "['x' * (2 << 20)]", "H()"):
                answer = self.run_hostile(session, code, timeoutInSeconds=60)
                self.assertEqual(answer["status"], "Succeeded", answer["status"])
                self.assertTrue(answer["result"].get("resultTruncated"), code)

    def test_replaced_builtins_harm_nobody_else(self):
        with Session(self.pool) as session:
            answer = self.run_hostile(session, REPLACED, timeoutInSeconds=20)
            self.assertIn(answer["status"], ("Succeeded", "Failed"), answer)
            answer = self.pool.run(session.id, "6")
            self.assertEqual(answer.json["result"]["executionResult"], 6, answer)
            answer = self.pool.run(session.id, "1/0")
            self.assertEqual(answer.json["result"]["error"]["name"], "ZeroDivisionError", answer)
        self.check_server()

    def test_a_session_that_kills_itself_is_replaced(self):
        codes = ("import gc; gc.callbacks.append(lambda *a: os._exit(3)); gc.collect()",
                 "sys.setrecursionlimit(10**9)\ndef f(): f()\nf()", "os.kill(os.getpid(), 9)")
        for code in codes:
            with self.subTest(code), Session(self.pool) as session:
                answer = self.run_hostile(session, code, timeoutInSeconds=30)
                self.assertEqual(answer["status"], "Failed", answer)
                self.assertEqual(session.run("1 + 1")["value"], "2", "the next call has a fresh session")
        self.check_server()


if __name__ == "__main__":
    unittest.main(verbosity=2)
