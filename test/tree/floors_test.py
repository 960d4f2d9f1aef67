#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of the tree, checked.

1. A file of src/ includes only headers of strictly lower floors or of its own folder; a `*_test.c` may include test/lib.
   Where a folder is parted into storeys, its files include their own sub-folder and lower storeys only.
2. The libraries of floors 0-2 import no function that makes a system call, reads a clock or starts a thread.
3. Every folder of src/ has a README of at most one screen.

Without this test a convenient include would turn the floors into a heap within a month.
Usage: floors_test.py SOURCE_ROOT [LIBRARY...]
"""
import pathlib
import re
import subprocess
import sys

FLOORS = {
    "base": 0, "wire": 1, "core/access": 2, "core/notice": 2, "core/policy": 2, "core/pool": 2, "core/resource": 2, "core/review": 2, "core/task": 2, "core/template": 2, "os": 3, "runtime": 3, "net": 4, "crypto": 4, "db": 4, "jail": 4,
    "credential": 4,
    "store": 5, "sdk": 5,
    "svc/pool": 6, "svc/scheduler": 6, "svc/app": 6, "svc/audit": 6, "svc/confirm": 6, "svc/mcp": 6, "svc/page": 6, "svc/keeper": 6, "svc/launcher": 6, "svc/trace": 6, "svc/webhook": 6, "svc/control": 6, "svc/directory": 6, "cmd": 7,
}
# Folders in storeys: sub-folder -> storey, "" for the files of the folder itself. From outside it is one folder.
STOREYS = {
    "sdk": {"": 1, "turn": 2, "entity": 2, "channel": 2, "client": 3, "worker": 3, "schedule": 4},
    "runtime": {"": 1, "python": 2},
    "svc/pool": {"session": 1, "files": 1, "": 2, "http": 3},
    "svc/scheduler": {"": 1, "http": 2},
}
SCREEN_LINES = 50

# What a pure library may import from outside the tree: memory, strings, formatting, and in-memory libraries.
PURE_SYMBOLS = re.compile(
    r"^(mem\w+|str\w+|malloc|calloc|realloc|free|qsort|bsearch|abort|__assert_fail|v?snprintf|__v?snprintf_chk|"
    r"__mem\w+_chk|__str\w+_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|_DYNAMIC|__fprintf_chk|fprintf|stderr|fwrite|fputs|fputc|"
    r"json_\w+|jsonp_\w+|yaml_\w+|pcre2_\w+_8|nghttp2_\w+|inflate\w*|crc32|__(a|ub|t)san\w*|__sanitizer\w*|__cyg\w+|__gcov\w*|llvm_\w+|__llvm_\w+|"
    r"isnan|isinf|__isnan|__isinf|floor|ceil|fmod|frexp|ldexp|strtod|lrint|llrint|round|trunc|__ctype\w+|"
    r"__udivti3|__divti3|__umodti3|__multi3|__popcountdi2|rawmemchr|explicit_bzero|__explicit_bzero_chk|__longjmp_chk)$")
# stderr may be written by one place only: ASSERT's last words (base/macros.c).
STDERR_USERS = {"macros.c.o"}


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("core", "svc") else parts[0]


def room_of(path, folder):
    """The sub-folder of a folder in storeys; "" for its own files."""
    return path[len(folder) + 1:].rpartition("/")[0]


def storey_fault(relative, included, folder):
    storeys = STOREYS.get(folder)
    if not storeys:
        return None
    own, other = room_of(relative, folder), room_of(included, folder)
    for room in (own, other):
        if room not in storeys:
            return f"{folder}/{room} has no storey"
    if own != other and storeys[other] >= storeys[own]:
        return f"storey {storeys[own]} ({folder}/{own}) includes storey {storeys[other]} ({folder}/{other})"
    return None


def include_faults(root):
    for source in sorted((root / "src").rglob("*.[ch]")):
        relative = source.relative_to(root / "src").as_posix()
        own = folder_of(relative)
        if own not in FLOORS:
            yield f"{relative}: folder {own} has no floor"
            continue
        for number, line in enumerate(source.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match or match.group(1) in ("durabletask.h", "durabletask_azure.h"):
                continue
            other = folder_of(match.group(1))
            if other == "lib" and relative.endswith("_test.c"):
                continue
            if "/" not in match.group(1):
                yield f'{relative}:{number}: write the include from src/ on: "{match.group(1)}"'
            elif other not in FLOORS:
                yield f"{relative}:{number}: unknown folder {other}"
            elif other != own and FLOORS[other] >= FLOORS[own]:
                yield f"{relative}:{number}: floor {FLOORS[own]} ({own}) includes floor {FLOORS[other]} ({other})"
            elif other == own and (fault := storey_fault(relative, match.group(1), own)):
                yield f"{relative}:{number}: {fault}"


def symbol_faults(libraries):
    for library in libraries:
        listing = subprocess.run(["nm", "-A", library], capture_output=True, text=True, check=True).stdout
        defined = set()
        wanted = []
        for line in listing.splitlines():
            fields = line.split()
            kind, name = fields[-2], fields[-1]
            if kind in "TtDdBbRrVvWwC" and len(fields) > 2:
                defined.add(name)
            elif kind == "U":
                wanted.append((line.split(":")[1], name))
        for member, name in wanted:
            symbol = name.split("@")[0]
            if symbol in defined or symbol in TREE_SYMBOLS:
                continue
            if symbol in ("fprintf", "__fprintf_chk", "stderr", "fwrite") and not member.endswith(tuple(STDERR_USERS)):
                yield f"{library}({member}) writes to stderr: {symbol}"
            elif not PURE_SYMBOLS.match(symbol):
                yield f"{library}({member}) imports {symbol}"


def tree_symbols(libraries):
    names = set()
    for library in libraries:
        listing = subprocess.run(["nm", "--defined-only", library], capture_output=True, text=True, check=True).stdout
        names.update(fields[-1] for fields in (line.split() for line in listing.splitlines()) if len(fields) == 3)
    return names


def readme_faults(root):
    rooms = [f"{folder}/{room}" for folder, storeys in STOREYS.items() for room in storeys if room]
    for folder in [*FLOORS, *rooms]:
        readme = root / "src" / folder / "README.md"
        if not readme.exists():
            yield f"src/{folder}/README.md is missing"
        elif len(readme.read_text().splitlines()) > SCREEN_LINES:
            yield f"src/{folder}/README.md is longer than a screen ({SCREEN_LINES} lines)"


root = pathlib.Path(sys.argv[1])
libraries = sys.argv[2:]
TREE_SYMBOLS = tree_symbols(libraries)
faults = [*include_faults(root), *symbol_faults(libraries), *readme_faults(root)]
print("\n".join(faults) or f"floors hold: {len(list((root / 'src').rglob('*.[ch]')))} files, {len(libraries)} pure libraries")
sys.exit(1 if faults else 0)
