# SPDX-License-Identifier: MIT
"""To whom the commands send the key of a data folder: another user listens where the server is expected.

If this fails, whoever waits on a port of this machine is given everything. Usage: local_key_test.py PROGRAM (as root; else it is
skipped)
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

from server import Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

PROGRAM = sys.argv.pop(1)
THIEF = 65534
# Prints the port, then each request that it is sent; answers all.
LISTEN = """import http.server, sys
class Thief(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print('HEARD', self.path, self.headers.get('Authorization'), flush=True)
        self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers(); self.wfile.write(b'{}')
    def send_error(self, *_): print('HEARD', self.raw_requestline, flush=True)
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Thief)
print('PORT', server.server_port, flush=True)
server.serve_forever()
"""


@unittest.skipUnless(os.getuid() == 0, "needs two users")
class LocalKey(unittest.TestCase):
    def thief(self, port):
        process = Process(["/usr/bin/python3", "-ISc", LISTEN, port], ready="PORT ([0-9]+)", user=THIEF, group=THIEF,
                          extra_groups=[], cwd="/")
        self.addCleanup(process.kill)
        return process

    def test_it_goes_to_the_servers_own_user_only(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="sallyport-test-"))
        data = pathlib.Path(folder, "sallyport")
        data.mkdir(mode=0o700)
        server = Server(PROGRAM, data=str(data), arguments=["--auth", "--ready-sessions", "0"])
        self.addCleanup(server.close)
        server.start()
        key = (data / "local.key").read_text()
        thief = self.thief(0)
        elsewhere = f"http://127.0.0.1:{thief.match.group(1)}"
        environment = {"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": folder, "HOME": folder, "http_proxy": elsewhere}

        def run(*line, **more):
            return subprocess.run([PROGRAM, *line], capture_output=True, text=True, timeout=60, env={**environment, **more})

        for url in (server.ready["url"], f"http://127.0.0.1:{server.port}"):
            done = run("user", "ls", "--url", url)
            self.assertEqual((done.returncode, "owner@sallyport" in done.stdout), (0, True), done.stderr)
        self.assertEqual(run("az", "group", "list").returncode, 0)
        # Those that speak gRPC, and those of the audit log, too; with --data they find its server as well.
        for words in (("instance", "ls"), ("hub", "ls"), ("audit", "ls"), ("audit", "export"), ("audit", "verify"), ("entity", "ls")):
            done = run(*words)
            self.assertEqual(done.returncode, 0, (words, done.stderr))
        for where in (("--data", str(data)), ("--data", str(data), "--url", server.ready["url"])):
            done = run("instance", "start", "Job", *where, HOME="/nowhere", XDG_STATE_HOME="/nowhere")
            self.assertEqual(done.returncode, 0, done.stderr)
        for words in (("instance", "ls"), ("audit", "ls")):
            # Who is named asks, and nobody else; and so does whoever a connection string says.
            self.assertIn("lacks the role", run(*words, SALLYPORT_KEY=server.key_of(f"{words[0]}@example.org"), no_proxy="*").stderr)
            anonymous = run(*words, "--connection", f"Endpoint={server.ready['url']};TaskHub=default;Authentication=None", no_proxy="*")
            self.assertIn("SALLYPORT_KEY", anonymous.stderr)

        refused = run("user", "ls", "--url", elsewhere)
        self.assertEqual(refused.returncode, 7, refused.stdout)
        self.assertIn("another user's program listens there\ngive a key with SALLYPORT_KEY", refused.stderr)
        # A key that was typed goes where it was meant to go, and is the only one that was heard.
        typed = run("user", "ls", "--url", elsewhere, SALLYPORT_KEY="typed-by-hand", no_proxy="*")
        self.assertNotIn("another user's", typed.stderr)
        heard = thief.line()
        self.assertIn("Bearer typed-by-hand", heard)
        self.assertNotIn(key, heard)

        # The server is gone, its ready file stays with the number of a process that lives, and somebody takes its place.
        server.kill()
        other = self.thief(server.port)
        (data / "server.json").write_text(json.dumps({**server.ready, "pid": os.getpid()}))
        for line, code in ((("az", "group", "list"), 1), (("user", "ls"), 7), (("instance", "ls"), 1), (("audit", "ls"), 1),
                           (("instance", "start", "Job"), 1), (("hub", "ls"), 1)):
            refused = run(*line)
            self.assertEqual(refused.returncode, code, refused.stdout)
            self.assertIn("another user's program listens there", refused.stderr)
        other.kill()
        self.assertEqual([line for line in other.rest() if "HEARD" in line], [])

    def test_commands_find_a_dev_on_any_port(self):
        """RP-63: by the file in the folder of its state; one that is gone, or on another machine, is not followed."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="sallyport-test-"))
        data = pathlib.Path(folder, "sallyport")
        data.mkdir(mode=0o700)
        server = Server(PROGRAM, data=str(data), arguments=["--tls", "--ready-sessions", "0"])
        self.addCleanup(server.close)
        server.start()

        def run(*line, state=folder):
            return subprocess.run([PROGRAM, *line], capture_output=True, text=True, timeout=60,
                                  env={"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": state, "HOME": folder})

        for done in (run("ls", "--json"), run("ls", "--json", "--data", str(data), state="/nowhere")):
            self.assertEqual((done.returncode, json.loads(done.stdout or "0")["requests"]), (0, []), done.stderr)
        for words in (("instance", "ls", "--ca-file", str(data / "tls/authority.pem")), ("instance", "ls"), ("audit", "ls")):
            listed = run(*words)
            self.assertEqual(listed.returncode, 0, listed.stderr)

        server.kill()
        left = (data / "server.json").read_text()
        self.assertIn("http://localhost:8080", run("ls").stderr)
        (data / "server.json").write_text(json.dumps({**json.loads(left), "pid": os.getpid(), "url": "http://192.0.2.1:9"}))
        self.assertIn("http://localhost:8080", run("ls").stderr)

    def test_a_server_that_is_gone_is_nobody(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder, socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            pathlib.Path(folder, "local.key").write_text("spk_of-before")
            done = subprocess.run([PROGRAM, "user", "ls", "--url", f"http://127.0.0.1:{free.getsockname()[1]}", "--data", folder],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn("start it with sallyport dev", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
