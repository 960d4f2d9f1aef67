#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the documents claim, checked.

1. Every path in backticks or in a link of a document exists.
2. Every row of THREATS.md names at least one existing test.
3. No document or source holds a path of somebody's machine.
4. Every citation of a document outside of this tree (`NAME.md 2.3`, `spec 2.3`, DT-NNN, SP-NN, RP-NN) has its entry in
   doc/sources.md, and every `NAME.md` in a comment is a document of this tree or one of those.
5. Every word of doc/glossary.md stands in src.
6. Every source file that a walk of ARCHITECTURE.md or a README of src names exists: with its folder where the line gives
   one, otherwise anywhere in src.
   A step `file.c:function` names a function of that file; where one line of a walk has such a step, all its steps have it.
7. CHANGELOG.md begins with the version of meson.build, or with what is not released; durabletask.h names that version.
A document that names a file which is gone is worse than none. Usage: docs_test.py SOURCE_ROOT
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
PATH = re.compile(r"^(\./)?(src|include|proto|test|fuzz|bench|doc|examples|packaging|tools|web|core|net|wire|os|store|svc|jail|db|sdk|base|cmd)/[\w./*-]+$")
SHORT = {folder.name for folder in (root / "src").iterdir() if folder.is_dir()}


def exists(path):
    path = path.removeprefix("./").rstrip("/")
    if any(root.glob(path)):
        return True
    if path.split("/")[0] not in SHORT:
        return False
    return any((root / "src").glob(path)) or any((root / "src").glob(path + ".*"))


def documents():
    listed = subprocess.run(["git", "-C", root, "ls-files", "*.md"], capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else []
    return [root / name for name in names] or sorted(root.glob("*.md"))


faults = []
for document in documents():
    text = document.read_text()
    name = document.relative_to(root)
    for path in re.findall(r"`([^`\s]+)`", text):
        if PATH.match(path) and not exists(path):
            faults.append(f"{name}: `{path}` does not exist")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target and not (document.parent / target).exists():
            faults.append(f"{name}: the link to {target} leads nowhere")

names = {path.name for folder in ("src", "include") for path in (root / folder).rglob("*")}
SOURCE = re.compile(r"(?<![\w./{}*-])((?:[\w-]+/)*)([\w-]+\.(?:c|h|py))\b(?!\.)")


def sources_named(document):
    """(folder or "", file) of each source that the document names in a fence or in backticks."""
    text = document.read_text()
    spans = re.findall(r"^```\n(.*?)^```|`([^`\n]+)`", text, re.M | re.S)
    for line in "\n".join(fenced or inline for fenced, inline in spans).splitlines():
        for folder, file in SOURCE.findall(line):
            yield folder, file


for document in [root / "ARCHITECTURE.md", *sorted((root / "src").rglob("README.md"))]:
    for folder, file in sources_named(document):
        places = [root / folder / file, root / "src" / folder / file, document.parent / folder / file]
        if not any(place.exists() for place in places) and (folder or file not in names) and "NAME" not in file:
            faults.append(f"{document.relative_to(root)}: {folder}{file} does not exist")

# Steps of walks. The file may leave out src/, and the folder that the file before it on the line has.
STEP = re.compile(r"((?:[\w-]+/)*[\w-]+\.(?:c|py)):([a-z_]\w*)")


def functions_of(path):
    text = path.read_text()
    if path.suffix == ".py":
        return set(re.findall(r"^\s*def (\w+)\(", text, re.M))
    return set(re.findall(r"^[A-Za-z_][^\n;{}=#]*?\b(\w+)\((?:[^()]|\([^()]*\))*\)\n\{", text, re.M))


steps = 0
# The parts of a server stand in ARCHITECTURE.md as they stand in the list, which is the order of the start.
listed = re.findall(r"&part_(\w+)", (root / "src/cmd/compose.c").read_text().split("parts[] = {")[1].split("};")[0])
walk = (root / "ARCHITECTURE.md").read_text().split("one list of parts")[1].split("  up ")[0]
if (told := re.findall(r"· (\w+)", walk)) != listed:
    faults.append(f"ARCHITECTURE.md: the parts of a server are {' · '.join(listed)}, not {' · '.join(told)}")

for number, line in enumerate((root / "ARCHITECTURE.md").read_text().splitlines(), 1):
    folder = ""
    for file, function in STEP.findall(line):
        steps += 1
        folder = file.rpartition("/")[0] or folder
        places = [root / file, root / "src" / file, root / "src" / folder / file]
        found = next((place for place in places if place.is_file()), None)
        if not found or function not in functions_of(found):
            faults.append(f"ARCHITECTURE.md:{number}: there is no {function} in {file}")
    if re.match(r"\S* *(─►|◄─) ", line) and STEP.search(line) and not re.search(r"(─►|◄─) " + STEP.pattern, line):
        faults.append(f"ARCHITECTURE.md:{number}: the step names a file without its function")
if steps < 60:
    faults.append(f"only {steps} steps of walks were found: does the pattern still fit?")

threats = (root / "THREATS.md").read_text()
rows = [line for line in threats.splitlines() if line.startswith("|") and not re.match(r"\|[\s|:-]+\|$", line)]
tested = 0
for row in rows:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    if len(cells) != 4 or cells[3] == "test":
        continue
    tested += 1
    tests = [path for path in re.findall(r"`([^`]+)`", cells[3]) if "/" in path]
    if not tests or not all(exists(path) for path in tests):
        faults.append(f"THREATS.md: no existing test in the row: {row[:90]}")
if tested < 10:
    faults.append("THREATS.md: its table was not found")

here = re.compile(re.escape(str(root.resolve())) + r"\b|/home/\w+/(src|git)\b|/root/\.pyenv")
for file in subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True).stdout.split():
    path = root / file
    if path.suffix in {".c", ".h", ".py", ".md", ".build", ".txt", ".sh", ""} and path.is_file():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if here.search(line):
                faults.append(f"{file}:{number}: a path of somebody's machine")



def tracked(*folders):
    listed = subprocess.run(["git", "-C", root, "ls-files", *folders], capture_output=True, text=True).stdout.split()
    for name in listed:
        path = root / name
        if path.suffix in {".c", ".h", ".py", ".go", ".java", ".js", ".cs", ".md", ".proto", ""} and path.is_file():
            yield name, path.read_text(errors="replace")


# doc/sources.md: document -> the sections that it explains; "DT", "SP" and "RP" hold the lines of the checklists.
sources, document = {"DT": set(), "SP": set(), "RP": set()}, None
for line in (root / "doc/sources.md").read_text().splitlines():
    if heading := re.fullmatch(r"## (\S+\.md)", line):
        document = sources.setdefault(heading.group(1), set())
    for entry in re.findall(r"\*\*([\w.-]+)\*\*", line):
        if mark := re.fullmatch(r"(DT|SP|RP)-(\d+)", entry):
            sources[mark.group(1)].add(int(mark.group(2)))
        elif document is not None:
            document.add(entry)
    for first, last in re.findall(r"\*\*SP-(\d+)\*\* to \*\*SP-(\d+)\*\*", line):
        sources["SP"] |= set(range(int(first), int(last) + 1))

SECTION = r"\d+(?:\.\d+)*"
ITEM = rf"{SECTION}(?:-{SECTION})?"
CITED = re.compile(rf"(?:\b([\w-]+\.md)(?:,? sections?)?|\bspec)\s+({ITEM}(?:(?:, | and ){ITEM}(?![\w-]))*)")
MARKS = re.compile(r"\b(DT|SP|RP)-(\d+(?:\.\.(?:SP-)?\d+)?(?:, \d{2,3}\b(?:\.\.\d+)?)*)")


def sections(text):
    """"3.3-3.5, 2.1" -> 3.3 3.4 3.5 2.1"""
    for item in re.findall(ITEM, text):
        first, _, last = item.partition("-")
        if not last or "." not in first or "." not in last:
            yield from filter(None, (first, last))
            continue
        chapter, low = first.rsplit(".", 1)
        yield from (f"{chapter}.{number}" for number in range(int(low), int(last.rsplit(".", 1)[1]) + 1))


def lines_of(text):
    for item in text.replace("SP-", "").split(", "):
        first, _, last = item.partition("..")
        yield from range(int(first), int(last or first) + 1)


public = set(re.findall(r"\[([\w-]+\.md)\]\(https:", (root / "doc/sources.md").read_text()))
ours = {path.name for path in documents()} | public
citations = 0
for name, text in tracked("src", "include", "test", "doc", "bench", "fuzz", "examples"):
    if name in ("doc/sources.md", "test/tree/docs_test.py"):
        continue
    text = re.sub(r"\n[ \t]*(?:\*|#|//)?[ \t]*", " ", text)
    for cited, numbers in CITED.findall(text):
        known = sources.get(cited or "durable-task-protocol.md")
        if known is None:
            continue
        for number in sections(numbers):
            citations += 1
            if number not in known:
                faults.append(f"{name}: {cited or 'spec'} {number} has no entry in doc/sources.md")
    for kind, numbers in MARKS.findall(text):
        for number in lines_of(numbers):
            citations += 1
            if number not in sources[kind]:
                faults.append(f"{name}: {kind}-{number:03} has no entry in doc/sources.md")
    for cited in re.findall(r"[\w-]+\.md\b", text):
        if cited not in ours and cited not in sources and not name.startswith("test/jail/hostile"):
            faults.append(f"{name}: {cited} is neither in this tree nor in doc/sources.md")
if citations < 100:
    faults.append(f"only {citations} citations were found: does the pattern still fit?")

glossary = root / "doc/glossary.md"
if glossary.exists():
    everything = " ".join(text for _, text in tracked("src")).lower()
    for word in re.findall(r"^\| \*\*([^*|]+)\*\* ", glossary.read_text(), re.M):
        if not re.search(rf"\b{re.escape(word.lower())}", everything.replace("_", " ")):
            faults.append(f"doc/glossary.md: nothing in src is called {word}")

version = re.search(r"^  version: '(\S+)'", (root / "meson.build").read_text(), re.M).group(1)
newest = re.search(r"^## (\S+)", (root / "CHANGELOG.md").read_text(), re.M).group(1)
if newest not in (version, "Unreleased"):
    faults.append(f"CHANGELOG.md begins with {newest}, and meson.build says {version}")
if f'/* "{version}": the version of the library' not in (root / "include/durabletask.h").read_text():
    faults.append(f"include/durabletask.h gives another example of a version than {version}")

print("\n".join(faults) or f"documents hold: {tested} rows of THREATS.md, {citations} citations")
sys.exit(1 if faults else 0)
