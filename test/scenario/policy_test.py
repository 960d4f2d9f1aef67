# SPDX-License-Identifier: MIT
"""Policies through the front door: a real server with sign-in and several people. Each test names its statement (RP-…). If one
fails, code counts that fewer people have looked at than the policy demands, or nobody can say why it did.

Usage: policy_test.py PROGRAM"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)


class Case(unittest.TestCase):
    """A server with sign-in; people are made as they are needed."""
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "2", *cls.arguments]).start()
        cls.addClassCleanup(cls.server.close)
        cls.local = pathlib.Path(cls.server.data, "local.key").read_text().strip()
        cls.keys = {}

    def ask(self, method, path, body=None, who=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {self.key(who) if who else self.local}"
        return self.server.ask(method, path, body, headers)

    def good(self, method, path, body=None, who=None, **headers):
        status, _, answer = self.ask(method, path, body, who, **headers)
        self.assertIn(status, (200, 201, 204), (method, path, answer))
        return answer

    def key(self, who):
        return self.keys[who]

    @classmethod
    def person(cls, name, *roles, groups=()):
        """Somebody with these roles everywhere, in these groups, and a key of theirs."""
        def good(method, path, body):
            status, _, answer = cls.server.ask(method, path, body, {"Authorization": f"Bearer {cls.local}"})
            assert status in (200, 201, 204, 409), (path, answer)
            return answer
        good("POST", "/v1/directory/users", {"name": name})
        for role in roles:
            good("POST", "/v1/directory/assignments", {"role": role, "principal": name, "scope": "/"})
        for group in groups:
            good("POST", "/v1/directory/groups", {"name": group})
            good("POST", f"/v1/directory/groups/{group}/members", {"member": name})
        cls.keys[name] = good("POST", "/v1/directory/keys", {"name": f"key of {name}", "owner": name})["key"]
        return name

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
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "SALLYPORT_KEY": self.key(who) if who else self.local,
                       "SALLYPORT_URL": f"http://127.0.0.1:{self.server.port}",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, text=True, env=environment, timeout=60)
        return done.returncode, done.stdout, done.stderr


class Versions(Case):
    """RP-32: a file is refused whole with its place; versions are kept, shown and in the audit log."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person("olga@example.org", "operator")
        cls.person("rita@example.org", "reviewer")
        cls.person("sam@example.org", "submitter")

    def test_who_may(self):
        for who, read, write in (("olga@example.org", 200, 200), ("rita@example.org", 200, 403), ("sam@example.org", 403, 403)):
            self.assertEqual(self.ask("GET", "/v1/policy", who=who)[0], read, who)
            self.assertEqual(self.apply("defaults: { timeout: 7h }", who=who)[0], write, who)

    def test_a_bad_one_is_refused_whole(self):
        version = self.rule("defaults: { timeout: 8h }")
        status, _, answer = self.apply("defaults:\n  gate: after\n  aprovals: 2\n")
        self.assertEqual((status, answer["type"], answer["line"], answer["column"]),
                         (422, "urn:sallyport:problem:policy-refused", 3, 3))
        self.assertIn('did you mean "approvals"?', answer["detail"])
        shown = self.good("GET", "/v1/policy")
        self.assertEqual((shown["version"], shown["text"]), (version, "defaults: { timeout: 8h }"))
        big = self.apply("# " + "x" * (300 << 10))
        self.assertEqual(big[0], 413)
        self.assertEqual(self.ask("PUT", "/v1/policy", b"defaults: {}", If_Match="*")[0], 415)

    def test_nobody_undoes_anothers_unseen(self):
        version = self.rule("defaults: { timeout: 9h }")
        self.assertEqual(self.ask("GET", "/v1/policy")[1]["ETag"], f'"{version}"')
        for match, expected in ((f'"{version - 1}"', 412), ("9", 428), ('""', 428), ('"x"', 428), (f'"{version}"', 200)):
            status, _, answer = self.apply("defaults: { timeout: 10h }", match)
            self.assertEqual(status, expected, (match, answer))
        self.assertEqual(self.ask("PUT", "/v1/policy", b"{}", Content_Type="application/yaml")[0], 428)
        self.assertEqual(self.good("GET", f"/v1/policy/versions/{version}")["text"], "defaults: { timeout: 9h }")
        self.assertEqual(self.ask("GET", "/v1/policy/versions/12345")[0], 404)
        self.assertEqual(self.ask("GET", "/v1/policy/versions/x")[0], 404)

    def test_history_and_the_log(self):
        first = self.rule("defaults: { timeout: 11h }")
        self.assertEqual(self.rule("defaults: { timeout: 11h }"), first)  # the same is no other version
        self.assertEqual(self.command("policy", "apply", "-", "-m", "shorter", who="olga@example.org",
                                      given="defaults: { timeout: 1h }")[0], 0)
        page = self.good("GET", "/v1/policy/versions?limit=1")
        self.assertEqual((page["versions"][0]["version"], page["versions"][0]["comment"], page["versions"][0]["by"]["name"], page["next"]),
                         (first + 1, "shorter", "olga@example.org", first + 1))
        self.assertEqual(self.good("GET", f"/v1/policy/versions?limit=1&after={page['next']}")["versions"][0]["version"], first)
        code, out, _ = self.command("policy", "history")
        self.assertEqual((code, out.splitlines()[1].split()[0]), (0, str(first + 1)))
        self.assertIn("shorter", out)
        self.assertEqual(self.command("policy", "show", "--number", str(first))[1], "defaults: { timeout: 11h }")
        self.assertEqual([(entry["action"], entry["actor"]["name"], entry["details"]["comment"])
                          for entry in self.entries(f"policy/{first + 1}")],
                         [("policy.applied", "olga@example.org", "shorter")])

    def test_the_command_tells_the_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bad.yaml")
            path.write_text("rules:\n- { name: a, do: alow, when: { language: python } }\n")
            code, out, err = self.command("policy", "apply", str(path))
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"{path}:2:18: ", err)
            self.assertIn('did you mean "allow"?', err)
            self.assertEqual(self.command("policy", "apply", str(path) + ".gone")[0], 1)
            self.assertEqual(self.command("policy", "apply", str(path), who="rita@example.org")[0], 7)


class AtTheStart(unittest.TestCase):
    """RP-32: the file of the setting."""

    def start(self, *arguments):
        server = Server(PROGRAM, arguments=["--ready-sessions", "0", *arguments])
        self.addCleanup(server.close)
        return server

    def test_the_file_rules_from_the_start(self):
        server = self.start()
        path = pathlib.Path(server.data, "policy.yaml")
        path.write_text("defaults: { timeout: 3h }\n")
        server.arguments += ["--policy", str(path)]
        server.start()
        shown = server.ask("GET", "/v1/policy")[2]
        self.assertEqual((shown["version"], shown["via"], shown["by"]["id"], shown["text"]),
                         (1, "file", "server", "defaults: { timeout: 3h }\n"))
        put = {"Content-Type": "application/yaml", "If-Match": '"1"'}
        self.assertEqual(server.ask("PUT", "/v1/policy", b"defaults: { timeout: 4h }", put)[0], 200)
        server.stop()
        server.start()  # the file counts again
        self.assertEqual(server.ask("GET", "/v1/policy")[2]["version"], 3)
        server.stop()
        server.arguments = server.arguments[:-2]
        server.start()  # without it what was applied last
        self.assertEqual(server.ask("GET", "/v1/policy")[2]["text"], "defaults: { timeout: 3h }\n")

    def test_a_bad_file_and_the_server_does_not_start(self):
        server = self.start()
        path = pathlib.Path(server.data, "policy.yaml")
        for text, place in (("defaults:\n  gate: befor\n", ":2:9: gate: expected one of: after before both; did you mean \"before\"?"),
                            (None, "cannot be read")):
            path.unlink() if text is None else path.write_text(text)
            server.arguments = ["--ready-sessions", "0", "--policy", str(path)]
            with self.assertRaises(AssertionError) as failed:
                server.start()
            self.assertIn(place, str(failed.exception))
        server.arguments = ["--ready-sessions", "0", "--policy", str(path), "--compat", "sample"]
        with self.assertRaises(AssertionError) as failed:
            server.start()
        self.assertIn("knows no policy", str(failed.exception))

    def test_a_server_that_answers_as_the_sample_takes_none(self):
        server = self.start("--compat", "sample").start()
        status, _, answer = server.ask("PUT", "/v1/policy", b"{}", {"Content-Type": "application/yaml", "If-Match": "*"})
        self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:not-now"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
