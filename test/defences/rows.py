# SPDX-License-Identifier: MIT
"""All rows, and which program a test of Meson's is."""
import pathlib

import network
import peers
import review
import sessions

ROWS = [*review.ROWS, *network.ROWS, *peers.ROWS, *sessions.ROWS]


def by_name(tests):
    """What `meson introspect --tests` says, by name and by suite/name. Where two tests have both in common, Meson runs them together, so
    that what they need is put together."""
    found = {}
    for test in tests:
        for key in [test["name"], *(f"{suite.split(':')[-1]}/{test['name']}" for suite in test["suite"])]:
            found[key] = {**test, "depends": test["depends"] + found.get(key, {"depends": []})["depends"]}
    return found


def script_of(test):
    """The script or the program that a test of Meson's runs; `test` is what `meson introspect --tests` says of it."""
    words = [word for word in test["cmd"] if not word.endswith("/in_venv.py")]  # which runs another one
    return next((word for word in words if word.endswith((".py", ".mjs", ".sh"))), words[0])
