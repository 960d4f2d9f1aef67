# SPDX-License-Identifier: MIT
"""Runs the scenario program of one official SDK against a scheduler process of its own.

Usage: sdk_run.py js|go|java FOLDER SCHEDULER_HOST [ARGUMENT...]

What the program needs is fetched once, pinned, into FOLDER. Exit 77 (skipped) if the language's tools are missing or
the registry does not answer; whatever goes wrong after that is a failure. The program is told the address; a line
"RESTART" from it makes the host die by SIGKILL and come back at the same address with the same store, which is
answered by a line "ok".
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import invariants  # noqa: E402
from process import Process  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM_TIME_MAX_S = 400
FETCH_TIME_MAX_S = 400
SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def need(*programs):
    for one in programs:
        if not shutil.which(one):
            skip(f"there is no {one} on this machine")


def fetch(folder, inputs, command, stale=None, **options):
    """Runs `command` unless it went well before with the same inputs. What is in the folder `stale` goes first."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    done = folder / "fetched.txt"
    if done.exists() and done.read_text() == digest:
        return
    if stale:
        shutil.rmtree(stale, ignore_errors=True)
    try:
        got = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, timeout=FETCH_TIME_MAX_S, **options)
    except subprocess.TimeoutExpired:
        skip(f"{command[0]} did not fetch the packages within {FETCH_TIME_MAX_S} s")
    if got.returncode:
        print(got.stdout[-4000:])
        if "EUSAGE" in got.stdout:
            sys.exit("the lock file is not that of package.json")  # no registry could mend that
        skip(f"{command[0]} could not fetch the packages")
    done.write_text(digest)


def prepare_js(folder):
    need("node", "npm")
    inputs = [HERE / "js/package.json", HERE / "js/package-lock.json"]
    for path in [*inputs, *(HERE / "js").glob("*.js")]:
        shutil.copy(path, folder)
    fetch(folder, inputs, ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    return ["node", str(folder / "scenario.js")]


def prepare_go(folder):
    need("go")
    source = HERE / "go"
    env = {**os.environ, "GOMODCACHE": str(folder / "mod"), "GOFLAGS": "-modcacherw -mod=readonly -buildvcs=false",
           "GOTOOLCHAIN": "local"}
    fetch(folder, [source / "go.mod", source / "go.sum"], ["go", "mod", "download"], cwd=source, env=env)
    subprocess.run(["go", "build", "-o", str(folder / "scenario"), "."], cwd=source, check=True,
                   env={**env, "GOPROXY": "off"})
    return [str(folder / "scenario")]


def prepare_java(folder):
    need("java", "javac", "mvn")
    pom = HERE / "java/pom.xml"
    fetch(folder, [pom], ["mvn", "-B", "-q", "-f", str(pom), f"-Dmaven.repo.local={folder / 'repository'}",
                          f"-DoutputDirectory={folder / 'jars'}", "dependency:copy-dependencies"],
          stale=folder / "jars")
    classes = folder / "classes"
    path = f"{classes}:{folder / 'jars'}/*"
    sources = sorted(str(one) for one in (HERE / "java/src").glob("*.java"))
    subprocess.run(["javac", "-nowarn", "--release", "17", "-d", str(classes), "-cp", path, *sources], check=True)
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", path, "Scenario"]


class Host:
    def __init__(self, program, folder):
        self.program = program
        self.store = f"{folder}/tasks.db"
        self.port = 0
        self.start()

    def start(self):
        self.process = Process([self.program, self.store, str(self.port), "default", "*"], ready=r"port (\d+)", stderr=None)
        self.port = int(self.process.match.group(1))

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait()
        invariants.check(self.store)
        return code


def run(command, host):
    with Process([*command, f"127.0.0.1:{host.port}", *sys.argv[4:]], patience=PROGRAM_TIME_MAX_S, stdin=subprocess.PIPE,
                 stderr=None) as program:
        while (line := program.line()) is not None:
            if line == "RESTART":
                host.end(signal.SIGKILL)
                host.start()
                program.stdin.write("ok\n")
                program.stdin.flush()
            else:
                print(line, flush=True)
        return program.wait()


def main():
    language, folder, host_program = sys.argv[1:4]
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:  # tests of several builds may start side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = {"js": prepare_js, "go": prepare_go, "java": prepare_java}[language](folder)
    with tempfile.TemporaryDirectory(prefix="sallyport-interop-") as store:
        host = Host(host_program, store)
        try:
            code = run(command, host)
        finally:
            host_code = host.end(signal.SIGTERM)
    if host_code:
        print(f"the host ended with {host_code}")
    sys.exit(1 if code or host_code else 0)


if __name__ == "__main__":
    main()
