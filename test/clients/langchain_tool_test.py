# SPDX-License-Identifier: MIT
"""RP-66: the example tool for LangChain, called as an agent calls it, against a real server.

If this fails, who copies the example has an agent that takes a wait for a failure, or a rejection for a result.
Usage: langchain_tool_test.py PROGRAM SOURCE_FOLDER
"""
import os
import pathlib
import re
import sys
import threading
import unittest

PROGRAM, SOURCE = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenario"), str(HERE.parent / "lib"), str(SOURCE / "clients/python"), str(SOURCE / "examples")]
import langchain_tool  # noqa: E402
from server import Server  # noqa: E402


class Tool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM).start()
        cls.addClassCleanup(cls.server.close)
        os.environ["SALLYPORT_URL"] = f"http://localhost:{cls.server.port}"

    def run_and_decide(self, answer, **vote):
        """What the tool tells the agent whose code somebody decides on meanwhile."""
        told = []
        call = {"code": f"print('{answer}', 6 * 7)", "purpose": f"to see {answer}"}
        agent = threading.Thread(target=lambda: told.append(langchain_tool.run_code.invoke(call)), daemon=True)
        agent.start()
        waiting = []
        while not waiting:
            self.assertTrue(agent.is_alive(), told)
            waiting = [one["id"] for one in self.server.ask("GET", f"/v1/requests?state=waiting&q={answer}")[2]["requests"]]
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{waiting[0]}/votes", {"answer": answer, **vote})[0], 200)
        agent.join(60)
        return told[0]

    def test_rp_66_what_was_printed_comes_after_the_approval(self):
        self.assertEqual(self.run_and_decide("approve"), "approve 42\n")

    def test_rp_66_a_rejection_is_told_with_its_comment(self):
        told = self.run_and_decide("reject", comment="not on a Friday")
        self.assertIn("rejected", told)
        self.assertIn("not on a Friday", told)

    def test_rp_66_what_waits_is_looked_at_later(self):
        langchain_tool.WAIT_S, before = 0.01, langchain_tool.WAIT_S
        self.addCleanup(setattr, langchain_tool, "WAIT_S", before)
        told = langchain_tool.run_code.invoke({"code": "print(1)", "purpose": "to wait"})
        request = re.search(r"Request (\S+) waits for a person", told).group(1)
        self.server.until(request, "waiting")
        self.assertIn("waits for a person", langchain_tool.look_at_request.invoke({"request_id": request}))
        self.server.ask("POST", f"/v1/requests/{request}/votes", {"answer": "approve"})
        self.assertEqual(langchain_tool.look_at_request.invoke({"request_id": request}), "1\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
