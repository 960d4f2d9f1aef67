#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The limits of the product, checked against their one table, src/cmd/limit_rows.c.

1. The value of a limit that the table lists is written once: one #define below src, in a header.
2. A #define that is named like a limit is in the table, or is one of those that bound nothing which comes from
   outside (texts that we print, steps of a loop). Their number may only shrink. The library's own limits are in
   its public header.
3. A message that says "(limit NAME)" names a limit of the table or a setting.
4. No options take zero for a default: `x ? x : DEFAULT` for a number of options (doc/decisions/0021-options.md,
   which says where zero stays: in the public C interface, and for formats).
Without this a limit would be changed in one place and hold in another, and nobody could list what is bounded.
Usage: limits_test.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# Named like limits, and not in the table.
NOT_LISTED = 201
LIKE_A_LIMIT = re.compile(r"_(MAX|LIMIT|MAX_NS|MAX_MS|MAX_S|TIMEOUT|TIMEOUT_NS|TIMEOUT_MS|MOST|DEFAULT)$")
DEFINE = re.compile(r"^#define[ \t]+([A-Z][A-Z0-9_]*)[ \t]+(?:\\\n[ \t]*)?([^\n]*\d[^\n]*)", re.M)
ROW = re.compile(r"\bROW\(\"[^\"]*\",\s*([A-Z0-9_]+),")
ZERO_TRICK = re.compile(r"\b(\w+(?:->|\.)\w*(?:_max|_min|_ns|_ms|_size|_bytes|_count|_kib|_pages|_interval|_timeout)) (?:> 0 |!= 0 )?\? \1 :")
# Numbers that a peer or a user may leave away: zero is what was said, not what nobody has set.
ZERO_IS_SAID = {
    "worker->message_size_max": "a worker does not say how much it takes",
    "query->modified_to_ns": "a query without an end",
    "query->rows_max": "a query that names no number of rows",
    "query->size_max": "a query that names no size",
    "client->run_timeout_ns": "the setting run-timeout is 0: the pool's own limit",
    "reader->message_size_max": "gRPC messages without a limit of their own",
}
TEST = re.compile(r"_test\.[ch]$|\.pb\.[ch]$")


def name_of(macro):
    return re.sub(r"-(ns|ms|days)$", "", macro.lower().replace("_", "-"))


def main():
    root = pathlib.Path(sys.argv[1])
    sources = {path.relative_to(root).as_posix(): path.read_text() for path in sorted((root / "src").rglob("*.[ch]"))
               if not TEST.search(path.name)}
    rows = ROW.findall(sources["src/cmd/limit_rows.c"])
    settings = set(re.findall(r'^    \{"([a-z-]+)", OPTION_', sources["src/cmd/settings.c"], re.M))
    places = {}
    for name, text in sources.items():
        for macro, _ in DEFINE.findall(text):
            places.setdefault(macro, []).append(name)

    faults = []
    if len(rows) < 100:
        faults.append(f"only {len(rows)} rows were found in the table")
    for macro in rows:
        where = places.get(macro, [])
        if len(where) != 1 or not where[0].endswith(".h"):
            faults.append(f"{macro}: is to be written once, in a header; found in {', '.join(where) or 'no file'}")
        if rows.count(macro) > 1:
            faults.append(f"{macro}: two rows")
    unlisted = sorted(f"{macro} ({', '.join(where)})" for macro, where in places.items()
                      if LIKE_A_LIMIT.search(macro) and macro not in rows and not where[0].startswith("src/sdk/"))
    if "--list" in sys.argv:
        print("\n".join(unlisted))
    if len(unlisted) > NOT_LISTED:
        faults.append(f"{len(unlisted)} macros are named like limits and have no row, at most {NOT_LISTED} may: give the new one "
                      "a row in src/cmd/limit_rows.c, or a name that is none of a limit")

    names = {name_of(macro) for macro in rows} | settings
    said = 0
    for name, text in sources.items():
        for group in re.findall(r"\(limits? ([a-z0-9, -]+)\)", " ".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', text))):
            for limit in group.split(", "):
                said += 1
                if limit not in names:
                    faults.append(f"{name}: a message names the limit {limit}, which is not in the table")
        for match in () if name.startswith("src/sdk/") else ZERO_TRICK.finditer(text):
            if match.group(1) in ZERO_IS_SAID:
                continue
            faults.append(f"{name}: zero stands for a default: {match.group()}")
    if said < 20:
        faults.append(f"only {said} messages name their limit")
    print("\n".join(faults) or f"{len(rows)} limits, {said} messages that name one")
    return 1 if faults else 0


sys.exit(main())
