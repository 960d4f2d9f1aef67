#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the server says of its own routes holds, and the documents say the same.

The rows in the code are the only list: /openapi.json is written from them, and doc/api.md must have each route and each
problem, in these words. On a difference the test prints the tables as they should be.
Usage: routes_test.py SALLYPORT SOURCE_ROOT"""
import http.client
import json
import pathlib
import re
import sys
import time
import unittest

from server import Server

POOL = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}"
ACCESS = {"audit", "hub-admin", "signed-in", "directory-read", "directory-write", "grant", "anyone", "read", "submit", "decide", "cancel", "execute", "operate", "hub-read", "hub-write", "control-read", "control-write", "policy-read", "policy-write"}
OPEN = {"/confirm/{token}", "/v1/slack/interactions", "/", "/assets/{name}", "/openapi.json", "/healthz", "/readyz"}
LISTS_TO_DELETE = {"/v1/taskhubs/orchestrations/purge", "/v1/taskhubs/entities/delete"}  # the vendor's clients send them
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def table_of(text, name):
    """The lines of the table between <!-- name --> and the next empty line, without its head."""
    return text.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0].splitlines()[2:]


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sys.argv[1], arguments=["--access-log"]).start()
        cls.document = cls.server.ask("GET", "/openapi.json")[2]
        cls.api = (pathlib.Path(sys.argv[2]) / "doc/api.md").read_text()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method, operation

    def test_the_document_is_openapi(self):
        """The parts of the specification that a generator trips over (OpenAPI 3.1.0 section 4.8)."""
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertEqual(set(self.document), {"openapi", "info", "paths", "components"})
        self.assertTrue(self.document["info"]["title"] and self.document["info"]["version"])
        ids, shapes = set(), set()
        for path, method, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertTrue(path.startswith("/") and method in METHODS)
                self.assertNotIn(operation["operationId"], ids)
                ids.add(operation["operationId"])
                shapes.add(re.sub(r"{\w+}", "{}", path))
                names = [(p["name"], p["in"]) for p in operation["parameters"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual([n for n, where in names if where == "path"], re.findall(r"{(\w+)}", path))
                for parameter in operation["parameters"]:
                    self.assertTrue(parameter["schema"])
                    self.assertTrue(parameter["required"] or parameter["in"] != "path")
                if method == "get" or (method == "delete" and path not in LISTS_TO_DELETE):
                    self.assertNotIn("requestBody", operation)
                self.assertTrue(operation["responses"]["default"]["description"])
        self.assertEqual(len(shapes), len(self.document["paths"]))

    def test_each_route_says_who_will_need_which_permission(self):
        for path, method, operation in self.operations():
            self.assertIn(operation["x-access"], ACCESS, path)
            # What asks by POST; an agent's call decides by itself what each tool needs, and a confirm link is its own proof.
            if method != "get" and not path.endswith(("/query", "/getByIds", "/mcp", "/confirm/{token}", "/v1/slack/interactions")) and operation["tags"] != ["sign-in"]:
                self.assertNotIn(operation["x-access"], ("anyone", "read", "hub-read"), path)
            open_path = path in OPEN or operation["tags"] == ["sign-in"]  # who has no credentials yet asks for them there
            self.assertEqual(operation["x-access"] == "anyone", open_path, path)

    def test_each_route_answers(self):
        """Whatever it says, it is neither "no such route" nor another method, and OPTIONS knows it."""
        for path, method, _ in self.operations():
            target = path.replace(POOL, POOL.format(subscription="s", group="g", pool="p"))
            target = re.sub(r"{\w+}", "nothing", target)
            with self.subTest(path=path, method=method):
                # A change feed has no end; HEAD is its answer without the stream.
                verb = "HEAD" if target.endswith(("/changes", "/v1/events")) else method.upper()
                status, _, answer = self.server.ask(verb, target)
                self.assertNotEqual(status, 405)
                self.assertNotIn("There is no such route", json.dumps(answer))
                status, headers, _ = self.server.ask("OPTIONS", target)
                self.assertEqual(status, 204)
                self.assertIn(method.upper(), headers["Allow"].split(", "))
                status, headers, _ = self.server.ask("BREW", target)
                self.assertEqual(status, 405)
                self.assertIn(method.upper(), headers["Allow"].split(", "))

    def test_a_missing_route_names_those_there_are(self):
        status, _, app = self.server.ask("GET", "/nothing")
        self.assertEqual((status, app["type"]), (404, "urn:sallyport:problem:no-such-route"))
        status, _, pool = self.server.ask("GET", POOL.format(subscription="s", group="g", pool="p") + "/nothing")
        self.assertEqual((status, pool["error"]["code"]), (404, "ResourceNotFound"))
        status, _, scheduler = self.server.ask("GET", "/v1/taskhubs/no/such/thing")
        self.assertEqual((status, scheduler["type"]), (404, "urn:sallyport:problem:no-such-route"))
        texts = {"app": app["detail"], "pool": pool["error"]["message"], "scheduler": scheduler["detail"]}
        for part, path in (("sign-in", "/metadata/nothing"), ("directory", "/v1/directory/nothing"), ("graph", "/v1.0/nothing"), ("audit", "/v1/audit/nothing")):
            status, _, answer = self.server.ask("GET", path)
            self.assertEqual(status, 404, part)
            texts[part] = answer.get("detail") or answer["error"]["message"]
        for path, method, operation in self.operations():
            part = operation["tags"][0]
            if part in ("server", "page", "mcp", "confirm", "slack", "webhooks", "control"):  # below a subscription every path is the control plane's
                continue
            text = texts[part]
            self.assertIn(f"{method.upper()} {path.replace(POOL, '')}", text.replace("*}", "}"))

    def test_the_documents_have_each_route(self):
        wanted = [f"| `{method.upper()}` | `{path.replace(POOL, '…')}` | {operation['x-access']} | {operation['summary']} |"
                  for path, method, operation in self.operations()]
        self.assertEqual(table_of(self.api, "routes"), wanted, "doc/api.md should have:\n" + "\n".join(wanted))

    def test_the_documents_have_each_problem(self):
        types = self.document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
        self.assertEqual(len(types), len(set(types)))
        named = [re.match(r"\| `([a-z-]+)` \| \d{3} \| .+ \|$", line) for line in table_of(self.api, "problems")]
        self.assertNotIn(None, named)
        self.assertEqual([match.group(1) for match in named], [t.removeprefix("urn:sallyport:problem:") for t in types])

    def test_problems_are_named_by_their_cause(self):
        waiting = self.server.submit("print(1)")
        self.server.until(waiting, "waiting")
        decided = self.server.submit("print(1)")
        self.server.until(decided, "waiting")
        self.server.review(decided, False)
        ask = self.server.ask
        for name, status, answer in (
                ("unknown-request", 404, ask("GET", "/v1/requests/nothing")),
                ("already-decided", 409, ask("POST", f"/v1/requests/{decided}/decision", {"approve": True})),
                ("result-differs", 409, ask("POST", f"/v1/requests/{waiting}/decision", {"approve": True, "sha256": "0" * 64})),
                ("bad-request", 400, ask("POST", f"/v1/requests/{waiting}/decision", {"approve": 1})),
                ("bad-request", 400, ask("GET", "/v1/requests/%zz")),
                ("unsupported-media-type", 415, ask("POST", "/v1/requests", b"x", {"Content-Type": "text/plain"})),
                ("method-not-allowed", 405, ask("PUT", "/v1/requests")),
                ("cross-site-request", 403, ask("GET", "/v1/requests", headers={"Origin": "null"})),
                ("misdirected-request", 421, ask("GET", "/v1/requests", headers={"Host": "evil.example"})),
                ("content-too-large", 413, ask("POST", "/code/execute", "#" * 600_000))):
            self.assertEqual((answer[0], answer[2]["type"], answer[2]["status"]),
                             (status, "urn:sallyport:problem:" + name, status))

    def test_the_first_page_says_what_this_is(self):
        status, headers, page = self.server.ask("GET", "/", headers={"Host": "LocalHost:1234"})
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        for text in ("http://LocalHost:1234/code/execute", "/v1/requests?state=waiting", "/openapi.json", "/healthz"):
            self.assertIn(text, page)
        self.assertNotIn("<script", page)

    def test_answers_end_with_a_line_feed_and_are_not_kept(self):
        for path in ("/v1/requests", "/v1/requests/nothing", "/healthz", "/openapi.json", "/nothing"):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            self.assertTrue(answer.read().endswith(b"}\n"), path)
            self.assertEqual(answer.headers["Cache-Control"], "no-store", path)
            connection.close()

    def test_the_access_log_has_a_line_a_request_and_nothing_private(self):
        self.ask_and_read_line("GET", "/healthz")  # the lines of other tests are before it
        lines = [self.ask_and_read_line("POST", "/code/review?requestId=private-id&approve=true"),
                 self.ask_and_read_line("GET", "/v1/requests/private-id?wait=1ms"),
                 self.ask_and_read_line("POST", "/v1/requests", {"code": ["private"]}),
                 self.ask_and_read_line("GET", "/private")]
        self.assertNotIn("private", "".join(lines))
        self.assertRegex(lines[1], r'request method=GET route="/v1/requests/{id}" part=app status=404 bytes=[1-9]\d* '
                                   r"ms=\d+\.\d peer=127\.0\.0\.1:\d+$")
        self.assertRegex(lines[3], r'method=GET route="-" part=app status=404 ')

    def ask_and_read_line(self, method, path, body=None):
        """The line comes once the answer has left, so maybe after the client has it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        port = connection.sock.getsockname()[1]
        connection.getresponse().read()
        connection.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            lines = [line for line in pathlib.Path(self.server.data, "server.log").read_text().splitlines()
                     if line.endswith(f"peer=127.0.0.1:{port}")]
            if lines:
                self.assertEqual(len(lines), 1, lines)
                return lines[0]
            time.sleep(0.01)
        raise AssertionError(f"no line for {method} {path}")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
