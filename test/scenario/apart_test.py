# SPDX-License-Identifier: MIT
"""The parts as processes of their own, and an app whose pool or scheduler misbehaves.

If this fails, the app has found a private door to the other parts, or breaks when they are somebody else's.
Usage: apart_test.py PROGRAM
"""
import json
import os
import sys
import time
import unittest
import urllib.parse

from fake_pool import FULL, GOOD, FakePool, eventually
from server import HELD, Server

PROGRAM = sys.argv.pop(1)


def start_app(test, pool_url, connection_string, arguments=()):
    environment = dict(os.environ, SESSION_POOL_URL=pool_url,
                       DURABLE_TASK_SCHEDULER_CONNECTION_STRING=connection_string)
    app = Server(PROGRAM, command="app", arguments=arguments, environment=environment)
    test.addCleanup(app.close)
    return app.start()


class Apart(unittest.TestCase):
    def test_three_processes(self):
        pool = Server(PROGRAM, command="pool")
        scheduler = Server(PROGRAM, command="scheduler", arguments=["--task-hubs", "reviews,other"])
        self.addCleanup(pool.close)
        self.addCleanup(scheduler.close)
        pool.start()
        scheduler.start()
        self.assertIsNone(pool.ready["schedulerConnectionString"])
        self.assertIsNone(scheduler.ready["sessionPoolUrl"])
        self.assertIn("TaskHub=reviews", scheduler.ready["schedulerConnectionString"])
        app = start_app(self, pool.ready["sessionPoolUrl"], scheduler.ready["schedulerConnectionString"])
        request_id = app.submit("print('apart')")
        self.assertEqual(app.request(request_id, wait="30s")["result"]["stdout"], "apart\n")
        scheduler.kill()  # the app finds the new process by itself
        scheduler.start()
        app.until(request_id, "waiting")
        self.assertEqual(app.review(request_id, True)[0], 200)
        self.assertEqual(app.until(request_id, "approved")["state"], "approved")
        # It has no data folder, so it keeps no book: what only a book can promise is refused, or said to be ignored.
        for members in ({"gate": "before"}, {"gate": "both"}, {"session": "mine"}):
            self.assertEqual(app.ask("POST", "/v1/requests", {"code": "1", **members})[0], 400, members)
        status, _, created = app.ask("POST", "/v1/requests", {"code": "1", "gate": "after", "purpose": "p", "submittedBy": "ann"})
        self.assertEqual((status, created["warnings"]), (201, ['The member "purpose" is not known and was ignored.']))
        for part in (app, scheduler, pool):
            self.assertEqual(part.stop(), 0)

    def test_a_full_pool_and_one_that_is_away_are_waited_for(self):
        pool = Server(PROGRAM, command="pool", arguments=["--max-sessions", "1"])
        scheduler = Server(PROGRAM, command="scheduler")
        self.addCleanup(pool.close)
        self.addCleanup(scheduler.close)
        pool.start()
        scheduler.start()
        app = start_app(self, pool.ready["sessionPoolUrl"], scheduler.ready["schedulerConnectionString"])
        first = app.submit(HELD)
        pool.until_busy()
        second = app.submit("print('second')")
        eventually(self, lambda: app.request(second).get("attempts", 0) > 1, "the second was not tried again")
        pool.let_go(lambda: app.request(first)["state"] == "waiting")
        seen = app.until(second, "waiting")
        self.assertEqual(seen["result"]["stdout"], "second\n")
        self.assertGreater(seen["attempts"], 1)
        app.until(first, "waiting")
        pool.kill()
        third = app.submit("print('third')")
        app.until(third, "running")
        # The few tries of a run are not spent while nobody is there, and health says so.
        deadline = time.monotonic() + 60
        while app.ask("GET", "/readyz")[0] == 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        status, _, answer = app.ask("GET", "/readyz")
        self.assertEqual((status, [cause["part"] for cause in answer["causes"]]), (503, ["pool"]))
        self.assertFalse(app.ask("GET", "/healthz")[2]["ok"])
        time.sleep(6)
        self.assertLessEqual(app.request(third)["attempts"], 2)
        pool.start()
        self.assertEqual(app.until(third, "waiting", seconds=90)["result"]["stdout"], "third\n")
        self.assertEqual(app.ask("GET", "/readyz")[0], 200)

    def test_the_bare_form_of_the_connection_string(self):
        scheduler = Server(PROGRAM, command="scheduler")
        self.addCleanup(scheduler.close)
        scheduler.start()
        parts = dict(pair.split("=", 1) for pair in scheduler.ready["schedulerConnectionString"].split(";"))
        fake = FakePool([GOOD])
        self.addCleanup(fake.close)
        app = start_app(self, fake.url, f"{parts['Endpoint']};Authentication=None;TaskHub={parts['TaskHub']}")
        app.until(app.submit("print('hi')"), "waiting")

    def test_missing_settings_are_named(self):
        for environment, name in (({"SESSION_POOL_URL": "http://127.0.0.1:1"}, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"),
                                  ({"DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "Endpoint=http://127.0.0.1:1;TaskHub=h;"
                                    "Authentication=None"}, "SESSION_POOL_URL")):
            app = Server(PROGRAM, command="app", environment={"PATH": os.environ["PATH"], **environment})
            with self.assertRaises(AssertionError):
                app.start()
            self.assertIn(f"Missing required configuration '{name}'", app.tail())
            app.close()

    def test_wrong_settings_are_refused_at_the_start(self):
        good = "Endpoint=http://127.0.0.1:1;TaskHub=h;Authentication=None"
        table = [("ftp://127.0.0.1/", good, "SESSION_POOL_URL"), ("nonsense", good, "SESSION_POOL_URL"),
                 ("http://127.0.0.1:1/?a=b", good, "SESSION_POOL_URL"),
                 ("http://127.0.0.1:1", "nonsense", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"),
                 ("http://127.0.0.1:1", "Endpoint=http://127.0.0.1:1;Authentication=None", "TaskHub"),
                 ("http://127.0.0.1:1", good.replace("None", "VisualStudio"), "VisualStudio")]
        for pool_url, connection_string, text in table:
            with self.subTest(text=text, pool_url=pool_url):
                app = Server(PROGRAM, command="app", environment=dict(
                    os.environ, SESSION_POOL_URL=pool_url, DURABLE_TASK_SCHEDULER_CONNECTION_STRING=connection_string))
                self.addCleanup(app.close)
                with self.assertRaises(AssertionError):
                    app.start()
                self.assertEqual(app.process.returncode, 2)
                self.assertIn(text, app.tail())
                app.close()

    def test_an_app_without_a_scheduler_says_what_it_waits_for(self):
        app = Server(PROGRAM, command="app", environment=dict(
            os.environ, SESSION_POOL_URL="http://127.0.0.1:1",
            DURABLE_TASK_SCHEDULER_CONNECTION_STRING="Endpoint=http://127.0.0.1:1;TaskHub=h;Authentication=None"))
        self.addCleanup(app.close)
        app.start(wait=False)
        deadline = time.monotonic() + 60
        while "not ready yet" not in app.tail() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertRegex(app.tail(), 'not ready yet cause="[^"]*127.0.0.1')
        self.assertFalse(os.path.exists(os.path.join(app.data, "ready.json")))
        self.assertEqual(app.stop(), 0)


class ForeignPool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scheduler = Server(PROGRAM, command="scheduler").start()
        cls.addClassCleanup(cls.scheduler.close)

    def run_with(self, answers, *arguments):
        fake = FakePool(answers)
        self.addCleanup(fake.close)
        app = start_app(self, fake.url, self.scheduler.ready["schedulerConnectionString"], arguments)
        return fake, app

    def tearDown(self):
        self.doCleanups()  # one worker at a time on the hub

    def test_what_is_sent(self):
        fake, app = self.run_with([GOOD], "--run-timeout", "7s", "--session-pool-token", "secret")
        app.until(app.submit("print('hi')\n# \u00e9"), "waiting")
        path, headers, body = fake.requests[0]
        split = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(split.query)
        self.assertEqual(split.path, "/some/prefix/code/execute")
        self.assertEqual(query["api-version"], ["2024-02-02-preview"])
        self.assertEqual(headers["Authorization"], "Bearer secret")
        self.assertEqual(body, {"properties": {"codeInputType": "inline", "executionType": "synchronous",
                                               "code": "print('hi')\n# \u00e9", "timeoutInSeconds": 7}})
        path, _, body = fake.requests[1]  # the session is released after the run
        self.assertIsNone(body)
        self.assertIn("/some/prefix/session?", path)
        self.assertIn("identifier=" + query["identifier"][0], path)

    def test_a_full_pool_is_tried_again(self):
        fake, app = self.run_with([FULL, (503, b"", "text/plain"), "hang up", GOOD])
        request_id = app.submit("print('hi')")
        seen = app.until(request_id, "waiting")
        self.assertEqual(seen["result"]["stdout"], "hi\n")
        runs = [body for _, _, body in fake.requests if body]
        self.assertEqual(len(runs), 4)
        self.assertEqual(seen["attempts"], 4)

    def test_a_stop_breaks_a_long_run_off_and_the_next_start_repeats_it(self):
        fake, app = self.run_with(["hang", GOOD])
        request_id = app.submit("print('hi')")
        app.until(request_id, "running")
        eventually(self, lambda: fake.requests, "nobody asked the pool")
        self.assertEqual(app.stop(), 0)  # in order, although the run has no end
        self.assertTrue(fake.released.is_set())  # and its session does not run on
        app.start()
        seen = app.until(request_id, "waiting")
        self.assertEqual((seen["attempts"], seen["result"]["stdout"]), (2, "hi\n"))

    def test_a_refusal_fails_the_request_with_its_cause(self):
        table = [
            ((403, {"error": {"code": "Forbidden", "message": "no role"}}), "403 Forbidden: no role"),
            ((404, b"<html>", "text/html"), "404"),
            ((200, b"not json"), "properties.status"),
            ((200, {"status": "Succeeded"}), "properties.status"),
            ((200, {"properties": {"status": 7}}), "properties.status"),
            ((200, b"[" * 100000), "properties.status"),
        ]
        for answer, cause in table:
            with self.subTest(answer=str(answer)[:60]):
                _, app = self.run_with([answer])
                over = app.until(app.submit("print('hi')"), "failed")
                self.assertIn(cause, over["error"]["message"])
                app.close()

    def test_a_giant_answer_is_cut_and_says_so(self):
        giant = json.loads(json.dumps(GOOD[1]))
        giant["properties"]["stdout"] = "\u0001x" * 2_000_000
        _, app = self.run_with([(200, giant)])
        seen = app.until(app.submit("print('hi')"), "waiting")
        self.assertTrue(seen["result"]["stdoutTruncated"])
        self.assertLess(len(json.dumps(seen)), 1_048_576)  # the scheduler's limit for one payload


class NoScheduler(unittest.TestCase):
    def test_a_scheduler_that_is_gone_is_503_and_the_app_lives(self):
        scheduler = Server(PROGRAM, command="scheduler")
        self.addCleanup(scheduler.close)
        scheduler.start()
        fake = FakePool([GOOD])
        self.addCleanup(fake.close)
        app = start_app(self, fake.url, scheduler.ready["schedulerConnectionString"])
        scheduler.kill()
        for method, path, body in (("POST", "/code/execute", "print(1)"), ("GET", "/v1/requests/x", None)):
            with self.subTest(path=path):
                status, headers, answer = app.ask(method, path, body, timeout=90)
                self.assertEqual(status, 503, answer)
                self.assertIn("scheduler", answer["detail"])
                self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertFalse(app.ask("GET", "/healthz")[2]["ok"])
        scheduler.start()
        app.until(app.submit("print('hi')"), "waiting")


if __name__ == "__main__":
    unittest.main(verbosity=2)
