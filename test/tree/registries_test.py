#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The proofs of our own promises need Debian's packages only.

A test that fetches from PyPI, npm, Go's proxy or Maven is skipped where that cannot be reached. So what such a test proves is
proven nowhere then: it may be how other people's programs get on with ours, never what ours promises.

1. A test that is handed a folder for packages of a registry stands in the suite interop or long.
2. A Python test of another suite imports, and so do the modules that it imports: the standard library, what stands in test/,
   and what a package of tools/packages.txt has.

Exceptions stand below with their reason; one that is no longer needed fails, too.
Usage: registries_test.py SOURCE_ROOT
"""
import ast
import pathlib
import re
import sys

REGISTRY = re.compile(r"in_venv|_in_venv|'(?:venv|npm)-|page_modules")
SUITES = {"interop", "long"}
# Tests by name; `*` stands for what a loop puts there.
FETCHING = {
    "managed_identity": "all of it runs without; with @azure/identity at hand one test more",
    "page_bundle": "the committed bundle is what npm's packages make of the sources",
    "page_*": "a browser is driven by playwright-core; that the page works at all is in scenario's web_page",
    "page_sign_in": "likewise; sign-in itself is in scenario's sign_in",
}
# What packages of tools/packages.txt bring.
DEBIAN = {"cryptography", "google", "grpc", "hpack", "ipykernel", "IPython", "jupyter_client", "matplotlib", "numpy", "pandas",
          "pkg_resources", "prometheus_client", "yaml"}
# Ours, outside of test/.
OWN = {"protogen": "tools/protogen", "sallyport": "clients/python"}
TEST = re.compile(r"^\s*test\((.*?)(?=^\s*(?:test|foreach|endforeach|if|endif|else|elif|[a-z_]+ ?\+?=|subdir|benchmark)\b|\Z)",
                  re.M | re.S)


def tests(root):
    """Name, text and folder of each test() in test/."""
    for build in sorted((root / "test").rglob("meson.build")):
        text = re.sub(r"^\s*#.*$", "", build.read_text(), flags=re.M)
        for found in TEST.finditer(text):
            name = re.match(r"\s*'([^']*)'(\s*\+)?", found[1])
            yield (name[1] + ("*" if name[2] else "") if name else "?"), found[1], build.parent


def local_modules(root):
    modules = {}
    for path in (root / "test").rglob("*.py"):
        modules.setdefault(path.stem, []).append(path)
    return modules


def imported(path):
    """Names of modules that the file cannot do without; what stands in a `try` or a function may be missing."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def foreign(path, modules, seen):
    """Modules of strangers that the file needs, with those of its own that it imports."""
    if path in seen:
        return
    seen.add(path)
    for name in imported(path):
        first, last = name.split(".")[0], name.split(".")[-1]
        if first in sys.stdlib_module_names or first in DEBIAN or first in OWN:
            continue
        own = modules.get(last) or modules.get(first)
        if not own:
            yield f"{path.name} imports {name}"
            continue
        near = [one for one in own if one.parent == path.parent] or own
        yield from foreign(near[0], modules, seen)


def main(root):
    modules = local_modules(root)
    faults, used, looked_at = [], set(), 0
    for name, text, folder in tests(root):
        suite = re.search(r"suite: '([a-z]+)'", text)
        if not suite or suite[1] in SUITES:
            continue
        if REGISTRY.search(text):
            used.add(name)
            if name not in FETCHING:
                faults.append(f"{name}: fetches from a registry, in suite {suite[1]}: drive it by libdurabletask or by raw protocol, "
                              "or prove the promise elsewhere and move it to interop")
        for script in re.findall(r"'([\w/.-]+\.py)'", text):
            path = (folder / script).resolve()
            if path.exists() and path.name != "in_venv.py":
                looked_at += 1
                faults += [f"{name}: {what}, which no package of tools/packages.txt has" for what in foreign(path, modules, set())]
    faults += [f"{name}: fetches no more; take it from the list in registries_test.py" for name in sorted(FETCHING.keys() - used)]
    if looked_at < 50:
        faults.append(f"only {looked_at} scripts were found: the build files are written otherwise than this test reads them")
    print("\n".join(sorted(set(faults))) or f"{looked_at} tests stand on their own")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
