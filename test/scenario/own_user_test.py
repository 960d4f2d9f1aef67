# SPDX-License-Identifier: MIT
"""Started as root, the server becomes a user of its own: what the kernel says of it, and whose the data are.

If this fails, a fault in the server is a fault of root. Usage: own_user_test.py PROGRAM (as root; else it is skipped)
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from server import Server
from process import Process

PROGRAM = sys.argv.pop(1)
OWN_USER = 199998
POOL = "/subscriptions/local/resourceGroups/local/sessionPools/default"


def facts(pid):
    with open(f"/proc/{pid}/status") as file:
        return {name: value.split() for name, value in (line.split(":", 1) for line in file)}


def threads(pid):
    return [facts(f"{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]


@unittest.skipUnless(os.getuid() == 0, "only root has somebody else to become")
class OwnUser(unittest.TestCase):
    def start(self, *arguments, **rest):
        server = Server(PROGRAM, arguments=arguments, **rest)
        self.addCleanup(server.close)
        return server.start()

    def check(self, server, uid):
        for thread in threads(server.process.pid):
            self.assertEqual((set(thread["Uid"]), set(thread["Gid"]), thread["Groups"]), ({str(uid)}, {str(uid)}, []))
            self.assertEqual({int(thread[name][0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {0})
            self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), (["1"], ["2"]))

    def test_every_thread_is_the_users_and_filtered(self):
        server = self.start()
        self.check(server, OWN_USER)
        _, _, health = server.ask("GET", "/healthz")
        self.assertEqual((health["server"]["user"], health["server"]["systemCallFilter"]), (OWN_USER, True))
        self.assertEqual([entry for entry in health["degraded"] if entry["part"] == "server"], [])
        request = server.submit("open('/mnt/data/x', 'w').write('y'); print('ran')")
        self.assertEqual(server.until(request, "waiting")["result"]["stdout"], "ran\n")
        # Files of a session are still reached: up and down again.
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
        status, _, answer = server.ask("POST", f"{POOL}/files?api-version=2025-02-02-preview&identifier=with-files", form,
                                       {"Content-Type": "multipart/form-data; boundary=b"})
        self.assertEqual(status, 200, answer)
        status, _, text = server.ask("GET", f"{POOL}/files/a.txt/content?api-version=2025-02-02-preview&identifier=with-files")
        self.assertEqual((status, text), (200, "hello"))
        self.assertEqual(server.stop(), 0)

    def test_the_data_folder_is_handed_over_once_and_can_go_back(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            data = pathlib.Path(folder) / "data"
            os.chmod(folder, 0o755)
            data.mkdir(mode=0o700)
            outside = pathlib.Path(folder) / "outside"
            outside.write_text("root's")
            os.chmod(outside, 0o600)
            first = self.start("--user", "root", data=str(data))  # as an earlier version did
            self.assertEqual(set(facts(first.process.pid)["Uid"]), {"0"})
            request = first.submit("print('kept')")
            first.until(request, "waiting")
            large = first.submit("print('x' * 200_000)")  # what is large stands in files of its own
            first.until(large, "waiting")
            self.assertEqual(first.stop(), 0)
            os.symlink(outside, data / "scheduler.db-link")  # what may not be followed
            os.link(outside, data / "scheduler.db-name")
            second = self.start(data=str(data))
            self.check(second, OWN_USER)
            self.assertEqual(second.request(request)["result"]["stdout"], "kept\n")
            self.assertEqual(len(second.request(large)["result"]["stdout"]), 200_001)
            self.assertEqual((outside.stat().st_uid, outside.stat().st_mode & 0o777), (0, 0o600))
            self.assertEqual(second.stop(), 0)
            self.assertEqual((data.stat().st_uid, data.stat().st_mode & 0o007), (OWN_USER, 0))
            third = self.start(data=str(data))  # as root again
            self.assertEqual(third.request(request)["state"], "waiting")
            self.assertEqual(third.stop(), 0)
            # A root server of an earlier version has no capability when it opens these.
            code = ("import os, sys; [os.close(os.open(os.path.join(sys.argv[1], n), os.O_RDWR)) for n in os.listdir(sys.argv[1]) "
                    "if n.startswith('scheduler.db') and not n.endswith(('link', 'name'))]; open(sys.argv[1] + '/made', 'w')")
            done = subprocess.run(["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs", "/usr/bin/python3",
                                   "-c", code, str(data)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_folder_with_other_folders_is_not_taken(self):
        """`--data /etc`, typed by mistake, must not make /etc the server's."""
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "ssh").mkdir()
            before = os.stat(folder)
            done = subprocess.run([PROGRAM, "scheduler", "--port", "0", "--data", folder], capture_output=True, text=True,
                                  timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn('is no data folder: it holds the folder "ssh"', done.stderr)
            after = os.stat(folder)
            self.assertEqual((after.st_uid, after.st_gid, after.st_mode), (before.st_uid, before.st_gid, before.st_mode))

    def test_a_port_of_roots_is_taken_before_root_is_left(self):
        for port in range(1023, 900, -1):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            break
        server = Server(PROGRAM, arguments=["--tls"], command="scheduler")
        self.addCleanup(server.close)
        server.port = port
        server.start()
        self.check(server, OWN_USER)
        self.assertEqual(server.ask("GET", "/healthz")[0], 200)
        with socket.create_connection(("::1", port), timeout=30):
            pass
        done = subprocess.run([PROGRAM, "scheduler", "--port", str(port), "--data", tempfile.mkdtemp(dir=server.data)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f"listening on .*port {port}: Address already in use .choose another with --port or --host.")

    def test_another_user(self):
        server = self.start("--user", "65534")
        self.check(server, 65534)
        large = server.submit("print('x' * 200_000)")
        server.until(large, "waiting")
        self.assertEqual(server.stop(), 0)
        server.arguments = []  # and the next one gets what the last one had
        self.check(server.start(), OWN_USER)
        self.assertEqual(len(server.request(large)["result"]["stdout"]), 200_001)
        done = subprocess.run([PROGRAM, "dev", "--port", "0", "--data", server.data, "--user", "nobody-of-that-name"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn('there is no user "nobody-of-that-name"', done.stderr)

    def test_the_own_certificates_go_to_another_user_too(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o700)
            first = self.start("--tls", data=folder)
            authority = (pathlib.Path(folder) / "tls" / "authority.pem").read_text()
            self.assertEqual(first.stop(), 0)
            second = self.start("--tls", "--user", "65534", data=folder)
            self.check(second, 65534)
            self.assertEqual((pathlib.Path(folder) / "tls" / "authority.pem").read_text(), authority)
            self.assertEqual(second.stop(), 0)

    def test_a_folder_below_one_of_roots_alone(self):
        """/root/.local/state is the folder of whoever types the README's command as root."""
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            data = pathlib.Path(folder) / "data"
            data.mkdir(mode=0o700)
            server = self.start(data=str(data))
            self.check(server, OWN_USER)
            request_id = server.submit("print(6 * 7)")
            server.until(request_id, "waiting")
            server.kill()
            server.start()
            self.assertEqual(server.request(request_id)["state"], "waiting")
            self.assertEqual(server.ready["dataDir"], str(data))
            done = subprocess.run([PROGRAM, "scheduler", "--port", "0", "--data", str(data)], capture_output=True, text=True, timeout=60)
            self.assertIn(f"{data}/directory.db: in use by another sallyport", done.stderr)

    def test_a_ready_file_where_the_user_cannot_write_is_said(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as data, tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            ready = pathlib.Path(folder) / "ready.json"
            with Process([PROGRAM, "dev", "--port", "0", "--data", data, "--ready-file", str(ready)]) as server:
                while not ready.exists():
                    self.assertIsNone(server.poll())
                    time.sleep(0.05)
                self.assertEqual(set(facts(server.pid)["Uid"]), {"0"})
                server.stop()
                self.assertIn("stays root", server.said())
                self.assertFalse(ready.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
