# SPDX-License-Identifier: MIT
"""All rows, and which program a test of Meson's is."""
import pathlib

import network
import review

ROWS = [*review.ROWS, *network.ROWS]


def script_of(test):
    """The script or the program that a test of Meson's runs; `test` is what `meson introspect --tests` says of it."""
    words = test["cmd"]
    return next((word for word in words if word.endswith((".py", ".mjs", ".sh"))), words[0])
