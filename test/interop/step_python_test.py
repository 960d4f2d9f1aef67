# SPDX-License-Identifier: MIT
"""The example in Python, with the official SDK: its orchestration awaits what a person decides. If this fails, nobody who copies it
hears of the decision.

Usage: step_python_test.py PROGRAM EXAMPLE"""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenario"))
from server import Server  # noqa: E402
from process import Process  # noqa: E402

PROGRAM, EXAMPLE = sys.argv.pop(1), sys.argv.pop(1)


class Step(unittest.TestCase):
    def request_of(self, server, parent, step):
        """The only request that this instance waits for."""
        deadline = time.monotonic() + 60
        while True:
            listed = server.ask("GET", "/v1/requests?state=waiting")[2]["requests"]
            found = [item for item in listed if item.get("parentInstanceId") == parent]
            if found:
                self.assertEqual(len(found), 1)
                return found[0]
            self.assertLess(time.monotonic(), deadline, step.said())
            time.sleep(0.05)

    def test_an_orchestration_in_python_awaits_a_decision(self):
        """RP-12: an object and a string."""
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            for words, answer, said in ((["print('hi')", "from python"], "approve", "\"approved, and it printed 'hi\\\\n'\""),
                                        (["print('hi')", "no"], "reject", '"not approved: rejected"'),
                                        (["print('hi')"], "approve", '"approved"')):
                with Process([sys.executable, EXAMPLE, f"127.0.0.1:{server.port}", "default", *words]) as step:
                    request = self.request_of(server, step.line().removeprefix("instance "), step)
                    status, _, body = server.ask("POST", f"/v1/requests/{request['id']}/votes", {"answer": answer})
                    self.assertEqual(status, 200, body)
                    self.assertEqual(step.line(60), f"completed {said}")
                    self.assertEqual(step.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
