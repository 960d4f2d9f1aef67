# SPDX-License-Identifier: MIT
"""State, time limits, queues, crashes, and the life of sessions (session-pool-api.md 6.8, 8, 9; SP-44..SP-53,
SP-69..SP-76), against a real server process with real sessions. Nothing here measures time: a limit shows in what is
answered, an order in what code saw."""
import concurrent.futures
import datetime
import unittest

from pool_case import HELD, TIME, PoolTest
from pool_process import V3, V4, fresh, wait_until


class Calls(PoolTest):
    def test_sp44_sp45_sp46_sp53_state(self):
        self.value("x = 5")
        self.assertEqual(self.value("x"), 5)
        other = fresh()
        self.assertIn("NameError", self.pool.run(other, "x").json["result"]["stderr"])
        self.pool.call("DELETE", "/session", other)
        self.pool.run(self.id, "y = 6\n1/0")
        self.assertEqual(self.value("y"), 6)
        self.value("import os; os.chdir('/mnt/data')")
        self.value("import threading\nstop = threading.Event()\nt = threading.Thread(target=stop.wait); t.start()")
        self.assertIs(self.value("t.is_alive()"), True)
        self.assertIs(self.value("stop.set(); t.join(); t.is_alive()"), False)

    def test_sp47_timeout_keeps_state_if_it_yields(self):
        self.value("kept = 1")
        body = self.pool.run(self.id, "import time\nprint('begun')\nwhile True: time.sleep(60)", timeoutInSeconds=1).json
        self.assertEqual((body["status"], body["result"]["executionResult"]), ("Failed", ""))
        self.assertEqual(body["result"]["stdout"], "begun\n")
        self.assertTrue(body["result"]["stderr"].splitlines()[-1].startswith("Timeout"))
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertEqual(self.value("kept"), 1)

    def test_sp47_timeout_kills_what_does_not_yield(self):
        code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
        self.value("kept = 1")
        body = self.pool.run(self.id, code, timeoutInSeconds=1).json
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertEqual(self.pool.run(self.id, "kept").json["status"], "Failed")

    def test_sp49_parallel_calls_are_queued(self):
        self.value("import time\nlog = []")
        with concurrent.futures.ThreadPoolExecutor(10) as threads:
            code = "log.append('in'); time.sleep(0.02); log.append('out'); len(log)"
            results = sorted(f.result() for f in [threads.submit(self.value, code) for _ in range(10)])
        self.assertEqual(results, list(range(2, 22, 2)))
        self.assertIs(self.value("log == ['in', 'out'] * 10"), True)

    def test_sp50_identifiers_run_in_parallel(self):
        other = fresh()
        held = self.hold(self.id)
        self.assertEqual(self.value("6 * 7", other), 42)
        self.assertEqual(self.poll(self.id, held)["status"], "Running")
        self.assertEqual(self.release(self.id, held)["status"], "Succeeded")
        self.pool.call("DELETE", "/session", other)

    def test_files_do_not_wait_for_code_nor_code_for_files(self):
        held = self.hold(self.id, "open('/mnt/data/in').read()")
        self.assertEqual(self.pool.upload(self.id, "in", b"x").status, 200)
        self.assertEqual(self.pool.call("GET", "/files/in/content", self.id).body, b"x")
        self.assertEqual([e["name"] for e in self.pool.call("GET", "/files", self.id).json["value"]], ["in"])
        self.assertEqual(self.poll(self.id, held)["status"], "Running")
        self.assertEqual(self.release(self.id, held)["result"]["executionResult"], "'x'")

    def test_order_of_a_mixed_queue(self):
        """Asynchronous and synchronous calls are one queue."""
        held = self.hold(self.id, "log = ['held']")
        ids = [self.pool.run(self.id, f"log.append({n})", executionType="Asynchronous").json["id"] for n in range(5)]
        self.assertEqual({self.poll(self.id, i)["status"] for i in ids}, {"NotStarted"})
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            last = threads.submit(self.value, "str(log)")
            wait_until(lambda: self.pool.report()["sessions"]["busy"] == 1)
            self.release(self.id, held)
            self.assertEqual(last.result(), repr(str(["held", 0, 1, 2, 3, 4])))

    def test_sp51_first_call_takes_a_ready_session(self):
        wait_until(lambda: self.pool.report()["sessions"]["ready"] >= 1)
        answer = self.pool.run(self.id, "1")
        self.assertEqual(answer.headers["x-ms-new-allocation"], "true")
        self.assertLess(float(answer.headers["x-ms-allocation-time"]), 1000)

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

    def test_output_at_its_limit(self):
        """A stream of exactly as many bytes is whole, one more is cut and says so."""
        for limit, size in ((10, 10), (None, 1 << 20)):
            members = {"outputStreamsMaxLength": limit} if limit else {}
            for stream in ("stdout", "stderr"):
                for more, cut in ((0, False), (1, True)):
                    code = f"import sys; print('x' * {size + more}, end='', file=sys.{stream})"
                    result = self.pool.run(self.id, code, **members).json["result"]
                    self.assertEqual(result.get(stream + "Truncated", False), cut)
                    self.assertEqual(result[stream] == "x" * (size + more), not cut)
                    if limit:
                        self.assertEqual(len(result[stream]), size)

    def test_floods(self):
        code = "import sys\nfor _ in range(200): sys.stdout.write('x' * 100000)\nsys.stdout.write('END')"
        result = self.pool.run(self.id, code).json["result"]
        self.assertTrue(result["stdoutTruncated"])
        self.assertTrue(result["stdout"].startswith("xxx") and result["stdout"].endswith("xEND"))
        self.assertLess(len(result["stdout"]), (1 << 20) + 100)
        result = self.pool.run(self.id, "import os\nos.write(1, b'a\\xff\\x00\\x1b[31mb')").json["result"]
        self.assertEqual(result["stdout"], "a\ufffd\0\x1b[31mb")
        body = self.pool.run(self.id, "import os\nwhile True: os.write(1, b'y' * 65536)", timeoutInSeconds=1).json
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertEqual(self.value("3"), 3)


class Ceiling(PoolTest):
    settings = {"ready": 1, "execution_max_s": 3}

    def test_sp48_ceiling(self):
        for limit in (4, 100000, 1 << 31, (1 << 63) - 1):
            self.assertEqual(self.value("1", timeoutInSeconds=limit), 1)
        body = self.pool.run(self.id, "import time\nwhile True: time.sleep(60)", timeoutInSeconds=(1 << 63) - 1).json
        self.assertEqual(body["error"]["error"]["code"], "Timeout")
        self.assertIn(" 3000 ms ", body["error"]["error"]["message"])


class Sessions(PoolTest):
    settings = {"max": 4, "ready": 2}

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

    def test_delete_while_running(self):
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            running = threads.submit(self.pool.run, self.id, HELD)
            wait_until(lambda: self.pool.report()["sessions"]["busy"] == 1)
            self.assertEqual(self.pool.call("DELETE", "/session", self.id).status, 204)
            body = running.result().json
        self.assertEqual((body["status"], body["error"]["error"]["code"]), ("Canceled", "Canceled"))
        self.assertEqual(self.value("1"), 1)


class Cooldown(PoolTest):
    settings = {"ready": 1, "cooldown_s": 1}

    def listed(self):
        """What /listSessions says of ours, or None; to ask does not postpone its end."""
        found = [e for e in self.pool.call("GET", "/listSessions").json["sessions"] if e["identifier"] == self.id]
        return found[0] if found else None

    def test_sp75_cooldown(self):
        self.value("x = 1; open('/mnt/data/f', 'w').close()")
        wait_until(lambda: self.listed() is None)
        self.assertError(self.pool.call("GET", "/session", self.id), 404, "NoSessionFoundError")
        self.assertEqual(self.pool.call("GET", "/files", self.id).json["value"], [])
        self.assertIn("NameError", self.pool.run(self.id, "x").json["result"]["stderr"])


class Use(PoolTest):
    """What postpones the end of a session; its cooldown is long enough to see."""
    settings = {"ready": 2, "cooldown_s": 400}

    def entry(self):
        return [e for e in self.pool.call("GET", "/listSessions").json["sessions"] if e["identifier"] == self.id][0]

    def test_any_request_is_use(self):
        self.value("1")
        requests = (lambda: self.pool.call("GET", "/files", self.id), lambda: self.pool.call("GET", "/session", self.id),
                    lambda: self.pool.run(self.id, "1/0"), lambda: self.pool.run(self.id, ""),
                    lambda: self.pool.call("GET", "/executions/none", self.id),
                    lambda: self.pool.call("GET", "/files/%2E%2E%2Fx", self.id),
                    lambda: self.pool.call("POST", "/files", self.id, V4, b"no form"))
        for n, request in enumerate(requests):
            before = self.entry()
            self.assertLess(request().status, 500)
            after = self.entry()
            self.assertLess(before["lastAccessedAt"], after["lastAccessedAt"], n)
            self.assertEqual(before["createdAt"], after["createdAt"])
        self.assertEqual(self.entry(), self.entry())

    def test_the_end_is_the_last_use_and_the_cooldown(self):
        self.value("1")
        entry = self.entry()
        last, end = (datetime.datetime.fromisoformat(entry[n][:26].rstrip("Z") + "+00:00")
                     for n in ("lastAccessedAt", "expireAt"))
        self.assertAlmostEqual((end - last).total_seconds(), 400, delta=0.001)

    def test_a_deleted_session_leaves_nothing(self):
        for method, route, status in (("DELETE", "/session", 204), ("POST", "/.management/stopSession", 200)):
            self.value("x = 1; open('/mnt/data/f', 'w').close()")
            held = self.hold(self.id)
            answer = self.pool.call(method, route, self.id)
            self.assertEqual((answer.status, "x-ms-session-guid" in answer.headers), (status, False))
            self.assertError(self.pool.call("GET", "/executions/" + held, self.id), 404, "ExecutionNotFound")
            self.assertError(self.pool.call(method, route, self.id), 404, "NoSessionFoundError")
            self.assertEqual(self.pool.call("GET", "/files", self.id).json["value"], [])
            self.assertIn("NameError", self.pool.run(self.id, "x").json["result"]["stderr"])

    def test_results_stay_for_polling(self):
        """The latest hundred at least, also while many wait, and over a crash."""
        held = self.hold(self.id)
        ids = [self.pool.run(self.id, str(n), executionType="Asynchronous").json["id"] for n in range(120)]
        self.release(self.id, held)
        wait_until(lambda: self.poll(self.id, ids[-1])["status"] == "Succeeded", 60)
        self.assertEqual([self.poll(self.id, i)["result"]["executionResult"] for i in ids], list(range(120)))
        own = self.pool.run(self.id, "7", headers={"operation-id": "o" * 128})
        self.assertEqual(self.pool.run(self.id, "import os; os._exit(1)").json["status"], "Failed")
        self.assertEqual(self.poll(self.id, own.json["id"])["result"]["executionResult"], 7)


if __name__ == "__main__":
    unittest.main(verbosity=1)
