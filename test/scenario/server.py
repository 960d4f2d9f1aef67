# SPDX-License-Identifier: MIT
"""A real `sallyport dev` process for tests: start, ask, kill -9, start again on the same data."""
import http.client
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import invariants  # noqa: E402
from process import Process  # noqa: E402

READY_TIMEOUT_S = 90
POOL = "/subscriptions/local/resourceGroups/local/sessionPools/default"

# A run that ends when `let_go` says so: tests decide when, and need no clock.
HELD = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.01)\n"
UPLOAD = (b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"go\"\r\n"
          b"Content-Type: application/octet-stream\r\n\r\n\r\n--cut--\r\n")


def is_sanitized(program):
    """Such a program keeps freed memory for a while, and triples what is in use."""
    with open(program, "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


class Server:
    def __init__(self, program, data=None, command="dev", arguments=(), environment=None):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="sallyport-test-") if data is None else None
        self.data = data or self.directory.name
        os.chmod(self.data, 0o700)
        self.command = command
        self.arguments = list(arguments)
        self.environment = environment
        self.process = None
        self.log = open(os.path.join(self.data, "server.log"), "ab")
        self.port = 0
        self.token = None  # with --auth: requests show it
        self.tls = None  # an ssl.SSLContext: requests go through TLS

    def start(self, wait=True):
        ready = pathlib.Path(self.data) / "ready.json"
        ready.unlink(missing_ok=True)
        line = [self.program, self.command, "--port", str(self.port), "--ready-file", str(ready), *self.arguments]
        if self.command in ("dev", "scheduler"):
            line += ["--data", self.data]
        self.launch(line)
        return self.wait_ready() if wait else self

    def launch(self, line, **popen):
        """Runs that command line as the server; the arguments are Popen's."""
        self.process = Process(line, log=self.log, **{"env": self.environment, **popen})

    def wait_ready(self):
        ready = pathlib.Path(self.data) / "ready.json"
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not ready.exists():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the server was not ready in {READY_TIMEOUT_S} s:\n{self.tail()}")
            time.sleep(0.02)
        self.ready = json.loads(ready.read_text())
        self.port = urllib.parse.urlsplit(self.ready["url"]).port
        return self

    def sign_in(self):
        """As the commands of this machine do, if the server wants to know who asks."""
        self.token = self.local_key() if pathlib.Path(self.data, "local.key").exists() else None
        return self

    def local_key(self):
        """With --auth: the key that may do everything."""
        return pathlib.Path(self.data, "local.key").read_text().strip()

    def change_directory(self, path, body):
        status, _, answer = self.ask("POST", f"/v1/directory/{path}", body, {"Authorization": f"Bearer {self.local_key()}"})
        assert status in (200, 201, 204), (status, answer)
        return answer

    def grant(self, role, to, scope="/"):
        """The id of the assignment."""
        return self.change_directory("assignments", {"role": role, "principal": to, "scope": scope})["id"]

    def key_of(self, name, *roles):
        """A person with these roles everywhere, and a key of theirs."""
        self.change_directory("users", {"name": name})
        for role in roles:
            self.grant(role, name)
        return self.change_directory("keys", {"name": name, "owner": name})["key"]

    def until_ready(self):
        """Looks until it answers and works; also for a server that somebody else has started at `port`."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"port {self.port} was not ready in {READY_TIMEOUT_S} s:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self):
        return pathlib.Path(self.data, "server.log").read_text(errors="replace")[-4000:]

    def resident(self):
        """Bytes of memory that it has now."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS:")), 0)

    def check(self):
        """The invariants hold of what the process that has ended leaves behind."""
        store = pathlib.Path(self.data) / "scheduler.db"
        if store.exists():
            invariants.check(store)

    def kill(self):
        """kill -9: nothing is flushed, nothing is said."""
        self.process.kill()
        self.check()

    def stop(self):
        """An orderly stop; returns the exit code."""
        code = self.process.stop()
        self.check()
        return code

    def close(self):
        try:
            if self.process and self.process.poll() is None:
                self.kill()
        finally:
            self.tidy()

    def tidy(self):
        self.log.close()
        if self.directory:
            self.directory.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def connect(self, timeout=60):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=60):
        """One request; returns (status, headers, parsed JSON or text). A dict, list or str body is sent as JSON."""
        connection = self.connect(timeout)
        try:
            headers = dict(headers or {})
            if self.token:
                headers.setdefault("Authorization", f"Bearer {self.token}")
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            kind = answer.headers.get("Content-Type", "")
            value = json.loads(text) if "json" in kind and text else text.decode(errors="replace")
            return answer.status, answer.headers, value
        finally:
            connection.close()

    def raw(self, method, path, body=None, headers=None, timeout=60):
        """The body of an answer as it came."""
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, headers or {})
            return connection.getresponse().read()
        finally:
            connection.close()

    def submit(self, code):
        status, _, answer = self.ask("POST", "/code/execute", code)
        assert status == 200, (status, answer)
        return answer["RequestId"]

    def request(self, request_id, wait=None, until="result"):
        query = f"?wait={wait}&until={until}" if wait else ""
        status, _, answer = self.ask("GET", f"/v1/requests/{request_id}{query}")
        assert status == 200, (status, answer)
        return answer

    def until(self, request_id, *states, seconds=60):
        """Looks until the request is in one of the states."""
        deadline = time.monotonic() + seconds
        while True:
            request = self.request(request_id)
            if request["state"] in states:
                return request
            if time.monotonic() > deadline:
                raise AssertionError(f"{request_id} is {request['state']}, not {states}: {request}\n{self.tail()}")
            time.sleep(0.02)

    def until_busy(self, count=1, seconds=60):
        """Looks until so many sessions have their code: `running` is said a little earlier."""
        deadline = time.monotonic() + seconds
        while (health := self.ask("GET", "/healthz")[2])["pool"]["sessions"]["busy"] < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"not {count} sessions are busy: {health['pool']}\n{self.tail()}")
            time.sleep(0.02)

    def sessions(self):
        return self.ask("GET", self.pool_path() + "/listSessions?api-version=2025-02-02-preview")[2]["sessions"]

    def pool_path(self):
        return "" if self.command == "pool" else POOL

    def let_go(self, done, seconds=60):
        """Ends what is HELD in any session, until `done` says that it is enough; a run may come to another session."""
        deadline = time.monotonic() + seconds
        kind = {"Content-Type": "multipart/form-data; boundary=cut"}
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError(f"what is held does not end: {self.sessions()}\n{self.tail()}")
            for session in self.sessions():
                self.ask("POST", f"{self.pool_path()}/files/upload?api-version=2024-02-02-preview"
                         f"&identifier={session['identifier']}", UPLOAD, kind)
            time.sleep(0.02)

    def review(self, request_id, approve):
        return self.ask("POST", f"/code/review?approve={'true' if approve else 'false'}&requestId={request_id}")
