#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What names and files of src/ may be, checked.

1. A struct, enum or union tag is defined once. Otherwise a debugger shows the fields of the wrong one, and a reader
   who searches for the definition finds two.
2. Files of one folder include each other without circles. Files in a circle are one file in pieces: none can be read,
   tested or moved alone.
3. Parameters have names of more than one letter, in definitions, prototypes and callbacks. One letter means something
   else in each folder.
4. A file begins with its name and, if it is a `.c` file, how it is built. Without it each reader finds that out again.
5. An exported function has a caller in the product. What only a test calls is kept alive, and paid for, by its test.
6. A file has five hundred lines at most. What is longer has more than one idea, by which it is to be parted.

What breaks a rule today stands in the lists and numbers below. They may only shrink: an entry that is no longer
needed fails, too, and so does a number that is higher than what is counted. Generated files are excused.
Usage: names_test.py SOURCE_ROOT [--figures]
"""
import collections
import pathlib
import re
import sys

# Tags that a unit test defines anew, because it plays the module to which the opaque type belongs.
TAGS_DEFINED_TWICE = {
    "dt_instance": "svc/app/exchange_test.c plays the client library",
    "dt_reply": "svc/app/exchange_test.c plays the client library",
    "http_request": "svc/app/exchange_test.c plays the HTTP server",
}
# Modules of a folder that include themselves by way of others. A module and its `_internal.h` count as one.
MODULES_IN_CIRCLES = {}
# A number, not names, so that a folder can be moved.
FILES_WITHOUT_HEADER = 0
LINES_MAX = 500
LONG_FILES = {
    "cmd/limit_rows.c": "one table, a line a limit",
    "wire/json/jmespath_parse.c": "one grammar, whose functions call each other in a circle",
}
# Each with the reason to keep it, or why it is not gone yet.
FUNCTIONS_WITHOUT_CALLER = {
    "access_decide": "access_decide_at for what has one name only: what tests decide by",
    "engine_check": "the simulator's proof of the engine's invariants needs the engine's insides",
    "frame_parse": "the other half of frame_format; peers that tests play, and the fuzzer, read with it",
    "http_server_connection_count": "tests see with it that a connection is gone",
    "pb_put_fixed64_field": "the writer of the one wire type that the tests of the reader could not make otherwise",
    "review_write_picture": "doc/review.md is written with it, and the machine's test holds the two together",
    "seccomp_rows": "the policy's table as tests print it",
    "server_filter_rows": "the policy's table as tests run through it",
}

GENERATED = re.compile(r"\.pb\.[ch]$")
TEST = re.compile(r"_test\.[ch]$")
TAG = re.compile(r"\b(?:struct|enum|union)\s+(\w+)\s*\{")
# A definition begins at the left margin; its parameters hold at most one level of parentheses; "{" has its own line.
FUNCTION = re.compile(r"^(?P<head>[A-Za-z_][^\n;{}=]*?)\b(?P<name>[a-z_]\w*)\((?P<parameters>(?:[^()]|\([^()]*\))*)\)\n\{",
                      re.M)
DECLARATION = re.compile(r"^[A-Za-z_][^\n;{}=#]*?\b([a-z_]\w*)\((?:[^()]|\([^()]*\))*\)[^;{}()]*(?:\([^;{}]*\))?;", re.M)
# A parameter's type and its name of one letter; a macro's own parameters have no type.
ONE_LETTER = re.compile(r"[(,]\s*((?:(?:const|struct|enum|union|unsigned|long|volatile)\s+)*(\w+)(?:\s+const)?"
                        r"\s+\**(?:const\s+)?[A-Za-z](?:\[[^\]]*\])?)(?=\s*[,)])")
NO_TYPE = {"return", "sizeof", "else", "case", "goto"}
KEYWORDS = {"if", "for", "while", "switch", "return"}


def code_of(text):
    """The text without comments and the contents of strings; lines stay where they are."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda match: "\n" * match.group().count("\n"), text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def read_sources(root):
    sources = {}
    for path in sorted((root / "src").rglob("*.[ch]")):
        if not GENERATED.search(path.name):
            sources[path.relative_to(root / "src").as_posix()] = path.read_text()
    return sources


def against_list(found, allowed, what):
    """Faults of a rule with a list of excused names: what is new, and what the list no longer needs."""
    for name in sorted(found.keys() - allowed.keys()):
        yield f"{name}: {what} ({found[name]})"
    for name in sorted(allowed.keys() - found.keys()):
        yield f"{name}: mended; take it from the list in names_test.py"


def against_ratchet(counted, limit, what):
    if counted > limit:
        yield f"{what}: {counted}, at most {limit} is allowed"
    elif counted < limit:
        yield f"{what}: {counted} now; lower the limit of {limit} in names_test.py, so that it stays so"


def tags_defined_twice(code):
    places = collections.defaultdict(list)
    for name, text in code.items():
        for tag in TAG.findall(text):
            places[tag].append(name)
    return {tag: ", ".join(files) for tag, files in places.items() if len(files) > 1}


def module_graph(sources):
    """For each folder: module -> modules of the same folder that its header or its source includes."""
    graphs = collections.defaultdict(dict)
    for name, text in sources.items():
        folder, _, file = name.rpartition("/")
        if TEST.search(file):
            continue
        module = file[:-2].removesuffix("_internal")
        targets = graphs[folder].setdefault(module, set())
        for included in re.findall(r'^\s*#\s*include\s+"([^"]+)\.h"', text, re.M):
            other_folder, _, other = included.rpartition("/")
            other = other.removesuffix("_internal")
            if other_folder == folder and other != module:
                targets.add(other)
    return graphs


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for target in graph.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def modules_in_circles(sources):
    """folder -> its modules that include themselves by way of others."""
    circles = {}
    for folder, graph in module_graph(sources).items():
        circles[folder] = sorted(module for module in graph if module in reachable(graph, module))
    return circles


def one_letter_parameters(code):
    """file:line -> type and name of each parameter of the product that has one letter."""
    found = {}
    for name, text in code.items():
        if TEST.search(name):
            continue
        for parameter in ONE_LETTER.finditer(text):
            if parameter[2] not in NO_TYPE:
                line = text.count("\n", 0, parameter.start(1)) + 1
                found[f"src/{name}:{line}"] = " ".join(parameter[1].split())
    return found


def files_without_header_comment(sources):
    """Behind the licence's line: "/* NAME — what it is, or how it is built"."""
    form = re.compile(r"/\* SPDX[^\n]*\*/\n/\* (\S+) — \S")
    return [name for name, text in sources.items()
            if not (found := form.match(text)) or found[1] != name.rpartition("/")[2]]


def long_files(sources):
    """File -> lines, of the product's files that are longer than a reader keeps in mind."""
    return {name: text.count("\n") for name, text in sources.items()
            if text.count("\n") > LINES_MAX and not TEST.search(name)}


def functions_without_caller(code, public):
    """Exported functions that no product source names outside their own definition and declarations."""
    uses, homes = collections.Counter(), {}
    for name, text in code.items():
        if TEST.search(name):
            continue
        uses.update(re.findall(r"[A-Za-z_]\w*", text))
        if name.endswith(".h"):
            uses.subtract(DECLARATION.findall(text))
            continue
        for function in FUNCTION.finditer(text):
            if not re.search(r"\bstatic\b", function["head"]) and function["name"] not in KEYWORDS:
                homes[function["name"]] = name
                uses[function["name"]] -= 1
    return {function: home for function, home in homes.items()
            if uses[function] <= 0 and function != "main" and not re.search(rf"\b{function}\b", public)}


root = pathlib.Path(sys.argv[1])
sources = read_sources(root)
code = {name: code_of(text) for name, text in sources.items()}
public = "".join(path.read_text() for path in sorted((root / "include").rglob("*.h")))

twice = tags_defined_twice(code)
circles = modules_in_circles(sources)
short = one_letter_parameters(code | {"../include/" + path.name: code_of(path.read_text())
                                      for path in (root / "include").rglob("*.h")})
bare = files_without_header_comment(sources)
unused = functions_without_caller(code, public)

if "--figures" in sys.argv:
    print("tags:", *(f"  {tag}: {files}" for tag, files in sorted(twice.items())), sep="\n")
    print("circles:", *(f"  {folder} {len(names)}: {' '.join(names)}" for folder, names in circles.items() if names),
          sep="\n")
    print("one-letter parameters:", *(f"  {place} {what}" for place, what in short.items()), sep="\n")
    print("bare:", *(f"  {name}" for name in bare), sep="\n")
    print("unused:", *(f"  {name} {home}" for name, home in sorted(unused.items())), sep="\n")
    sys.exit(0)

faults = [
    *against_list(twice, TAGS_DEFINED_TWICE, "tag defined twice"),
    *(fault for folder, names in circles.items() for fault in against_ratchet(
        len(names), MODULES_IN_CIRCLES.get(folder, 0), f"src/{folder}: modules in circles ({' '.join(names)})")),
    *against_list(short, {}, "a parameter of one letter; CONTRIBUTING.md has the short names"),
    *against_ratchet(len(bare), FILES_WITHOUT_HEADER, f"files that do not begin with their name and what they are "
                     f"({' '.join(bare)})"),
    *against_list(long_files(sources), LONG_FILES, "lines; part it by its ideas"),
    *against_list(unused, FUNCTIONS_WITHOUT_CALLER, "exported, but nothing in the product calls it"),
]
print("\n".join(faults) or f"names hold: {len(sources)} files")
sys.exit(1 if faults else 0)
