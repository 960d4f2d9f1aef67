# SPDX-License-Identifier: MIT
"""A server that answers what it is told to, and keeps what it was asked: the other side of `sallyport az` where a test needs
answers that no server of ours gives."""
import http.server
import json
import threading
import urllib.parse


class Recorder:
    """`answers` maps "METHOD /path" (without the query) to (status, body), a list of them for one call after the other, or
    a function of the request; what is not there is 404 as the control plane says it."""

    def __init__(self, answers):
        self.answers = {key: list(value) if isinstance(value, list) else value for key, value in answers.items()}
        self.requests = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                url = urllib.parse.urlsplit(self.path)
                request = {"method": self.command, "path": urllib.parse.unquote(url.path), "raw": self.path, "query": dict(urllib.parse.parse_qsl(url.query)),
                           "headers": dict(self.headers), "body": self.rfile.read(size).decode()}
                recorder.requests.append(request)
                found = recorder.answers.get(f"{self.command} {request['path']}")
                if isinstance(found, list):
                    found = found.pop(0) if len(found) > 1 else found[0]
                if callable(found):
                    found = found(request)
                status, body, *headers = found or (404, {"error": {"code": "ResourceNotFound", "message": f"nothing at {request['path']}"}})
                text = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def asked(self, method, path):
        return [request for request in self.requests if (request["method"], request["path"]) == (method, path)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(60)
