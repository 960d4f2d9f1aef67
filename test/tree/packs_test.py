#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each json_pack has as many arguments as its format takes, and a literal text for each name of a member.

The compiler does not read these formats, and jansson takes a wrong one for want of memory or reads what nobody passed: without this
test a member that was added to the format alone is found by whoever asks for just that answer.
Usage: packs_test.py SOURCE_ROOT
"""
import pathlib
import re
import sys

LITERAL = re.compile(r'"(?:\\.|[^"\\])*"')
CALL = re.compile(r"\bjson_(pack|pack_ex)\(")
# Arguments of a unit of the format; "#" and "%" are a size behind a text (jansson, "Building Values").
UNIT = re.compile(r"(?P<kind>[sbiIfoOn])(?P<size>[#%]?)(?P<may>[?*]?)(?P<more>(?:\+[#%]?)*)|(?P<mark>[{}\[\]])|[\s:,]")


def code_of(text):
    """Without comments; texts stay, since formats are texts."""
    return re.sub(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', lambda found: found[1] or " ", text, flags=re.S)


def arguments_of(text, at):
    """The arguments of a call whose "(" is before `at`, each as its text."""
    parts, depth, begin = [], 0, at
    while True:
        literal = LITERAL.match(text, at)
        if literal:
            at = literal.end()
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            if depth == 0:
                return [*parts, text[begin:at].strip()]
            depth -= 1
        elif text[at] == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1


def units_of(form):
    """For each argument that the format takes, whether it is a member's name. None: it is no format."""
    wanted, objects, at = [], [], 0
    while at < len(form):
        unit = UNIT.match(form, at)
        if not unit:
            return None
        at = unit.end()
        if unit["mark"] and unit["mark"] in "{[":
            objects.append(["{" == unit["mark"], True])
        elif unit["mark"]:
            if not objects or objects.pop()[0] != (unit["mark"] == "}"):
                return None
        if unit["mark"] == "}" or unit["mark"] == "]" or unit["kind"]:
            is_name = bool(objects and objects[-1][0] and objects[-1][1] and unit["kind"])
            if objects and objects[-1][0]:
                objects[-1][1] = not objects[-1][1]
            if unit["kind"] and unit["kind"] != "n":
                wanted += [is_name, *([False] * (bool(unit["size"]) + len(re.findall(r"[+#%]", unit["more"]))))]
    return None if objects else wanted


def faults_of(name, text):
    for call in CALL.finditer(text):
        given = arguments_of(text, call.end())
        if call[1] == "pack_ex":
            given = given[2:]
        line = text.count("\n", 0, call.start()) + 1
        if not given or LITERAL.sub("", given[0]).strip():
            yield f"{name}:{line}: the format of json_pack is no literal text"
            continue
        form = "".join(part[1:-1] for part in LITERAL.findall(given[0]))
        wanted = units_of(form)
        if wanted is None:
            yield f'{name}:{line}: "{form}" is no format of json_pack'
        elif len(wanted) != len(given) - 1:
            yield f'{name}:{line}: "{form}" takes {len(wanted)} arguments, {len(given) - 1} are given'
        else:
            yield from (f"{name}:{line}: a member's name is {given[place]}, no literal text" for place, is_name in enumerate(wanted, 1)
                        if is_name and not re.match(r'"[^"]+"|[A-Za-z_]', given[place]))
        counted.append(name)


counted = []
root = pathlib.Path(sys.argv[1])
paths = [path for folder in ("src", "examples") for path in sorted((root / folder).rglob("*.c"))]
faults = [fault for path in paths for fault in faults_of(path.relative_to(root).as_posix(), code_of(path.read_text()))]
if len(counted) < 100:
    faults.append(f"only {len(counted)} calls of json_pack were found: they are written otherwise than this test reads them")
print("\n".join(faults) or f"{len(counted)} formats of json_pack hold")
sys.exit(1 if faults else 0)
