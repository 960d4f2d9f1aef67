# SPDX-License-Identifier: MIT
"""Writes Python modules as a C table, in the order given: a module may import those before it.

Usage: embed.py OUT TABLE PACKAGE MODULE.py...      PACKAGE "" for a program that nobody imports
"""
import pathlib
import sys

BYTES_A_ROW = 20


def constant(number, text):
    """A module's text as a C array. (A string literal may be too long for a compiler.)"""
    rows = [", ".join(map(str, text[i : i + BYTES_A_ROW])) for i in range(0, len(text), BYTES_A_ROW)]
    return f"static const char text_{number}[] = {{\n    " + ",\n    ".join(rows + ["0"]) + "};\n"


def main():
    target, table, package, *sources = sys.argv[1:]
    names = []
    with open(target, "w", encoding="ascii") as out:
        out.write("/* Made by embed.py. */\n")
        for number, source in enumerate(map(pathlib.Path, sources)):
            compile(source.read_text(), source, "exec")  # a slip is an error of the build
            names.append(package if source.stem == "__init__" else f"{package}.{source.stem}".lstrip("."))
            out.write(constant(number, source.read_bytes()))
        out.write("static const struct {\n    const char *name; /* as it is imported */\n    const char *text;\n"
                  f"}} {table}[] = {{\n")
        for number, name in enumerate(names):
            out.write(f'    {{"{name}", text_{number}}},\n')
        out.write("};\n")


main()
