# SPDX-License-Identifier: MIT
"""The main job with real processes: submit, see the result, decide; and the same with kill -9 at four moments.

If this fails, the product does not do what it is for. Usage: review_test.py PROGRAM
"""
import concurrent.futures
import pathlib
import sys
import time
import unittest
import urllib.parse

import history
from server import Server

PROGRAM = sys.argv.pop(1)

SLOW = "import time\nprint('begin')\ntime.sleep(2)\nprint('end')"
SLOWER = SLOW.replace("2", "6")  # time to see that it runs, and to kill the server, on a busy machine


class Review(unittest.TestCase):
    """One server, no crash."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--run-timeout", "6s"]).start()
        cls.addClassCleanup(cls.server.close)

    def test_approve(self):
        request_id = self.server.submit("x = 6 * 7\nprint(x)\nx")
        self.assertRegex(request_id, r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
        seen = self.server.request(request_id, wait="30s")
        self.assertEqual(seen["state"], "waiting")
        began = time.monotonic()
        self.server.request(request_id, wait="50s")  # what is there is not held back
        self.assertLess(time.monotonic() - began, 50)
        self.assertEqual(seen["result"]["stdout"], "42\n")
        self.assertEqual(seen["result"]["result"], 42)
        self.assertEqual(seen["code"], "x = 6 * 7\nprint(x)\nx")
        self.assertRegex(seen["sha256"], "^[0-9a-f]{64}$")
        status, headers, answer = self.server.review(request_id, True)
        self.assertEqual((status, answer), (200, {"message": "Code execution approved."}))
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
        over = self.server.until(request_id, "approved")
        self.assertEqual(over["decision"]["sha256"], seen["sha256"])
        self.assertTrue(over["decision"]["at"])

    def test_reject_then_a_second_decision_is_told_of_the_first(self):
        request_id = self.server.submit("print(1)")
        self.server.until(request_id, "waiting")
        status, _, answer = self.server.review(request_id, False)
        self.assertEqual((status, answer), (200, {"message": "Code execution rejected."}))
        status, _, answer = self.server.review(request_id, True)
        self.assertEqual(status, 409)
        self.assertFalse(answer["decision"]["approved"])
        self.assertEqual(self.server.until(request_id, "rejected")["state"], "rejected")
        status, _, answer = self.server.review(request_id, True)
        self.assertEqual(status, 409)
        self.assertFalse(answer["decision"]["approved"])

    def test_of_ten_decisions_at_once_one_wins(self):
        """RP-02."""
        request_id = self.server.submit("print(1)")
        self.server.until(request_id, "waiting")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda n: self.server.review(request_id, n % 2 == 0), range(10)))
        self.assertEqual(sorted(status for status, _, _ in answers), [200] + [409] * 9)
        won = next(answer["message"] for status, _, answer in answers if status == 200)
        state = self.server.until(request_id, "approved", "rejected")["state"]
        self.assertEqual(won, f"Code execution {state}.")

    def test_a_decision_before_the_result_is_kept(self):
        request_id = self.server.submit(SLOW)
        self.server.until(request_id, "running", "waiting")  # on a stalled machine the run may be over already
        self.assertEqual(self.server.review(request_id, True)[0], 200)
        over = self.server.until(request_id, "approved")
        self.assertEqual(over["result"]["stdout"], "begin\nend\n")
        self.assertEqual(self.server.review(request_id, False)[0], 409)

    def test_failing_code_ends_as_failed_with_its_cause(self):
        request_id = self.server.submit("print('before')\n1/0")
        over = self.server.request(request_id, wait="30s")
        self.assertEqual(over["state"], "failed")
        self.assertIn("ZeroDivisionError: division by zero", over["error"]["message"])
        self.assertEqual(over["result"]["stdout"], "before\n")
        self.assertIn("ZeroDivisionError", over["result"]["stderr"])
        self.assertEqual(self.server.review(request_id, True)[0], 409)

    def test_an_infinite_loop_is_stopped_and_ends_as_failed(self):
        request_id = self.server.submit("while True:\n    pass")
        over = self.server.until(request_id, "failed")
        self.assertRegex(over["error"]["message"], "(?i)time")

    def test_a_loop_that_ignores_interrupts_is_killed(self):
        request_id = self.server.submit("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
        over = self.server.until(request_id, "failed")
        self.assertTrue(over["error"]["message"])

    def sessions(self):
        base = self.server.ready["sessionPoolUrl"].split(str(self.server.port), 1)[1]
        return self.server.ask("GET", base + "/listSessions?api-version=2025-02-02-preview")[2]["sessions"]

    def test_the_session_is_released_after_the_run(self):
        """However the run ends: well, in failure, out of time, rejected or terminated before it is over."""
        ids = [self.server.submit(code) for code in ("print(1)", "1/0", "while True: pass", SLOW, SLOW)]
        for request_id in ids[3:]:
            self.server.until(request_id, "running", "waiting")
        self.assertEqual(self.server.review(ids[3], False)[0], 200)
        history.terminate(self.server.ready["schedulerConnectionString"], ids[4])
        for request_id, state in zip(ids, ("waiting", "failed", "failed", "rejected", "cancelled")):
            self.server.until(request_id, state)
        self.assertEqual(self.server.review(ids[4], True)[0], 409)
        deadline = time.monotonic() + 30  # far less than the cooldown
        while self.sessions() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.sessions(), [])

    def test_list_and_decision_api(self):
        status, headers, created = self.server.ask("POST", "/v1/requests", {"code": "print('hi')", "submittedBy": "ann"})
        self.assertEqual(status, 201)
        self.assertEqual(headers["Location"], f"/v1/requests/{created['id']}")
        seen = self.server.until(created["id"], "waiting")
        status, _, _ = self.server.ask("POST", headers["Location"] + "/decision", {"approve": True, "sha256": "0" * 64})
        self.assertEqual(status, 409)
        status, _, answer = self.server.ask(
            "POST", headers["Location"] + "/decision",
            {"approve": True, "by": "mina", "comment": "harmless", "sha256": seen["sha256"]})
        self.assertEqual(status, 200)
        self.assertEqual(answer["decision"]["by"], "mina")
        self.assertEqual(answer["decision"]["comment"], "harmless")
        self.server.until(created["id"], "approved")
        status, _, listed = self.server.ask("GET", "/v1/requests?limit=500&state=approved")
        self.assertEqual(status, 200)
        self.assertIn(created["id"], [item["id"] for item in listed["requests"]])
        self.assertEqual({item["state"] for item in listed["requests"]}, {"approved"})

    def test_lists_by_state_and_page(self):
        ids = {state: self.server.submit(code) for state, code in
               (("waiting", "print(1)"), ("failed", "1/0"), ("rejected", "print(2)"), ("running", SLOW))}
        for state, request_id in ids.items():
            self.server.until(request_id, "waiting", state)
        self.server.review(ids["rejected"], False)
        self.server.until(ids["rejected"], "rejected")
        for state, request_id in ids.items():
            found, after = [], ""
            while True:  # pages of two: a page may hold less than its limit, only the last has no "next"
                page = self.server.ask("GET", f"/v1/requests?state={state}&limit=2{after}")[2]
                found += page["requests"]
                if "next" not in page:
                    break
                after = "&after=" + urllib.parse.quote(page["next"], safe="")
            names = [item["id"] for item in found]
            self.assertEqual(len(names), len(set(names)))
            if state == "running" and self.server.request(request_id)["state"] != "running":
                continue  # it was over before the list came to it
            self.assertIn(request_id, names)
            self.assertEqual({item["state"] for item in found}, {state})

    def test_bad_input_gets_its_answer_and_changes_nothing(self):
        ask = self.server.ask
        json_type = {"Content-Type": "application/json"}
        table = [
            (400, "POST", "/code/execute", b'""', json_type),
            (400, "POST", "/code/execute", b'"  \\n "', json_type),
            (400, "POST", "/code/execute", b'"\\u00a0\\u3000"', json_type),
            (400, "POST", "/code/execute", b'"\\ud800"', json_type),
            (400, "POST", "/code/execute", b'"print(1)" "print(2)"', json_type),
            (400, "POST", "/code/execute", b'["print(1)"]', json_type),
            (400, "POST", "/code/execute", b"null", json_type),
            (400, "POST", "/code/execute", b"", json_type),
            (400, "POST", "/code/execute", b'"unfinished', json_type),
            (400, "POST", "/code/execute", b'{"code":"print(1)"}', json_type),
            (400, "POST", "/code/execute", b'"\xff\xfe"', json_type),
            (413, "POST", "/code/execute", b'"' + b"#" * 600_000 + b'"', json_type),
            (413, "POST", "/code/execute", b'"' + b"#" * 4_000_000 + b'"', json_type),
            (415, "POST", "/code/execute", b'"print(1)"', {"Content-Type": "text/plain"}),
            (415, "POST", "/code/execute", b'"print(1)"', {}),
            (415, "POST", "/code/execute", b'"print(1)"', {"Content-Type": "application/json; charset=utf-16"}),
            (415, "POST", "/v1/requests", b'{"code":"print(1)"}', {"Content-Type": "application/json; charset=latin1"}),
            (404, "POST", "/code/review?approve=true&requestId=%ff%fe", b"", {}),
            (404, "POST", "/code/review?approve=true&requestId=" + "x" * 2000, b"", {}),
            (405, "GET", "/code/execute", None, {}),
            (405, "GET", "/code/review?approve=true&requestId=x", None, {}),
            (400, "POST", "/code/review?approve=true", b"", {}),
            (400, "POST", "/code/review?approve=true&requestId=", b"", {}),
            (400, "POST", "/code/review?requestId=x", b"", {}),
            (400, "POST", "/code/review?approve=1&requestId=x", b"", {}),
            (400, "POST", "/code/review?approve=&requestId=x", b"", {}),
            (404, "POST", "/code/review?approve=true&requestId=00000000-0000-4000-8000-000000000000", b"", {}),
            (404, "POST", "/code/review?approve=true&requestId=" + "x" * 500, b"", {}),
            (404, "POST", "/code/review?approve=true&requestId=%00%ff", b"", {}),
            (404, "GET", "/v1/requests/nothing", None, {}),
            (400, "GET", "/v1/requests/nothing?wait=soon", None, {}),
            (400, "GET", "/v1/requests/nothing?wait=1s&until=never", None, {}),
            (400, "GET", "/v1/requests?state=odd", None, {}),
            (400, "GET", "/v1/requests?limit=0", None, {}),
            (404, "GET", "/nothing/here", None, {}),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":"yes"}', json_type),
            (400, "POST", "/v1/requests", b'{"code":"print(1)","code":"print(2)"}', json_type),
            (400, "POST", "/v1/requests", b'{"code":"print(1)","approvalTimeoutSeconds":0.0001}', json_type),
            (400, "POST", "/v1/requests", b'{"code":"print(1)","approvalTimeoutSeconds":true}', json_type),
            (400, "POST", "/v1/requests", b'{"code":"print(1)","submittedBy":["ann"]}', json_type),
            (405, "PUT", "/v1/requests", b"{}", json_type),
            (405, "DELETE", "/v1/requests/x", None, {}),
            (405, "GET", "/v1/requests/x/decision", None, {}),
            (404, "GET", "/v1/requests/a%2fb", None, {}),
            (404, "GET", "/v1/requests/%ff", None, {}),
            (400, "GET", "/v1/requests/%zz", None, {}),
            (400, "GET", "/v1/requests/a%00", None, {}),
            (400, "POST", "/v1/requests/100%/decision", b'{"approve":true}', json_type),
            (404, "GET", "/v1/requests/x/y", None, {}),
            (400, "GET", "/v1/requests/x?wait=", None, {}),
            (400, "GET", "/v1/requests/x?wait=-1s", None, {}),
            (400, "GET", "/v1/requests/x?wait=1s&until=never", None, {}),
            (400, "GET", "/v1/requests?after=x", None, {}),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":"true"}', json_type),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":1}', json_type),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":true,"sha256":"ab"}', json_type),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":true,"sha256":"' + b"g" * 64 + b'"}', json_type),
            (400, "POST", "/v1/requests/x/decision", b'{"approve":true,"by":"' + b"x" * 201 + b'"}', json_type),
            (400, "POST", "/v1/requests/x/decision", b"[]", json_type),
            (404, "POST", "/v1/requests/x/decision", b'{"approve":true}', json_type),
        ]
        before = len(ask("GET", "/v1/requests?limit=500")[2]["requests"])
        for want, method, path, body, headers in table:
            with self.subTest(method=method, path=path[:60], body=(body or b"")[:30]):
                status, answer_headers, answer = ask(method, path, body, headers)
                self.assertEqual(status, want, answer)
                self.assertEqual(answer_headers["Content-Type"], "application/problem+json")
                self.assertRegex(answer["type"], "^urn:sallyport:problem:[a-z-]+$")
                self.assertEqual(answer["status"], want)
                self.assertTrue(answer["title"] and answer["detail"], answer)
                self.assertEqual("Allow" in answer_headers, want == 405)
        self.assertEqual(len(ask("GET", "/v1/requests?limit=500")[2]["requests"]), before)
        self.assertEqual(ask("GET", "/healthz")[0], 200)

    def test_head_is_get_without_the_body(self):
        request_id = self.server.submit("print(1)")
        self.server.until(request_id, "waiting")
        for path in ("/v1/requests", f"/v1/requests/{request_id}", "/healthz"):
            status, headers, text = self.server.ask("HEAD", path)
            self.assertEqual((status, text), (200, ""))
            self.assertGreater(int(headers["Content-Length"]), 2)
        self.assertEqual(self.server.ask("DELETE", "/v1/requests")[1]["Allow"], "POST, GET, HEAD")
        self.assertEqual(self.server.ask("HEAD", "/v1/requests/none")[0], 404)

    def test_what_clients_differ_in_is_taken(self):
        status, _, created = self.server.ask("POST", "/v1/requests", {"code": "print(1)", "submittedBy": None,
                                                                      "approvalTimeoutSeconds": None, "extra": [1]})
        self.assertEqual(status, 201)
        seen = self.server.until(created["id"], "waiting")
        status, _, answer = self.server.ask("POST", f"/v1/requests/{created['id']}/decision",
                                            {"approve": False, "comment": None, "sha256": seen["sha256"].upper()})
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["decision"]["sha256"], seen["sha256"])
        status, _, _ = self.server.ask("POST", "/code/execute", b'\xef\xbb\xbf"print(1)"',
                                       {"Content-Type": "application/json;charset=UTF-8"})
        self.assertEqual(status, 200)

    def test_route_paths_ignore_case_and_a_trailing_slash(self):
        for path in ("/Code/Execute", "/code/execute/"):
            self.assertEqual(self.server.ask("POST", path, "print(1)")[0], 200)
        status, _, _ = self.server.ask("POST", "/code/execute", b'"print(1)"',
                                       {"Content-Type": "application/json; charset=utf-8"})
        self.assertEqual(status, 200)


class Sample(unittest.TestCase):
    """--compat sample answers as the cloud sample does, down to the words of its framework."""

    def refusals(self, server):
        required = "The code field is required."
        json_type = {"Content-Type": "application/json"}
        table = [  # path, body, headers, the members of "errors" and what each says
            ("/code/execute", b"null", json_type, {"": "A non-empty request body is required.", "code": required}),
            ("/code/execute", b"", json_type, {"": "A non-empty request body is required.", "code": required}),
            ("/code/execute", b'{"code":"print(1)"}', json_type, {"$": "could not be converted", "code": required}),
            ("/code/execute", b'"unfinished', json_type, {"$": "premature end", "code": required}),
            ("/code/review?approve=true", b"", {}, {"requestId": "The requestId field is required."}),
            ("/code/review?requestId=%20", b"", {}, {"requestId": "The requestId field is required."}),
            ("/code/review?approve=1&requestId=x", b"", {}, {"approve": "The value '1' is not valid."}),
            ("/code/review?approve=yes", b"", {}, {"approve": "The value 'yes' is not valid.",
                                                   "requestId": "The requestId field is required."}),
            ("/code/review?approve=&requestId=x", b"", {}, {"approve": "The value '' is invalid."}),
        ]
        for path, body, headers, errors in table:
            with self.subTest(path=path, body=body):
                status, headers, answer = server.ask("POST", path, body, headers)
                self.assertEqual(status, 400)
                self.assertEqual(headers["Content-Type"], "application/problem+json; charset=utf-8")
                self.assertEqual(list(answer), ["type", "title", "status", "errors", "traceId"])
                self.assertEqual(answer["title"], "One or more validation errors occurred.")
                self.assertEqual(answer["status"], 400)
                self.assertRegex(answer["traceId"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")
                self.assertEqual(set(answer["errors"]), set(errors))
                for field, text in errors.items():
                    self.assertEqual(len(answer["errors"][field]), 1)
                    self.assertIn(text, answer["errors"][field][0])
        status, headers, answer = server.ask("POST", "/code/execute", b'"print(1)"', {"Content-Type": "text/plain"})
        self.assertEqual((status, list(answer)), (415, ["type", "title", "status", "traceId"]))
        status, headers, answer = server.ask("GET", "/code/execute")
        self.assertEqual((status, headers["Allow"], answer), (405, "POST", ""))
        status, headers, answer = server.ask("POST", "/code/execute", b'" "', {**json_type, "Accept": "application/json"})
        self.assertEqual((status, answer), (400, "Code cannot be null or empty."))
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")

    def test_answers(self):
        with Server(PROGRAM, arguments=["--compat", "sample"]) as server:
            status, headers, answer = server.ask("POST", "/code/execute", "print(1)")
            self.assertEqual(status, 200)
            self.assertEqual(list(answer), ["requestId"])
            self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
            request_id = answer["requestId"]
            status, headers, answer = server.ask("POST", "/code/execute", "  ")
            self.assertEqual((status, answer), (400, "Code cannot be null or empty."))
            self.assertTrue(headers["Content-Type"].startswith("text/plain"))
            self.assertEqual(server.ask("POST", "/code/execute", b"null", {"Content-Type": "application/json"})[0], 400)
            server.until(request_id, "waiting")
            # approve is absent: it binds to false, and the request is rejected
            status, _, answer = server.ask("POST", f"/code/review?requestId={request_id}")
            self.assertEqual((status, answer), (200, {"message": "Code execution rejected."}))
            server.until(request_id, "rejected")
            for approve, word in (("TRUE", "approved"), ("False", "rejected")):
                for target in (request_id, "unknown-id"):
                    status, _, answer = server.ask("POST", f"/code/review?approve={approve}&requestId={target}")
                    self.assertEqual((status, answer), (200, {"message": f"Code execution {word}."}))
            self.refusals(server)
            # code that fails waits for a person all the same
            _, _, answer = server.ask("POST", "/code/execute", "1/0")
            seen = server.until(answer["requestId"], "waiting")
            self.assertIn("ZeroDivisionError", seen["result"]["stderr"])


class Crash(unittest.TestCase):
    """kill -9 of the server at four moments of each story; the run goes on, and its history holds each event once."""

    def setUp(self):
        self.server = Server(PROGRAM, arguments=["--run-timeout", "12s", "--approval-timeout", "1h"]).start()
        self.addCleanup(self.server.close)

    def crash(self):
        self.server.kill()
        self.server.start()

    def failed_runs(self, request_id):
        """Runs that the pool could not take, as it may on a busy machine: each is said, and tried again."""
        return pathlib.Path(self.server.data, "server.log").read_text().count(f"run failed id={request_id}")

    def finish(self, request_id, state):
        over = self.server.until(request_id, state)
        history.check(self, self.server.ready["schedulerConnectionString"], request_id, over)
        return over

    def test_before_the_run(self):
        """RP-01."""
        stories = {"print(1)": True, "print(2)": False, "1/0": None, "while True: pass": None}
        ids = {code: self.server.submit(code) for code in stories}
        self.crash()
        for code, approve in stories.items():
            if approve is None:
                self.finish(ids[code], "failed")
                continue
            self.server.until(ids[code], "waiting")
            self.assertEqual(self.server.review(ids[code], approve)[0], 200)
            self.finish(ids[code], "approved" if approve else "rejected")

    def test_during_the_run(self):
        stories = {SLOWER: True, SLOWER + "\n": False, SLOWER + "\n1/0": None, "while True: pass": None}
        ids = {code: self.server.submit(code) for code in stories}
        for request_id in ids.values():
            self.server.until(request_id, "running")
        self.crash()
        for code, approve in stories.items():
            if approve is None:
                self.finish(ids[code], "failed")
                continue
            seen = self.server.until(ids[code], "waiting")
            self.assertEqual(seen["result"]["stdout"], "begin\nend\n")
            self.assertEqual(seen["attempts"], 2 + self.failed_runs(ids[code]), self.server.tail())  # it ran twice, and says so
            self.assertEqual(self.server.review(ids[code], approve)[0], 200)
            self.finish(ids[code], "approved" if approve else "rejected")

    def test_while_waiting_the_deadline_stays(self):
        ids = [self.server.submit("print(1)") for _ in range(2)]
        before = [self.server.until(request_id, "waiting") for request_id in ids]
        self.crash()
        for request_id, seen, approve in zip(ids, before, (True, False)):
            again = self.server.request(request_id)
            self.assertEqual(again["state"], "waiting")
            self.assertEqual(again["deadline"], seen["deadline"])
            self.assertEqual(again["sha256"], seen["sha256"])
            self.assertEqual(again["attempts"], seen["attempts"])
            self.assertEqual(self.server.review(request_id, approve)[0], 200)
            self.finish(request_id, "approved" if approve else "rejected")

    def test_right_after_the_decision(self):
        """RP-01, RP-02."""
        for approve, state in ((True, "approved"), (False, "rejected")):
            request_id = self.server.submit("print(1)")
            self.server.until(request_id, "waiting")
            self.assertEqual(self.server.review(request_id, approve)[0], 200)
            self.crash()
            over = self.finish(request_id, state)
            self.assertEqual(over["decision"]["approved"], approve)
            self.assertEqual(self.server.review(request_id, not approve)[0], 409)


class TimeOut(unittest.TestCase):
    def test_nobody_decides(self):
        with Server(PROGRAM, arguments=["--approval-timeout", "1500ms"]) as server:
            request_id = server.submit("print(1)")
            server.until(request_id, "waiting", "timed-out")
            over = server.request(request_id, wait="50s", until="over")
            self.assertEqual(over["state"], "timed-out")
            history.check(self, server.ready["schedulerConnectionString"], request_id, over)
            status, _, _ = server.review(request_id, True)
            self.assertEqual(status, 409)

    def test_the_time_goes_on_while_the_server_is_dead(self):
        """RP-02."""
        with Server(PROGRAM, arguments=["--approval-timeout", "4s"]) as server:
            request_id = server.submit("print(1)")
            deadline = server.until(request_id, "waiting", "timed-out")["deadline"]
            server.kill()
            server.start()
            over = server.until(request_id, "timed-out")
            self.assertEqual(over["deadline"], deadline)
            history.check(self, server.ready["schedulerConnectionString"], request_id, over)


class Process(unittest.TestCase):
    def test_an_orderly_stop_is_quick_and_keeps_everything(self):
        with Server(PROGRAM) as server:
            request_id = server.submit("print(1)")
            server.until(request_id, "waiting")
            self.assertEqual(server.stop(), 0)  # 1: it took longer than shutdown-timeout
            server.start()
            self.assertEqual(server.request(request_id)["state"], "waiting")

    def test_ready_file_and_health(self):
        with Server(PROGRAM) as server:
            self.assertEqual(set(server.ready), {"url", "sessionPoolUrl", "schedulerConnectionString", "pid", "dataDir",
                                                 "certificateAuthority", "emulatorUrl",
                                                 "emulatorDashboardUrl"})
            self.assertEqual(server.ready["pid"], server.process.pid)
            self.assertEqual(server.ready["dataDir"], server.data)
            status, _, health = server.ask("GET", "/healthz")
            self.assertEqual(status, 200)
            self.assertIn("degraded", health)
            # the process that parses what strangers send has no rights left, in any of its threads
            for status in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/status"):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                self.assertEqual(int(fields["CapEff"], 16) | int(fields["CapPrm"], 16), 0, status)
                self.assertEqual(fields["NoNewPrivs"], "1")

    def test_a_second_server_on_the_same_data_is_refused(self):
        with Server(PROGRAM) as server:
            second = Server(PROGRAM, data=server.data)
            with self.assertRaises(AssertionError):
                second.start()
            second.log.close()
            self.assertEqual(server.ask("GET", "/healthz")[0], 200)

    def test_no_address_but_loopback_without_sign_in(self):
        server = Server(PROGRAM, arguments=["--host", "0.0.0.0"])
        with self.assertRaises(AssertionError):
            server.start()
        self.assertIn("--insecure-no-auth", server.tail())
        server.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
