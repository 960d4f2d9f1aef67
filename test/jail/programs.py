# SPDX-License-Identifier: MIT
"""The hostile programs of hostile/: their headers, and the text that really runs.

A header is made of the comment lines at the top that begin with one of these words:

    group: A          group of sandbox.md 3.3
    outside: NAMES    attempts that must be OPEN without a jail (hostile_test.py outside): else refusing them proves
                      nothing. Some are made by the program itself, some by its onlooker (cage.py): exit-N, signal-NAME,
                      deaf, runs-on, survivors, bystander, mute, forged, garbage, and by the size of its output: long, flood
    cage: NAME=N      settings of that control experiment (cage.py)
    harm: WORDS       instead of `outside`: why such a control is not harmless, or what would be missing from it
    ms: N             deadline of the cell                    end: WORD      how the session must end
    result: error|any what the cell must answer               limits: …      of the pool
    pair: NAME        program that runs in a neighbour; - : this is such a one
    files: NAMES      that the pool may not read out of its /mnt/data
    value: cut        its value must arrive cut               policy: true   it is handed the filter's table
    waits: true|forks it mostly waits: it runs beside others of its kind, each in a session of its own; not beside others
                      when it forks and all sessions are one user, who may only have so many processes
    kept: true        the pool may have no more descriptors afterwards than before
    locked: true      the host's files of LOCKED must be free while the session holds its locks
"""
import json
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
WORDS = ("group", "outside", "cage", "harm", "ms", "end", "result", "limits", "pair", "value", "policy", "files", "kept", "locked", "waits")
NEIGHBOUR = "-"
STRICT_STAGE = 4  # rows of the table that only a strict pool has
PORT = 48123
# In the environment of whatever starts a pool, and so of a program that runs without a jail.
MARK = f"mark-of-the-host-{os.getpid()}"
os.environ["SALLYPORT_TEST_MARK"] = MARK
# Files of the list that host processes open all the time.
LOCKED = [os.path.realpath("/usr/bin/python3"), os.path.realpath(os.__file__), "/usr/share/zoneinfo/UTC"]


def needles():
    """Words that only the host should know, each in two parts: no text of ours holds one whole."""
    words = [MARK, str(HERE), os.uname().nodename, "keeper_host", "/sys/fs/cgroup/"]
    return [(word[: len(word) // 2], word[len(word) // 2 :]) for word in words if len(word) > 6]


def header(path):
    found = {}
    for line in path.read_text().splitlines()[1:]:
        if not line.startswith(tuple(f"# {word}:" for word in WORDS)):
            break
        if line.startswith("# harm:"):  # its words are for people
            found["harm"] = line.removeprefix("# harm:").strip()
            continue
        parts = re.split(rf"\b({'|'.join(WORDS)}):", line)[1:]
        found.update({key: value.strip() for key, value in zip(parts[::2], parts[1::2])})
    return found


PROGRAMS = {p.stem: header(p) for p in sorted((HERE / "hostile").glob("?_*.py"))}


def policy_of(builddir):
    rows = json.loads(subprocess.run([f"{builddir}/test/jail/policy_dump"], capture_output=True, text=True, check=True).stdout)
    return [row for row in rows if row["stage"] != STRICT_STAGE]


def text_of(name, policy, **constants):
    """The program behind its constants and the prelude."""
    constants = {"HOST_PID": os.getppid(), "PORT": PORT, "OUTSIDE": False, "LOCKED": LOCKED, **constants}
    if PROGRAMS[name].get("policy"):
        constants["policy"] = policy
    if name == "b_heap_secrets":
        constants["NEEDLES"] = needles()
    head = "".join(f"{key} = {value!r}\n" for key, value in constants.items())
    return head + (HERE / "hostile/prelude.py").read_text() + (HERE / f"hostile/{name}.py").read_text()
