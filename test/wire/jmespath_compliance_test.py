#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The public compliance cases of JMESPath against ours, each of them.

usage: jmespath_compliance_test.py JMESPATH_ASK FOLDER

The cases come with the npm package `jmespath`, pinned, fetched once into FOLDER. A case names the value, the question,
and the answer or the kind of the error. Without npm or its registry the test is skipped (exit code 77).
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile

SKIPPED = 77
PACKAGE = "jmespath@0.15.0"  # the last one that ships the cases
CASES_MIN = 800  # a package without its cases must not pass


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def cases_of(folder):
    place = folder / "package" / "test" / "compliance"
    if not place.is_dir():
        if not shutil.which("npm"):
            skip("npm is needed")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            packed = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True,
                                    timeout=120)
        except subprocess.TimeoutExpired:
            skip("npm did not answer within 120 s")
        if packed.returncode:
            skip(f"npm cannot fetch {PACKAGE}")
        with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, [member for member in archive if "test/compliance/" in member.name])
    return sorted(place.glob("*.json"))


def ask(program, given, expressions):
    told = subprocess.run([program], input=json.dumps({"given": given, "expressions": expressions}), text=True,
                          capture_output=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    count, wrong = 0, []
    for path in cases_of(folder):
        for group in json.loads(path.read_text()):
            answers = ask(program, group["given"], [case["expression"] for case in group["cases"]])
            assert len(answers) == len(group["cases"]), (path.name, answers[-1:])
            for case, answer in zip(group["cases"], answers):
                count += 1
                right = "error" in answer if "error" in case else answer.get("found", answer) == case["result"]
                if not right:
                    wrong.append(f"{path.name}: {case['expression']}: {answer}, not "
                                 f"{case.get('result', case.get('error'))}")
    print("\n".join(wrong))
    print(f"{count} cases, {len(wrong)} wrong")
    assert count >= CASES_MIN, "the package holds too few cases"
    return 1 if wrong else 0


sys.exit(main())
