# SPDX-License-Identifier: MIT
"""A session pool that answers as a test says."""
import http.server
import json
import threading
import time


def eventually(test, look, text, seconds=60):
    deadline = time.monotonic() + seconds
    while not look():
        test.assertLess(time.monotonic(), deadline, text)
        time.sleep(0.02)


class FakePool(http.server.ThreadingHTTPServer):
    """Answers /code/execute as `answers` says, one after the other, the last one for ever. `tls`: an ssl.SSLContext.

    `requests`: (path, headers, body) of each; `lines`: for each the number of its connection; `resumed`: for each
    connection with TLS whether it resumed an older one's session."""

    daemon_threads = True

    def __init__(self, answers, tls=None):
        super().__init__(("127.0.0.1", 0), FakePoolHandler)
        self.answers = list(answers)
        self.tls = tls
        self.requests, self.lines, self.resumed = [], [], []
        self.accepted = 0
        self.takes = None  # the only token that it takes
        self.close_after = False  # each connection ends behind its answer, without a word about it
        self.ours = 0  # how often it says that it is a Sallyport
        self.released = threading.Event()  # a session was released: "hang" ends
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a caller that breaks off is what some tests are about

    def close(self):
        self.shutdown()
        self.server_close()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.server_address[1]}/some/prefix/"


class FakePoolHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.accepted += 1
        self.line = self.server.accepted
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.server.resumed.append(self.request.session_reused)
        super().setup()

    def finish(self):
        super().finish()
        if self.server.tls:
            self.request.close()  # the server closes the socket below it only

    def note(self, body):
        self.server.requests.append((self.path, dict(self.headers), body))
        self.server.lines.append(self.line)

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json; charset=utf-8"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or self.server.close_after

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.note(json.loads(body))
        if self.server.takes and self.headers["Authorization"] != f"Bearer {self.server.takes}":
            self.answer(*REFUSED)
            return
        answer = self.server.answers[0] if len(self.server.answers) == 1 else self.server.answers.pop(0)
        if answer == "hang":
            self.server.released.wait(60)
            self.close_connection = True
            return
        if answer == "hang up":
            self.close_connection = True
            self.connection.close()
            return
        self.answer(*answer)

    def do_GET(self):  # is anybody there? Is it one of ours?
        ours = "/sallyport?" in self.path and self.server.ours > 0
        self.server.ours -= ours
        self.answer(*((200, OURS) if ours else (404, {})))

    def do_DELETE(self):
        self.note(None)
        self.server.released.set()
        self.answer(204, b"")


OURS = {"sallyport": "0.2.0", "gives": ["report", "output", "cancel"]}
GOOD = (200, {"$id": "1", "properties": {"$id": "2", "status": "Success", "stdout": "hi\n", "stderr": "",
                                         "result": "", "executionTimeInMilliseconds": 3}})
FULL = (429, {"code": "SessionsCountExceedsLimit", "message": "full"})
REFUSED = (401, {"error": {"code": "InvalidAuthenticationToken", "message": "another token is wanted"}})
