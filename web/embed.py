# SPDX-License-Identifier: MIT
"""Writes the page's built files as a C table: each as it is and as gzip, with its type and the hash that is its ETag.

The same files make the same table, so that builds can be compared. Usage: embed.py OUT DIST FILE...
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
BYTES_A_ROW = 32


def constant(name, data):
    rows = [",".join(map(str, data[i : i + BYTES_A_ROW])) for i in range(0, len(data), BYTES_A_ROW)]
    return f"static const uint8_t {name}[] = {{\n" + ",\n".join(rows) + "};\n"


def main():
    target, dist, *names = sys.argv[1:]
    rows = []
    with open(target, "w", encoding="ascii") as out:
        out.write("/* Made by web/embed.py. */\n")
        for number, name in enumerate(names):
            data = pathlib.Path(dist, name).read_bytes()
            out.write(constant(f"plain_{number}", data))
            out.write(constant(f"gzip_{number}", gzip.compress(data, 9, mtime=0)))
            tag = hashlib.sha256(data).hexdigest()[:32]
            rows.append(f'    {{"/{name}", "{TYPES[pathlib.Path(name).suffix]}", "{tag}", '
                        f"{{plain_{number}, sizeof plain_{number}}}, {{gzip_{number}, sizeof gzip_{number}}}}},\n")
        out.write("static const struct page_file files[] = {\n" + "".join(rows) + "};\n")


main()
