# SPDX-License-Identifier: MIT
"""examples/README.md is true: its commands, typed as they stand against `sallyport dev`, print what it says.

Only the address and the folder of the programs are replaced. "…" stands for anything; lines of several threads may come
in any order. Usage: examples_test.py SALLYPORT README FOLDER
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
import server

TIMEOUT_S = 120


def sessions(readme):
    """The indented blocks that have commands."""
    for block in re.findall(r"(?:^    .*\n)+", readme, re.M):
        lines = [line[4:] for line in block.splitlines()]
        if lines[0].startswith("$ "):
            yield lines


def same(line, wanted):
    return re.fullmatch(re.escape(wanted).replace("…", ".*"), line)


def run(lines, folder):
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    wanted = [line for line in lines if not line.startswith("$ ")]
    done = subprocess.run(["bash", "-c", "\n".join(commands)], capture_output=True, text=True, timeout=TIMEOUT_S, cwd=folder)
    got = done.stdout.splitlines()
    for line in wanted:
        match = next((index for index, other in enumerate(got) if same(other, line)), None)
        if match is None:
            sys.exit(f"{line!r} is not among {got}\n{done.stderr}")
        del got[match]
    if got:
        sys.exit(f"{got} is not in the README\n{done.stderr}")
    print(f"{commands[1]}: as the README says")


program, readme, examples = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), pathlib.Path(sys.argv[3]).resolve()
with server.Server(program, arguments=["--ready-sessions", "0", "--task-hubs", "default,examples"]) as service, tempfile.TemporaryDirectory() as folder:
    here = readme.replace("127.0.0.1:8080", f"127.0.0.1:{service.port}").replace("build/dev/examples", str(examples))
    found = list(sessions(here))
    if len(found) != 7:
        sys.exit(f"the README has {len(found)} sessions, not one for each example")
    for lines in found:
        run(lines, folder)
