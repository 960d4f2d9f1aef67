# SPDX-License-Identifier: MIT
"""The control of the hostile programs: each does without a jail what it is refused in one.

Every program runs below cage.py, as an unprivileged user in namespaces, limits and file systems of its own that are
thrown away afterwards. A program without such a control says in its header why (`harm:`).
"""
import concurrent.futures
import json
import os
import pathlib
import selectors
import subprocess
import tempfile
import time

from programs import HERE, NEIGHBOUR, PORT, PROGRAMS, text_of

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount-proc", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts"]
MOST_S = 180
AT_ONCE = 4  # cages; each has namespaces, limits and file systems of its own
LONG, FLOOD = 1 << 20, 64 << 20  # bytes of output: what a session's value, and what a pool's patience, ends at


def collect(process):
    """What it wrote, without the middle of a flood, and how much; a flood is ended."""
    head, tail, total = b"", b"", 0
    end = time.monotonic() + MOST_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if not selector.select(1):
                continue
            data = os.read(process.stdout.fileno(), 1 << 20)
            if not data:
                return head + b"\n" + tail, total
            total += len(data)
            head += data[: max(0, (1 << 18) - len(head))]
            tail = (tail + data)[-(1 << 16) :]
            if total > 2 * FLOOD:
                break
    process.kill()
    return head + b"\n" + tail, total


def run(name, policy, constants):
    """The names of the attempts that got somewhere, and the output for people."""
    want = PROGRAMS[name]
    pair = want.get("pair")
    order = {"program": text_of(name, policy, **constants), "pair": text_of(pair, policy, **constants) if pair else None,
             "token": constants["TOKEN"], "keep": os.path.dirname(constants["CANARY"]), "port": PORT,
             "cage": dict(s.split("=") for s in want.get("cage", "").split())}
    prefix = NOBODY if os.getuid() == 0 else []
    process = subprocess.Popen([*prefix, *NAMESPACES, "/usr/bin/python3", "-c", (HERE / "cage.py").read_text(), json.dumps(order)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
    try:
        text, total = collect(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    opened = {line.split()[1] for line in text.decode(errors="replace").splitlines() if line.startswith("OPEN ")}
    opened |= {"long"} if total > LONG else set()
    opened |= {"flood"} if total > FLOOD else set()
    return opened, text.decode(errors="replace")[-2000:]


def timed(name, policy, constants):
    begin = time.monotonic()
    return *run(name, policy, constants), time.monotonic() - begin


def without_control(name, want):
    """What is wrong with a header: every program has a control or a reason why not, and no control is empty."""
    if want.get("pair") == NEIGHBOUR:
        return None
    if bool(want.get("outside")) == bool(want.get("harm")):
        return f"{name}: it needs names that are open outside, or the harm that speaks against trying"
    return None


def run_all(policy, token, only):
    failures = [fault for name, want in PROGRAMS.items() if (fault := without_control(name, want))]
    bite = 0
    with tempfile.TemporaryDirectory(prefix="sallyport-control-") as folder:
        os.chmod(folder, 0o755)
        secret = pathlib.Path(folder) / "secret"
        secret.write_text("a secret of the host")
        constants = {"CANARY": str(secret), "ADDRESSES": ["127.0.0.1"], "TOKEN": token, "OUTSIDE": True}
        names = [name for name, want in PROGRAMS.items() if want.get("outside") and (not only or name in only)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as workers:
            for name, (opened, text, seconds) in zip(names, workers.map(lambda name: timed(name, policy, constants), names)):
                want = PROGRAMS[name]
                missing = [n for n in want["outside"].split() if n not in opened]
                print("FAIL" if missing else "ok  ", want["group"], name, "bites outside with", " ".join(sorted(set(want["outside"].split()) - set(missing))),
                      f"({seconds:.1f} s)", flush=True)
                bite += not missing
                if missing:
                    failures.append(f"{name}: {missing} do not bite outside: {text}")
    harmful = [n for n in PROGRAMS if PROGRAMS[n].get("harm")]
    print(f"{bite} programs bite outside; without a control, each with its reason: {', '.join(harmful)}")
    return failures
