#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What Meson's test log tells a reader in a hurry: which tests failed and where each first went wrong, or why a test
was skipped. Only the first screen of a CI run may be at hand, so the names come first and each excerpt is short.

Usage: test_log.py failed|skipped BUILD_DIR
       test_log.py names BUILD_DIR     one line for each failed test: its suite and its name, as `meson test` takes them"""
import json
import re
import sys

EXCERPT = 24  # lines of one failed test
# Where a failure begins, in the words of unittest, cmocka, the sanitizers and Python.
BEGINNING = re.compile(r"^(FAIL|FAILED|ERROR):? |Traceback \(most recent|\[  (ERROR|FAILED) +\]|ERROR: \w+Sanitizer|"
                       r"WARNING: ThreadSanitizer|runtime error:|Assertion .* failed")


def said(test):
    return (test.get("stdout", "") + test.get("stderr", "")).strip().splitlines()


def excerpt(lines):
    """The lines from the first sign of failure on; without one, the last ones."""
    first = next((i for i, line in enumerate(lines) if BEGINNING.search(line)), max(0, len(lines) - EXCERPT))
    return lines[first:first + EXCERPT]


def print_skipped(tests):
    for test in tests:
        if test["result"] == "SKIP":
            print(f"        skipped {test['name']}: {(said(test) or ['no reason given'])[-1]}")


def print_names(failed):
    """Meson's log says `PROJECT:SUITE / NAME`."""
    for test in failed:
        suite, _, name = test["name"].rpartition(" / ")
        print(suite.rpartition(":")[2], name)


def print_failed(failed):
    for test in failed:
        print(f"        failed {test['name']}: {test['result']} after {test['duration']:.0f} s")
    for test in failed:
        print(f"    | --- {test['name']}")
        for line in excerpt(said(test)):
            print(f"    | {line[:200]}")


def main(kind, directory):
    with open(f"{directory}/meson-logs/testlog.json", encoding="utf-8") as log:
        tests = [json.loads(line) for line in log]
    failed = [test for test in tests if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")]
    KINDS[kind](tests if kind == "skipped" else failed)


KINDS = {"failed": print_failed, "skipped": print_skipped, "names": print_names}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
