# SPDX-License-Identifier: MIT
"""The clients of clients/ and the commands of the program, against a real server.

If this fails, what people copy into their projects, or type, does not do what it says.
Usage: clients_test.py PROGRAM SOURCE_FOLDER
"""
import contextlib
import http.client
import http.server
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

PROGRAM, SOURCE = str(pathlib.Path(sys.argv.pop(1)).resolve()), pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenario"), str(HERE.parent / "lib"), str(SOURCE / "clients/python")]
import sallyport  # noqa: E402
from process import Process  # noqa: E402
from server import HELD, Server  # noqa: E402

UNKNOWN = "00000000-0000-4000-8000-000000000000"
CODE = "print('grüße')"


class Swallower(http.server.BaseHTTPRequestHandler):
    """Hands on to the server, and loses the first answer to each POST."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        names = ("Content-Type", "Idempotency-Key")
        connection.request("POST", self.path, body, {name: self.headers[name] for name in names if self.headers[name]})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        self.server.seen.append(text)
        if len(self.server.seen) == 1:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def cutting_proxy(port, size):
    """Hands on to `port`; each of the first three answers breaks off after `size` bytes. Yields its own port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for n in itertools.count():
            try:
                client = listener.accept()[0]
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                server.sendall(client.recv(65536))
                sent = 0
                while (data := server.recv(4096)) and not (n < 3 and sent > size):
                    client.sendall(data)
                    sent += len(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.url = cls.server.ready["url"]
        cls.client = sallyport.Client(cls.url)


class Clients(Case):
    def test_rp66_the_python_client(self):
        client = self.client
        submitted = client.submit(CODE, purpose="by Python", labels={"env": "python"})
        shown = client.get(submitted["id"], wait=30)
        self.assertEqual((shown["state"], shown["purpose"], shown["result"]["stdout"]), ("waiting", "by Python", "grüße\n"))
        with self.assertRaises(sallyport.Conflict):
            client.approve(submitted["id"], manifest="0" * 64)
        client.ask_for_changes(submitted["id"], "louder")
        client.revise(submitted["id"], "print('LOUD')")
        again = client.get(submitted["id"], wait=30)
        self.assertEqual(again["result"]["stdout"], "LOUD\n")
        client.approve(submitted["id"], "fine", again["manifestSha256"])
        self.assertEqual(client.wait(submitted["id"])["state"], "approved")
        with self.assertRaises(sallyport.Conflict) as refusal:
            client.reject(submitted["id"])
        self.assertEqual(refusal.exception.type, "already-decided")
        self.assertEqual([request["id"] for request in client.list(label="env:python", limit=1)], [submitted["id"]])

    def test_rp14_a_step_behind_the_approval_by_the_python_client(self):
        client = self.client
        submitted = client.submit("plan = 3", then_code="print('did', plan)")
        client.get(submitted["id"], wait=30)
        client.revise(submitted["id"], "plan = 4", then_code="print('did it', plan)")
        client.get(submitted["id"], wait=30)
        client.approve(submitted["id"])
        self.assertEqual(client.wait(submitted["id"])["result"]["stdout"], "did it 4\n")
        unstepped = client.submit("plan = 3", then_code="1")
        client.get(unstepped["id"], wait=30)
        self.assertNotIn("then", client.revise(unstepped["id"], "plan = 5", then_code=""))

    def test_rp66_files_by_the_python_client(self):
        client = self.client
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder, "table.csv")
            here.write_bytes(b"a,b\n")
            files = {"in/table one.csv": here, "text": "größe", "bytes": bytes(range(256)) * 500}
            submitted = client.submit("open('/mnt/data/out.txt', 'w').write(open('/mnt/data/in/table one.csv').read().upper())", files=files)
        ran = client.get(submitted["id"], wait=30)
        self.assertEqual([(file["path"], file["change"]) for file in client.files(ran["id"])["files"]], [("out.txt", "made")])
        self.assertEqual(client.get_file(ran["id"], "out.txt"), b"A,B\n")
        self.assertEqual(client.get_input(ran["id"], "in/table one.csv"), b"a,b\n")
        self.assertEqual(client.get_input(ran["id"], "bytes"), bytes(range(256)) * 500)
        client.revise(ran["id"], "1", files={"text": "other"})
        difference = client.diff(ran["id"])
        self.assertEqual([len(difference["inputs"][kind]) for kind in ("added", "changed", "removed")], [0, 1, 2])
        self.assertEqual(len(client.inputs(ran["id"], revision=1)), 3)
        self.assertEqual(client.get_input(ran["id"], "text", revision=1).decode(), "größe")
        client.get(ran["id"], wait=30)
        client.revise(ran["id"], "2")
        self.assertEqual([file["path"] for file in client.inputs(ran["id"])], ["text"])
        with self.assertRaises(sallyport.NotFound):
            client.get_file(ran["id"], "out.txt")

    def test_rp66_each_end_is_an_exception_of_its_own(self):
        client = self.client
        refused = client.submit("1")["id"]
        client.reject(refused, "why?")
        with self.assertRaisesRegex(sallyport.Rejected, "^why\\?$"):
            client.wait(refused)
        with self.assertRaises(sallyport.Failed):
            client.run("1 / 0")
        with self.assertRaises(sallyport.TimedOut):
            client.run("1", approval_timeout=0.2)
        waiting = client.submit("1")["id"]
        with self.assertRaises(TimeoutError):
            client.wait(waiting, timeout=0.5)
        client.cancel(waiting, "a test")
        with self.assertRaises(sallyport.Failed):
            client.wait(waiting)
        with self.assertRaises(sallyport.NotFound):
            client.get(UNKNOWN)

    def test_rp66_a_lost_answer_submits_once(self):
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Swallower)
        proxy.behind, proxy.seen = self.server.port, []
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            submitted = sallyport.Client(f"http://127.0.0.1:{proxy.server_address[1]}").submit("1", labels={"lost": "once"})
        finally:
            proxy.shutdown()
            thread.join()
            proxy.server_close()
        self.assertEqual(len(proxy.seen), 2)
        self.assertEqual([request["id"] for request in self.client.list(label="lost:once")], [submitted["id"]])

    def test_rp61_the_python_client_follows_a_run(self):
        client = self.client
        request_id = client.submit("print('begun', flush=True)\n" + HELD + "print('grüße')\n1/0")["id"]
        seen = []
        for event, data in client.follow(request_id):
            seen.append((event, data))
            if (event, data.get("text")) == ("stdout", "begun\n"):
                self.server.let_go(lambda: client.get(request_id)["state"] == "failed")
        self.assertEqual("".join(data["text"] for event, data in seen if event == "stdout"), "begun\ngrüße\n")
        self.assertEqual((seen[-1][1]["status"], seen[-1][1]["why"]), ("over", "raised"))
        logs = client.logs(request_id)
        self.assertEqual((logs["stdout"], logs["ended"]), ("begun\ngrüße\n", "failed"))
        self.assertIn("ZeroDivisionError", logs["stderr"])
        with self.assertRaises(sallyport.NotFound):
            client.logs(request_id, run=7)

    def test_rp61_a_lost_connection_is_taken_up_where_it_was(self):
        text = "".join(f"{n}\n" for n in range(20000))
        request_id = self.client.submit("for n in range(20000): print(n)")["id"]
        self.client.get(request_id, wait=30)
        with cutting_proxy(self.server.port, 50000) as port:
            logs = sallyport.Client(f"http://127.0.0.1:{port}").logs(request_id)
        self.assertEqual(logs["stdout"], text)

    @unittest.skipUnless(shutil.which("node"), "node is needed")
    def test_rp66_the_javascript_client(self):
        """RP-66, RP-14."""
        client = SOURCE / "clients/javascript/sallyport.mjs"
        done = subprocess.run(["node", HERE / "client.mjs", client, self.url], capture_output=True, text=True, timeout=240)
        self.assertEqual((done.returncode, done.stdout), (0, "good\n"), done.stderr)


class Commands(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def say(self, *words, code=0, cwd=None):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120, cwd=cwd,
                              env={**os.environ, "SALLYPORT_URL": self.url})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def submit(self, text, *words):
        return self.say("submit", self.write("code.py", text), *words).strip()

    def await_request(self, purpose):
        """The id of the request with that purpose, once it is there."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for request in self.client.list():
                if request.get("purpose") == purpose:
                    return request["id"]
            time.sleep(0.05)
        raise AssertionError(f"nobody submitted {purpose!r}")

    def wait(self, request_id):
        self.client.get(request_id, wait=30)

    def test_rp63_from_submit_to_approve(self):
        source = self.submit(CODE, "--purpose", "look", "--label", "cli=yes")
        self.wait(source)
        short = source[:13]
        self.assertIn("look", self.say("ls", "--label", "cli=yes"))
        shown = self.say("show", short, "--why")
        for words in ("state          waiting", "purpose        look", "labels         cli=yes", "output\ngrüße\n"):
            self.assertIn(words, shown)
        self.assertEqual(self.say("logs", short), "grüße\n")
        self.assertIn("changes", self.say("changes", short, "-m", "louder"))
        self.say("resubmit", short, self.write("code.py", "print('LOUD')"))
        self.wait(source)
        diff = self.say("diff", short)
        self.assertIn("+print('LOUD')", diff)
        self.assertIn("approved", self.say("approve", short, "--message", "fine"))
        self.say("reject", short, code=1)

    def test_rp63_exit_codes(self):
        self.say("show", UNKNOWN, code=3)
        self.say("show", "zzz", code=3)
        self.say("show", code=2)
        self.say("submit", str(self.folder / "none.py"), code=1)
        self.say("submit", self.write("bad.py", "1 / 0"), "--wait", code=6)
        self.say("submit", self.write("code.py", "1"), "--wait", "--approval-timeout", "200ms", code=5)

    def test_rp64_submit_waits_and_exits_by_the_outcome(self):
        for command, code, out in (("approve", 0, "6"), ("reject", 4, "6")):
            purpose = f"wait and {command}"
            process = Process([PROGRAM, "submit", self.write("code.py", "6"), "--wait", "--purpose", purpose],
                              env={**os.environ, "SALLYPORT_URL": self.url})
            self.addCleanup(process.kill)
            request_id = self.await_request(purpose)
            self.wait(request_id)
            self.say(command, request_id)
            self.assertEqual(process.line(), out)
            self.assertEqual(process.wait(), code)
            self.assertIn(f"{self.url.rstrip('/')}/#/requests/{request_id}", "".join(process.errors))

    def run_step(self, name, expressions):
        """Begins a step of the example workflow as a runner does: its own shell, its own environment, expressions put in as text."""
        text = (SOURCE / "examples/workflow.yml").read_text().split(f"- name: {name}\n")[1]
        text = re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda found: expressions[found[1]], text)
        script = self.write("step.sh", textwrap.dedent(text.split("run: |\n")[1]))
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"] if re.search(r"^ *shell: bash\b", text, re.MULTILINE) else ["bash", "-e"]
        environment = dict(re.findall(r"^ {10}(\w+): (.*)$", text.split("run: |")[0], re.MULTILINE))
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "sallyport").exists():
            (folder / "sallyport").symlink_to(PROGRAM)
        process = Process([*shell, script], cwd=self.folder, env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nowhere", **environment,
                                                                 "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")})
        self.addCleanup(process.kill)
        return process

    def test_rp64_the_example_workflow_ends_by_the_outcome(self):
        """Its step as it stands in the file: the link for the reviewer, the output, and an end by what was decided."""
        for number, (command, code, body) in enumerate((("approve", 0, "print(42)"), ("reject", 4, "print(42)"), (None, 6, "1 / 0"))):
            repository = f"ann/figures-{number}"
            self.write("figures.py", body)
            step = self.run_step("Run it once a person approved",
                                 {"vars.SALLYPORT_URL": self.url, "secrets.SALLYPORT_KEY": "spk_of_nobody", "github.repository": repository,
                                  "github.run_id": str(number)})
            request_id = self.await_request(f"nightly figures of {repository}")
            self.wait(request_id)
            if command:
                self.say(command, request_id, *(["-m", "no"] if command == "reject" else []))
            self.assertEqual(step.wait(), code, step.said())
            self.assertIn(f"/#/requests/{request_id}", "".join(step.errors))
            self.assertIn("42\n" if command else "ZeroDivisionError", (self.folder / "figures.txt").read_text())
            self.assertEqual(self.client.get(request_id)["labels"], {"run": str(number)})

    def follow(self, *words):
        process = Process([PROGRAM, "logs", "-f", *words], env={**os.environ, "SALLYPORT_URL": self.url})
        self.addCleanup(process.kill)
        return process

    def test_rp63_logs_follow_a_run_as_it_prints(self):
        running = self.submit("import sys\nprint('begun', flush=True)\n" + HELD + "print('done')\nprint('oh', file=sys.stderr)")
        process = self.follow(running[:13])
        self.assertEqual(process.line(), "begun")
        told = self.follow("--json", running)
        self.assertEqual(json.loads(told.line())["data"]["status"], "running")
        self.server.let_go(lambda: self.client.get(running)["state"] == "waiting")
        self.assertEqual((process.line(), process.wait()), ("done", 0))
        self.assertIn("oh", "".join(process.errors))
        self.assertEqual(told.wait(), 0)
        again = self.follow(running)
        self.assertEqual((again.line(), again.line(), again.wait()), ("begun", "done", 0))

    def test_rp63_logs_say_how_it_ended(self):
        failed = self.submit("print('x')\nimport os; os._exit(1)")
        self.wait(failed)
        process = self.follow(failed)
        self.assertEqual(process.wait(), 0)
        self.assertIn("The code ended the process that ran it", "".join(process.errors))
        self.say("logs", "-f", UNKNOWN, code=3)

    def test_rp63_files_in_and_out(self):
        (self.folder / "in").mkdir()
        self.write("in/table.csv", "a,b\n")
        self.write("other", "one")
        code = self.write("code.py", "open('/mnt/data/out.csv', 'w').write(open('/mnt/data/in/table.csv').read().upper())\nopen('/mnt/data/a\u202eb', 'w').close()")
        source = self.say("submit", "code.py", "--file", "in/table.csv", "--file", f"named={self.folder}/other", "--file", f"{self.folder}/other", cwd=self.folder).strip()
        self.wait(source)
        short = source[:13]
        listed = [line.split(None, 3) for line in self.say("files", short).splitlines()]
        self.assertEqual([(kind, size, path) for kind, size, _, path in listed],
                         [("KIND", "SIZE", "PATH"), ("input", "4", "in/table.csv"), ("input", "3", "named"), ("input", "3", "other"),
                          ("made", "0", "a?b"), ("made", "4", "out.csv")])
        self.assertIn("out.csv", self.say("show", short))
        self.assertEqual(self.say("files", short, "--get", "out.csv", "-o", "-"), "A,B\n")
        self.say("files", short, "--get", "out.csv", cwd=self.folder)
        self.assertEqual((self.folder / "out.csv").read_text(), "A,B\n")
        (self.folder / "out.csv").write_text("mine")
        self.say("files", short, "--get", "out.csv", cwd=self.folder, code=1)  # what is there is not replaced
        self.assertEqual((self.folder / "out.csv").read_text(), "mine")
        self.say("files", short, "--get", "out.csv", "-o", str(self.folder / "out.csv"))
        self.assertEqual((self.folder / "out.csv").read_text(), "A,B\n")
        self.say("files", short, "--get", "a\u202eb", cwd=self.folder, code=2)
        self.say("files", short, "--get", "none", "-o", str(self.folder / "none"), code=3)
        self.assertFalse((self.folder / "none").exists())
        self.assertEqual(self.say("files", short, "--input", "--get", "in/table.csv", "-o", "-"), "a,b\n")
        told = json.loads(self.say("files", short, "--json"))
        self.assertEqual((len(told["inputs"]), len(told["files"]), told["filesFrom"]), (3, 2, "report"))

        self.write("other", "two")
        self.say("resubmit", short, code, "--file", f"named={self.folder}/other", "--without", "other", "--file", "new=" + code)
        self.assertEqual({file["path"] for file in self.client.inputs(source)}, {"in/table.csv", "named", "new"})
        diff = self.say("diff", short)
        for line in ("input removed: other (3 bytes, ", "input added: new (", "input before: named (3 bytes, ", "input now: named (3 bytes, "):
            self.assertIn(line, diff)
        self.assertEqual(self.say("files", short, "--revision", "1", "--get", "named", "-o", "-"), "one")
        self.wait(source)
        self.say("resubmit", short, code)
        self.wait(source)
        self.assertEqual(len(self.client.inputs(source)), 3)  # without a word about files they stay
        self.say("resubmit", short, code, "--without", "nothing", code=3)
        self.say("submit", code, "--file", str(self.folder / "missing"), code=1)
        self.say("submit", code, "--file", f"../slip={code}", code=2)
        self.say("files", short, "-o", "x", code=2)

    def test_rp62_cancel_ends_a_run(self):
        running = self.submit("import time\ntime.sleep(600)")
        self.assertIn("cancelled", self.say("cancel", running, "-m", "a test"))
        with self.assertRaises(sallyport.Failed):
            self.client.wait(running)


if __name__ == "__main__":
    unittest.main()
