# SPDX-License-Identifier: MIT
"""Agents at /mcp: the official TypeScript SDK's client over HTTP and over `sallyport mcp`; what is no message; who may.

If this fails, an agent cannot submit code, or gets what nobody has approved yet.
Usage: mcp_test.py PROGRAM FOLDER; FOLDER gets the SDK from npm, without which the tests that need it are skipped.
"""
import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenario"), str(HERE.parent / "lib")]
import npm  # noqa: E402
from server import Server  # noqa: E402

PROGRAM, FOLDER = str(pathlib.Path(sys.argv.pop(1)).resolve()), pathlib.Path(sys.argv.pop(1))
HEADERS = {"Accept": "application/json, text/event-stream"}


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = npm.fetch(HERE / "js", FOLDER)
        if missing:
            raise unittest.SkipTest(missing)
        cls.server = Server(PROGRAM)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def drive(self, *arguments):
        done = subprocess.run(["node", "client.mjs", arguments[0], self.server.ready["url"], *arguments[1:]], cwd=FOLDER,
                              capture_output=True, text=True, timeout=240)
        self.assertEqual((done.returncode, done.stdout), (0, "good\n"), done.stderr)

    def test_rp65_the_official_client_over_http(self):
        """RP-65, RP-14: a step behind the approval; a wish for changes is handed over in words."""
        self.drive("http")

    def test_rp65_the_official_client_over_standard_input_and_output(self):
        self.drive("stdio", PROGRAM)


class Bytes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "0"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start().sign_in()

    def say(self, message, headers=None, status=200):
        got, _, answer = self.server.ask("POST", "/mcp", message, {**HEADERS, **(headers or {})})
        self.assertEqual(got, status, answer)
        return answer

    def test_a_notification_is_accepted_without_a_word(self):
        self.assertEqual(self.say({"jsonrpc": "2.0", "method": "notifications/initialized"}, status=202), "")

    def test_a_revision_that_is_not_spoken_is_refused(self):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        self.assertEqual(self.say(ping, {"MCP-Protocol-Version": "2025-06-18"})["result"], {})
        self.say(ping, {"MCP-Protocol-Version": "1999-01-01"}, status=400)

    def test_there_is_no_stream_of_the_servers_own(self):
        status, headers, _ = self.server.ask("GET", "/mcp", headers=HEADERS)
        self.assertEqual((status, headers["Allow"]), (405, "POST"))

    def test_nobody_comes_without_a_key(self):
        key, self.server.token = self.server.token, None
        try:
            self.say({"jsonrpc": "2.0", "id": 1, "method": "ping"}, status=401)
        finally:
            self.server.token = key

    def test_a_tool_has_the_rights_of_who_calls_it(self):
        """An auditor may read and not submit, by a tool as little as by the API."""
        command = [PROGRAM, "user", "create", "auditor@example.org", "--json", "--url", self.server.ready["url"],
                   "--data", self.server.data]
        user = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for words in (["role", "create", "Auditor", "--to", user["name"], "--scope", "/app"],):
            subprocess.run([PROGRAM, *words, *command[5:]], check=True, capture_output=True)
        made = subprocess.run([PROGRAM, "key", "create", "--owner", user["name"], "--name", "k", "--json", *command[5:]],
                              check=True, capture_output=True)
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": "run_code", "arguments": {"code": "1", "wait_seconds": 0}}}
        headers = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
        self.assertIs(self.say(call, headers)["result"]["isError"], True)
        call["params"] = {"name": "list_requests", "arguments": {}}
        self.assertIs(self.say(call, headers)["result"]["isError"], False)


if __name__ == "__main__":
    unittest.main()
