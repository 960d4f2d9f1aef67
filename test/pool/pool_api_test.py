# SPDX-License-Identifier: MIT
"""The conformance list of session-pool-api.md section 16 (SP-01..SP-76, without sign-in) and the hostile list H
of sandbox.md 3.3, against a real server process with real sessions."""
import base64
import concurrent.futures
import http.client
import random
import re
import socket
import time
import unittest

from pool_process import V1, V2, V3, V4, Pool, fresh, wait_until

SIX = "/subscriptions/s/resourceGroups/g/sessionPools/p"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$")


class PoolTest(unittest.TestCase):
    """One server for a class; each test takes identifiers of its own."""
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.pool = Pool(**{"max": 60, "ready": 4, **cls.settings})

    @classmethod
    def tearDownClass(cls):
        cls.pool.close()

    def setUp(self):
        self.id = fresh()

    def tearDown(self):
        self.pool.call("DELETE", "/session", self.id)

    def value(self, code, identifier=None, **more):
        answer = self.pool.run(identifier or self.id, code, **more)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["status"], "Succeeded", answer)
        return answer.json["result"]["executionResult"]

    def stdout(self, code, identifier=None):
        answer = self.pool.run(identifier or self.id, code)
        self.assertEqual(answer.json["status"], "Succeeded", answer)
        return answer.json["result"]["stdout"]

    def assertError(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/json"), answer.headers["Content-Type"])
        error = answer.json["error"]
        self.assertTrue(error["message"])
        self.assertEqual(answer.headers["x-ms-error-code"], error["code"])
        self.assertTrue(answer.headers["api-supported-versions"])
        if code:
            self.assertEqual(error["code"], code)


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
        answer = self.pool.request("POST", f"/executions?identifier={raw}&api-version={V4}", b'{"code":"1"}')
        self.assertEqual(answer.json["identifier"], raw)
        self.pool.call("DELETE", "/session", raw)

    def test_sp04_sp05_versions(self):
        for version in ("2023-08-01-preview", V1, "2024-08-02-preview", V2, V3, V4):
            self.assertIn(self.pool.run(self.id, "1", version).status, (200, 202))
        self.assertError(self.pool.run(self.id, "1", "1999-01-01"), 400, "InvalidApiVersion")
        self.assertError(self.pool.run(self.id, "1", None), 400, "InvalidApiVersion")

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

    def test_sp14_bad_json(self):
        for body in (b"", b"{", b"[]", b"nonsense", b'{"code":1}', b'"text"', b'{"properties":[]}', b"\xff\xfe"):
            answer = self.pool.call("POST", "/code/execute", self.id, V1, body, {"Content-Type": "application/json"})
            self.assertError(answer, 400)
        self.assertError(self.pool.call("GET", "/session", self.id), 404)  # nothing was allocated

    def test_wrong_content_type(self):
        answer = self.pool.call("POST", "/code/execute", self.id, V1, b"code=1",
                                {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertError(answer, 415)

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
            self.assertTrue(body["id"])

    def test_sp23_failed(self):
        body = self.pool.run(self.id, "raise KeyError('k')").json
        self.assertEqual(body["status"], "Failed")
        self.assertIn("KeyError: 'k'", body["result"]["stderr"])
        self.assertEqual(body["result"]["executionResult"], "")
        self.assertNotIn("error", body)

    def test_sp24_base64(self):
        code = base64.b64encode("'h\u00e9'*2".encode()).decode()
        self.assertEqual(self.value(code, codeInputType="InlineBase64"), "'h\u00e9h\u00e9'")
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
        for bad in ("x" * 129, "a b", "a/b"):
            self.assertError(self.pool.run(self.id, "1", headers={"operation-id": bad}), 400, "InvalidOperationId")

    def test_sp28_sp29_sp30_asynchronous(self):
        begin = time.monotonic()
        answer = self.pool.run(self.id, "import time; time.sleep(1.5); print('late'); 7", executionType="Asynchronous")
        self.assertLess(time.monotonic() - begin, 1)
        self.assertEqual(answer.status, 202)
        self.assertIn(answer.json["status"], ("NotStarted", "Running"))
        self.assertNotIn("result", answer.json)
        location = answer.headers["Operation-Location"]
        self.assertTrue(location.startswith(self.pool.url), location)
        target = location[len(self.pool.url):]
        wait_until(lambda: self.pool.request("GET", target).json["status"] == "Running")
        self.assertNotIn("result", self.pool.request("GET", target).json)
        wait_until(lambda: self.pool.request("GET", target).json["status"] == "Succeeded")
        body = self.pool.request("GET", target).json
        self.assertEqual((body["result"]["stdout"], body["result"]["executionResult"]), ("late\n", 7))
        self.assertEqual(body["id"], answer.headers["operation-id"])

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

    def test_sp35_semantic_kernel(self):
        headers = {"User-Agent": "Semantic-Kernel/1.0 (Language=dotnet)"}
        self.assertEqual(self.value("1+1", headers=headers), "2")
        self.assertEqual(self.value("'s'", headers=headers), "'s'")
        self.assertEqual(self.value("1+1"), 2)

    def test_sp36_headers(self):
        first, second = self.pool.run(self.id, "1"), self.pool.run(self.id, "1")
        self.assertEqual(first.headers["x-ms-session-guid"], second.headers["x-ms-session-guid"])
        self.assertEqual((first.headers["x-ms-new-allocation"], second.headers["x-ms-new-allocation"]), ("true", "false"))
        for name in ("x-ms-allocation-time", "x-ms-container-execution-duration", "x-ms-overall-execution-time"):
            self.assertGreaterEqual(float(first.headers[name]), 0)

    def test_bad_numbers(self):
        for member in ({"timeoutInSeconds": "60"}, {"timeoutInSeconds": -1}, {"timeoutInSeconds": 1.5},
                       {"outputStreamsMaxLength": -1}, {"outputStreamsMaxLength": 1e30}, {"useEmptyKernel": "yes"}):
            self.assertError(self.pool.run(self.id, "1", **member), 400)


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


class Time(PoolTest):
    settings = {"execution_max_s": 3}

    def test_sp44_sp45_sp46_sp53_state(self):
        self.value("x = 5")
        self.assertEqual(self.value("x"), 5)
        other = fresh()
        self.assertIn("NameError", self.pool.run(other, "x").json["result"]["stderr"])
        self.pool.call("DELETE", "/session", other)
        self.pool.run(self.id, "y = 6\n1/0")
        self.assertEqual(self.value("y"), 6)
        self.value("import os; os.chdir('/mnt/data')")
        self.value("import threading, time\nt = threading.Thread(target=time.sleep, args=(5,)); t.start()")
        self.assertIs(self.value("t.is_alive()"), True)

    def test_sp47_timeout_keeps_state_if_it_yields(self):
        self.value("kept = 1")
        begin = time.monotonic()
        body = self.pool.run(self.id, "import time\nprint('begun')\ntime.sleep(60)", timeoutInSeconds=1).json
        self.assertLess(time.monotonic() - begin, 4)
        self.assertEqual((body["status"], body["result"]["executionResult"]), ("Failed", ""))
        self.assertEqual(body["result"]["stdout"], "begun\n")
        self.assertTrue(body["result"]["stderr"].splitlines()[-1].startswith("Timeout"))
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertEqual(self.value("kept"), 1)

    def test_sp47_timeout_kills_what_does_not_yield(self):
        code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
        self.value("kept = 1")
        begin = time.monotonic()
        body = self.pool.run(self.id, code, timeoutInSeconds=1).json
        self.assertLess(time.monotonic() - begin, 6)
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertEqual(self.pool.run(self.id, "kept").json["status"], "Failed")

    def test_sp48_ceiling(self):
        begin = time.monotonic()
        answer = self.pool.run(self.id, "import time; time.sleep(60)", timeoutInSeconds=100000)
        self.assertEqual(answer.json["status"], "Failed")
        self.assertLess(time.monotonic() - begin, 8)

    def test_sp49_parallel_calls_are_queued(self):
        self.value("import time\nlog = []")
        with concurrent.futures.ThreadPoolExecutor(10) as threads:
            code = "log.append('in'); time.sleep(0.02); log.append('out'); len(log)"
            results = sorted(f.result() for f in [threads.submit(self.value, code) for _ in range(10)])
        self.assertEqual(results, list(range(2, 22, 2)))
        self.assertIs(self.value("log == ['in', 'out'] * 10"), True)

    def test_sp50_identifiers_run_in_parallel(self):
        names = [fresh() for _ in range(4)]
        for name in names:
            self.value("import time", name)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda n: self.value("time.sleep(1)", n), names))
        self.assertLess(time.monotonic() - begin, 3)
        for name in names:
            self.pool.call("DELETE", "/session", name)

    def test_sp51_first_call_is_quick(self):
        wait_until(lambda: self.pool.report()["sessions"]["ready"] >= 1)
        begin = time.monotonic()
        self.value("1")
        self.assertLess(time.monotonic() - begin, 1)

    def test_sp52_crashes(self):
        for code, cause in (("import os; os._exit(1)", "exited with code 1"),
                            ("import ctypes; ctypes.string_at(0)", "signal"),
                            ("import os; os.closerange(0, 4096)", ""),
                            ("import os\nfor fd in range(3, 4096):\n    try: os.write(fd, b'x' * 64)\n    except OSError: pass", "")):
            body = self.pool.run(self.id, "lost = 1").json
            body = self.pool.run(self.id, code).json
            self.assertEqual(body["status"], "Failed", code)
            self.assertIn(cause, body["result"]["stderr"])
            self.assertEqual(self.value("2+2"), 4, code)
            self.assertEqual(self.pool.run(self.id, "lost").json["status"], "Failed")

    def test_sys_exit_is_no_crash(self):
        self.value("kept = 1")
        self.assertIn(self.pool.run(self.id, "import sys; sys.exit(3)").json["status"], ("Succeeded", "Failed"))
        self.assertEqual(self.value("kept"), 1)

    def test_floods(self):
        code = "import sys\nfor _ in range(200): sys.stdout.write('x' * 100000)\nsys.stdout.write('END')"
        result = self.pool.run(self.id, code).json["result"]
        self.assertTrue(result["stdoutTruncated"])
        self.assertTrue(result["stdout"].startswith("xxx") and result["stdout"].endswith("xEND"))
        self.assertLess(len(result["stdout"]), (1 << 20) + 100)
        result = self.pool.run(self.id, "import os\nos.write(1, b'a\\xff\\x00\\x1b[31mb')").json["result"]
        self.assertEqual(result["stdout"], "a\ufffd\0\x1b[31mb")
        begin = time.monotonic()
        body = self.pool.run(self.id, "import os\nwhile True: os.write(1, b'y' * 65536)", timeoutInSeconds=1).json
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.value("3"), 3)


class Files(PoolTest):
    def names(self, identifier=None):
        return [e["properties"]["filename"] for e in self.pool.call("GET", "/files", identifier or self.id, V1).json["value"]]

    def content(self, name, version=V1):
        return self.pool.call("GET", "/files/content/" + name, self.id, version)

    def test_sp54_sp55_sp58_legacy(self):
        self.assertEqual(self.pool.call("GET", "/files", self.id, V1).json["value"], [])
        answer = self.pool.upload(self.id, "/mnt/data/a.txt", b"hello")
        self.assertEqual(answer.status, 200, answer)
        entry = answer.json["value"][0]["properties"]
        self.assertEqual((entry["filename"], entry["size"]), ("a.txt", 5))
        self.assertRegex(entry["lastModifiedTime"], TIME)
        self.assertEqual(self.names(), ["a.txt"])
        self.assertEqual([answer.json["$id"], answer.json["value"][0]["$id"], entry["$id"]], ["1", "2", "3"])

    def test_sp56_form_under_json_type(self):
        answer = self.pool.upload(self.id, "b.bin", b"\r\n--x\0", content_type="application/json")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.content("b.bin").body, b"\r\n--x\0")

    def test_sp57_names(self):
        cases = {b'form-data; name="file"; filename="with space.txt"': "with space.txt",
                 'form-data; name="file"; filename="h\u00e9llo \u4e16.txt"'.encode(): "h\u00e9llo \u4e16.txt",
                 b'form-data; name="file"; filename="quo%22te.txt"': 'quo"te.txt',
                 b"form-data; name=\"file\"; filename=\"x\"; filename*=UTF-8''%e2%82%ac.txt": "\u20ac.txt"}
        for disposition, name in cases.items():
            answer = self.pool.upload(self.id, "", b"1", raw_disposition=disposition)
            self.assertEqual(answer.json["value"][0]["properties"]["filename"], name)
        self.assertEqual(sorted(self.names()), sorted(cases.values()))

    def test_sp59_nested_download(self):
        data = bytes(range(256)) * 5000
        self.pool.upload(self.id, "sub/dir/x.bin", data)
        for path in ("sub/dir/x.bin", "sub%2Fdir%2Fx.bin", "/mnt/data/sub/dir/x.bin"):
            answer = self.pool.request("GET", f"/files/content/{path}?identifier={self.id}&api-version={V1}")
            self.assertEqual(answer.body, data, path)

    def test_sp60_sp61_sp62_current_upload(self):
        for query, listed in (({}, ""), ({"path": ""}, ""), ({"path": "/"}, ""), ({"path": "/mnt/data"}, ""),
                              ({"path": "sub"}, "sub"), ({"path": "/mnt/data/sub/deep"}, "sub/deep")):
            answer = self.pool.upload(self.id, "data.csv", b"1,2", "/files", V4, **query)
            self.assertEqual(answer.status, 200)
            body = answer.json
            self.assertEqual((body["name"], body["type"], body["sizeInBytes"], body["contentType"]),
                             ("data.csv", "file", 3, "text/csv; charset=utf-8"))
            self.assertRegex(body["lastModifiedAt"], TIME)
            entries = self.pool.call("GET", "/files", self.id, V4, path=listed).json["value"]
            self.assertIn("data.csv", [e["name"] for e in entries])
        self.assertEqual(self.stdout("print(open('/mnt/data/sub/deep/data.csv').read(), end='')"), "1,2")

    def test_sp63_one_file(self):
        self.pool.upload(self.id, "n.txt", b"abc", "/files", V4)
        self.assertEqual(self.pool.call("GET", "/files/n.txt", self.id).json["sizeInBytes"], 3)
        answer = self.pool.call("GET", "/files/n.txt/content", self.id)
        self.assertEqual((answer.body, answer.headers["Content-Type"]), (b"abc", "text/plain; charset=utf-8"))
        self.assertEqual(self.pool.call("DELETE", "/files/n.txt", self.id).status, 204)
        for method, path in (("GET", "/files/n.txt"), ("GET", "/files/n.txt/content"), ("DELETE", "/files/n.txt")):
            self.assertError(self.pool.call(method, path, self.id), 404, "FileNotFound")

    def test_file_called_content(self):
        self.pool.upload(self.id, "content", b"!", "/files", V4)
        self.assertEqual(self.pool.call("GET", "/files/content", self.id).json["name"], "content")
        self.assertEqual(self.pool.call("GET", "/files/content/content", self.id).body, b"!")

    def test_sp64_recursive(self):
        self.value("import os; os.makedirs('/mnt/data/level1/level2'); open('/mnt/data/level1/level2/f', 'w').close()")
        entries = self.pool.call("GET", "/files", self.id, recursive="true").json["value"]
        found = {(e["directory"], e["name"], e["type"]) for e in entries}
        self.assertEqual(found, {("", "level1", "directory"), ("level1", "level2", "directory"),
                                 ("level1/level2", "f", "file")})
        flat = self.pool.call("GET", "/files", self.id).json["value"]
        self.assertEqual([(e["name"], "sizeInBytes" in e) for e in flat], [("level1", False)])
        self.assertEqual(self.names(), ["level1/level2/f"])

    def test_sp65_both_ways(self):
        self.pool.upload(self.id, "in.txt", b"from outside")
        self.assertEqual(self.stdout("print(open('/mnt/data/in.txt').read())"), "from outside\n")
        self.value("open('/mnt/data/in.txt', 'a').write('!'); open('/mnt/data/out.txt', 'w').write('from inside')")
        self.assertEqual(self.content("out.txt").body, b"from inside")
        self.assertEqual(self.content("in.txt").body, b"from outside!")

    def test_sp66_hostile_names(self):
        self.value("import os\nos.symlink('/etc/passwd', '/mnt/data/link')\nos.symlink('..', '/mnt/data/up')\n"
                   "os.mkfifo('/mnt/data/fifo')\nopen('/mnt/data/one', 'w').write('1')\nos.link('/mnt/data/one', '/mnt/data/two')\n"
                   "os.mkdir('/mnt/data/dir')")
        for name in ("../x", "..%2fx", "%2e%2e%2fx", "..%2f..%2fetc%2fpasswd", "a%00b", "line%0abreak", "a/../../b", "link", "up/etc",
                     "fifo", "two", "%c0%ae%c0%ae/x", "x" * 256, "/etc/passwd", "dir", "a/" * 40 + "b", "y/" * 2100):
            for path in (f"/files/content/{name}", f"/files/{name}/content", f"/files/{name}"):
                answer = self.pool.request("GET", f"{path}?identifier={self.id}&api-version={V4}")
                if not (path == f"/files/{name}" and name in ("two", "dir")):
                    self.assertIn(answer.status, (400, 404, 409, 414), f"{path}: {answer}")
                self.assertNotIn(b"root:", answer.body)
        for name in ("../up.txt", "..", ".", "a\0b", "/", "", "x" * 256, "link/x", "up/x", "dir", "one/x", "cr\rlf"):
            answer = self.pool.upload(self.id, name, b"1")
            self.assertIn(answer.status, (400, 404, 409), f"{name!r}: {answer}")
        for name in ("link", "fifo", "two"):  # replaced, not followed
            self.assertEqual(self.pool.upload(self.id, name, b"new").status, 200)
        self.assertEqual(self.content("link").body, b"new")
        self.assertEqual(self.content("one").body, b"1")
        self.assertEqual(self.pool.upload(self.id, "-rf \u202e.txt", b"1").status, 200)
        self.assertEqual(self.pool.upload(self.id, "x" * 255, b"1").status, 200)

    def test_sp68_apart(self):
        other = fresh()
        self.pool.upload(self.id, "mine.txt", b"1")
        self.assertEqual(self.names(other), [])
        self.assertError(self.pool.call("GET", "/files/mine.txt/content", other), 404)
        self.pool.call("DELETE", "/session", other)

    def test_special_files_are_not_listed(self):
        self.value("import os\nos.mkfifo('/mnt/data/fifo'); os.symlink('/', '/mnt/data/root')\nopen('/mnt/data/real','w').close()")
        self.assertEqual(self.names(), ["real"])

    def test_many_files_are_listed_in_bounds(self):
        self.value("for n in range(10000): open(f'/mnt/data/{n}', 'w').close()")
        begin = time.monotonic()
        listed = self.pool.call("GET", "/files", self.id).json
        took = time.monotonic() - begin
        self.assertEqual(len(listed["value"]), 10000)
        self.assertNotIn("truncated", listed)
        self.assertLess(took, 5)

    def test_sparse_and_unreadable_files(self):
        self.value("import os\nos.truncate(os.open('/mnt/data/sparse', os.O_CREAT | os.O_WRONLY), 200 << 20)\n"
                   "open('/mnt/data/shut', 'w').close(); os.chmod('/mnt/data/shut', 0)")
        connection = socket.create_connection(("127.0.0.1", self.pool.port))  # a reader that takes a little and leaves
        connection.sendall(f"GET /files/sparse/content?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200"))
        connection.close()
        self.assertIn(self.pool.call("GET", "/files/shut/content", self.id).status, (200, 403))
        self.assertEqual(self.value("5"), 5)

    def test_a_file_that_changes_is_not_taken_for_whole(self):
        self.value("import threading, time\nf = open('/mnt/data/big', 'wb'); f.write(b'x' * (64 << 20)); f.flush()\n"
                   "def churn():\n  for n in range(3000):\n    f.truncate((32 << 20) + n); time.sleep(0.001)\n"
                   "threading.Thread(target=churn, daemon=True).start()")
        with self.assertRaises(Exception):
            answer = self.pool.call("GET", "/files/big/content", self.id)
            self.assertEqual(answer.status, 200)

    def test_download_survives_the_end_of_its_session_or_breaks(self):
        self.value("open('/mnt/data/big', 'wb').write(b'z' * (64 << 20))")
        connection = socket.create_connection(("127.0.0.1", self.pool.port))
        connection.sendall(f"GET /files/big/content?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.recv(1000)
        self.assertEqual(self.pool.call("DELETE", "/session", self.id).status, 204)
        total = 0
        while data := connection.recv(1 << 20):
            total += len(data)
        self.assertLess(total, 66 << 20)
        connection.close()

    def test_storage_full(self):
        answer = self.pool.run(self.id, "f = open('/mnt/data/fill', 'wb')\ntry:\n  while True: f.write(b'x' * (1 << 20))\nexcept OSError as e: print(e.errno)")
        if answer.json["status"] == "Succeeded":  # else the memory limit was nearer
            self.assertIn(self.pool.upload(self.id, "more", b"y" * (1 << 20)).status, (507,))


class UploadLimit(PoolTest):
    settings = {"upload_max": 3 << 20, "ready": 1}

    def test_sp67_too_large(self):
        self.assertEqual(self.pool.upload(self.id, "fits", b"x" * (3 << 20)).status, 200)
        self.assertError(self.pool.upload(self.id, "one-more", b"x" * ((3 << 20) + 1)), 413)
        try:
            self.assertError(self.pool.upload(self.id, "far-more", b"x" * (12 << 20)), 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the body was sent
        listed = self.pool.call("GET", "/files", self.id).json["value"]
        self.assertEqual([f["name"] for f in listed], ["fits"])


class Sessions(PoolTest):
    settings = {"max": 4, "ready": 2, "cooldown_s": 1.5}

    def test_sp70_sp71_session(self):
        self.assertError(self.pool.call("GET", "/session", self.id), 404, "NoSessionFoundError")
        self.value("x = 1")
        answer = self.pool.call("GET", "/session", self.id)
        body = answer.json
        for name in ("createdAt", "lastAccessedAt", "expireAt"):
            self.assertRegex(body[name], TIME)
        self.assertRegex(body["etag"], r"^0--[0-9a-f-]{36}$")
        self.assertEqual(answer.headers["x-ms-session-etag"], body["etag"])
        self.assertEqual(self.pool.call("DELETE", "/session", self.id).status, 204)
        self.assertError(self.pool.call("DELETE", "/session", self.id), 404, "NoSessionFoundError")
        self.assertEqual(self.pool.run(self.id, "x").json["status"], "Failed")
        self.assertNotEqual(self.pool.call("GET", "/session", self.id).json["etag"], body["etag"])

    def test_sp72_sp76_list_and_stop(self):
        names = sorted(fresh() for _ in range(3))
        for name in names:
            self.value("1", name)
        listed = [s["identifier"] for s in self.pool.call("GET", "/listSessions").json["sessions"]]
        self.assertTrue(set(names) <= set(listed))
        self.assertEqual(len(self.pool.call("GET", "/listSessions", skip=len(listed) - 1).json["sessions"]), 1)
        self.assertError(self.pool.call("GET", "/listSessions", skip="x"), 400)
        for name in names:
            answer = self.pool.call("POST", "/.management/stopSession", name, V3)
            self.assertEqual((answer.status, answer.body.decode()), (200, f"Session {name} in session pool test stopped."))

    def test_sp73_metadata(self):
        body = self.pool.call("GET", "/metadata").json
        self.assertEqual(body["runtimes"][0]["name"], "Python")
        self.assertIn("numpy", [p["name"] for p in body["preInstalledPackages"]])
        self.assertRegex(body["createdAt"], TIME)

    def test_sp74_full(self):
        names = [fresh() for _ in range(4)]
        wait_until(lambda: self.pool.report()["sessions"]["identifiers"] == 0)
        for name in names:
            self.value("1", name)
        answer = self.pool.run(self.id, "1")
        self.assertError(answer, 429, "SessionsCountExceedsLimit")
        self.assertEqual(answer.json["code"], "SessionsCountExceedsLimit")
        self.assertIn("already '4' active", answer.json["message"])
        self.assertTrue(answer.headers["Retry-After"])
        self.assertEqual(self.value("1", names[0]), 1)
        self.pool.call("DELETE", "/session", names[1])
        self.assertEqual(self.value("1"), 1)
        for name in names:
            self.pool.call("DELETE", "/session", name)

    def test_sp75_cooldown(self):
        self.value("x = 1")
        for _ in range(5):
            time.sleep(0.5)
            self.assertEqual(self.pool.call("GET", "/files", self.id).status, 200)
        self.assertEqual(self.value("x"), 1)
        time.sleep(2.2)
        self.assertError(self.pool.call("GET", "/session", self.id), 404)
        self.assertEqual(self.pool.run(self.id, "x").json["status"], "Failed")

    def test_delete_while_running(self):
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            running = threads.submit(self.pool.run, self.id, "import time; time.sleep(30)")
            wait_until(lambda: self.pool.report()["sessions"]["busy"] == 1)
            self.assertEqual(self.pool.call("DELETE", "/session", self.id).status, 204)
            body = running.result(5).json
        self.assertEqual((body["status"], body["error"]["error"]["code"]), ("Canceled", "Canceled"))
        self.assertEqual(self.value("1"), 1)


class Hostile(PoolTest):
    """Bytes that no client sends. The server must answer or close, and go on serving others."""

    def send(self, data, seconds=5):
        connection = socket.create_connection(("127.0.0.1", self.pool.port), timeout=seconds)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received
        except (ConnectionResetError, BrokenPipeError):
            return b""
        finally:
            connection.close()

    def tearDown(self):
        self.assertEqual(self.value("1"), 1)
        super().tearDown()

    def test_raw_requests(self):
        target = f"/executions?identifier={self.id}&api-version={V4}"
        for data in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, b"POST " + target.encode() + b" HTTP/9.9\r\n\r\n",
                     f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(),
                     f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n".encode(),
                     f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".encode(),
                     b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n"):
            answer = self.send(data)
            self.assertFalse(answer.startswith(b"HTTP/1.1 2"), answer[:200])

    def test_json_bombs(self):
        for body in (b"[" * 100000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"code":"' + b"\\ud800" + b'"}',
                     b'{"code":"1","code":"2"}', b"[" + b"1," * 1000000 + b"1]", b'{"code":"' + b"x" * (9 << 20) + b'"}'):
            try:
                answer = self.pool.call("POST", "/executions", self.id, V4, body, {"Content-Type": "application/json"})
                self.assertIn(answer.status, (400, 413), answer)
                self.assertTrue(answer.json["error"]["code"])
            except (BrokenPipeError, ConnectionResetError):
                pass

    def test_nul_in_code(self):
        body = self.pool.run(self.id, "x = '\0'").json
        self.assertEqual(body["status"], "Failed")

    def test_large_code(self):
        self.assertEqual(self.value("x = '" + "y" * (2 << 20) + "'\nlen(x)"), 2 << 20)

    def test_forms(self):
        for content_type, body in (("multipart/form-data; boundary=a", b"--b\r\n\r\n--b--\r\n"), ("multipart/form-data", b""),
                                   ("multipart/form-data; boundary=" + "x" * 300, b"--x"), ("text/plain", b"not a form"),
                                   ("multipart/form-data; boundary=a", b"--a\r\n\r\n" * 100000 + b"--a--\r\n"),
                                   ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--a--\r\n")):
            answer = self.pool.call("POST", "/files", self.id, V4, body, {"Content-Type": content_type})
            self.assertError(answer, 400)
        answer = self.pool.upload(self.id, "", b"1", raw_disposition=b'form-data; name="file"; filename="a%0d%0aX-Evil: 1.txt"')
        self.assertError(answer, 400, "FilePathInvalid")
        self.assertEqual(self.pool.upload(self.id, "empty", b"").json["value"][0]["properties"]["size"], 0)

    def test_leaving_early(self):
        for _ in range(30):
            connection = socket.create_connection(("127.0.0.1", self.pool.port))
            body = b'{"code":"import time; time.sleep(0.05)"}'
            connection.sendall(f"POST /executions?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            connection.close()

    def test_memory_limit_names_its_cause(self):
        body = self.pool.run(self.id, "x = bytearray(4 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1").json
        self.assertEqual(body["status"], "Failed")
        self.assertTrue("MemoryError" in body["result"]["stderr"] or "memory limit" in body["result"]["stderr"], body)

    def test_identifier_floods_are_refused(self):
        names = [fresh() for _ in range(70)]
        answers = [self.pool.run(n, "1", timeout=60).status for n in names[:5]]
        self.assertEqual(set(answers), {200})
        for n in names[:5]:
            self.pool.call("DELETE", "/session", n)


class Interleavings(unittest.TestCase):
    """Many callers at once on few names, over a tier of the test's own that costs nothing: calls, uploads, downloads,
    listings, deletions and a short cooldown in random order. Every call gets one of the answers it may get, and at
    the end the books are even. (With a sanitizer's build this is where a dangling session would show.)"""

    def test_storm(self):
        ways = ("value:1", "out:x", "err:y", "exit:1", "oom", "junk", "twice", "flood:300000", "count", "sleep")
        with Pool(tier="fake", max=12, ready=3, cooldown_s=0.02, execution_max_s=1) as pool:
            names = [f"name-{n}" for n in range(8)]
            strange = []

            def caller(seed):
                rng = random.Random(seed)
                for _ in range(120):
                    name = rng.choice(names)
                    kind = rng.randrange(8)
                    try:
                        if kind < 3:
                            code = rng.choice(ways)
                            limit = {"timeoutInSeconds": 1} if code == "sleep" else {}
                            kind_of = {"executionType": rng.choice(("Synchronous", "Asynchronous"))}
                            answer = pool.run(name, code, **limit, **kind_of)
                        elif kind == 3:
                            answer = pool.upload(name, f"f{rng.randrange(3)}", b"x" * rng.choice((0, 10, 700000)), "/files", V4)
                        elif kind == 4:
                            answer = pool.call("GET", f"/files/f{rng.randrange(3)}/content", name)
                        elif kind == 5:
                            answer = pool.call("GET", "/files", name, recursive="true")
                        elif kind == 6:
                            answer = pool.call("DELETE", "/session", name)
                        else:
                            answer = pool.call("GET", "/session", name)
                        if answer.status not in (200, 202, 204, 404, 409, 503):
                            strange.append((kind, answer))
                    except http.client.IncompleteRead:
                        pass  # a download whose session was deleted

            with concurrent.futures.ThreadPoolExecutor(8) as threads:
                list(threads.map(caller, range(8)))
            self.assertEqual(strange, [])
            wait_until(lambda: pool.report()["sessions"]["identifiers"] == 0)
            wait_until(lambda: pool.report()["sessions"]["ending"] == 0)
            counts = pool.report()["sessions"]
            self.assertEqual((counts["busy"], counts["cooling"]), (0, 0))


if __name__ == "__main__":
    unittest.main(verbosity=1)
