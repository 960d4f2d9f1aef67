#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes test/az/recorded.json: values, and what the code that prints for the cloud's `az` makes of them. Needs `knack`,
`tabulate`, `PyYAML` and `jmespath` in the versions of azure-cli 2.91.0; run by hand when a case is added.

Usage: record.py FILE [SEED COUNT]  (SEED and COUNT: random values in place of the kept ones, to look for differences)"""
import json
import random
import sys

import jmespath
from collections import OrderedDict
from knack.output import format_json, format_table, format_tsv, format_yaml
from knack.util import CommandResultItem

FORMATS = {"json": format_json, "yaml": format_yaml, "table": format_table, "tsv": format_tsv}
ANSWER = {"id": "/subscriptions/s/resourceGroups/g", "name": "g", "location": "local", "tags": None, "type": "t",
          "properties": {"provisioningState": "Succeeded", "list": [1, 2], "on": True}}
TEXTS = ["", "a", "null", "true", "yes", "~", "1", "1.5", "0x1f", "1_000", "12:30", "2026-11-28", "2026-11-28T11:52:53Z", "- a", "-a", "a: b", "a:b",
         "a #b", "a#b", "#a", "it's", 'say "x"', "x\ny", "x\n", " x", "x ", "tab\there", "naïve", "日本", "{a}", "[a]", "a, b", "!x", "%x", "@x", "`x",
         "&x", "*x", "|x", ">x", "?x", "? x", ":x", "=", "<<", "---", "...", "--- a", "\x00", "\x1b[2J", "\u2028", "\ufeff", "a\u0085b", "😀", "1e5", "1e+5", ".5", "+1", "-1",
         "0o7", "017", "08", ".inf", "NaN", "a\\b", "/", "w " * 60, ("long" * 30 + " ") * 3, "it's " * 40, "é " * 70, "x\n\ny\n z", "a  b" * 30, "\x07 bell " * 20]
VALUES = [None, True, False, 0, -7, 1.0, 1.5, 1e16, 1e-5, 123456789.125, 2.5e-7, 1e300, [], {}, [[]], [{}], {"a": []}, {"a": {}}, [[1, 2], [3]], [None, 1],
          [True, "x"], ANSWER, [ANSWER, {"name": "h", "extra": 3.5}], {"b": 1, "a": [{"c": None}, [{"d": [1]}]]}, [{"id": 1}], [{"a": "x\ny", "b": "z"}, {"a": "q", "b": "w"}],
          {"k" * 130: 1}, {"": 1}, {"a\nb": {"c": 1}}, [[], {}, [{}]], {"a": [[1], [2]]}, ["a", "b"], *TEXTS, [TEXTS], {text: text for text in TEXTS if "\0" not in text}]
QUERIES = ["name", "properties", "{n:name,l:location}", "[name,location,tags]", "properties.list", "missing", "[?name].{Z:name,A:extra}", "[].name", "keys(@)",
           "properties.on", "[0]", "[].[name,extra]"]


def shown(value, kind, query, table):
    found = value
    if query:
        found = jmespath.compile(query).search(value, jmespath.Options(OrderedDict))
    if found is None:
        return ""
    item = CommandResultItem(found, table_transformer=table, is_query_active=bool(query))
    return FORMATS[kind](item)


def steers(value):
    """True if a table of it would hold control characters, which ours leaves out, or line ends that only Python knows."""
    return any(ord(c) < 0x20 and c not in "\n\t" or c in "\x7f\x85\u2028\u2029" for c in json.dumps(value, ensure_ascii=False).replace("\\n", "").replace("\\t", "")) or "\\u00" in json.dumps(value, ensure_ascii=False)


def any_value(source, depth=0):
    kind = source.randrange(10 if depth < 4 else 7)
    if kind < 4:
        words = [source.choice(["a", "Bc", "1", "-", ":", "#", "'", '"', "é", "\n", "  ", ",", "日本", "null", "x" * source.randrange(40), "\t", "w. "]) for _ in
                 range(source.randrange(6 if source.random() < 0.8 else 60))]
        return source.choice(["", " "]).join(words)
    if kind < 7:
        return source.choice([None, True, False, source.randrange(-10**6, 10**6), source.random() * 10**source.randrange(-9, 18), source.choice(TEXTS)])
    count = source.randrange(4)
    if kind < 8:
        return [any_value(source, depth + 1) for _ in range(count)]
    return {source.choice(["a", "b", "id", "name", "Zed", "k y", "é", "1", "x: y"]) + str(n): any_value(source, depth + 1) for n in range(count)}


def cases():
    if len(sys.argv) > 2:
        source = random.Random(int(sys.argv[2]))
        for _ in range(int(sys.argv[3])):
            yield any_value(source), None, None
        return
    for value in VALUES:
        yield value, None, None
    for query in QUERIES:
        for value in (ANSWER, [ANSWER, {"name": "h", "extra": 3.5}]):
            yield value, query, None
    yield [ANSWER], None, "[].{Name:name,Location:location,Status:properties.provisioningState}"
    yield ANSWER, None, "{Location:location,Name:name}"


rows = []
for value, query, table in cases():
    for kind in FORMATS:
        if kind == "table" and steers(value):
            continue
        try:
            rows.append({"value": value, "format": kind, "query": query, "table": table, "text": shown(value, kind, query, table)})
        except Exception as error:  # what it refuses has no text
            print(f"left out: {kind} {query} of {json.dumps(value)[:80]}: {error}", file=sys.stderr)
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(row, sort_keys=False) for row in rows) + "\n]\n")
print(f"{len(rows)} cases")
