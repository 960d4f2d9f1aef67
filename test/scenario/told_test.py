# SPDX-License-Identifier: MIT
"""What an operator is told and what signals do: lines for submit, run and decide, formats of the log, an orderly stop.

If this fails, an operator sees nothing, or a closed terminal kills the server. Usage: told_test.py PROGRAM
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import grpc

from server import Server
from process import Process
from protocol import pb, Stub

PROGRAM = sys.argv.pop(1)
SECRET = "payload-that-no-line-may-hold"


def eventually(test, look, text, seconds=60):
    deadline = time.monotonic() + seconds
    while not look():
        test.assertLess(time.monotonic(), deadline, text)
        time.sleep(0.02)


class Lines(unittest.TestCase):
    def story(self, server):
        code = f"print('{SECRET}')"
        created = server.ask("POST", "/v1/requests", {"code": code, "submittedBy": 'an"n\nlevel=error'})[2]["id"]
        server.until(created, "waiting")
        server.ask("POST", f"/v1/requests/{created}/decision", {"approve": True, "by": "mina", "comment": SECRET})
        server.until(created, "approved")
        return created, len(code)

    def test_one_line_each_for_submitted_ran_and_decided(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            created, size = self.story(server)
            log = server.tail()
            for line in (rf'area=svc/app submitted id={created} by="an\'n\?level=error" bytes={size}$',
                         rf"area=svc/app ran id={created} session=[0-9a-f-]+ succeeded=true ms=\d+ bytes=\d+$",
                         rf'area=svc/app decided id={created} by="mina" approved=true ms=\d+$'):
                self.assertEqual(len(re.findall(line, log, re.MULTILINE)), 1, (line, log))
            self.assertNotIn(SECRET, log)

    def test_json_is_json(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1", "--log-format", "json"]) as server:
            created, size = self.story(server)
            events = [json.loads(line) for line in server.tail().splitlines() if line.startswith("{")]
            ours = {event["message"]: event for event in events if event.get("fields", {}).get("id") == created}
            self.assertEqual(set(ours), {"submitted", "ran", "decided"})
            self.assertEqual(ours["submitted"]["fields"], {"id": created, "by": "an'n\nlevel=error", "bytes": str(size)})
            self.assertEqual(ours["submitted"]["level"], "info")

    def test_the_journal_gets_priorities(self):
        with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "stderr"), "wb") as out:
            facts = os.fstat(out.fileno())
            for stream, prefixed in ((f"{facts.st_dev}:{facts.st_ino}", True), ("1:1", False)):
                out.seek(0)
                out.truncate()
                with Process([PROGRAM, "scheduler", "--port", "0", "--data", os.path.join(folder, "data")], stdout=subprocess.DEVNULL,
                             stderr=out, env={**os.environ, "JOURNAL_STREAM": stream}) as process:
                    eventually(self, lambda: os.path.exists(os.path.join(folder, "data", "scheduler.db")), "started")
                    time.sleep(0.2)
                    self.assertEqual(process.stop(), 0)
                text = pathlib.Path(out.name).read_text()
                self.assertEqual(re.search(r"^<6>\S+Z level=info area=cmd stopping", text, re.MULTILINE) is not None, prefixed, text)


class Signals(unittest.TestCase):
    def test_a_closed_terminal_is_an_orderly_stop(self):
        server = Server(PROGRAM)
        self.addCleanup(server.close)
        master, terminal = os.openpty()
        line = [PROGRAM, "dev", "--port", "0", "--data", server.data, "--ready-sessions", "1", "--ready-file", f"{server.data}/ready.json"]
        server.launch(line, stdin=terminal)
        os.close(terminal)
        server.wait_ready()
        server.process.send_signal(signal.SIGHUP)  # by hand: the terminal is still there
        eventually(self, lambda: "the settings were read again changed=" in server.tail(), "said")
        request_id = server.submit("print(1)")
        server.until(request_id, "waiting")
        os.close(master)
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.process.wait(60), 0)
        self.assertIn("stopping signal=1", server.tail())

    def test_a_server_without_a_terminal_is_not_ended_by_a_hangup(self):
        for command, more in (("scheduler", []), ("dev", ["--ready-sessions", "0"])):
            with Server(PROGRAM, command=command, arguments=more) as server:
                server.process.send_signal(signal.SIGHUP)
                eventually(self, lambda: "the settings were read again changed=" in server.tail(), "said")
                self.assertEqual(server.ask("GET", "/healthz")[0], 200)
                self.assertEqual(server.stop(), 0)

    def test_a_hangup_takes_what_is_safe_and_tells_the_rest(self):
        server = Server(PROGRAM, command="scheduler")
        settings = pathlib.Path(server.data, "settings")
        settings.write_text("log-level = info\nresident-size-max = 64M\n")
        settings.chmod(0o644)
        server.arguments = ["--config", str(settings)]
        with server:
            settings.write_text("log-level = warn\nresident-size-max = 32M\naccess-log = true\n")
            server.process.send_signal(signal.SIGHUP)
            eventually(self, lambda: "settings differ that need a restart settings=resident-size-max\n" in server.tail(), "told")
            self.assertIn("the settings were read again changed=log-level,access-log\n", server.tail())

            settings.write_text("log-level = info\naccess-log = perhaps\n")
            server.process.send_signal(signal.SIGHUP)
            eventually(self, lambda: "the file was not taken" in server.tail(), "refused")
            self.assertIn(f"{settings}:2: access-log is", server.tail())
            self.assertEqual(server.ask("GET", "/healthz")[0], 200)
            self.assertEqual(server.stop(), 0)

    def test_signals_that_mean_nothing_end_nothing(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTOU, signal.SIGTTIN, signal.SIGPIPE):
                server.process.send_signal(number)
            self.assertEqual(server.request(server.submit("print(1)"), wait="30s")["state"], "waiting")
            # and a session has the defaults back
            seen = server.request(server.submit("import signal\n[signal.getsignal(n) for n in (10, 12, 22)] == [signal.SIG_DFL] * 3"),
                                  wait="30s")
            self.assertEqual(str(seen["result"]["result"]), "True", seen)

    def test_the_ready_file_goes_with_the_server(self):
        with Server(PROGRAM, command="scheduler") as server:
            ready = pathlib.Path(server.data, "ready.json")
            self.assertTrue(ready.exists())
            self.assertEqual(server.stop(), 0)
            self.assertFalse(ready.exists())
            self.assertNotIn("the ready file stays", server.tail())

    def test_a_run_may_end_while_the_server_stops(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1", "--shutdown-timeout", "60s"]) as server:
            request_id = server.submit("import time\ntime.sleep(7)\nprint('done')")  # longer than the grace of before
            server.until_busy()
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.until(request_id, "waiting")["attempts"], 1)

    def test_what_is_slow_does_not_hold_the_stop(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1", "--shutdown-timeout", "100ms"]) as server:
            request_id = server.submit("import time\ntime.sleep(600)")
            server.until_busy()
            self.assertEqual(server.stop(), 1)
            self.assertIn("the orderly stop took longer than shutdown-timeout", server.tail())
            server.start()  # nothing of it was lost: the run begins again
            self.assertEqual(server.until(request_id, "running")["state"], "running")


class Debug(unittest.TestCase):
    """What somebody needs who looks for one instance in the log of many."""
    ID = "an-instance-to-look-for"

    def call(self, stub, method, request):
        return getattr(stub, method)(request, metadata=(("taskhub", "mine"),), timeout=60)

    def test_lines_name_hub_instance_and_method(self):
        with Server(PROGRAM, command="scheduler", arguments=["--task-hubs", "default,mine", "--log-level", "debug"]) as server:
            with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                stub = Stub(channel)
                calls = [("StartInstance", pb.CreateInstanceRequest(instanceId=self.ID, name="nobody_runs_this")),
                         ("GetInstance", pb.GetInstanceRequest(instanceId=self.ID)),
                         ("RaiseEvent", pb.RaiseEventRequest(instanceId=self.ID, name="come")),
                         ("SuspendInstance", pb.SuspendRequest(instanceId=self.ID)),
                         ("ResumeInstance", pb.ResumeRequest(instanceId=self.ID)),
                         ("TerminateInstance", pb.TerminateRequest(instanceId=self.ID)),
                         ("PurgeInstances", pb.PurgeInstancesRequest(instanceId=self.ID)),
                         ("GetInstance", pb.GetInstanceRequest(instanceId=self.ID))]
                for method, request in calls:
                    self.call(stub, method, request)
            self.assertEqual(server.stop(), 0)
            log = pathlib.Path(server.data, "server.log").read_text(errors="replace").splitlines()
        about = [line for line in log if "level=debug" in line and (self.ID in line or "area=core/" in line)]
        for line in about:
            self.assertIn('hub="mine"', line)
            self.assertIn(f'instance="{self.ID}"', line)
        said = {found[1] for line in about if (found := re.search(r"area=core/call call method=(\w+) ", line))}
        self.assertLessEqual({method for method, _ in calls}, said)
        moves = [found.groups() for line in about if (found := re.search(r"area=core/instance move .* from=(\w+) to=(\w+)", line))]
        self.assertEqual([here for here, _ in moves][1:], [there for _, there in moves][:-1], "a move is missing")
        self.assertGreaterEqual(len(moves), 3)
        self.assertTrue(any("area=core/work move" in line and "kind=" in line for line in about))


class Start(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *arguments, **environment):
        drop = ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY", "SESSION_POOL_URL", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING")
        clean = {name: value for name, value in os.environ.items() if name not in drop}
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, env={**clean, **environment})

    def test_a_file_as_data_folder_is_said_to_be_one(self):
        path = self.folder / "file"
        path.write_text("")
        done = self.run_program("scheduler", "--port", "0", "--data", str(path))
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"data: {path} is a file, but must be a folder", done.stderr)

    def test_everything_that_is_missing_is_named_at_once(self):
        done = self.run_program("app", "--port", "0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'DURABLE_TASK_SCHEDULER_CONNECTION_STRING' and 'SESSION_POOL_URL'", done.stderr)

    def test_an_authentication_that_cannot_work_is_answered_for_operators(self):
        string = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
        for scheduler, pool, more, said in (
                ("http://127.0.0.1:1", "http://127.0.0.1:1", "Authentication=VisualStudio", "sign in with az login"),
                ("http://127.0.0.1:1", "http://127.0.0.1:1", "Authentication=Kerberos", "is none of None, DefaultAzure"),
                ("http://10.0.0.1:1", "http://127.0.0.1:1", "Authentication=DefaultAzure", "the scheduler is neither https nor on this"),
                ("http://127.0.0.1:1", "http://pool.example", "Authentication=DefaultAzure", "SESSION_POOL_URL is neither https nor on"),
                ("http://127.0.0.1:1", "http://127.0.0.1:1", "ClientID=a;ClientId=b", "ClientID is given twice")):
            done = self.run_program("app", "--port", "0", SESSION_POOL_URL=pool, **{string: f"Endpoint={scheduler};TaskHub=h;{more}"})
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        done = self.run_program("app", "--port", "0", SESSION_POOL_URL="http://127.0.0.1:1", SESSION_POOL_AUTHENTICATION="Token",
                                **{string: "Endpoint=http://127.0.0.1:1;TaskHub=h;Authentication=None"})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("SESSION_POOL_AUTHENTICATION: Authentication=Token is none of", done.stderr)

    def start(self, **environment):
        ready = self.folder / "ready.json"
        drop = ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")
        clean = {name: value for name, value in os.environ.items() if name not in drop}
        with Process([PROGRAM, "scheduler", "--port", "0", "--ready-file", str(ready)], env={**clean, **environment}) as process:
            eventually(self, lambda: ready.exists() or process.poll() is not None, "ready")
            facts = json.loads(ready.read_text()) if ready.exists() else None
            process.stop()
            return facts, process.rest(), process.said()

    def test_state_goes_where_the_service_manager_says(self):
        facts, out, _ = self.start(STATE_DIRECTORY=f"{self.folder}/one:{self.folder}/two", HOME=str(self.folder))
        self.assertEqual(facts["dataDir"], f"{self.folder}/one")
        facts, _, _ = self.start(HOME=str(self.folder))
        self.assertEqual(facts["dataDir"], f"{self.folder}/.local/state/sallyport")
        done = self.run_program("scheduler", "--port", "0", HOME="/")
        self.assertIn("name one with --data DIR", done.stderr)
        self.assertEqual(done.returncode, 2)

    def test_the_address_is_localhost(self):
        facts, out, _ = self.start(HOME=str(self.folder))
        self.assertRegex(facts["url"], r"^http://localhost:\d+$")
        self.assertRegex(facts["schedulerConnectionString"], r"^Endpoint=http://localhost:\d+;")
        self.assertIn(facts["url"], out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
