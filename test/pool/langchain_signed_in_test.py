# SPDX-License-Identifier: MIT
"""langchain-azure-dynamic-sessions from PyPI, unmodified, against a pool with sign-in: a token of an application that was made, from
our token service.

If this fails, who moves from the cloud's pool to a signed-in one of ours cannot come in, or strangers can. Usage:
langchain_signed_in_test.py PROGRAM"""
import json
import pathlib
import sys
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from langchain_azure_dynamic_sessions import SessionsPythonREPLTool  # noqa: E402

from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
AUDIENCE = "https://dynamicsessions.io"


class SignedIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start().sign_in()
        made = cls.server.ask("POST", "/v1/directory/applications", {"name": "chain"})[2]
        cls.client = {"client_id": made["clientId"], "client_secret": made["secret"]}

    def token(self, audience=AUDIENCE):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": f"{audience}/.default", **self.client})
        status, _, answer = self.server.ask("POST", "/common/oauth2/v2.0/token", form.encode(),
                                            {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 200, answer)
        return answer["access_token"]

    def run_code(self, provider):
        tool = SessionsPythonREPLTool(pool_management_endpoint=self.server.ready["sessionPoolUrl"], access_token_provider=provider,
                                      session_id=str(uuid.uuid4()))
        return json.loads(tool.invoke("6 * 7"))["result"]

    def refused(self, provider):
        with self.assertRaises(Exception) as caught:
            self.run_code(provider)
        return str(caught.exception)

    def test_a_token_of_ours_with_the_role_comes_in(self):
        self.assertIn("403", self.refused(self.token))
        status, _, answer = self.server.ask("POST", "/v1/directory/assignments", {
            "role": "Azure ContainerApps Session Executor", "principal": "chain", "scope": "/pool"})
        self.assertIn(status, (200, 201), answer)
        self.assertEqual(self.run_code(self.token), 42)
        self.assertIn("401", self.refused(lambda: self.token("https://durabletask.io")))
        self.assertIn("401", self.refused(lambda: "any-token"))


if __name__ == "__main__":
    unittest.main()
