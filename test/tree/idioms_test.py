#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Things that the tree does in one way, checked by their words.

1. A language that sessions run is known to its folder below src/runtime and its row. A name of one elsewhere is a place
   that whoever adds the next language must find.
2. A process of a test is started by test/lib/process, in C and in Python: bounded waits, nothing left behind.
3. A pointer goes through uintptr_t for arithmetic only, not to lose its `const`.
4. Each step of jail_enter fails once in test/jail/fail_closed_test.c, and each column of a store is named by a test of it:
   no test of theirs could notice a row that is not there.
5. What is freed has an owner whose type says so: no cast in free() takes a `const` away, so no struct bytes is freed, and
   none calls itself owned.
6. A bench of tests stands in test/lib: one among the product's files is read, counted and searched as if it were product.
7. One thing is written in one way: no bytes are {0}, a definition says `enum status` of what its header declares, and a
   parameter that is not used is left alone (the build does not warn of it).
8. A comment that has no room behind its declaration stands above it: clang-format would tear the two words apart.
9. Each fuzz target is built and begins with seeds: one without a corpus folder fails at its start, and only there.
10. What an allocation that failed is called stands once, in base/no_memory.h; each floor says it by its own *_no_memory.

What breaks a rule stands below with its reason; an entry that is no longer needed fails, too.
Usage: idioms_test.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# Files whose texts or names speak of Python, each with the reason.
LANGUAGE = {
    "cmd/az/rows_apps.c": "the choices of an argument, a contract",
    "cmd/front.c": "what the product says of itself to people",
    "cmd/main.c": "the same, in its help",
    "net/http_route.c": "the media type of source text, a contract",
    "svc/app/routes_requests.c": "the same",
    "svc/control/control.c": "a value of containerType, a contract",
    "svc/control/pool_type.c": "the same, and why others are refused",
    "core/pool/file_path.c": "the media type of a file's name",
    "svc/pool/http/execute_request.c": "a member of the oldest contract",
    "svc/pool/http/pool_routes.c": "a path of the oldest contract",
}
# What starts processes with its own hands.
STARTERS = {
    "lib/process.py": "the one way",
    "jail/cage.py": "plays the jail for a control, below outside.py",
    "jail/hostile_test.py": "a listener in a network namespace, asked to its end line by line",
    "jail/lifecycle_test.py": "a keeper that is handed a socket as descriptor 3",
    "jail/outside.py": "reads a flood of bytes and stops it in the middle",
    "jail/pool.py": "speaks a protocol of lines with session_run",
    "net/grpc_bench.py": "no test: a bench that is run by hand",
    "scenario/browser.py": "a browser that takes two pipes and a process group",
    "wire/pb_differential_test.py": "speaks bytes, not lines, with the program",
}
FORKERS = {
    "test/lib/process.c": "the one way",
    "test/jail/fail_closed_test.c": "children in new namespaces, by the product's own clone",
    "src/jail/call_listener_test.c": "in its child, the calls themselves are what is tested",
}
# Where a pointer and a number are the same.
ADDRESSES = {
    "src/jail/namespace.c": "a member of the kernel's struct is a number",
    "src/jail/zygote/snapshot.c": "addresses of /proc/self/maps",
    "src/svc/keeper/warden.c": "a member of the kernel's struct is a number",
    "src/svc/launcher/launcher_loop.c": "likewise",
}
# Where free() is handed a cast.
FREED_BY_CAST = {
    "src/sdk/registry.c": "a row of the public header, whose name is const for who writes tables; the registry's copy is its own",
    "src/store/sqlite/fresh_ids.c": "a pointer to pointers, which the analyser wants as void *",
    "src/store/sqlite/id_filter.c": "a pointer to arrays, likewise",
    "test/lib/copies.h": "a test's copies in structs of the product",
}
FREE_CAST = re.compile(r"\b(?:free|realloc|reallocarray)\(\s*\(")
OWNED_VIEW = re.compile(r"^\s*(?:struct|const struct) bytes [^;(]*;[ \t]*/\* owned\b", re.M)
SPELLINGS = [
    (r"\(struct bytes\)\{NULL, 0\}|struct bytes \w+ = \{NULL, 0\}", "{0}"),
    (r"^STATUS_RESULT \w+\([^;{]*\n\{", "enum status"),
]
PROGRAMS = re.compile(r"\bPopen\(|\bos\.fork\(|\bos\.posix_spawn")
FORK = re.compile(r"\bfork\(\)|\bvfork\(|\bposix_spawnp?\(|\bwaitpid\(")
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
DEFINITION = re.compile(r"^[A-Za-z_][^\n;{}=]*?\b[a-z_]\w*\((?P<parameters>(?:[^()]|\([^()]*\))*)\)\n\{\n(?P<body>(?:.*\n)*?)\}\n",
                        re.M)
SILENCED = re.compile(r"^ +\(void\)([a-z_]+);$", re.M)
TORN = re.compile(r"^ +(?:(?:const|unsigned|extern|struct|enum) )*\w+(?: ?\*| const)*\n( +\**\w+(?:\[[^\]]*\])*;) +/\*", re.M)


def code_of(text):
    """The text without comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def language_users(root):
    for path in sorted((root / "src").rglob("*.c")):
        name = path.relative_to(root / "src").as_posix()
        if name.startswith("runtime/") or name.endswith("_test.c"):
            continue
        code = "\n".join(line for line in code_of(path.read_text()).splitlines() if not line.startswith("#include"))
        if "RUNTIME_PYTHON" in code or any("python" in text.lower() for text in STRING.findall(code)):
            yield name


def program_users(root):
    for path in sorted((root / "test").rglob("*.py")):
        name = path.relative_to(root / "test").as_posix()
        if "/hostile/" not in name and not name.startswith("tree/"):
            code = re.sub(r'"""(?:.|\n)*?"""|"[^"\n]*"|\'[^\'\n]*\'', '""', path.read_text())
            if PROGRAMS.search(code):
                yield name


def forkers(root):
    for path in [*sorted((root / "src").rglob("*_test.c")), *sorted((root / "test").rglob("*.c"))]:
        if FORK.search(code_of(path.read_text())):
            yield path.relative_to(root).as_posix()


def address_users(root):
    for path in sorted((root / "src").rglob("*.[ch]")):
        if not path.name.endswith("_test.c") and "(uintptr_t)" in code_of(path.read_text()):
            yield path.relative_to(root).as_posix()


def sources(root):
    return (path for folder in ("src", "test", "fuzz") for path in sorted((root / folder).rglob("*.[ch]")))


def casting_owners(root):
    for path in sources(root):
        if FREE_CAST.search(code_of(path.read_text())):
            yield path.relative_to(root).as_posix()


def owned_views(root):
    for path in sources(root):
        for found in OWNED_VIEW.finditer(path.read_text()):
            yield f"{path.relative_to(root)}: \"{found[0].strip()}\": bytes that are owned have a type of their own (core/task/owned_bytes.h, base/buf.h)"


def other_spellings(root):
    for path in sources(root):
        text = path.read_text()
        for pattern, instead in SPELLINGS:
            for found in re.finditer(pattern, text, re.M):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(root)}:{line}: {found[0].strip()}: write {instead}"


def other_memory_words(root):
    """memory.h of the engine says it as a programmer does, in an ASSERT: there it ends the process."""
    for path in sorted((root / "src").rglob("*.[ch]")):
        name = path.relative_to(root / "src").as_posix()
        if name not in ("base/no_memory.h", "core/task/memory.h") and not name.endswith("_test.c") and '"out of memory"' in code_of(path.read_text()):
            yield f"src/{name}: says \"out of memory\" by itself: err_no_memory, its like of this floor, or ERR_NO_MEMORY"


def silenced_parameters(root):
    for path in sorted((root / "src").rglob("*.c")):
        if path.name.endswith(("_test.c", ".pb.c")):
            continue
        text = path.read_text()
        for function in DEFINITION.finditer(text):
            for name in SILENCED.findall(function["body"]):
                if re.search(rf"\b{name}\b", function["parameters"]):
                    line = text.count("\n", 0, function.start()) + 1
                    yield f"{path.relative_to(root)}:{line}: (void){name}: a parameter that is not used needs no word"


def torn_declarations(root):
    for path in [*sources(root), *sorted((root / "include").glob("*.h"))]:
        text = path.read_text()
        for found in TORN.finditer(text):
            line = text.count("\n", 0, found.start()) + 2
            yield f"{path.relative_to(root)}:{line}: {found[1].strip()}: its comment belongs above it"


def benches_in_product(root):
    for path in sorted((root / "src").rglob("*_rig*")):
        yield f"{path.relative_to(root)}: a bench of tests; its place is test/lib"


def rows_without_test(root):
    steps = re.findall(r'\{"([^"]+)", step_\w+\}', (root / "src/jail/session.c").read_text())
    failed = set(re.findall(r'^    \{"([^"]+)", "', (root / "test/jail/fail_closed_test.c").read_text(), re.M))
    yield from (f"src/jail/session.c: step {step} fails in no row of fail_closed_test.c" for step in steps if step not in failed)
    columns = re.findall(r"(?:FIRST|NEXT)\((\w+), \w+\)", (root / "src/store/columns.h").read_text())
    tests = "".join(path.read_text() for path in (root / "test/store").glob("*.c"))
    yield from (f"src/store/columns.h: no test in test/store names {column}" for column in columns
                if not re.search(rf"\b{column}\b", tests))
    if not steps or not columns:
        yield "the tables of steps or columns are not where this test looks"


def targets_without_seeds(root):
    built = (root / "fuzz/meson.build").read_text()
    for path in sorted((root / "fuzz").glob("*_fuzz.c")):
        name = path.name.removesuffix("_fuzz.c")
        if f"'{name}':" not in built:
            yield f"fuzz/{path.name}: is in no list of fuzz/meson.build"
        if not any((root / "fuzz/corpus" / name).glob("*")):
            yield f"fuzz/{path.name}: has no seeds in fuzz/corpus/{name}"


def against(found, allowed, what):
    found = set(found)
    yield from (f"{name}: {what}" for name in sorted(found - allowed.keys()))
    yield from (f"{name}: mended; take it from the list in idioms_test.py" for name in sorted(allowed.keys() - found))


root = pathlib.Path(sys.argv[1])
faults = [
    *rows_without_test(root),
    *targets_without_seeds(root),
    *against(language_users(root), LANGUAGE, "names a language of sessions; what differs between them is in the runtime's row"),
    *against(program_users(root), STARTERS, "starts a process by itself; test/lib/process.py does that"),
    *against(address_users(root), ADDRESSES, "takes a pointer through uintptr_t; say what is owned, or take no const"),
    *against(casting_owners(root), FREED_BY_CAST, "frees by a cast; what is owned is not const, and no struct bytes"),
    *owned_views(root),
    *torn_declarations(root),
    *silenced_parameters(root),
    *other_memory_words(root),
    *benches_in_product(root),
    *other_spellings(root),
    *against(forkers(root), FORKERS, "forks or waits by itself; test/lib/process.h does that"),
]
print("\n".join(faults) or "idioms hold")
sys.exit(1 if faults else 0)
