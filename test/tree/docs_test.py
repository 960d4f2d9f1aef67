#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the documents claim, checked.

1. Every path in backticks or in a link of a document exists.
2. Every row of THREATS.md names at least one existing test.
3. No document or source holds a path of somebody's machine.
A document that names a file which is gone is worse than none. Usage: docs_test.py SOURCE_ROOT
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
PATH = re.compile(r"^(\./)?(src|include|proto|test|fuzz|bench|doc|examples|tools|web|core|net|wire|os|store|svc|jail|db|sdk|base|cmd)/[\w./*-]+$")
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

print("\n".join(faults) or f"documents hold: {tested} rows of THREATS.md")
sys.exit(1 if faults else 0)
