#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a cell gives back: the table of session-pool-api.md 8.3, streams, errors, state (SP-13..SP-53 as far as
they are the session's business).

    values_test.py BUILD_DIR
"""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pool import Pool  # noqa: E402

ABSENT = object()
# (code, value, stdout, part of stderr)
TABLE = [
    ("print('Hello world')", "", "Hello world\n", ""),
    ("1+1", 2, "", ""),
    ("4", 4, "", ""),
    ("None", None, "", ""),
    ("x = 5", "", "", ""),
    ("x", 5, "", ""),
    ("x;", "", "", ""),
    ("", "", "", ""),
    ("# only a comment", "", "", ""),
    ("118726350.28999999", 118726350.28999999, "", ""),
    ("float('nan')", "nan", "", ""),
    ("float('-inf')", "-inf", "", ""),
    ("a='nan';a", "'nan'", "", ""),
    ("True", True, "", ""),
    ("2**53+1", 9007199254740993, "", ""),
    ("2**64", "18446744073709551616", "", ""),
    ("print(7*9)", "", "63\n", ""),
    ("(1, 'a')", "(1, 'a')", "", ""),
    ("{'k': [1, 2]}", "{'k': [1, 2]}", "", ""),
    ("list(range(30))", "[" + ",\n ".join(map(str, range(30))) + "]", "", ""),
    ("import numpy as np; np.float64(1.5)", 1.5, "", ""),
    ("np.int64(7)", 7, "", ""),
    ("np.bool_(True)", True, "", ""),
    ("import pandas as pd; pd.DataFrame({'a': [1, 2]})", "   a\n0  1\n1  2", "", ""),
    ("print(3); 5", 5, "3\n", ""),
    ("import sys; print('e', file=sys.stderr)", "", "", "e\n"),
    ("def f():\n    return 3\nf()", 3, "", ""),
    ("import asyncio\nasync def g():\n    return 8\nawait g()", 8, "", ""),
    ("import os; os.chdir('/mnt/data'); os.getcwd()", "'/mnt/data'", "", ""),
    ("!echo from the shell", "", "from the shell", ""),
    ("%pwd", "'/mnt/data'", "", ""),
    ("import pkg_resources; len({d.project_name for d in pkg_resources.working_set}) > 1", True, "", ""),
    ("class C:\n    pass\nimport pickle; type(pickle.loads(pickle.dumps(C()))).__name__", "'C'", "", ""),
    ("input()", ABSENT, "", "EOFError"),
    ("1/0", ABSENT, "", "ZeroDivisionError: division by zero\n"),
    ("y = 1\n1/0", ABSENT, "", "----> 2 1/0"),
    ("y", 1, "", ""),
    ("1 +", ABSENT, "", "SyntaxError"),
    ("undefined_name", ABSENT, "", "NameError: name 'undefined_name' is not defined"),
    ("try:\n    1/0\nexcept Exception as e:\n    raise ValueError('v') from e", ABSENT, "",
     "The above exception was the direct cause of the following exception:"),
    ("print('\\ud800')", "", "\\ud800\n", ""),
    ("import subprocess; subprocess.run(['python3', '-c', 'print(1)'], capture_output=True).stdout", "b'1\\n'", "", ""),
    ("import threading; t = threading.Thread(target=print, args=('t',)); t.start(); t.join()", "", "t\n", ""),
    ("import sqlite3; c = sqlite3.connect('x.db'); c.execute('create table t (a)'); c.commit()", "", "", ""),
    ("import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as p:\n    r = p.map(abs, [-1, -2])\nr", "[1, 2]", "", ""),
]
FAILURES = []


def check(good, what, got=""):
    print("ok  " if good else "FAIL", what, "" if good else got, flush=True)
    if not good:
        FAILURES.append(what)


def image_of(answer):
    value = answer["result"]["value"]
    return (isinstance(value, dict) and value.get("type") == "image" and value.get("format") == "png"
            and base64.b64decode(value["base64_data"]).startswith(b"\x89PNG"))


def main():
    pool = Pool(os.path.abspath(sys.argv[1]))
    pool.spawn("s")
    for code, value, stdout, stderr in TABLE:
        answer = pool.run("s", code)
        result = answer["result"]
        if value is ABSENT:
            good = not result["ok"] and result["value"] == "" and stderr in answer["stderr"] and result["error"]["name"]
            good = good and ("Traceback (most recent call last)" in answer["stderr"] or "SystemExit" in code)
        else:
            good = result is not None and result["ok"] and result["value"] == value and type(result["value"]) is type(value)
            good = good and (answer["stderr"] == stderr if not stderr else stderr in answer["stderr"])
        good = good and (answer["stdout"] == stdout or (stdout and stdout in answer["stdout"]))
        check(good, repr(code)[:70], answer)
    check("\x1b" not in pool.run("s", "1/0")["stderr"], "no colours in a traceback")
    check(image_of(pool.run("s", "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()")), "a figure shown is an image")
    check(image_of(pool.run("s", "plt.plot([1])\nplt.savefig('/mnt/data/x.png')")), "a figure left open is an image, after savefig too")
    check(pool.run("s", "1")["result"]["value"] == 1, "and is closed with its cell")
    two = pool.run("s", "plt.plot([1]); plt.show(); plt.figure(); plt.plot([2]); plt.show(); 5")
    check(image_of(two) and len(two["result"]["outputs"]) == 3 and two["stdout"] == "5\n",
          "the last image wins over the value, all are outputs, and the value stands in stdout", two)
    html = pool.run("s", "pd.DataFrame({'a': [1]})")["result"]["outputs"]
    check(any("text/html" in o for o in html), "a DataFrame brings its HTML as an output", html)
    shown = pool.run("s", "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))")["result"]["outputs"]
    check(any(o.get("text/html") == "<b>x</b>" for o in shown), "display shows", shown)
    many = pool.run("s", "list(range(5000))")["result"]["value"]
    check(many.endswith("...]") and many.count("\n") == 1000, "a long list is cut at 1000 elements")
    late = pool.run("s", "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('interrupted')\n    raise", 3000)
    check(not late["result"]["ok"] and late["stdout"] == "interrupted\n" and "KeyboardInterrupt" in late["stderr"], "the deadline is a KeyboardInterrupt", late)
    check(pool.run("s", "x")["result"]["value"] == 5, "which keeps the state")
    pool.tell("ls s")
    files = pool.wait(lambda m: "files" in m)["files"]
    check("x.png" in files and "x.db" in files, "the pool sees the files", files)
    pool.close()
    print("\n".join(FAILURES) or "all as expected")
    return 1 if FAILURES else 0


sys.exit(main())
