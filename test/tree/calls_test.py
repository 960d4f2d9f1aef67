#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files of one folder call each other without circles.

Includes may run downward while the calls do not: a file declares in a header of all (`…_internal.h`, `engine_state.h`) what it calls
upward. Files in such a circle are one file in pieces: none can be read, or tested, before the others. A circle opens when a function
moves to the floor below both, or is handed what it would ask for. Calls through tables and callbacks are no calls here: who hands
one over knows nobody by name.

The circles of today stand below, by their size. They may only shrink: a number that is higher than what is counted fails, too.
Usage: calls_test.py SOURCE_ROOT [FOLDER]: with a folder below src, prints the calls of its circles, and who makes them.
"""
import collections
import pathlib
import re
import sys

# Folder -> how many of its files call themselves by way of others.
FILES_IN_CIRCLES = {
    "net": 13, "store/review": 23, "svc/control": 14, "svc/pool": 2,
    "svc/pool/session": 2, "svc/scheduler": 8,
}
FUNCTION = re.compile(r"^(?P<head>[A-Za-z_][^\n;{}=]*?)\b(?P<name>[a-z_]\w*)\((?:[^()]|\([^()]*\))*\)\n\{", re.M)
# A member that is called is a callback, whatever its name.
CALL = re.compile(r"(?<![\w.])(?<!->)([a-z_]\w*)\(")


def code_of(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S))


def read_folders(root):
    folders = collections.defaultdict(dict)
    for path in sorted((root / "src").rglob("*.c")):
        if not path.name.endswith(("_test.c", ".pb.c")):
            folders[path.parent.relative_to(root / "src").as_posix()][path.name] = code_of(path.read_text())
    return folders


def calls_between(files):
    """file -> {other file of the folder: names that it calls there}"""
    homes, own = {}, collections.defaultdict(set)
    for file, text in files.items():
        for function in FUNCTION.finditer(text):
            if re.search(r"\bstatic\b", function["head"]):
                own[file].add(function["name"])
            else:
                homes[function["name"]] = file
    graph = {file: collections.defaultdict(set) for file in files}
    for file, text in files.items():
        for name in set(CALL.findall(text)) - own[file]:
            if homes.get(name, file) != file:
                graph[file][homes[name]].add(name)
    return graph


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for target in graph[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def files_in_circles(graph):
    return [file for file in graph if file in reachable(graph, file)]


def print_circles(graph):
    reach = {file: reachable(graph, file) for file in graph}
    for file, targets in graph.items():
        for target in sorted(targets):
            if file in reach[target]:
                print(f"{file} -> {target}: {' '.join(sorted(targets[target]))}")


def main(root, folder=None):
    folders = read_folders(root)
    if folder:
        print_circles(calls_between(folders[folder]))
        return 0
    faults, functions = [], 0
    for name, files in folders.items():
        graph = calls_between(files)
        functions += sum(len(called) for targets in graph.values() for called in targets.values())
        circling = files_in_circles(graph)
        allowed = FILES_IN_CIRCLES.get(name, 0)
        if len(circling) > allowed:
            faults.append(f"src/{name}: {len(circling)} files call each other in circles, at most {allowed} may ({' '.join(circling)}); "
                          f"see calls_test.py . {name}")
        elif len(circling) < allowed:
            faults.append(f"src/{name}: {len(circling)} files in circles of calls now; lower the {allowed} in calls_test.py")
    faults += [f"{name}: no such folder; take it from the list in calls_test.py" for name in FILES_IN_CIRCLES.keys() - folders.keys()]
    if functions < 1000:
        faults.append(f"only {functions} calls were found: the sources are written otherwise than this test reads them")
    print("\n".join(faults) or f"calls hold: {functions} between files of one folder")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:]))
