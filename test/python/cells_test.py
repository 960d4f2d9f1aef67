#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python as people know it: each case of cells.json in a fresh session of the pool and in a fresh Jupyter kernel.

Both must give what the case expects, so that an expectation that no kernel meets is found as well. A case with "only":
"pool" is where we promise more than a kernel does, or something that has no place in one. Values count, wording does not.

    POOL_HOST=… POOL_ZYGOTE=… cells_test.py [PART-OF-A-NAME]
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Pool, Session  # noqa: E402

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cells.json")
CHECKS = {
    "value": lambda seen, wanted: seen["value"] == wanted,
    "stdout": lambda seen, wanted: seen["stdout"].replace("\r\n", "\n") == wanted,
    "stdout_has": lambda seen, wanted: wanted in seen["stdout"],
    "stderr_has": lambda seen, wanted: wanted in seen["stderr"],
    "lines": lambda seen, wanted: sorted(seen["stdout"].split()) == wanted,
    "error": lambda seen, wanted: seen["error"] == wanted,
    "html": lambda seen, wanted: wanted in seen["html"],
    "shown": lambda seen, wanted: seen["shown"][-1:] == [wanted],
    "image": lambda seen, wanted: seen["image"] == wanted,
    "hint": lambda seen, wanted: wanted in seen["hint"] and seen["stderr"].rstrip().endswith(seen["hint"]),
    "no_hint": lambda seen, wanted: not seen["hint"] and "Hint:" not in seen["stderr"],
    "trace_has": lambda seen, wanted: all(part in seen["trace"] for part in wanted),
}


def faults(case, place):
    for step in case["steps"]:
        try:
            seen = place.run(step["code"])
        except (RuntimeError, TimeoutError) as error:
            yield f"{step['code']!r}: {error!r}"
            return
        expect = {"error": "", **step["expect"]}
        for name, wanted in expect.items():
            if not CHECKS[name](seen, wanted):
                yield f"{step['code']!r}: {name} is not {wanted!r}: {seen}"
        time.sleep(case.get("pause", 0))


def check(case, side, place):
    with place:
        found = list(faults(case, place))
    print("ok  " if not found else "FAIL", f"{side}: {case['name']}", *found[:3], sep="\n     " if found else " ", flush=True)
    return not found


def kernel_class():
    try:
        from kernel import Kernel
    except ImportError:
        print("note: no python3-jupyter-client here, so the cases are not tried on a real kernel", flush=True)
        return None
    return Kernel


def main():
    with open(CASES, encoding="utf-8") as f:
        cases = [c for c in json.load(f) if not sys.argv[1:] or sys.argv[1] in c["name"]]
    good = True
    with Pool(max=60, ready=4) as pool:
        for case in cases:
            good &= check(case, "session", Session(pool))
    kernel = None if os.environ.get("POOL_ONLY") else kernel_class()
    for case in cases:
        if kernel and case.get("only") != "pool":
            good &= check(case, "kernel", kernel())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
