# SPDX-License-Identifier: MIT
"""What the commands say and return: help, versions, wrong usage, folders and files that cannot be used.

If this fails, a wrong setting is taken in silence or a person is not told what to type. Usage: command_test.py PROGRAM
"""
import json
import os
import pathlib
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
SERVERS = ("dev", "app", "pool", "scheduler")


def run(*arguments, environment=None):
    """A command that must end by itself."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SALLYPORT", "DTS", "SESSION", "DURABLE"))}
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, env={**clean, **(environment or {})})
    return done.returncode, done.stdout, done.stderr


def commands():
    """All that `sallyport help` lists, but for pieces of az, which has a completion of its own."""
    out = run("help")[1]
    return [name.split() for name in re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  +\S", out, re.M)]


class Tables(unittest.TestCase):
    """RP-63: what a shell completes, `help` says and the manual page lists comes from the tables that the command is read with."""

    def test_rp_63_each_option_is_completed_and_each_completion_is_an_option(self):
        listed = commands()
        self.assertGreater(len(listed), 50)
        for words in listed:
            with self.subTest(command=words):
                said = re.findall(r"^  (?:-\w, )?--([a-z0-9-]+)", run("help", *words)[1], re.M)
                completed = run("completion", "words", *words, "--")[1].split()
                self.assertEqual(completed, [f"--{name}" for name in said if not name.startswith("no-")])

    def test_rp_63_each_command_is_completed(self):
        completed = set(run("completion", "words", "")[1].split())
        self.assertLessEqual({words[0] for words in commands()}, completed)
        for first in {words[0] for words in commands() if len(words) > 1}:
            second = set(run("completion", "words", first, "")[1].split())
            self.assertLessEqual({words[1] for words in commands() if words[0] == first and len(words) > 1}, second, first)


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def refused(self, arguments, code, *texts, environment=None):
        with self.subTest(arguments=arguments, environment=environment):
            status, out, err = run(*arguments, environment={"XDG_STATE_HOME": str(self.folder), **(environment or {})})
            self.assertEqual((status, out), (code, ""), err)
            for text in texts:
                self.assertIn(text, err)

    def test_help_and_version(self):
        for arguments in (["--version"], ["version"]):
            status, out, err = run(*arguments)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"^sallyport \d+\.\d+\.\d+\n$")
        whole = run("help")
        self.assertEqual(whole[0], 0)
        self.assertEqual(run("--help"), whole)
        self.assertEqual(run("-h"), whole)
        self.assertEqual(run(), (2, "", whole[1]))
        self.assertEqual(run("help", "help"), whole)
        for command in (*SERVERS, "doctor"):
            self.assertIn(command, whole[1])
            status, out, err = run(command, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertTrue(out.startswith(f"usage: sallyport {command} [options]"))
            self.assertEqual(run("help", command), (0, out, ""))
            self.assertEqual("--insecure-no-auth" in out, command != "doctor")

    def test_config_prints_what_holds_and_why(self):
        path = self.folder / "settings"
        path.write_text("# ours\nport = 1234\nmax-sessions = 7\ncooldown = 9s\n")
        arguments = ["config", "--config", str(path), "--port", "4321", "--session-pool-token", "s3cret"]
        status, out, err = run(*arguments, "--json", environment={"DTS_TASK_HUB_NAMES": "a,b"})
        self.assertEqual((status, err), (0, ""))
        held = {one["name"]: one for one in json.loads(out)}
        for name, value, origin in (("port", "4321", "command line"), ("max-sessions", "7", f"{path}:3"), ("cooldown", "9s", f"{path}:4"),
                                    ("task-hubs", "a,b", "environment DTS_TASK_HUB_NAMES"), ("app-hub", "default", "default"),
                                    ("session-pool-token", "***", "command line"), ("compat", None, "default")):
            self.assertEqual((held[name]["value"], held[name]["origin"]), (value, origin), name)
        self.assertEqual(held["cooldown"]["number"], 9 * 10**9)
        self.assertNotIn("s3cret", out)
        status, out, err = run(*arguments)
        self.assertEqual((status, err), (0, ""))
        self.assertNotIn("s3cret", out)
        path.write_text(out)  # what it prints can be read again
        again = {one["name"]: one["value"] for one in json.loads(run("config", "--config", str(path), "--json")[1])}
        self.assertEqual({name: value for name, value in again.items() if value is not None and name != "session-pool-token"},
                         {name: one["value"] for name, one in held.items()
                          if one["value"] is not None and name not in ("session-pool-token", "task-hubs")} | {"task-hubs": "default"})

    def test_config_check_tells_each_fault(self):
        path = self.folder / "settings"
        path.write_text("port = 70000\n  prot = 1\nlog-level = wran\n# fine\nmetrics = on\nnonsense\ncooldown = 9s\n")
        status, out, err = run("config", "check", str(path))
        self.assertEqual((status, err), (1, ""))
        lines = out.splitlines()
        for line, start, *texts in zip(lines, ("1:8", "2:3", "3:13", "5:11", "6:1"),
                                       ("from 0 to 65535", 'did you mean "port"?', 'did you mean "warn"?', "true, false, yes, no, 1 or 0",
                                        'expected "name = value"')):
            self.assertTrue(line.startswith(f"{path}:{start}: "), line)
            self.assertIn(texts[0], line)
        self.assertEqual(len(lines), 5, out)
        self.assertEqual(run("config", "check", environment={"SALLYPORT_CONFIG": str(path)}), (1, out, ""))
        path.write_text("port = 7\nmetrics = yes\n")
        self.assertEqual(run("config", "check", str(path)), (0, f"{path}: no faults\n", ""))
        self.assertEqual(run("config", "show", "--config", str(path)), run("config", "--config", str(path)))
        self.refused(["config", "check"], 2, "sallyport config check FILE")
        self.refused(["config", "check", str(self.folder / "none")], 2, "No such file")

    def test_limits_are_listed(self):
        status, out, err = run("limits", "--json")
        self.assertEqual((status, err), (0, ""))
        limits = {one["name"]: one for one in json.loads(out)}
        self.assertEqual(limits["max-sessions"]["setting"], "max-sessions")
        self.assertEqual((limits["app-comment-size-max"]["value"], limits["app-comment-size-max"]["setting"]), (4000, None))
        self.assertIn("app-comment-size-max", run("limits")[1])

    def test_a_pool_name_may_hold_marks(self):
        with Server(PROGRAM, command="pool", arguments=["--pool-name", "a-b_c.d"]) as server:
            self.assertEqual(server.stop(), 0)
        self.refused(["pool", "--port", "0", "--pool-name", "a/b"], 2, "pool-name")

    def test_wrong_usage(self):
        self.refused(["devv"], 2, 'no command "devv"', 'did you mean "dev"?')
        self.refused(["xyzzy"], 2, 'no command "xyzzy"')
        self.refused(["help", "schedular"], 2, 'did you mean "scheduler"?')
        self.refused(["warden"], 2, "started by a session pool")
        self.refused(["doctor", "--jsn"], 2, 'did you mean "json"?')
        for command in SERVERS:
            self.refused([command, "--prot", "1"], 2, 'did you mean "port"?', f"type: sallyport help {command}")
            self.refused([command, "--port", "70000"], 2, "from 0 to 65535")
            self.refused([command, "--port"], 2, "--port needs PORT")
            self.refused([command, "extra"], 2, 'unexpected argument "extra"')
            self.refused([command, "--log-level", "loud"], 2, 'is "loud", but must be one of: debug info warn error')
            self.refused([command], 2, 'SALLYPORT_LOG_LEVEL: log-level is "loud"', environment={"SALLYPORT_LOG_LEVEL": "loud"})
        self.refused(["dev", "--compat", "strict"], 2, 'but must be one of: sample')
        self.refused(["dev", "--data", ""], 2, "data")
        for name in ("a b", "a/b", "x" * 61, "\u00fc"):
            self.refused(["dev", "--pool-name", name], 2, "pool-name: ", "letters, digits")
        self.refused(["dev"], 2, "DTS_USE_DYNAMIC_TASK_HUBS", "true, false, yes, no, 1 or 0",
                     environment={"DTS_USE_DYNAMIC_TASK_HUBS": "on"})
        self.assertEqual(list(self.folder.iterdir()), [])  # nothing was made on the way
        self.refused(["dev", "--task-hubs", ","], 2, "task-hubs")

    def test_settings_files(self):
        for text, want in ((b"prot = 0\n", ':1: there is no setting "prot"; did you mean "port"?'),
                           (b"port = 0\nport = 1\n", ":2: port is set twice"), (b"# x\nnonsense\n", ":2: expected"),
                           (b"port = 0\n\0", "it is not text"), (b"cooldown = soon\n", ':1: cooldown is "soon"')):
            path = self.folder / "settings"
            path.write_bytes(text)
            self.refused(["pool", "--config", str(path)], 2, want)
            self.refused(["pool"], 2, want, environment={"SALLYPORT_CONFIG": str(path)})
        self.refused(["pool", "--config", str(self.folder)], 2, "Is a directory")
        self.refused(["pool", "--config", "/nonexistent"], 2, "No such file")

    def test_addresses_that_others_can_reach_need_a_yes(self):
        for command in SERVERS:
            environment = {"SESSION_POOL_URL": "http://127.0.0.1:1", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING":
                           "Endpoint=http://127.0.0.1:1;TaskHub=h;Authentication=None"}
            for host in ("0.0.0.0", "::", "192.0.2.1"):
                self.refused([command, "--port", "0", "--host", host], 1, "can be reached from other machines",
                             "no authentication", "--insecure-no-auth", environment=environment)
            self.refused([command, "--port", "0", "--host", "localhost.invalid"], 2, "numeric address", environment=environment)

    def test_what_cannot_be_written(self):
        self.refused(["dev", "--port", "0", "--data", "/proc/nothing"], 1, "cannot make the data folder /proc/nothing", "--data DIR")
        self.refused(["dev", "--port", "0", "--ready-file", "/nonexistent/ready"], 1, "ready-file", "/nonexistent/ready")
        self.refused(["dev", "--port", "0", "--ready-file", str(self.folder)], 1, "ready-file")

    def test_a_store_of_another_version_or_none_is_left_alone(self):
        for name, text in (("newer", None), ("no-database", b"this is not a database, and longer than a header of one " * 40)):
            data = self.folder / name
            data.mkdir(mode=0o700)
            path = data / "scheduler.db"
            if text is None:
                with Server(PROGRAM, command="scheduler", data=str(data)) as server:
                    self.assertEqual(server.stop(), 0)
                with sqlite3.connect(path) as database:
                    database.execute("PRAGMA user_version = 9999")
                database.close()
            else:
                path.write_bytes(text)
            before = path.read_bytes()
            status, _, err = run("scheduler", "--port", "0", "--data", str(data))
            self.assertEqual(status, 1, err)
            self.assertIn("scheduler.db", err)
            self.assertEqual(path.read_bytes(), before)

    def test_a_data_folder_that_others_may_write_in_is_refused(self):
        data = self.folder / "open to all"
        data.mkdir()
        data.chmod(0o1777)
        self.refused(["dev", "--port", "0", "--data", str(data)], 1, "everybody may write", "mode 1777", f"chmod 700 {data}")
        self.assertEqual(list(data.iterdir()), [])
        server = Server(PROGRAM, command="scheduler", data=str(data))
        data.chmod(0o770)
        with server:
            self.assertIn("a group may write in the data folder", server.tail())

    def test_the_data_folder_is_the_owners(self):
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"))
        server = Server(PROGRAM, command="dev", environment=environment)
        self.addCleanup(server.close)
        ready = self.folder / "ready.json"
        ready.write_text("what an earlier server left")
        server.launch([PROGRAM, "dev", "--port", "0", "--ready-file", str(pathlib.Path(server.data) / "ready.json")])
        server.wait_ready()
        data = pathlib.Path(server.ready["dataDir"])
        self.assertEqual(data, self.folder / "state" / "sallyport")
        self.assertEqual(stat.S_IMODE(data.stat().st_mode), 0o700)
        self.assertEqual({stat.S_IMODE(file.stat().st_mode) for file in data.iterdir()}, {0o600})
        self.refused(["dev", "--port", str(server.port), "--data", str(self.folder / "other")], 1, "Address already in use", "--port")
        self.refused(["dev", "--port", "0", "--data", str(data)], 1, str(data))
        self.refused(["dev", "--port", "x", "--ready-file", str(ready)], 2, "port")
        self.assertTrue(ready.exists())
        self.refused(["dev", "--port", str(server.port), "--data", str(self.folder / "other"), "--ready-file", str(ready)], 1)
        self.assertFalse(ready.exists())  # it was not true any more when that start began
        self.assertEqual(server.stop(), 0)

    def test_doctor(self):
        status, out, err = run("doctor")
        self.assertIn(status, (0, 1), err)
        self.assertRegex(out, r"(?m)^(on|degraded|OFF) +namespaces ")
        code, out, err = run("doctor", "--json")
        self.assertEqual((code, err), (status, ""))
        report = json.loads(out)
        self.assertEqual(report["tier"], "process")
        self.assertIn("seccomp", [layer["name"] for layer in report["layers"]])
        for layer in report["layers"]:
            self.assertIn(layer["state"], ("on", "degraded", "off"))
            self.assertTrue(layer["state"] == "on" or layer["mend"] or layer["detail"], layer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
