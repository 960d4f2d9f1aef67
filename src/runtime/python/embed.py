# SPDX-License-Identifier: MIT
"""Writes Python modules as a C table, in the order given: a module may import those before it.

Usage: embed.py OUT TABLE PACKAGE MODULE.py...
       embed.py OUT NAME "" PROGRAM.py              one that nobody imports: only its text, under that name
"""
import pathlib
import sys

BYTES_A_ROW = 20


def constant(name, text):
    """A module's text as a C array. (A string literal may be too long for a compiler.)"""
    rows = [", ".join(map(str, text[i : i + BYTES_A_ROW])) for i in range(0, len(text), BYTES_A_ROW)]
    return f"static const char {name}[] = {{\n    " + ",\n    ".join(rows + ["0"]) + "};\n"


def main():
    target, table, package, *sources = sys.argv[1:]
    names = []
    with open(target, "w", encoding="ascii") as out:
        out.write("/* Made by embed.py. */\n")
        if not package:
            out.write(constant(table, pathlib.Path(sources[0]).read_bytes()))
            return
        for number, source in enumerate(map(pathlib.Path, sources)):
            compile(source.read_text(), source, "exec")  # a slip is an error of the build
            names.append(package if source.stem == "__init__" else f"{package}.{source.stem}")
            out.write(constant(f"text_{number}", source.read_bytes()))
        out.write("static const struct {\n    const char *name; /* as it is imported */\n    const char *text;\n"
                  f"}} {table}[] = {{\n")
        for number, name in enumerate(names):
            out.write(f'    {{"{name}", text_{number}}},\n')
        out.write("};\n")


main()
