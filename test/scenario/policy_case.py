# SPDX-License-Identifier: MIT
"""What tests of policies have in common: a server with sign-in, several people, and what these do. The first argument is the
program."""
import json
import os
import subprocess
import sys
import time
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
# Name: roles, groups.
PEOPLE = {
    "sam": (["submitter"], []),
    "mina": (["reviewer", "submitter"], ["security"]),
    "noor": (["reviewer"], ["security"]),
    "otto": (["reviewer"], ["data"]),
    "priya": (["reviewer"], ["security", "data"]),
    "rita": (["reviewer"], []),
    "ada": (["auditor"], []),
}


class Case(unittest.TestCase):
    """A server with sign-in. People are called by their first names."""
    arguments = ()
    people = {}
    environment = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "2", *cls.arguments],
                            environment=cls.environment).start()
        cls.addClassCleanup(cls.server.close)
        cls.local = cls.server.local_key()
        cls.keys, groups = {}, set()
        for name, (roles, member_of) in cls.people.items():
            cls.keys[name] = cls.server.key_of(name, *roles)
            for group in member_of:
                if group not in groups:
                    cls.server.change_directory("groups", {"name": group})
                groups.add(group)
                cls.server.change_directory(f"groups/{group}/members", {"member": name})

    def ask(self, method, path, body=None, who=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {self.keys[who] if who else self.local}"
        return self.server.ask(method, path, body, headers)

    def good(self, method, path, body=None, who=None, **headers):
        status, _, answer = self.ask(method, path, body, who, **headers)
        self.assertIn(status, (200, 201, 204), (method, path, answer))
        return answer

    def apply(self, text, match="*", who=None):
        return self.ask("PUT", "/v1/policy", text.encode(), who, Content_Type="application/yaml", If_Match=match)

    def rule(self, text):
        """Has it in force; returns its version."""
        status, _, answer = self.apply(text)
        self.assertEqual(status, 200, answer)
        return answer["version"]

    def entries(self, thing):
        """What the audit log has of it."""
        text = self.server.raw("GET", f"/v1/audit?limit=1000&object={thing}", headers={"Authorization": f"Bearer {self.local}"})
        return [json.loads(line) for line in text.splitlines()]

    def command(self, *arguments, who=None, given=None):
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "SALLYPORT_KEY": self.keys[who] if who else self.local,
                       "SALLYPORT_URL": f"http://127.0.0.1:{self.server.port}", "DURABLE_TASK_SCHEDULER_TOKEN": self.local,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, text=True, env=environment, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def submit(self, code, who="sam", **members):
        return self.good("POST", "/v1/requests", {"code": code, **members}, who)

    def look(self, request_id, who=None):
        return self.good("GET", f"/v1/requests/{request_id}", who=who)

    def until(self, request_id, *states, seconds=60):
        deadline = time.monotonic() + seconds
        while (shown := self.look(request_id))["state"] not in states:
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.02)
        return shown

    def waiting(self, code="print(1)", **members):
        return self.until(self.submit(code, **members)["id"], "waiting")

    def vote(self, request_id, who, answer="approve", **members):
        return self.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer, **members}, who)

    def approve(self, request_id, *people):
        for who in people:
            status, _, answer = self.vote(request_id, who)
            self.assertEqual(status, 200, answer)
        return answer
