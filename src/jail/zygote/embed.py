# SPDX-License-Identifier: MIT
"""Turns a text file into a C string constant. Usage: embed.py IN OUT NAME"""
import sys

source, target, name = sys.argv[1:]
data = open(source, "rb").read()
rows = [", ".join(str(b) for b in data[i : i + 20]) for i in range(0, len(data), 20)]
with open(target, "w") as out:
    out.write(f"/* Made from {source.rsplit('/', 1)[-1]} by embed.py. */\n")
    out.write(f"static const char {name}[] = {{\n    " + ",\n    ".join(rows) + ", 0};\n")
