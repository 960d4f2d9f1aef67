# SPDX-License-Identifier: MIT
"""Routes, versions, errors and both ways to run code (session-pool-api.md 1, 3-6, 8.2-8.4; SP-01..SP-43, without
sign-in), against a real server process with real sessions. Shapes are compared whole: what is not said is not sent."""
import base64
import socket
import unittest

from pool_case import GUID, HELD, SIX, PoolTest
from pool_process import V1, V2, V3, V4, Pool, wait_until

TIMINGS = ("x-ms-allocation-time", "x-ms-allocation-retries", "x-ms-preparation-time", "x-ms-execution-request-time",
           "x-ms-execution-read-response-time", "x-ms-container-execution-duration", "x-ms-overall-execution-time",
           "x-ms-total-execution-service-time")


class Routing(PoolTest):
    def test_sp01_sp02_prefixes(self):
        for prefix in ("", SIX, "/any/thing", "/", SIX + "/"):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, {"properties": {"code": "1"}}, prefix=prefix)
            self.assertEqual(answer.status, 200, prefix)
        answer = self.pool.call("POST", "//code//EXECUTE", self.id, V1, {"code": "1"}, prefix=SIX.upper())
        self.assertEqual(answer.status, 200)

    def test_sp03_query_order_and_encoding(self):
        identifier = "a|-&^%$#(){}[];<>+b" + self.id
        for target in (f"/session?identifier={self.id}&api-version={V4}", f"/session?API-Version={V4}&Identifier={self.id}"):
            self.assertError(self.pool.request("GET", target), 404, "NoSessionFoundError")
        self.assertEqual(self.value("1", identifier), 1)
        self.assertEqual(self.pool.call("GET", "/session", identifier).json["identifier"], identifier)
        self.pool.call("DELETE", "/session", identifier)
        raw = "raw{paste}[+]%pa" + self.id
        answer = self.pool.request("POST", f"/executions?identifier={raw}&api-version={V4}", b'{"code":"1"}',
                                   {"Content-Type": "application/json"})
        self.assertEqual(answer.json["identifier"], raw)
        self.pool.call("DELETE", "/session", raw)

    def test_sp04_sp05_versions(self):
        """The route decides the contract, under every version."""
        known = ("2023-08-01-preview", V1, "2024-08-02-preview", "2024-09-01", V2, V3, V4)
        for version in known:
            self.assertEqual(self.pool.run(self.id, "1", version).status, 200 if version in (V3, V4) else 202)
            answer = self.pool.call("POST", "/execute", self.id, version.upper(), {"code": "1"})
            self.assertEqual(answer.json["result"]["executionResult"], 1)
            self.assertEqual(self.pool.legacy(self.id, "1", version).json["properties"]["result"], 1)
        for bad in ("1999-01-01", "2024-10-02", "2025-10-02-preview ", "v1", "", None):
            for method, route, identifier in (("POST", "/executions", self.id), ("POST", "/code/execute", self.id),
                                              ("GET", "/files", self.id), ("GET", "/session", self.id),
                                              ("GET", "/listSessions", None), ("GET", "/metadata", None)):
                answer = self.pool.call(method, route, identifier, bad, {"code": "1"})
                self.assertError(answer, 400, "InvalidApiVersion")
                self.assertIn(V4, answer.json["error"]["message"])

    def test_sp06_sp07_json_type_and_versions_header(self):
        answer = self.pool.legacy(self.id, "1")
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
        self.assertIn(V4, answer.headers["api-supported-versions"])

    def test_sp10_sp11_errors(self):
        self.assertError(self.pool.call("GET", "/nothing", self.id), 404, "ResourceNotFound")
        self.assertError(self.pool.call("POST", "/python/uploadFile", self.id), 404)
        answer = self.pool.call("PUT", "/executions", self.id)
        self.assertError(answer, 405, "MethodNotAllowed")
        self.assertEqual(answer.headers["Allow"], "POST")

    def test_errors_have_one_shape(self):
        """Also those that the server gives before a route is found."""
        answers = [self.pool.call("GET", "/nothing", self.id), self.pool.call("PATCH", "/session", self.id),
                   self.pool.run(self.id, ""), self.pool.run("x", "1"), self.pool.run(self.id, "1", "0"),
                   self.pool.call("GET", "/session", self.id), self.pool.call("GET", "/files/none", self.id),
                   self.pool.call("GET", "/executions/none", self.id), self.pool.upload(self.id, "..", b"1"),
                   self.pool.request("POST", f"/executions?identifier={self.id}&api-version={V4}", None,
                                     {"Content-Length": str(99 << 20), "Content-Type": "application/json",
                                      "Expect": "100-continue"})]
        for answer in answers:
            self.assertError(answer, answer.status)
            self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
            self.assertEqual((list(answer.json), list(answer.json["error"])), (["error"], ["code", "message", "traceId"]))
            self.assertRegex(answer.json["error"]["traceId"], r"^[0-9a-f]{32}$")
        self.assertEqual([a.status for a in answers], [404, 405, 400, 400, 400, 404, 404, 404, 400, 413])

    def test_header_names_as_the_cloud_writes_them(self):
        body = b'{"code":"1"}'
        with socket.create_connection(("127.0.0.1", self.pool.port)) as connection:
            connection.sendall(f"POST /executions?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: localhost\r\n"
                               "Content-Type: application/json\r\n"
                               f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            head = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")[0].decode()
        names = [line.partition(":")[0] for line in head.split("\r\n")[1:]]
        for name in ("x-ms-session-guid", "x-ms-new-allocation", *TIMINGS, "operation-id", "Operation-Location",
                     "api-supported-versions", "Content-Type"):
            self.assertIn(name, names)
        self.assertEqual(len(names), len({n.lower() for n in names}))

    def test_sp69_identifiers(self):
        for bad in ("abc", "x" * 129, "with space", "h\u00e9llo", "nul\0x", "line\nx", ""):
            self.assertError(self.pool.run(bad, "1"), 400, "InvalidLengthOfSessionIdentifier")
        self.assertError(self.pool.run(None, "1"), 400, "InvalidLengthOfSessionIdentifier")
        for good in ("|-&^", "x" * 128, "%$#(){}[];<>", "../../etc"):
            self.assertEqual(self.value("1", good), 1)
            self.pool.call("DELETE", "/session", good)


class Legacy(PoolTest):
    def test_sp12_sp13_sp20_shape(self):
        answer = self.pool.legacy(self.id, "print('Hello world')")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["$id"], "1")
        p = answer.json["properties"]
        self.assertEqual((p["$id"], p["status"], p["stdout"], p["stderr"], p["result"], p["executionResult"]),
                         ("2", "Success", "Hello world\n", "", "", ""))
        self.assertIsInstance(p["executionTimeInMilliseconds"], int)
        self.assertEqual((list(answer.json), list(p)),
                         (["$id", "properties"], ["$id", "status", "stdout", "stderr", "result", "executionResult",
                                                  "executionTimeInMilliseconds"]))
        self.assertNotIn("operation-id", answer.headers)
        answer = self.pool.legacy(self.id, "1", V4)
        self.assertEqual((answer.status, "Operation-Location" in answer.headers), (200, False))

    def test_sp14_bad_json(self):
        for body in (b"", b"{", b"[]", b"nonsense", b'{"code":1}', b'"text"', b'{"properties":[]}', b"\xff\xfe"):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, body, {"Content-Type": "application/json"})
            self.assertError(answer, 400)
        self.assertError(self.pool.call("GET", "/session", self.id), 404)  # nothing was allocated

    def test_wrong_content_type(self):
        answer = self.pool.call("POST", "/code/execute", self.id, V1, b"code=1",
                                {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertError(answer, 415)
        for kind in (None, "", ";", "text/plain", "text/plain;application/json", "multipart/form-data; boundary=x"):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, b'{"code":"1"}',
                                    {} if kind is None else {"Content-Type": kind})
            self.assertError(answer, 415, "UnsupportedMediaType")
        for kind in ("application/json", "APPLICATION/JSON; charset=utf-8", "text/json", "application/x+json"):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, b'{"code":"1"}', {"Content-Type": kind})
            self.assertEqual(answer.status, 200, kind)

    def test_sp15_sp16_sp19_members(self):
        for body in ({"properties": {"pythonCode": "1+1"}}, {"code": "1+1"},
                     {"properties": {"codeInputType": "Inline", "executionType": "Synchronous", "code": "1+1"}},
                     {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "1+1",
                                     "identifier": "other", "unknown": [1, {}]}}):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, body)
            self.assertEqual(answer.json["properties"]["result"], 2, body)

    def test_sp17_result(self):
        p = self.pool.legacy(self.id, "1+1").json["properties"]
        self.assertEqual((p["result"], p["executionResult"]), (2, 2))
        self.assertEqual(self.pool.legacy(self.id, "None").json["properties"]["result"], "")

    def test_sp18_failure(self):
        answer = self.pool.legacy(self.id, "print('before'); 1/0")
        self.assertEqual(answer.status, 200)
        p = answer.json["properties"]
        self.assertEqual((p["status"], p["stdout"], p["result"]), ("Failure", "before\n", ""))
        self.assertIn("ZeroDivisionError: division by zero", p["stderr"])
        self.assertEqual(p["error"]["name"], "ZeroDivisionError")

    def test_asynchronous_legacy(self):
        body = {"properties": {"executionType": "asynchronous", "code": "6*7"}}
        answer = self.pool.call("POST", "/code/execute", self.id, V1, body)
        self.assertEqual(answer.status, 202)
        self.assertTrue(answer.headers["Operation-Location"])
        self.assertEqual(answer.json["properties"]["stdout"], "")
        wait_until(lambda: self.pool.call("GET", "/executions/" + answer.headers["operation-id"], self.id)
                   .json.get("result", {}).get("executionResult") == 42)


class Current(PoolTest):
    def test_sp21_sp22_sp32_status_by_version(self):
        for version, status in ((V2, 202), (V3, 200), (V4, 200)):
            answer = self.pool.run(self.id, "print('x')", version, executionType="sYnchronous")
            self.assertEqual(answer.status, status)
            body = answer.json
            self.assertEqual((body["identifier"], body["executionType"], body["status"]),
                             (self.id, "sYnchronous", "Succeeded"))
            self.assertEqual(body["result"]["stdout"], "x\n")
            self.assertRegex(body["id"], GUID)
            self.assertEqual(list(body), ["$id", "id", "identifier", "executionType", "status", "result"])
            self.assertEqual(list(body["result"]), ["$id", "stdout", "stderr", "executionResult", "executionTimeInMilliseconds"])
            self.assertEqual((body["$id"], body["result"]["$id"]), ("1", "2"))
            self.assertEqual("operation-id" in answer.headers, version != V2)
            self.assertEqual(answer.headers.get("operation-id", body["id"]), body["id"])

    def test_identifier_of_the_query_wins(self):
        answer = self.pool.call("POST", "/executions", self.id, V4, {"code": "1", "identifier": "another-one"})
        self.assertEqual(answer.json["identifier"], self.id)
        self.assertError(self.pool.call("GET", "/session", "another-one"), 404)

    def test_sp23_failed(self):
        body = self.pool.run(self.id, "raise KeyError('k')").json
        self.assertEqual(body["status"], "Failed")
        self.assertIn("KeyError: 'k'", body["result"]["stderr"])
        self.assertEqual(body["result"]["executionResult"], "")
        self.assertNotIn("error", body)

    def test_sp24_base64(self):
        code = base64.b64encode("'h\u00e9'*2".encode()).decode()
        self.assertEqual(self.value(code, codeInputType="InlineBase64"), "'h\u00e9h\u00e9'")
        self.assertEqual(self.value("1+1", codeInputType="INLINETEXT"), 2)
        for bad in ("!!!", base64.b64encode(b"\xff").decode()):
            self.assertError(self.pool.run(self.id, bad, codeInputType="InlineBase64"), 400)
        self.assertError(self.pool.run(self.id, "1", codeInputType="Carrier pigeon"), 400)

    def test_sp25_code_missing(self):
        for body in ({}, {"code": ""}, {"code": None}, {"code": " \n\t"}, {"shellCommand": "ls"}):
            answer = self.pool.call("POST", "/executions", self.id, V4, body)
            self.assertError(answer, 400)
            self.assertIn("code", answer.json["error"]["message"].lower())

    def test_sp26_wrapped(self):
        answer = self.pool.call("POST", "/executions", self.id, V4, {"properties": {"code": "1+1"}})
        self.assertEqual(answer.json["result"]["executionResult"], 2)

    def test_sp27_operation_id(self):
        answer = self.pool.run(self.id, "1", headers={"operation-id": "my-own-id"})
        self.assertEqual(answer.json["id"], "my-own-id")
        self.assertEqual(answer.headers["operation-id"], "my-own-id")
        longest = "~" * 128
        self.assertEqual(self.pool.run(self.id, "2", headers={"operation-id": longest}).json["id"], longest)
        self.assertEqual(self.poll(self.id, longest)["result"]["executionResult"], 2)
        for bad in ("x" * 129, "a b", "a/b"):
            self.assertError(self.pool.run(self.id, "1", headers={"operation-id": bad}), 400, "InvalidOperationId")

    def test_sp28_sp29_sp30_asynchronous(self):
        """The first answer is there while the code waits for us."""
        answer = self.pool.run(self.id, HELD + "print('late'); 7", executionType="asynchRonous")
        self.assertEqual(answer.status, 202)
        unfinished = ["$id", "id", "identifier", "executionType", "status"]
        self.assertEqual(list(answer.json), unfinished)
        self.assertIn(answer.json["status"], ("NotStarted", "Running"))
        self.assertEqual(answer.json["executionType"], "asynchRonous")
        location = answer.headers["Operation-Location"]
        self.assertTrue(location.startswith(self.pool.url), location)
        target = location[len(self.pool.url):]
        wait_until(lambda: self.pool.request("GET", target).json["status"] == "Running")
        running = self.pool.request("GET", target)
        self.assertEqual((running.status, list(running.json), running.headers["Retry-After"]), (200, unfinished, "1"))
        self.release(self.id, answer.json["id"])
        done = self.pool.request("GET", target)
        self.assertEqual((done.status, done.json["status"]), (200, "Succeeded"))
        self.assertEqual((done.json["result"]["stdout"], done.json["result"]["executionResult"]), ("late\n", 7))
        self.assertEqual(done.json["id"], answer.headers["operation-id"])
        self.assertRegex(done.headers["x-ms-session-guid"], GUID)

    def test_sp31_unknown_execution(self):
        self.assertError(self.pool.call("GET", "/executions/none", self.id), 404, "ExecutionNotFound")
        self.assertError(self.pool.call("GET", "/session", self.id), 404)

    def test_sp33_output_limit(self):
        code = "import sys; print('\u20ac' * 100, end=''); print('e' * 50, end='', file=sys.stderr)"
        result = self.pool.run(self.id, code, outputStreamsMaxLength=10).json["result"]
        self.assertEqual((result["stdout"], result["stderr"]), ("\u20ac" * 3, "e" * 10))
        self.assertTrue(result["stdoutTruncated"] and result["stderrTruncated"])
        self.assertNotIn("stdoutTruncated", self.pool.run(self.id, "print(1)").json["result"])

    def test_sp34_empty_kernel(self):
        self.value("seen = 1")
        body = self.pool.run(self.id, "seen", useEmptyKernel=True).json
        self.assertEqual(body["status"], "Failed")
        self.assertIn("NameError", body["result"]["stderr"])
        self.assertEqual(self.value("seen"), 1)
        self.assertEqual(self.value("99; len(In)", useEmptyKernel=True), 2)
        self.assertEqual(self.value("_"), 1, "the session's own last value")

    def test_sp35_semantic_kernel(self):
        headers = {"User-Agent": "Semantic-Kernel/1.0 (Language=dotnet)"}
        self.assertEqual(self.value("1+1", headers=headers), "2")
        self.assertEqual(self.value("'s'", headers=headers), "'s'")
        self.assertEqual(self.value("1+1"), 2)

    def test_sp36_headers(self):
        first, second = self.pool.run(self.id, "1"), self.pool.run(self.id, "1")
        self.assertEqual(first.headers["x-ms-session-guid"], second.headers["x-ms-session-guid"])
        self.assertEqual((first.headers["x-ms-new-allocation"], second.headers["x-ms-new-allocation"]), ("true", "false"))
        self.assertRegex(first.headers["x-ms-session-guid"], GUID)
        for answer in (first, second, self.pool.legacy(self.id, "1")):
            for name in TIMINGS:
                self.assertRegex(answer.headers[name], r"^\d+(\.\d{1,4})?$", name)
        etag = self.pool.call("GET", "/session", self.id).json["etag"]
        self.assertEqual(etag, "0--" + first.headers["x-ms-session-guid"])

    def test_a_file_call_may_bring_the_session(self):
        sent = self.pool.upload(self.id, "f", b"1")
        self.assertEqual([n for n in sent.headers if n.lower().startswith("x-ms-")], [])
        self.assertEqual(self.pool.run(self.id, "1").headers["x-ms-new-allocation"], "false")

    def test_full_queue(self):
        with Pool(tier="fake", max=2, ready=1) as pool:
            begun = [pool.run(self.id, "hang", executionType="Asynchronous").status for _ in range(257)]
            self.assertEqual(set(begun), {202})
            answer = pool.run(self.id, "1")
            self.assertError(answer, 429, "TooManyExecutions")
            self.assertEqual((answer.json["code"], answer.json["message"]),
                             ("TooManyExecutions", answer.json["error"]["message"]))
            self.assertEqual(answer.headers["Retry-After"], "1")
            self.assertEqual(pool.call("DELETE", "/session", self.id).status, 204)

    def test_bad_numbers(self):
        for member in ({"timeoutInSeconds": "60"}, {"timeoutInSeconds": -1}, {"timeoutInSeconds": 1.5},
                       {"outputStreamsMaxLength": -1}, {"outputStreamsMaxLength": 1e30}, {"useEmptyKernel": "yes"}):
            self.assertError(self.pool.run(self.id, "1", **member), 400)


class Switches(PoolTest):
    settings = {"ready": 1, "lenient_versions": 1, "plain_numbers": 1}

    def test_lenient_versions(self):
        """An unknown date behaves as the latest known version before it."""
        for version, status in (("2031-01-01", 200), ("2024-10-02", 202), ("2025-01-01-preview", 202), (V4, 200)):
            self.assertEqual(self.pool.run(self.id, "1", version).status, status, version)
        for bad in ("latest", "2024-1-1", "20250202", "", None):
            self.assertError(self.pool.run(self.id, "1", bad), 400, "InvalidApiVersion")

    def test_plain_numbers(self):
        headers = {"User-Agent": "Semantic-Kernel/1.0 (Language=dotnet)"}
        self.assertEqual(self.value("1+1", headers=headers), 2)


class Values(PoolTest):
    def test_sp37_sp38_scalars(self):
        for code, value in (("4", 4), ("None", None), ("float('nan')", "nan"), ("a='nan';a", "'nan'"), ("1.5", 1.5),
                            ("True", True), ("print(7*9)", ""), ("x = 1", ""), ("10**15", 10**15)):
            self.assertEqual(self.value(code), value, code)
        self.assertEqual(self.stdout("print(7*9)"), "63\n")

    def test_sp39_sp40_images(self):
        plot = "import matplotlib.pyplot as plt\nplt.plot([1,2])\n"
        for end in ("plt.show()", "plt.savefig('/mnt/data/x.png')"):
            image = self.value(plot + end)
            self.assertEqual((image["type"], image["format"]), ("image", "png"))
            self.assertTrue(base64.b64decode(image["base64_data"]).startswith(b"\x89PNG"))
            self.value("plt.close('all')")
        names = [f["name"] for f in self.pool.call("GET", "/files", self.id).json["value"]]
        self.assertEqual(names, ["x.png"])

    def test_sp41_sp43_text_forms(self):
        self.assertIn("0  1", self.value("import pandas as pd; pd.DataFrame({'a': [1]})"))
        self.assertEqual(self.value("(1, 2)"), "(1, 2)")
        self.assertEqual(self.value("{'a': 1}"), "{'a': 1}")

    def test_sp42_autogen_package_list(self):
        code = "import pkg_resources\n[d.project_name for d in pkg_resources.working_set]"
        text = self.value(code)
        names = [n.strip().strip("'") for n in text.strip("[]").split(",\n")]
        self.assertGreater(len(names), 1)
        self.assertFalse([n for n in names if "[" in n or "'" in n or not n])

    def test_huge_results_are_bounded(self):
        answer = self.pool.run(self.id, "list(range(10**6))")
        self.assertEqual(answer.status, 200)
        self.assertLess(len(answer.body), 40 << 20)
        self.assertEqual(self.value("'alive'"), "'alive'")


if __name__ == "__main__":
    unittest.main(verbosity=1)
