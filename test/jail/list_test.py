#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A session sees a list, not the machine.

    list_test.py BUILD_DIR     as root; without root it is skipped

In a mount namespace of its own, where /usr, /opt and /srv are covered by layers that are thrown away, canaries are
planted wherever a host keeps things of its own; then a session walks its whole tree and everything in it is held
against the list that template_dump prints. Programs that lend an identity are planted too, off the list and on it.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pool import Pool  # noqa: E402

SKIPPED = 77
WORD = "canary-of-the-host"
FAILURES = []
# Where a host keeps what is nobody's business; a name at the end is a file.
HIDDEN = ["/usr/local/etc/npmrc", "/usr/local/share/token", "/usr/local/bin/tool", "/usr/local/lib/secret.so", "/usr/src/linux/.config",
          "/usr/share/doc/host/notes", "/usr/share/daemon/settings", "/usr/share/fonts.d/x", "/usr/lib/daemon/helper", "/usr/libexec/helper",
          "/usr/sbin/daemon", "/usr/bin/hosttool", "/usr/games/game", "/usr/include/host.h", "/usr/lib/x86_64-linux-gnu/libhost-only.so.1",
          "/usr/etc/host.conf", "/opt/host/secret", "/srv/host/secret", "/usr/canary"]
DEVICES = {"null", "zero", "full", "random", "urandom"}
# What is in every session whatever the machine has: folders, links, our own files.
OWN = {"/bin", "/sbin", "/lib", "/lib64", "/run/zygote", "/run/folders", "/var/tmp", "/var/run", "/dev/fd", "/dev/stdin", "/dev/stdout",
       "/dev/stderr", *(f"/dev/{name}" for name in DEVICES)}
ETC = {"passwd", "group", "hosts", "hostname", "nsswitch.conf", "resolv.conf", "fonts", "ld.so.cache", "localtime", "matplotlibrc",
       "mime.types", "os-release", "protocols", "python3", "python3.11", "python3.12", "python3.13", "services", "timezone"}
WALK = """
import base64, json, os, stat, zlib
found, lent = [], []
for top, folders, files in os.walk("/"):
    if top == "/":
        folders[:] = [f for f in folders if f not in ("proc",)]
    for name in folders + files:
        path = os.path.join(top, name)
        st = os.lstat(path)
        if not stat.S_ISDIR(st.st_mode):
            found.append(path)
            if stat.S_ISREG(st.st_mode) and st.st_mode & 0o6000:
                lent.append(path)
print(base64.b64encode(zlib.compress(json.dumps({"found": found, "lent": lent}).encode())).decode())
"""


def check(good, what, got=""):
    print("ok  " if good else "FAIL", what, "" if good else got, flush=True)
    if not good:
        FAILURES.append(what)


def cover(folder, work):
    """A layer over `folder` in this mount namespace: what is written goes to `work` and away with it."""
    name = folder.strip("/").replace("/", "-")
    for part in ("upper", "work"):
        os.makedirs(f"{work}/{name}/{part}")
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    f"lowerdir={folder},upperdir={work}/{name}/upper,workdir={work}/{name}/work", folder], check=True)


def plant():
    for path in HIDDEN:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_text(f"#!/bin/sh\necho {WORD}\n")
        os.chmod(path, 0o755)
    # An identity to lend: off the list, in a tree of the list, and on a program of the list itself.
    for path in ("/usr/bin/lends", "/usr/lib/python3/dist-packages/lends"):
        shutil.copy("/usr/bin/id", path)
        os.chmod(path, 0o6755)
    os.chmod("/usr/bin/env", 0o6755)


def value(pool, code):
    answer = pool.run("a", code)
    return answer["stdout"].strip() if answer["result"] and answer["result"]["ok"] else answer["stderr"][-400:]


def allowed(path, listed, trees):
    if path in OWN or path in listed or path.startswith(("/mnt/data/", "/tmp/", "/dev/shm/")):
        return True
    if path.startswith("/etc/"):
        return path.split("/")[2] in ETC
    return any(path.startswith(tree + "/") for tree in trees)


def walk(builddir, pool, session_paths=""):
    dump = subprocess.run([f"{builddir}/test/jail/template_dump", f"{builddir}/src/jail/zygote/sallyport-zygote", session_paths], capture_output=True, text=True, check=True)
    rows = json.loads(dump.stdout)["rows"]
    listed = {path for row in rows for path in row["there"]}
    trees = {path for path in listed if os.path.isdir(path)}
    answer = pool.run("a", WALK)
    check(answer["result"] and answer["result"]["ok"], "the session walks its tree", answer["stderr"][-400:])
    walked = json.loads(zlib.decompress(base64.b64decode(answer["stdout"])))
    strangers = [path for path in walked["found"] if not allowed(path, listed, trees)]
    check(len(walked["found"]) > 1000, f"{len(walked['found'])} files seen")
    check(not strangers, "nothing is there but what the list names", strangers[:10])
    return walked


def hidden(pool):
    for path in HIDDEN:
        got = value(pool, f"import os\ntry: print(open({path!r}).read())\nexcept OSError as e: print(e.errno)")
        check(got == "2", f"{path} is not there", got)
    got = value(pool, f"import subprocess\nprint(subprocess.run('hosttool; /usr/local/bin/tool; daemon', shell=True, capture_output=True, text=True))")
    check(WORD not in got, "no program of the host runs", got)


def lends(pool, walked):
    check(walked["lent"] == ["/usr/lib/python3/dist-packages/lends"], "no copy lends an identity", walked["lent"])
    for program in ("/usr/lib/python3/dist-packages/lends", "/usr/bin/env id"):
        got = value(pool, f"import subprocess\nprint(subprocess.run({program!r}, shell=True, capture_output=True, text=True).stdout)")
        check(got.startswith("uid=1000(user) gid=1000(user)") and "euid" not in got and "egid" not in got, f"{program} lends nothing", got)


def told(builddir):
    """`sallyport doctor` prints the same list, for people and for machines."""
    doctor = [f"{builddir}/src/cmd/sallyport", "doctor"]
    template = json.loads(subprocess.run([*doctor, "--json", "--session-path", "/opt/host"], capture_output=True, text=True, check=True).stdout)["template"]
    rows = {row["title"]: row for row in template["rows"]}
    check(len(template["identity"]) == 64 and all(row["reason"] for row in rows.values()), "doctor tells the list with reasons", template)
    check("/usr/bin/python3" in rows["interpreter"]["there"] and "/opt/host" in rows["libraries and session paths"]["there"], "and names each path")
    text = subprocess.run(doctor, capture_output=True, text=True, check=True).stdout
    check(all(title in text for title in rows if title != "libraries and session paths"), "and prints it for people", text)


def asked_for(builddir):
    """What --session-path names is there, read-only, and nothing beside it."""
    paths = "/usr/local/share,/opt/host"
    pool = Pool(builddir, session_path=paths)
    pool.spawn("a")
    walk(builddir, pool, paths)
    check(WORD in value(pool, "print(open('/usr/local/share/token').read(), open('/opt/host/secret').read())"), "a session path can be read")
    got = value(pool, "import os\nfor p in ('/usr/local/share/new', '/opt/host/new'):\n  try: open(p, 'w')\n  except OSError as e: print(e.errno)")
    check(got in ("30\n30", "13\n13"), "and not be written", got)
    got = value(pool, "import os\ntry: print(open('/usr/local/etc/npmrc').read())\nexcept OSError as e: print(e.errno)")
    check(got == "2", "what lies beside it is not there", got)
    pool.close()
    try:
        Pool(builddir, session_path="/usr/local/nowhere")
        check(False, "a session path that is not there ends the start")
    except RuntimeError as error:
        check("/usr/local/nowhere" in str(error), "a session path that is not there ends the start, by name", error)


def inside(builddir, work):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=True)
    for folder in ("/usr", "/opt", "/srv"):
        cover(folder, work)
    plant()
    pool = Pool(builddir)
    pool.spawn("a")
    hidden(pool)
    lends(pool, walk(builddir, pool))
    for path in ("/usr/local", "/usr/src", "/usr/share/doc", "/usr/include", "/usr/games", "/usr/lib/apt", "/usr/lib/postgresql", "/usr/lib/systemd"):
        got = value(pool, f"import os\ntry: print(os.listdir({path!r}))\nexcept OSError as e: print(e.errno)")
        check(got == "2", f"{path} is not there", got)
    check(value(pool, "import subprocess\nprint(subprocess.run(['python', '-c', 'print(6*7)'], capture_output=True, text=True).stdout)") == "42",
          "there is a python command")
    pool.close()
    told(builddir)
    asked_for(builddir)
    print("\n".join(FAILURES) or "all as expected")
    return 1 if FAILURES else 0


def main():
    builddir = os.path.abspath(sys.argv[1])
    if os.getuid() != 0:
        print("skipped: it plants files below /usr in a mount namespace, which needs root")
        return SKIPPED
    if len(sys.argv) == 2:
        with tempfile.TemporaryDirectory(prefix="sallyport-list-") as work:
            return subprocess.call(["unshare", "--mount", "--propagation", "private", sys.executable, os.path.abspath(__file__), builddir, work])
    return inside(builddir, sys.argv[2])


sys.exit(main())
