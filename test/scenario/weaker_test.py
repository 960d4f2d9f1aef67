# SPDX-License-Identifier: MIT
"""Less isolation than configured is said, refused where it was asked for, and no reason for a red light.

If this fails, an operator without root believes in limits that do not hold. Usage: weaker_test.py PROGRAM
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
NOBODY = 65534
POOL = "/subscriptions/local/resourceGroups/local/sessionPools/default"


def as_nobody():
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


class Rootless(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        if os.getuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}

    def command(self, *arguments):
        return [PROGRAM, *arguments]

    def doctor(self):
        done = subprocess.run(self.command("doctor"), capture_output=True, text=True, timeout=60, env=self.environment,
                              preexec_fn=as_nobody)
        return done.returncode, done.stdout

    def test_it_is_said_once_and_healthz_is_green(self):
        code, text = self.doctor()
        if code != 0 or "cgroup-memory" not in text.splitlines()[0]:
            self.skipTest("this machine gives nobody sessions, or all limits")
        server = Server(PROGRAM, data=self.folder)
        self.addCleanup(server.close)
        ready = os.path.join(self.folder, "ready.json")
        line = self.command("dev", "--port", "0", "--data", self.folder, "--ready-file", ready, "--session-memory", "64M",
                            "--pool-name", "it.s", "--approval-timeout", "1h")
        server.launch(line, env=self.environment, preexec_fn=as_nobody)
        server.wait_ready()
        said = [one for one in server.tail().splitlines() if "limits are weaker than configured" in one]
        self.assertEqual(len(said), 1)
        self.assertRegex(said[0], "may pass 64 MiB for a moment|64 processes x 64 MiB")
        # The command can be pasted whole: no dots to fill, and it is this very command line.
        command = shlex.split(said[0].split("; run: ", 1)[1])
        self.assertNotIn("\u2026", said[0])
        self.assertNotIn("...", said[0])
        self.assertEqual(command[:5], ["systemd-run", "--user", "--scope", "-p", "Delegate=yes"])
        self.assertEqual(command[6:], line[1:])
        status, _, health = server.ask("GET", "/healthz")
        self.assertEqual((status, health["ok"]), (200, True))
        self.assertIn("cgroup-memory", [entry["cause"] for entry in health["degraded"] if entry["part"] == "isolation"])
        self.assertEqual(server.ask("GET", "/readyz")[0], 200)
        self.assertEqual(server.stop(), 0)

    def test_what_is_required_and_not_there_ends_the_start(self):
        code, text = self.doctor()
        if code != 0 or "cgroup-memory" not in text.splitlines()[0]:
            self.skipTest("this machine gives nobody sessions, or all limits")
        ready = os.path.join(self.folder, "ready.json")
        done = subprocess.run(self.command("dev", "--port", "0", "--data", self.folder, "--ready-file", ready,
                                           "--require", "seccomp,cgroup-memory"),
                              capture_output=True, text=True, timeout=120, env=self.environment, preexec_fn=as_nobody)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("require: this machine does not give cgroup-memory", done.stderr)
        self.assertIn("sallyport doctor", done.stderr)
        self.assertFalse(os.path.exists(ready))
        self.assertNotIn("is ready", done.stdout)


class Require(unittest.TestCase):
    def test_an_unknown_layer_is_wrong_usage(self):
        done = subprocess.run([PROGRAM, "pool", "--port", "0", "--require", "cgroup-memroy"], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn('there is no layer "cgroup-memroy"', done.stderr)

    def test_what_is_there_may_be_required(self):
        with Server(PROGRAM, arguments=["--require", "seccomp, namespaces"]) as server:
            self.assertEqual(server.ask("GET", "/readyz")[0], 200)


class Template(unittest.TestCase):
    def test_an_execution_says_what_its_session_saw(self):
        """The identity stands in a header of its own, the same that /healthz and doctor name; the body is the vendor's."""
        with Server(PROGRAM) as server:
            body = {"codeInputType": "inline", "executionType": "synchronous", "code": "1"}
            status, headers, answer = server.ask("POST", f"{POOL}/executions?api-version=2025-02-02-preview&identifier=abcd", body)
            self.assertEqual(status, 200)
            self.assertRegex(headers["Sallyport-Template"], r"^[0-9a-f]{64}$")
            self.assertNotIn("template", str(answer).lower())
            self.assertEqual(server.ask("GET", "/healthz")[2]["pool"]["template"], headers["Sallyport-Template"])
            doctor = json.loads(subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True, timeout=120).stdout)
            self.assertIn(headers["Sallyport-Template"], json.dumps(doctor["template"]))

    def run_code(self, server, identifier, code):
        body = {"codeInputType": "inline", "executionType": "synchronous", "code": code}
        status, headers, answer = server.ask("POST", f"{POOL}/executions?api-version=2025-02-02-preview&identifier={identifier}", body)
        self.assertEqual(status, 200, answer)
        return headers["Sallyport-Template"], answer["result"]["executionResult"]

    def keepers(self, server):
        with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as file:
            pids = file.read().split()
        names = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/comm") as file, open(f"/proc/{pid}/stat") as facts:
                    if facts.read().rsplit(")", 1)[1].split()[0] != "Z":
                        names.append(file.read().strip())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
        return sum(name.startswith("sallyport-keep") for name in names)

    @unittest.skipUnless(os.access("/opt", os.W_OK), "a session path lies outside of what sessions have of their own")
    def test_changed_packages_reach_new_sessions_and_leave_running_ones(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-packages-", dir="/opt") as packages:
            os.chmod(packages, 0o755)
            with Server(PROGRAM, arguments=["--session-path", packages]) as server:
                before, _ = self.run_code(server, "running", "kept = 41")
                with open(os.path.join(packages, "module.py"), "w") as file:
                    file.write("answer = 42\n")
                deadline = time.monotonic() + 90
                while server.ask("GET", "/healthz")[2]["pool"]["template"] == before and time.monotonic() < deadline:
                    self.assertEqual(server.ask("GET", "/readyz")[0], 200)  # nobody has to wait for the change
                    time.sleep(0.1)
                after, _ = self.run_code(server, "new-one", "1")
                self.assertNotEqual(after, before)
                self.assertEqual(server.ask("GET", "/healthz")[2]["pool"]["template"], after)
                self.assertEqual(self.run_code(server, "running", "kept + 1"), (before, 42))
                self.assertEqual(self.keepers(server), 2)
                server.ask("DELETE", f"{POOL}/session?api-version=2025-02-02-preview&identifier=running")
                deadline = time.monotonic() + 60
                while self.keepers(server) != 1 and time.monotonic() < deadline:
                    time.sleep(0.1)
                self.assertEqual(self.keepers(server), 1)  # the former keeper went with its last session
                self.assertEqual(self.run_code(server, "new-one", "2"), (after, 2))
                self.assertEqual(server.ask("GET", "/healthz")[2]["pool"]["totals"]["isolationLosses"], 0)
                self.assertEqual(server.stop(), 0)


class Doctor(unittest.TestCase):
    def test_the_verdict_is_the_first_line_and_nothing_is_left_to_fill_in(self):
        done = subprocess.run([PROGRAM, "doctor"], capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stdout.splitlines()[0], r"^Sessions (run|cannot run) on this machine")
        for name in ("port", "data folder", "disk", "descriptors", "Python packages"):
            self.assertRegex(done.stdout, rf"(?m)^(good|note) +{re.escape(name)} ")
        for mend in re.findall(r"(?m)^ +mend: (.*)$", done.stdout):
            self.assertNotRegex(mend, "\u2026|\\.\\.\\.")


if __name__ == "__main__":
    unittest.main(verbosity=2)
