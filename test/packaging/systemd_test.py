# SPDX-License-Identifier: MIT
"""The systemd unit: systemd accepts it, the page shows the file that is installed, and the server works as confined by it.

If this fails, who installs the service has one that does not start. Usage: systemd_test.py PROGRAM SOURCE_ROOT
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import unit
from server import Server

PROGRAM, ROOT = os.path.abspath(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
UNIT = (ROOT / "packaging/systemd/sallyport.service.in").read_text()
SPLIT = {name: (ROOT / f"packaging/systemd/sallyport-{name}.service.in").read_text() for name in ("scheduler", "pool", "app")}
DEFAULT = (ROOT / "packaging/systemd/sallyport.default").read_text()


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"],
                                                capture_output=True).returncode == 0


def degraded(server):
    """What protects less than it could; not how far the pool has come."""
    return [entry for entry in server.ask("GET", "/healthz")[2]["degraded"] if entry["part"] in ("isolation", "server")]


class Unit(unittest.TestCase):
    def test_the_page_shows_what_is_installed(self):
        self.assertIn("```ini\n" + UNIT.replace("@bindir@", "/usr/local/bin") + "```", (ROOT / "doc/operate.md").read_text())

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here: apt-get install systemd")
    def test_systemd_accepts_them(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "sallyport.service")
            for text, accepted in ((UNIT, True), *((text, True) for text in SPLIT.values()), (UNIT.replace("KillMode=mixed", "KillMode=sometimes"), False)):
                # The manual page is not installed here, which systemd would have us know.
                path.write_text(text.replace("@bindir@/sallyport", PROGRAM).replace("Documentation=man:sallyport(1)\n", ""))
                done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", path], capture_output=True,
                                      text=True, timeout=60)
                said = [line for line in done.stderr.splitlines() if "sallyport.service" in line]
                self.assertEqual(said == [] and done.returncode == 0, accepted, done.stderr)

    @unittest.skipUnless(may_mount(), "only root, with the right to mount, can confine a program as systemd would")
    def test_the_server_works_as_it_confines_it(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-test-", dir="/var/tmp") as data:
            server = Server(PROGRAM, data=data)
            self.addCleanup(server.close)
            text = UNIT.replace("@bindir@/sallyport", PROGRAM)
            server.launch(unit.command(text, DEFAULT, ["--port", "0", "--ready-file", f"{data}/ready.json"]),
                          env={**os.environ, "STATE_DIRECTORY": data}, umask=0o077)
            server.wait_ready()
            self.assertEqual(server.ready["dataDir"], data)
            plain = Server(PROGRAM)
            self.addCleanup(plain.close)
            # No layer of isolation is lost to the confinement.
            self.assertEqual(degraded(server), degraded(plain.start()))
            request = server.submit("print(6 * 7)")
            self.assertEqual(server.until(request, "waiting")["result"]["stdout"], "42\n")
            self.assertEqual(server.stop(), 0)

    @unittest.skipUnless(may_mount(), "only root, with the right to mount, can confine a program as systemd would")
    def test_the_three_services_work_together_as_they_are_confined(self):
        scheduler, pool = self.serve("scheduler"), self.serve("pool")
        self.assertEqual(degraded(scheduler), [])
        unit_says = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", SPLIT["app"], re.M))
        self.assertEqual(unit_says, {"SESSION_POOL_URL": "http://127.0.0.1:8082", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING":
                                     "Endpoint=http://127.0.0.1:8081;TaskHub=default;Authentication=None"})
        for name, port in (("scheduler", 8081), ("pool", 8082), ("app", 8080)):
            self.assertIn(f"sallyport {name} --port {port} ", SPLIT[name])
        app = self.serve("app", {name: value.replace("8081", str(scheduler.port)).replace("8082", str(pool.port)) for name, value in unit_says.items()})
        request = app.submit("print(6 * 7)")
        self.assertEqual(app.until(request, "waiting")["result"]["stdout"], "42\n")
        self.assertEqual([server.stop() for server in (app, pool, scheduler)], [0, 0, 0])

    def serve(self, name, environment=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-", dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        server = Server(PROGRAM, data=folder.name, command=name)
        self.addCleanup(server.close)
        text = SPLIT[name].replace("@bindir@/sallyport", PROGRAM)
        if "User" in unit.settings(text):
            os.chown(folder.name, unit.USER, unit.USER)
        server.launch(unit.command(text, DEFAULT, ["--port", "0", "--ready-file", f"{folder.name}/ready.json"]),
                      env={**os.environ, "STATE_DIRECTORY": folder.name, **(environment or {})}, umask=0o077)
        return server.wait_ready()


if __name__ == "__main__":
    unittest.main(verbosity=2)
