# SPDX-License-Identifier: MIT
"""The server held against its own /openapi.json by schemathesis of PyPI: what the document allows is taken, what it does not allow is
refused, and each answer has a status, a type and a shape that it names. Then what the commands print as JSON, and what a browser's
page was answered, against the same shapes. If it fails, a program that was made from the document does not work.

Usage: openapi_test.py PROGRAM [unittest arguments]"""
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
import server as server_module  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
# Streams have no end, and waits have one that is far: their own tests go through them.
LEFT_OUT = r"^/v1/(events|requests/\{id\}/runs)"
# Of each kind of the directory some that are there, for openapi_hooks.py.
DIRECTORY_NAMES = ("one", "two", "three")
SIGNED_IN = r"^/v1/(directory|audit|requests|policy|absences|me|webhooks)"
OURS = r"^/(v1/(requests|policy|absences|me|webhooks)|code)"
# What no schema can say: an id that is not there, a state that does not allow it, a limit in bytes, a policy with a fault, a precondition.
REFUSALS = [403, 404, 409, 410, 412, 413, 422, 429]
# A query that counts only where the body is source; a cursor, which is of one order; a certificate or a federation.
CONFIG = f"""
[checks.missing_required_header]
expected-statuses = [428]
[checks.positive_data_acceptance]
expected-statuses = [{", ".join(map(repr, ["2xx", *map(str, REFUSALS)]))}]

""" + "".join(f"""
[[operations]]
include-name = "{name}"
[operations.checks.positive_data_acceptance]
expected-statuses = [{", ".join(map(repr, ["2xx", "400", *map(str, REFUSALS)]))}]
""" for name in ("POST /v1/requests", "GET /v1/requests", "POST /v1/webhooks", "PATCH /v1/webhooks/{id}", "POST /v1/directory/applications",
             *(f"GET /v1/directory/{kind}" for kind in ("users", "groups", "applications", "keys", "assignments"))))


class Shapes(unittest.TestCase):
    """`server` and its `document`."""

    def fits(self, name, value):
        self.holds({"$ref": f"#/components/schemas/{name}"}, value)

    def holds(self, schema, value):
        jsonschema.Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)

    def fits_wholly(self, name, value):
        """And has no member that the shape does not name."""
        self.holds({"$ref": f"#/components/schemas/{name}", "unevaluatedProperties": False}, value)

    def holds_to_its_document(self, paths, ids, *arguments):
        """schemathesis finds nothing; `paths`: a regular expression, `ids`: of requests that are there."""
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "schemathesis.toml")
            config.write_text(CONFIG)
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE), "OPENAPI_IDS": json.dumps(ids)}
            done = subprocess.run([pathlib.Path(sys.executable).with_name("st"), "--config-file", config, "run",
                                   f"http://127.0.0.1:{self.server.port}/openapi.json", "--include-path-regex", paths,
                                   "--exclude-path-regex", LEFT_OUT, "--phases", "examples,coverage,fuzzing", "--max-examples", "25",
                                   "--checks", "all", "--seed", os.environ.get("OPENAPI_SEED", "1"), "--request-timeout", "60", "--max-response-time", "50",
                                   "--suppress-health-check", "all", "--no-color", *arguments], cwd=folder, env=environment,
                                  capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stdout[-20_000:] + done.stderr[-2000:])
        self.assertIsNone(self.server.process.poll())

    def command(self, *words, key=None):
        """What it prints with --json; None: nothing."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "SALLYPORT_URL": f"http://127.0.0.1:{self.server.port}",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        if key or self.server.token:
            environment |= dict.fromkeys(("SALLYPORT_KEY", "DURABLE_TASK_SCHEDULER_TOKEN"), key or self.server.token)
        done = subprocess.run([PROGRAM, *words, "--json"], capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0, (words, done.stderr))
        return json.loads(done.stdout) if done.stdout else None


class Case(Shapes):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2", "--run-timeout", "5s", "--approval-timeout", "500ms",
                                               "--webhook-hosts", "localhost", "--webhook-timeout", "1s"]).start()
        cls.addClassCleanup(cls.server.close)
        cls.document = cls.server.ask("GET", "/openapi.json")[2]
        cls.waiting = cls.request("print(1); open('/mnt/data/made.txt', 'w').write('x')", files=[{"path": "in", "content": "eA=="}])
        cls.approved, cls.failed = cls.request("print(2)"), cls.request("1/0")
        cls.server.ask("POST", f"/v1/requests/{cls.approved}/votes", {"answer": "approve", "comment": "fine"})
        for name in ("one", "two"):
            cls.server.ask("POST", "/v1/webhooks", {"name": name, "url": cls.nowhere(), "events": ["request.*"]})
            cls.server.ask("POST", f"/v1/webhooks/{name}/ping")

    @classmethod
    def request(cls, code, **members):
        request_id = cls.server.ask("POST", "/v1/requests", {"code": code, "approvalTimeoutSeconds": 86400, **members})[2]["id"]
        cls.server.until(request_id, "waiting", "failed")
        return request_id

    @classmethod
    def nowhere(cls):
        """A URL of this machine at which nobody answers."""
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        cls.addClassCleanup(taken.close)
        return f"http://localhost:{taken.getsockname()[1]}/"


class Document(Case):
    def test_the_server_is_what_it_says(self):
        """RP-60: and each answer of the review product's routes is described."""
        self.holds_to_its_document(OURS, [self.waiting, self.approved, self.failed])

    def test_each_answer_is_described(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if operation["tags"][0] in ("app", "webhooks", "directory", "audit"):
                    self.assertTrue("204" in operation["responses"] or "content" in operation["responses"]["2XX"], f"{method} {path}")

    def test_what_two_parts_say_is_the_same(self):
        """Of a name that two parts have the document has one: whose, depends on what the process holds."""
        said = {}
        for file in HERE.parents[1].glob("src/svc/*/schemas.json"):
            for name, schema in json.loads(file.read_text())["schemas"].items():
                self.assertEqual(said.setdefault(name, schema), schema, f"{name} of {file}")


class Printed(Case):
    """RP-63: --json prints the API's own objects."""

    def test_what_commands_print(self):
        with tempfile.TemporaryDirectory() as folder:
            code = pathlib.Path(folder, "code.py")
            code.write_text("print(3)")
            submitted = self.command("submit", str(code), "--purpose", "look", "--approval-timeout", "1h")
            self.fits("Submitted", submitted)
            self.server.until(submitted["id"], "waiting")
            self.fits("Request", self.command("show", submitted["id"]))
            self.fits("RequestPage", self.command("ls"))
            self.fits("Brief", self.command("approve", submitted["id"], "-m", "fine"))
            for verb in ("reject", "changes"):
                other = self.request("print(4)")
                self.fits("Brief", self.command(verb, other, "-m", "no"))
                if verb == "changes":
                    self.fits("Brief", self.command("resubmit", other, str(code)))
                    self.fits("Brief", self.command("cancel", other, "-m", "enough"))

    def test_rp_63_what_commands_about_webhooks_print(self):
        made = self.command("webhook", "add", self.nowhere(), "--name", "cli", "--event", "request.*")
        self.fits("Webhook", made)
        self.assertIn("secret", made)
        for words in (("show", "cli"), ("change", "cli", "--event", "*"), ("change", "cli", "--new-secret"), ("change", "cli", "--pause")):
            self.fits("Webhook", self.command("webhook", *words))
        sent = self.command("webhook", "ping", "cli")
        self.fits("WholeDelivery", sent)
        self.fits("WholeDelivery", self.command("webhook", "replay", "cli", str(sent["number"])))
        self.fits("WholeDelivery", self.command("webhook", "delivery", "cli", str(sent["number"])))
        for one in self.command("webhook", "list"):
            self.fits("Webhook", one)
        deliveries = self.command("webhook", "deliveries", "cli")
        self.assertEqual(len(deliveries), 2)
        for one in deliveries:
            self.fits("Delivery", one)
        self.fits("Webhook", self.command("webhook", "delete", "cli"))
        with self.assertRaises(jsonschema.ValidationError):
            self.fits("Webhook", {**made, "state": "odd"})

    def test_rp_63_what_commands_about_files_and_revisions_print(self):
        listed = self.command("files", self.waiting)
        self.fits("Inputs", listed)
        self.fits("Files", listed)
        self.assertEqual(([file["path"] for file in listed["inputs"]], [file["path"] for file in listed["files"]]), (["in"], ["made.txt"]))
        revised = self.request("print(5)")
        self.command("changes", revised, "-m", "more")
        self.server.ask("POST", f"/v1/requests/{revised}/revisions", {"code": "print(6)", "files": [{"path": "new", "content": "eA=="}]})
        difference = self.command("diff", revised)
        self.fits("Difference", difference)
        self.assertEqual((difference["from"], difference["to"], difference["code"]["same"], len(difference["inputs"]["added"])),
                         (1, 2, False, 1))

    def test_a_wrong_object_does_not_fit(self):
        """That the shapes say something."""
        shown = self.command("show", self.waiting)
        for name, value in (("state", "odd"), ("createdAt", "yesterday"), ("runs", {}), ("id", None), ("sha256", "x")):
            with self.assertRaises(jsonschema.ValidationError, msg=name):
                self.fits("Request", {**shown, name: value})
        with self.assertRaises(jsonschema.ValidationError):
            self.fits("Request", {name: value for name, value in shown.items() if name != "state"})


class SignedIn(Shapes):
    """With --auth: people and the policy, as the document says and as commands print them."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1"]).start().sign_in()
        cls.addClassCleanup(cls.server.close)
        cls.document = cls.server.ask("GET", "/openapi.json")[2]

    def operations(self, *tags):
        return {(method.upper(), path) for path, methods in self.document["paths"].items()
                for method, operation in methods.items() if operation["tags"][0] in tags}

    def send(self, method, path, body):
        """As it came: status, media type, bytes."""
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.request(method, path, body if body is None else json.dumps(body),
                           {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type() if "Content-Type" in answer.headers else None, answer.read()

    def asked(self, method, path, body=None, query="", **values):
        """One request by the document alone: what goes out fits it, and what comes back. That, read."""
        operation = self.document["paths"][path][method.lower()]
        if body is not None:
            self.holds(operation["requestBody"]["content"]["application/json"]["schema"], body)
        status, kind, text = self.send(method, path.format(**{name: urllib.parse.quote(value, "") for name, value in values.items()}) + query,
                                       body)
        if "204" in operation["responses"]:
            self.assertEqual((status, kind, text), (204, None, b""), (method, path))
            return None
        self.assertEqual((status, kind), (201 if method == "POST" else 200, *operation["responses"]["2XX"]["content"]), text)
        schema = operation["responses"]["2XX"]["content"][kind].get("schema")
        if not schema:
            return text
        read = [json.loads(line) for line in text.splitlines()] if kind == "application/jsonl" else json.loads(text)
        self.holds(schema, read)
        return read

    def test_the_directory_is_what_it_says(self):
        """Each of its routes, each kind of answer."""
        gone = []

        def asked(method, path, *arguments, **values):
            gone.append((method, f"/v1/directory/{path}"))
            return self.asked(*gone[-1], *arguments, **values)

        self.fits_wholly("UserMade", asked("POST", "users", {"name": "wanda@example.org", "displayName": "Wanda"}))
        self.fits_wholly("UserMade", asked("POST", "users", {"name": "walt", "displayName": None}))
        self.fits_wholly("SecretMade", asked("POST", "secrets/{name}", name="wanda@example.org"))
        self.fits_wholly("GroupMade", asked("POST", "groups", {"name": "shapes"}))
        asked("POST", "groups/{name}/members", {"member": "wanda@example.org"}, name="shapes")
        made = asked("POST", "applications", {"name": "robot", "expiresInSeconds": 60})
        self.fits_wholly("ApplicationMade", made)
        self.assertIn("secret", made)
        federation = {"issuer": "https://issuer.test", "subject": "robot", "audience": "us"}
        federated = asked("POST", "applications", {"name": "outside", "federation": federation})
        self.fits_wholly("ApplicationMade", federated)
        self.assertNotIn("secret", federated)
        place = self.server.ask("GET", "/subscriptions?api-version=2022-12-01")[2]["value"][0]["id"] + "/resourceGroups/shapes"
        for path in (place, f"{place}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/managed"):
            self.assertEqual(self.send("PUT", f"{path}?api-version=2023-01-31", {"location": "local"})[0], 201)
        key = asked("POST", "keys", {"name": "robot key", "owner": "robot", "roles": "submitter, Reader", "scope": "/app",
                                     "expiresInSeconds": 600})
        self.fits_wholly("ApiKeyMade", key)
        mine = asked("POST", "keys", {"name": "mine", "owner": None, "roles": None, "scope": None, "expiresInSeconds": None})
        granted = asked("POST", "assignments", {"role": "submitter", "principal": "robot", "scope": "/app"})
        self.fits_wholly("RoleGranted", granted)
        self.assertEqual(self.server.ask("GET", "/v1/requests", None, {"Authorization": f"Bearer {key['key']}"})[0], 200)  # it has a last use
        self.fits_wholly("WhoIAm", self.server.ask("GET", "/v1/directory/me", None, {"Authorization": f"Bearer {mine['key']}"})[2])

        self.fits_wholly("WhoIAm", asked("GET", "me"))
        asked("DELETE", "keys/{name}", name="mine")
        for path, name in (("users", "User"), ("groups", "Group"), ("applications", "Application"), ("keys", "ApiKey"), ("assignments", "Assignment")):
            listed = asked("GET", path)
            self.assertEqual(list(listed), [path])
            for one in listed[path]:
                self.fits_wholly(name, one)
            # Those that are not in each: the test has made one of every kind.
            seen = {member for one in listed[path] for member in one}
            self.assertLessEqual({"applications": {"resourceId"}, "keys": {"expiresAt", "lastUsedAt", "revokedAt"}}.get(path, set()), seen)

        asked("DELETE", "assignments/{id}", id=granted["id"])
        asked("DELETE", "groups/{name}/members/{member}", name="shapes", member="wanda@example.org")
        asked("DELETE", "groups/{name}", name="shapes")
        asked("DELETE", "applications/{name}", name="robot")
        asked("DELETE", "users/{name}", name="wanda@example.org")
        for one in asked("GET", "keys")["keys"]:  # one has an owner who is there no more
            self.fits_wholly("ApiKey", one)
        self.assertEqual(set(gone), self.operations("directory"))

    def test_the_audit_log_is_what_it_says(self):
        lines = self.asked("GET", "/v1/audit", query="?after=0&limit=1000&heads=true&object=server")
        self.assertTrue(lines)
        for entry, head in zip(lines[::2], lines[1::2], strict=True):
            self.fits_wholly("AuditEntry", entry)
            self.fits_wholly("AuditHead", head)
            self.assertEqual(entry["seq"], head["seq"])
        self.assertTrue(self.asked("GET", "/v1/audit/key").startswith(b"-----BEGIN PUBLIC KEY-----"))
        self.assertEqual(self.operations("audit"), {("GET", "/v1/audit"), ("GET", "/v1/audit/key")})
        with self.assertRaises(jsonschema.ValidationError):
            self.fits("AuditEntry", {**lines[0], "action": "request.guessed"})

    def test_the_server_with_sign_in_is_what_it_says(self):
        """People, keys and roles, the audit log, and all of the review product's routes."""
        for name in DIRECTORY_NAMES:
            self.server.change_directory("users", {"name": f"{name}-person"})
            self.server.change_directory("groups", {"name": f"{name}-group"})
            self.server.change_directory("applications", {"name": f"{name}-application"})
            self.server.change_directory("keys", {"name": f"{name}-key", "owner": f"{name}-person"})
        sam = {"Authorization": f"Bearer {self.server.key_of('other', 'submitter')}"}
        asked = self.server.ask("POST", "/v1/requests", {"code": "print(1)", "approvalTimeoutSeconds": 86400}, sam)[2]["id"]
        self.server.until(asked, "waiting")
        certificate = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                                      "/dev/null", "-subj", "/CN=robot"], capture_output=True, text=True, check=True).stdout
        os.environ["OPENAPI_CERTIFICATE"] = certificate
        self.holds_to_its_document(SIGNED_IN, [asked], "--header", f"Authorization: Bearer {self.server.token}")

    def test_each_action_of_the_audit_log_is_named(self):
        written = re.findall(r'X\(\w+, "([^"]+)"\)', (HERE.parents[1] / "src/store/audit/entry.h").read_text())
        self.assertEqual(self.document["components"]["schemas"]["AuditEntry"]["properties"]["action"]["enum"], written)

    def test_what_no_shape_allows_is_refused(self):
        """Shapes that ask for more than the server does would keep programs from what they may do."""
        for path, bodies in (("users", [{}, {"name": ""}, {"name": 5}, {"name": "a\nb"}, {"name": 'a"b'}, {"name": None}]),
                             ("groups", [{}, {"name": "a`b"}, {"name": "a\\b"}, {"name": "a\x7fb"}]),
                             ("applications", [{}, {"name": "<a"}, {"name": "odd", "federation": None},
                                               {"name": "odd", "federation": {"issuer": "x", "subject": "y"}}]),
                             ("applications", [{"name": "odd", "certificate": ["x"]}, {"name": "odd", "cert": "x"},
                                               {"name": "odd", "expiresInSeconds": "60"}]),
                             # What is mistyped must not count as absent: such a key would have all roles, everywhere, for ever.
                             ("keys", [{}, {"name": "odd", "scope": "app"}, {"name": "odd", "scope": ["/app"]}, {"name": "odd", "roles": ["Reader"]},
                                       {"name": "odd", "roles": ""}, {"name": "odd", "role": "Reader"}, {"name": "odd", "expiresInSeconds": "60"},
                                       {"name": "odd", "expiresInSeconds": -1}, {"name": "odd", "owner": 5}]),
                             ("assignments", [{}, {"role": "Reader", "principal": "owner@sallyport", "scope": "app"},
                                              {"role": "Reader", "principal": "owner@sallyport"}, {"principal": "owner@sallyport", "scope": "/"}])):
            schema = self.document["paths"][f"/v1/directory/{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
            for body in bodies:
                with self.assertRaises(jsonschema.ValidationError, msg=(path, body)):
                    self.holds(schema, body)
                self.assertEqual(self.send("POST", f"/v1/directory/{path}", body)[0], 400, (path, body))
        parameters = {one["name"]: one["schema"] for one in self.document["paths"]["/v1/audit"]["get"]["parameters"]}
        for name, value, written in (("after", -1, "-1"), ("limit", 0, "0"), ("limit", 1001, "1001"), ("heads", "both", "both")):
            with self.assertRaises(jsonschema.ValidationError, msg=name):
                self.holds(parameters[name], value)
            self.assertEqual(self.send("GET", f"/v1/audit?{name}={written}", None)[0], 400, (name, written))

    def test_rp_63_what_commands_about_people_print(self):
        self.fits_wholly("UserMade", self.command("user", "create", "cleo", "--display-name", "Cleo"))
        self.fits_wholly("SecretMade", self.command("user", "secret", "cleo"))
        self.fits_wholly("GroupMade", self.command("group", "create", "cli"))
        self.assertIsNone(self.command("group", "add", "cli", "cleo"))
        self.fits_wholly("ApplicationMade", self.command("sp", "create", "cli-robot", "--expires", "1h"))
        self.fits_wholly("SecretMade", self.command("sp", "secret", "cli-robot"))
        self.fits_wholly("ApiKeyMade", self.command("key", "create", "--name", "cli", "--owner", "cleo", "--role", "submitter", "--scope", "/app",
                                                    "--expires", "1h"))
        granted = self.command("role", "create", "Sallyport Reviewer", "--to", "cli", "--scope", "/app")
        self.fits_wholly("RoleGranted", granted)
        for word, name in (("user", "Users"), ("group", "Groups"), ("sp", "Applications"), ("key", "ApiKeys"), ("role", "Assignments")):
            self.fits_wholly(name, self.command(word, "ls"))
        for words in (("role", "delete", granted["id"]), ("group", "remove", "cli", "cleo"), ("group", "delete", "cli"), ("key", "delete", "cli"),
                      ("sp", "delete", "cli-robot"), ("user", "delete", "cleo")):
            self.assertIsNone(self.command(*words))
        for entry in self.command("audit", "ls", "--limit", "1000"):
            self.fits_wholly("AuditEntry", entry)

    def test_rp_63_what_commands_about_the_policy_print(self):
        sam, rita, _ = (self.server.key_of(*words) for words in (("sam", "submitter"), ("rita", "reviewer"), ("rob", "reviewer")))
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder, "policy.yaml")
            policy.write_text("rules: [{ name: loud, do: ask, when: { labels.env: prod } }]")
            self.fits("PolicyVersion", self.command("policy", "apply", str(policy), "-m", "louder"))
            code = pathlib.Path(folder, "code.py")
            code.write_text("print('stands')")
            submitted = self.command("submit", str(code), "--approval-timeout", "1h", key=sam)["id"]
            self.server.until(submitted, "waiting")
            self.assertEqual(set(self.command("files", submitted, key=sam)), {"revision", "inputs"})  # what it made is held
            self.fits("Brief", self.command("approve", submitted, "--remember", "submitter", key=rita))
            self.fits("Rehearsal", self.command("policy", "test", str(policy)))
        self.fits("Policy", self.command("policy", "show"))
        self.fits("PolicyRules", self.command("policy", "rules"))
        versions, standing = self.command("policy", "history"), self.command("policy", "standing")
        self.assertTrue(versions and standing)
        for one in versions:
            self.fits("PolicyVersion", one)
        for one in standing:
            self.fits("Standing", one)
        self.fits("Standing", self.command("policy", "revoke", submitted))
        tomorrow = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
        self.fits("Absence", self.command("absence", "add", "rob", "--until", tomorrow, "-m", "away", key=rita))
        absences = self.command("absence", "list")
        self.assertEqual(len(absences), 1)
        self.fits("Absence", absences[0])
        self.fits("Absence", self.command("absence", "end", absences[0]["id"], key=rita))


if __name__ == "__main__":
    server_module.Server.check = lambda self: None  # needs Debian's protobuf, which this environment does not have
    unittest.main(verbosity=2)
