# SPDX-License-Identifier: MIT
"""Starts build/…/pool_host for a test and speaks plain HTTP with it. Only the standard library."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

V1, V2 = "2024-02-02-preview", "2024-10-02-preview"
V3, V4 = "2025-02-02-preview", "2025-10-02-preview"


class Answer:
    """One HTTP answer: `status`, `headers` (case-insensitive), `body` as bytes, `json` parsed on demand."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Pool:
    """A pool process. Use as a context manager; `settings` are pool_host's name=value arguments, `env` is added to the
    environment, `prefix` is the command that starts it."""

    def __init__(self, host=None, zygote=None, wait=True, env=None, prefix=(), **settings):
        host = host or os.environ["POOL_HOST"]
        zygote = zygote or os.environ.get("POOL_ZYGOTE")
        arguments = [*prefix, host] + [f"{k}={v}" for k, v in settings.items()]
        if zygote:
            arguments.append(f"zygote={zygote}")
        self.process = Process(arguments, ready=r"port=(\d+)", stdin=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.port = int(self.process.match.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        if wait:
            line = self.process.line()
            if line != "up":
                self.process.kill()
                raise RuntimeError(f"the pool did not come up: {line}")

    @property
    def log(self):
        return self.process.errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it and checks that it ended well (a sanitizer's finding is a bad exit)."""
        if self.process.poll() is None:
            self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise AssertionError(f"pool_host ended with {self.process.returncode}: {self.process.said()}")

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def call(self, method, route, identifier=None, version=V4, body=None, headers=None, prefix="", timeout=60,
             **query):
        pairs = dict(query)
        if identifier is not None:
            pairs["identifier"] = identifier
        if version is not None:
            pairs["api-version"] = version
        target = prefix + route + "?" + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        return self.request(method, target, body, headers, timeout)

    def run(self, identifier, code, version=V4, headers=None, timeout=60, **members):
        """Current contract; the answer's JSON."""
        body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": code, **members}
        return self.call("POST", "/executions", identifier, version, body, headers, timeout=timeout)

    def legacy(self, identifier, code, version=V1, **members):
        body = {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code, **members}}
        return self.call("POST", "/code/execute", identifier, version, body)

    def upload(self, identifier, name, data, route="/files/upload", version=V1, content_type=None, boundary="B0undary",
               raw_disposition=None, **query):
        disposition = raw_disposition or f'form-data; name="file"; filename="{name}"'.encode()
        body = (b"--" + boundary.encode() + b"\r\nContent-Disposition: " + disposition +
                b"\r\nContent-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--" + boundary.encode() +
                b"--\r\n")
        headers = {"Content-Type": content_type or f"multipart/form-data; boundary={boundary}"}
        return self.call("POST", route, identifier, version, body, headers, **query)

    def report(self):
        return self.request("GET", "/healthz").json


def fresh():
    return str(uuid.uuid4())


def wait_until(condition, seconds=60, what="condition"):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.02)
