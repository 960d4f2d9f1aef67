# SPDX-License-Identifier: MIT
"""A token service for tests: the token endpoint of an authority, the managed identity of an app, and the instance metadata
service, in one HTTP or HTTPS server. It keeps what it was asked and answers from a list, good or bad."""
import collections
import http.server
import json
import pathlib
import subprocess
import ssl
import threading
import time
import urllib.parse

Asked = collections.namedtuple("Asked", "method path query headers form")


def good(token="tok-1", life=3600, **more):
    return 200, {}, json.dumps({"token_type": "Bearer", "expires_in": life, "access_token": token, **more})


def refusal(status, code, words="", **headers):
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(
        {"error": code, "error_description": words})


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a caller that does not trust the certificate, or has given up, is what some tests are about


class TokenService:
    """`answers`: (status, headers, body) or a function of the request that gives one; one after the other, the last one again
    and again. Requests for documents of discovery are answered by themselves."""

    def __init__(self, certificate=None):
        self.asked, self.answers, self.lock = [], [good()], threading.Lock()
        self.held = threading.Event()  # set: those who are kept waiting are let go
        self.server = QuietServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[1], certificate[0])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{self.scheme}://localhost:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.held.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(60)

    def plan(self, *answers):
        with self.lock:
            self.asked, self.answers = [], list(answers)

    def next_answer(self, asked):
        with self.lock:
            self.asked.append(asked)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(asked) if callable(answer) else answer

    def discovery(self, path):
        tenant = path.split("/")[1]
        return 200, {}, json.dumps({"issuer": f"{self.url}/{tenant}/v2.0", "authorization_endpoint": f"{self.url}/{tenant}/oauth2/v2.0/authorize",
                                    "token_endpoint": f"{self.url}/{tenant}/oauth2/v2.0/token"})

    def _handler(self):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                url = urllib.parse.urlsplit(self.path)
                size = int(self.headers.get("Content-Length", 0))
                form = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode(), strict_parsing=bool(size)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if url.path.endswith("/.well-known/openid-configuration"):
                    status, more, body = service.discovery(url.path)
                else:
                    asked = Asked(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), headers, form)
                    status, more, body = service.next_answer(asked)
                body = body if isinstance(body, bytes) else body.encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # the caller has given up

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        return Handler


def hang(service):
    """An answer that comes when the test is over."""
    def wait(_):
        service.held.wait(120)
        return good()
    return wait


def certificate(folder, name="service", bits=None):
    """A self-signed certificate for localhost and its key, as files. `bits`: RSA."""
    key, crt = pathlib.Path(folder, f"{name}.key"), pathlib.Path(folder, f"{name}.pem")
    kind = ["rsa:%d" % bits] if bits else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", crt, "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    return key, crt


def eventually(condition, what, patience=60):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.02)
