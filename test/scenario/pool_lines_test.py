# SPDX-License-Identifier: MIT
"""The app's connections to its pool: kept from run to run, resumed where they are new, and never used to send code twice.

If this fails, each run costs a connect and a handshake, or a run's code goes out again without anybody's knowledge.
Usage: pool_lines_test.py PROGRAM
"""
import os
import pathlib
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "credential"))
from fake_pool import GOOD, FakePool, eventually  # noqa: E402
from server import Server  # noqa: E402
from token_service import TokenService, certificate, good  # noqa: E402

PROGRAM = sys.argv.pop(1)


class Lines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scheduler = Server(PROGRAM, command="scheduler").start()
        cls.addClassCleanup(cls.scheduler.close)

    def tearDown(self):
        self.doCleanups()  # one worker at a time on the hub

    def app(self, answers, *arguments, tls=None, **environment):
        self.pool = FakePool(answers, tls)
        self.addCleanup(self.pool.close)
        self.server = Server(PROGRAM, command="app", arguments=arguments, environment=dict(
            os.environ, SESSION_POOL_URL=self.pool.url, **environment,
            DURABLE_TASK_SCHEDULER_CONNECTION_STRING=self.scheduler.ready["schedulerConnectionString"]))
        self.addCleanup(self.server.close)
        return self.server.start()

    def run_one(self, until="waiting"):
        """Runs code; returns when its session was released, too."""
        before = sum(body is None for _, _, body in self.pool.requests)
        seen = self.server.until(self.server.submit("print('hi')"), until)
        eventually(self, lambda: sum(body is None for _, _, body in self.pool.requests) > before, "nothing was released")
        return seen

    def runs(self):
        return sum(body is not None for _, _, body in self.pool.requests)

    def secured(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        key, crt = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        return context, str(crt)

    def test_runs_share_one_connection(self):
        self.app([GOOD])
        for _ in range(5):
            self.run_one()
        self.assertEqual(self.pool.lines, [1] * 10)

    def test_runs_share_one_connection_with_tls(self):
        context, authority = self.secured()
        self.app([GOOD], "--ca-file", authority, tls=context)
        for _ in range(5):
            self.run_one()
        self.assertEqual((self.pool.lines, self.pool.resumed), ([1] * 10, [False]))

    def test_a_new_connection_resumes_the_session_of_an_older_one(self):
        context, authority = self.secured()
        self.app([GOOD], "--ca-file", authority, tls=context)
        self.pool.close_after = True
        for _ in range(3):
            self.run_one()
        self.assertEqual(self.pool.lines, [1, 2, 3, 4, 5, 6])
        self.assertEqual(self.pool.resumed, [False] + [True] * 5)

    def test_a_connection_that_the_pool_has_closed_is_not_used(self):
        self.app([GOOD])
        self.pool.close_after = True
        for _ in range(3):
            self.assertEqual(self.run_one()["attempts"], 1)
        self.assertEqual(self.pool.lines, [1, 2, 3, 4, 5, 6])

    def test_code_goes_out_once_for_each_try(self):
        """libcurl repeats a request by itself when a connection that it has kept ends without an answer: the code would run
        twice, and nobody would know."""
        self.app([GOOD, "hang up", GOOD])
        self.run_one()
        seen = self.run_one()
        self.assertEqual(self.pool.lines[2], 1)  # it was a kept one that ended
        self.assertEqual((self.runs(), seen["attempts"]), (3, 2))
        self.assertEqual(self.server.tail().count("run failed"), 1)

    def test_a_token_that_is_refused_is_renewed_on_the_same_connection(self):
        service = self.enterContext(TokenService())
        service.plan(good("tok-1"), good("tok-2"))
        self.app([GOOD], "--session-pool-authentication", "ManagedIdentity", IDENTITY_ENDPOINT=f"{service.url}/msi/token",
                 IDENTITY_HEADER="h")
        self.run_one()
        self.pool.takes = "tok-2"
        self.assertGreater(self.run_one()["attempts"], 1)
        shown = [headers["Authorization"].removeprefix("Bearer ") for _, headers, body in self.pool.requests if body]
        self.assertEqual((shown[0], shown[-1]), ("tok-1", "tok-2"))
        self.assertEqual(set(self.pool.lines), {1})


if __name__ == "__main__":
    unittest.main(verbosity=2)
