# SPDX-License-Identifier: MIT
"""Sign-in from outside: every route asked by nobody and by somebody without a role, every grant of the token service, what an
attacker sends, and rights that end in the middle of a stream.

If this fails, somebody may do what nobody granted, a client of the cloud cannot sign in, or a secret is where it can be read.
Usage: sign_in_test.py PROGRAM
"""
import base64
import contextlib
import hashlib
import hmac
import html
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402
from protocol import pb, Stub  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
GRANT = "urn:ietf:params:oauth:grant-type:"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
POOL, SCHEDULER, APP = "https://dynamicsessions.io", "https://durabletask.io", "api://sallyport"
# Who asks for these needs nobody's leave.
ANYONE = {"/", "/openapi.json", "/healthz", "/readyz", "/metrics", "/device", "/metadata/endpoints", "/assets/{name}",
          "/page/session", "/page/sign-in", "/page/sign-out", "/confirm/{token}", "/v1/slack/interactions"}
WAIT_S = 30


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    return b64(json.dumps(value).encode())


def claims_of(token):
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "0"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.local = pathlib.Path(cls.server.data, "local.key").read_text()
        cls.owner = re.search(r"spk_\w+", cls.server.tail()).group()

    def ask(self, method, path, body=None, key=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return self.server.ask(method, path, body, headers)

    def good(self, method, path, body=None, key=None):
        status, _, answer = self.ask(method, path, body, key or self.local)
        self.assertIn(status, (200, 201, 204), (method, path, answer))
        return answer

    def post_form(self, path, **fields):
        body = urllib.parse.urlencode(fields).encode()
        status, headers, answer = self.server.ask("POST", path, body,
                                                  {"Content-Type": "application/x-www-form-urlencoded"})
        return status, answer, headers

    def token(self, **fields):
        status, answer, _ = self.post_form("/common/oauth2/v2.0/token", **fields)
        return answer if status == 200 else answer["error"]

    def application(self, name, **more):
        made = self.good("POST", "/v1/directory/applications", {"name": name, **more})
        return made

    def app_token(self, made, audience):
        return self.token(grant_type="client_credentials", client_id=made["clientId"], client_secret=made["secret"],
                          scope=f"{audience}/.default")

    # --- the door ---

    def test_every_route_wants_somebody_with_a_role(self):
        bare = self.server.key_of("bare@example.org")
        paths = self.server.ask("GET", "/openapi.json")[2]["paths"]
        self.assertGreater(len(paths), 60)
        for path, methods in paths.items():
            anyone = path in ANYONE or path.startswith("/{tenant}/")
            asked = re.sub(r"\{[^}]*\}", "x", path)
            for method in methods:
                if method == "parameters":
                    continue
                with self.subTest(path=path, method=method):
                    body = {} if method in ("post", "put", "patch") else None
                    nobody = self.ask(method.upper(), asked, body)[0]
                    somebody = self.ask(method.upper(), asked, body, bare)[0]
                    if anyone:
                        self.assertNotIn(nobody, (401, 403))
                    else:
                        self.assertEqual(nobody, 401)
                        # What whoever is known may: read who they are, and which subscriptions and places there are; have a link that is themselves.
                        known = methods[method]["x-access"] == "signed-in"
                        self.assertTrue(not known or path.endswith("/me") or path == "/page/links" or path.startswith(("/subscriptions", "/tenants")))
                        (self.assertNotIn if known else self.assertIn)(somebody, (403,))

    def test_a_refusal_says_what_is_lacking_and_how_it_is_granted(self):
        bare = self.server.key_of("lacking@example.org")
        status, headers, answer = self.ask("GET", "/v1/requests")
        self.assertEqual((status, answer["type"], answer["status"]), (401, "urn:sallyport:problem:sign-in-needed", 401))
        self.assertTrue(headers["WWW-Authenticate"].startswith("Bearer "))
        status, _, answer = self.ask("POST", "/code/execute", "1", bare)
        self.assertEqual((status, answer["type"]), (403, "urn:sallyport:problem:permission-denied"))
        command = re.search(r'sallyport role create "(.+)" --to (\S+) --scope (\S+)$', answer["detail"])
        self.server.grant(*command.groups())
        self.assertEqual(self.ask("POST", "/code/execute", "1", bare)[0], 200)

    def test_who_signed_in_is_who_submits_and_decides(self):
        key = self.server.key_of("judge@example.org", "submitter", "reviewer")
        self.server.grant("Azure ContainerApps Session Executor", "judge@example.org", "/")
        made = self.good("POST", "/v1/requests", {"code": "print(1)", "submittedBy": "somebody else"}, key)
        shown = self.good("GET", f"/v1/requests/{made['id']}?wait=30s", key=key)
        self.assertEqual(shown["submittedBy"], "judge@example.org")
        other = self.server.key_of("other@example.org", "reviewer")
        self.good("POST", f"/v1/requests/{made['id']}/decision", {"approve": True, "by": "somebody else"}, other)
        shown = self.good("GET", f"/v1/requests/{made['id']}", key=key)
        self.assertEqual(shown["decision"]["by"], "other@example.org")

    def test_nobody_decides_on_their_own_request(self):
        """RP-22, RP-23: not with a second key either; an agent's request is that of the person behind it. RP-10: who may only
        submit sees only their own, and the result once it is released."""
        key = self.server.key_of("author@example.org", "submitter", "reviewer")
        second = self.good("POST", "/v1/directory/keys", {"name": "second", "owner": "author@example.org"})["key"]
        self.server.grant("Azure ContainerApps Session Executor", "author@example.org", "/")
        made = self.good("POST", "/v1/requests", {"code": "print('mine')"}, key)
        path = f"/v1/requests/{made['id']}"
        self.assertNotIn("result", self.good("GET", path + "?wait=30s", key=key))  # their own, reviewer or not
        self.assertEqual(self.ask("GET", path + "/result", key=key)[0], 403)
        self.assertNotIn("result", self.good("GET", path + "/receipt", key=key)["shown"])
        for mine in (key, second):
            for route, body in (("/votes", {"answer": "approve"}), ("/decision", {"approve": True})):
                status, _, answer = self.ask("POST", path + route, body, mine)
                self.assertEqual((status, answer["type"]), (403, "urn:sallyport:problem:own-request"))
        agent = self.good("POST", "/v1/requests", {"code": "print('agent')", "onBehalfOf": "Boss@Example.org"}, key)
        boss = self.server.key_of("boss@example.org", "reviewer")
        self.good("GET", f"/v1/requests/{agent['id']}?wait=30s", key=boss)
        self.assertEqual(self.ask("POST", f"/v1/requests/{agent['id']}/votes", {"answer": "approve"}, boss)[0], 403)

        plain = self.server.key_of("plain@example.org", "submitter")
        theirs = self.good("POST", "/v1/requests", {"code": "print('held')"}, plain)
        held = f"/v1/requests/{theirs['id']}"
        self.assertNotIn("result", self.good("GET", held + "?wait=30s", key=plain))
        status, _, answer = self.ask("GET", held + "/result", key=plain)
        self.assertEqual((status, answer["type"], answer["state"]), (403, "urn:sallyport:problem:not-released", "waiting"))
        self.assertEqual(self.ask("GET", path, key=plain)[0], 404)  # another's is as one that is not there
        for part in ("/manifest", "/receipt", "/revisions/1/code"):
            self.assertEqual(self.ask("GET", path + part, key=plain)[0], 404, part)
        for part, body in (("/revisions", {"code": "1"}), ("/cancel", {})):
            status, _, answer = self.ask("POST", path + part, body, plain)
            self.assertEqual((status, "state" in answer), (404, False), part)
        self.assertNotIn("result", self.good("GET", held + "/receipt", key=plain)["shown"])
        self.assertIn("held", self.good("GET", held + "/receipt", key=boss)["shown"]["result"])
        self.assertEqual([item["id"] for item in self.good("GET", "/v1/requests", key=plain)["requests"]], [theirs["id"]])
        self.assertIn(theirs["id"], [item["id"] for item in self.good("GET", "/v1/requests?limit=500", key=boss)["requests"]])
        self.good("POST", held + "/votes", {"answer": "approve"}, boss)
        self.assertIn("held", self.good("GET", held, key=plain)["result"]["stdout"])
        self.assertEqual(self.ask("GET", held + "/result", key=plain)[0], 200)
        self.assertIn("held", self.good("GET", held + "/receipt", key=plain)["shown"]["result"])
        self.assertEqual(self.ask("POST", held + "/cancel", {}, boss)[0], 403)  # no submitter, no operator

    def test_a_stream_of_events_sees_no_more_than_its_roles_do_now(self):
        """RP-22."""
        key = self.server.key_of("demoted@example.org", "submitter")
        role = self.server.grant("reviewer", "demoted@example.org", "/")
        author = self.server.key_of("seen@example.org", "submitter")
        connection = self.server.connect(WAIT_S)
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {key}"})
        stream = connection.getresponse()
        self.assertEqual(stream.status, 200)
        seen = b""
        for purpose, whose in (("before", author), ("after", author), ("mine", key)):
            self.good("POST", "/v1/requests", {"code": "1", "purpose": purpose}, whose)
            while purpose != "after" and purpose.encode() not in seen:
                seen += stream.read1(65536)
            if purpose == "before":
                self.good("DELETE", f"/v1/directory/assignments/{role}")
        connection.close()
        self.assertNotIn(b'"purpose":"after"', seen)

    def test_another_programs_orchestration_is_no_request(self):
        self.good("POST", "/v1/taskhubs/orchestrations", {"name": "Order", "instanceId": "order-1", "input": '"theirs"'})
        plain = self.server.key_of("looking@example.org", "submitter")
        judge = self.server.key_of("steering@example.org", "reviewer")
        for key in (plain, judge):
            for route in ("", "/receipt"):
                self.assertEqual(self.ask("GET", "/v1/requests/order-1" + route, key=key)[0], 404, route)
        self.assertEqual(self.ask("POST", "/v1/requests/order-1/decision", {"approve": True}, judge)[0], 404)

    def test_credentials_in_a_url_are_none(self):
        for name in ("access_token", "token", "key", "authorization"):
            self.assertEqual(self.ask("GET", f"/v1/requests?{name}={self.owner}")[0], 401)

    # --- tokens ---

    def test_an_application_signs_in_with_its_secret(self):  # CS-04..06
        made = self.application("secretive")
        for path, fields in (("/common/oauth2/v2.0/token", {"scope": SCHEDULER + "/.default"}),
                             (f"/{made['tenantId']}/oauth2/token", {"resource": SCHEDULER})):
            status, answer, _ = self.post_form(path, grant_type="client_credentials", client_id=made["clientId"],
                                               client_secret=made["secret"], client_info="1", **fields)
            self.assertEqual(status, 200, answer)
            self.assertEqual((answer["token_type"], answer["expires_in"]), ("Bearer", 3599))
            claims = claims_of(answer["access_token"])
            self.assertEqual((claims["oid"], claims["appid"], claims["tid"], claims["aud"], claims["idtyp"]),
                             (made["id"], made["clientId"], made["tenantId"], SCHEDULER, "app"))
            self.assertIn("client_info", answer)
        keys = self.server.ask("GET", "/common/discovery/v2.0/keys")[2]["keys"]
        header = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[0] + "=="))
        self.assertIn(header["kid"], [key["kid"] for key in keys])
        self.assertFalse(any("d" in key for key in keys))

    def test_an_application_signs_in_with_its_certificate(self):  # CS-04
        with tempfile.TemporaryDirectory() as folder:
            key, crt = f"{folder}/key.pem", f"{folder}/crt.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt,
                            "-days", "2", "-subj", "/CN=x"], check=True, capture_output=True)
            made = self.application("certified", certificate=pathlib.Path(crt).read_text())
            self.assertNotIn("secret", made)
            endpoint = f"{self.server.ready['url']}/common/oauth2/v2.0/token".replace("localhost", "127.0.0.1")

            def assertion(**more):
                now = int(time.time())
                text = part({"alg": "RS256", "typ": "JWT"}) + "." + part({
                    "aud": endpoint, "iss": made["clientId"], "sub": made["clientId"], "nbf": now - 10, "exp": now + 300,
                    **more})
                signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                                           capture_output=True).stdout
                return text + "." + b64(signature)

            def sign_in(text):
                return self.token(grant_type="client_credentials", client_id=made["clientId"], scope=POOL + "/.default",
                                  client_assertion_type=ASSERTION, client_assertion=text)
            self.assertIn("access_token", sign_in(assertion()))
            for fault in ({"aud": "https://elsewhere/common"}, {"exp": 1}, {"iss": "other"}, {"sub": "other"}):
                self.assertEqual(sign_in(assertion(**fault)), "invalid_client", fault)
            good = assertion()
            self.assertEqual(sign_in(good[:-8] + "AAAAAAAA"), "invalid_client")

    def test_a_certificate_that_is_over_signs_nobody_in(self):  # CS-04
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            key, wish = f"{folder}/key.pem", f"{folder}/wish.pem"
            subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", wish, "-subj", "/CN=x"], check=True, capture_output=True)
            certificates = [subprocess.run(["openssl", "x509", "-req", "-in", wish, "-signkey", key, "-days", days], check=True, capture_output=True, text=True).stdout
                            for days in ("2", "-1")]
            data = pathlib.Path(folder, "data")
            data.mkdir(mode=0o700)
            os.chmod(folder, 0o755)  # the server is another user
            server = Server(PROGRAM, data=str(data), command="scheduler", arguments=["--auth"])
            self.addCleanup(server.close)
            server.start()
            headers = {"Authorization": f"Bearer {server.local_key()}"}
            refused = server.ask("POST", "/v1/directory/applications", {"name": "over", "certificate": certificates[1]}, headers)
            self.assertEqual((refused[0], refused[2]["detail"]), (400, "The certificate is over."))
            made = server.change_directory("applications", {"name": "dated", "certificate": certificates[0]})

            def sign_in():
                now = int(time.time())
                text = part({"alg": "RS256", "typ": "JWT"}) + "." + part({
                    "aud": f"http://127.0.0.1:{server.port}/common/oauth2/v2.0/token", "iss": made["clientId"], "sub": made["clientId"],
                    "nbf": now - 10, "exp": now + 300})
                signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True, capture_output=True).stdout
                form = {"grant_type": "client_credentials", "client_id": made["clientId"], "scope": SCHEDULER + "/.default",
                        "client_assertion_type": ASSERTION, "client_assertion": text + "." + b64(signature)}
                return server.ask("POST", "/common/oauth2/v2.0/token", urllib.parse.urlencode(form).encode(),
                                  {"Content-Type": "application/x-www-form-urlencoded"})[0]
            self.assertEqual(sign_in(), 200)
            server.kill()  # as if the two days had passed
            with contextlib.closing(sqlite3.connect(f"{data}/directory.db")) as database, database:
                for number, body in database.execute("SELECT number, body FROM record WHERE kind = 6").fetchall():
                    kept = json.loads(body)
                    if kept["certificate"]:
                        database.execute("UPDATE record SET body = ? WHERE number = ?", (json.dumps({**kept, "certificate": certificates[1]}).encode(), number))
            server.start()
            self.assertEqual(sign_in(), 401)

    def test_errors_are_those_of_oauth_and_tell_no_names(self):  # CS-08
        made = self.application("quiet")
        base = {"grant_type": "client_credentials", "scope": POOL + "/.default"}
        answers = []
        for client_id in (made["clientId"], "00000000-0000-4000-8000-000000000000", "x"):
            status, answer, _ = self.post_form("/common/oauth2/v2.0/token", client_id=client_id, client_secret="sps_no", **base)
            answers.append((status, answer))
        self.assertEqual(answers[0][0], 401)
        self.assertEqual(answers[0][1]["error"], "invalid_client")
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        self.assertEqual(self.token(grant_type="password"), "unsupported_grant_type")
        self.assertEqual(self.token(grant_type="refresh_token", refresh_token="x", client_id="y"), "invalid_grant")
        self.assertEqual(self.app_token(made, "https://elsewhere.example.org"), "invalid_scope")
        status, answer, _ = self.post_form("/elsewhere/oauth2/v2.0/token", **base)
        self.assertEqual((status, answer["error"]), (400, "invalid_tenant"))
        body = b"grant_type=client_credentials&client_id=a&client_id=b"
        status, _, answer = self.server.ask("POST", "/common/oauth2/v2.0/token", body,
                                            {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((status, answer["error"]), (400, "invalid_request"))

    def test_failures_are_answered_later_and_later_but_a_right_secret_is_not(self):  # CS-08
        made = self.application("patient")
        fields = {"grant_type": "client_credentials", "client_id": made["clientId"], "scope": POOL + "/.default"}
        for _ in range(5):
            self.assertEqual(self.token(client_secret="sps_no", **fields), "invalid_client")
        self.assertIn("access_token", self.token(client_secret=made["secret"], **fields))
        delays = [int(text) for text in re.findall(r"sign-in failed delay_ms=(\d+)", self.server.tail())]
        self.assertTrue(any(delays), delays)

    def test_a_device_code_is_confirmed_by_a_person_and_refreshed(self):  # CS-04
        person = self.good("POST", "/v1/directory/users", {"name": "device@example.org"})
        status, code, _ = self.post_form("/common/oauth2/v2.0/devicecode", client_id="cli",
                                         scope=f"{APP}/.default openid offline_access")
        self.assertEqual(status, 200)
        poll = {"grant_type": GRANT + "device_code", "client_id": "cli", "device_code": code["device_code"]}
        self.assertEqual(self.token(**poll), "authorization_pending")
        self.assertEqual(self.server.ask("GET", "/device")[0], 200)
        typed = {"user_code": code["user_code"].lower(), "name": "device@example.org", "answer": "yes"}
        self.assertEqual(self.post_form("/device", secret="sps_wrong", **typed)[0], 401)
        self.assertEqual(self.token(**poll), "slow_down")  # before `interval` is over
        self.assertEqual(self.post_form("/device", secret=person["secret"], **typed)[0], 200)
        self.assertEqual(self.token(**{**poll, "client_id": "other"}), "expired_token")
        first = self.token(**poll)
        self.assertEqual(claims_of(first["access_token"])["upn"], "device@example.org")
        self.assertEqual(claims_of(first["id_token"])["aud"], "cli")
        self.assertEqual(self.token(**poll), "expired_token")  # used once
        refresh = {"grant_type": "refresh_token", "client_id": "cli", "scope": f"{POOL}/.default"}
        second = self.token(refresh_token=first["refresh_token"], **refresh)
        self.assertEqual(claims_of(second["access_token"])["aud"], POOL)
        self.assertEqual(self.token(refresh_token=second["refresh_token"], **{**refresh, "client_id": "other"}),
                         "invalid_grant")
        # Somebody has a copy: it is shown again, and with it ends all that came from this sign-in.
        self.assertEqual(self.token(refresh_token=first["refresh_token"], **refresh), "invalid_grant")
        self.assertEqual(self.token(refresh_token=second["refresh_token"], **refresh), "invalid_grant")

    def from_peer(self, host, path, **fields):
        """A form from another address of this machine; the answer's status, headers and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=WAIT_S, source_address=(host, 0))
        self.addCleanup(connection.close)
        connection.request("POST", path, urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())

    def test_a_stranger_who_asks_for_codes_without_end_keeps_nobody_out(self):
        ask = {"path": "/common/oauth2/v2.0/devicecode", "client_id": "cli", "scope": f"{APP}/.default"}
        answers = [self.from_peer("127.0.0.9", **ask)[0] for _ in range(102)]
        self.assertEqual(answers, [200] * 100 + [429] * 2)
        status, headers, refused = self.from_peer("127.0.0.9", **ask)
        self.assertEqual((status, headers["Retry-After"], refused["error"]), (429, "900", "temporarily_unavailable"))
        self.assertEqual(self.from_peer("127.0.0.8", **ask)[0], 200)
        self.assertEqual(self.from_peer("127.0.0.8", **{**ask, "scope": "x" * 2001})[2]["error"], "invalid_scope")
        made = self.application("beside the flood")
        self.assertIn("access_token", self.app_token(made, POOL))

    def test_who_refreshes_without_end_fills_nothing(self):
        person = self.good("POST", "/v1/directory/users", {"name": "tireless@example.org"})
        grant = {"grant_type": "authorization_code", "client_id": "cli", "redirect_uri": "http://localhost:1234/", "code_verifier": "v" * 43}
        kept = self.token(code=self.authorize(person)[1]["code"], **grant)["refresh_token"]  # of another program of theirs
        token = self.token(code=self.authorize(person)[1]["code"], **grant)["refresh_token"]
        refresh = {"grant_type": "refresh_token", "client_id": "cli", "scope": f"{POOL}/.default"}
        first = token
        for _ in range(205):
            token = self.token(refresh_token=token, **refresh)["refresh_token"]
        with contextlib.closing(sqlite3.connect(f"file:{self.server.data}/directory.db?mode=ro", uri=True)) as database:
            bodies = [body for (body,) in database.execute("SELECT body FROM record WHERE kind = 10")]
        tickets = [body for body in bodies if person["id"].encode() in bytes(body)]
        self.assertLessEqual(len(tickets), 200)
        self.assertEqual(self.token(refresh_token=first, **refresh), "invalid_grant")
        self.assertIn("access_token", self.token(refresh_token=kept, **refresh))  # what was used went first

    def test_a_refused_device_code_stays_refused(self):
        person = self.good("POST", "/v1/directory/users", {"name": "no@example.org"})
        _, code, _ = self.post_form("/common/oauth2/v2.0/devicecode", client_id="cli", scope=f"{APP}/.default")
        typed = {"user_code": code["user_code"], "name": "no@example.org", "secret": person["secret"]}
        self.assertEqual(self.post_form("/device", answer="no", **typed)[0], 200)
        self.assertEqual(self.token(grant_type="device_code", client_id="cli", device_code=code["device_code"]),
                         "authorization_declined")
        self.assertEqual(self.post_form("/device", answer="yes", **typed)[0], 401)

    def authorize(self, person, redirect="http://localhost:1234/", verifier="v" * 43, **more):
        challenge = b64(hashlib.sha256(verifier.encode()).digest())
        fields = {"client_id": "cli", "redirect_uri": redirect, "state": "s t&u", "scope": f"{APP}/.default",
                  "code_challenge": challenge, "name": person["name"], "secret": person["secret"], **more}
        status, _, headers = self.post_form("/common/oauth2/v2.0/authorize", **fields)
        query = urllib.parse.urlsplit(headers.get("Location", "")).query
        return status, dict(urllib.parse.parse_qsl(query))

    def test_a_code_needs_its_verifier_and_counts_once(self):  # CS-04
        person = self.good("POST", "/v1/directory/users", {"name": "browser@example.org"})
        grant = {"grant_type": "authorization_code", "client_id": "cli", "redirect_uri": "http://localhost:1234/"}
        status, back = self.authorize(person)
        self.assertEqual((status, back["state"]), (303, "s t&u"))
        self.assertEqual(self.token(code=back["code"], code_verifier="w" * 43, **grant), "invalid_grant")
        self.assertEqual(self.token(code=back["code"], **grant), "invalid_grant")
        self.assertEqual(self.token(code=back["code"], code_verifier="v" * 43,
                                    **{**grant, "redirect_uri": "http://localhost:1235/"}), "invalid_grant")
        tokens = self.token(code=back["code"], code_verifier="v" * 43, **grant)
        self.assertEqual(claims_of(tokens["access_token"])["oid"], person["id"])
        self.assertEqual(self.token(code=back["code"], code_verifier="v" * 43, **grant), "invalid_grant")
        self.assertEqual(self.token(grant_type="refresh_token", client_id="cli", refresh_token=tokens["refresh_token"]),
                         "invalid_grant")  # the code was shown twice
        for redirect in ("https://evil.example.org/", "http://localhost.example.org/", "http://localhost@evil/",
                         "http://127.0.0.1:1/#x", "", "http://localhost:1;frame-ancestors\t*/", "http://localhost:/", "http://localhost:1x/",
                         "http://localhost:123456/", "http://localhost;x", "http://[::1]x/"):
            self.assertEqual(self.authorize(person, redirect=redirect)[0], 400, redirect)
        self.assertEqual(self.authorize({**person, "secret": "sps_no"})[0], 401)
        self.assertEqual(self.authorize(person, code_challenge="plain")[0], 400)

    def test_the_official_clients_way_through_a_browser(self):  # CS-04
        """As MSAL does it, and with it `az login`: the id token repeats the nonce, and the code comes by a form where that is asked for."""
        person = self.good("POST", "/v1/directory/users", {"name": "msal@example.org"})
        query = {"client_id": "cli", "response_type": "code", "redirect_uri": "http://localhost:8400", "scope": f"{APP}/.default openid offline_access",
                 "state": "<s&t>", "code_challenge": b64(hashlib.sha256(b"v" * 43).digest()), "code_challenge_method": "S256",
                 "nonce": "n" * 64, "client_info": "1", "prompt": "select_account", "login_hint": "msal@example.org"}

        def page(**more):
            answer = self.server.ask("GET", "/common/oauth2/v2.0/authorize?" + urllib.parse.urlencode({**query, **more}))
            return answer[0], {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', answer[2])}

        def claims(code):
            answer = self.token(grant_type="authorization_code", client_id="cli", redirect_uri=query["redirect_uri"], code=code, code_verifier="v" * 43)
            refreshed = self.token(grant_type="refresh_token", client_id="cli", refresh_token=answer["refresh_token"])
            return claims_of(answer["id_token"]), claims_of(refreshed["id_token"])
        for mode in ("", "query", "form_post"):
            status, fields = page(response_mode=mode)
            self.assertEqual(status, 200, mode)
            filled = {**fields, "name": person["name"], "secret": person["secret"]}
            status, answer, headers = self.post_form("/common/oauth2/v2.0/authorize", **filled)
            if mode == "form_post":
                self.assertEqual((status, headers["Location"]), (200, None))
                self.assertIn("form-action 'self' http://localhost:8400;", headers["Content-Security-Policy"])
                self.assertIn('<form method="post" action="http://localhost:8400">', answer)
                back = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', answer)}
            else:
                self.assertEqual(status, 303)
                back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"]).query))
            self.assertEqual(back, {"code": back["code"], "state": "<s&t>"}, mode)
            first, refreshed = claims(back["code"])
            self.assertEqual((first["nonce"], "nonce" in refreshed), ("n" * 64, False), mode)
        for fault in ({"response_mode": "fragment"}, {"response_type": "token"}, {"nonce": "n" * 201}, {"code_challenge_method": "plain"}):
            self.assertEqual(page(**fault)[0], 400, fault)
        for fault in ({"response_mode": "fragment"}, {"nonce": "n" * 201}):
            self.assertEqual(self.authorize(person, **fault)[0], 400, fault)
        self.assertEqual(set(self.authorize(person, state="")[1]), {"code"})  # what was not sent does not come back

    def at_once(self, *forms):
        """Tokens are asked for by all at the same moment: the answers, in that order."""
        requests = []
        for form in forms:
            body = urllib.parse.urlencode(form).encode()
            requests.append((f"POST /common/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
                             f"application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
        connections = [socket.create_connection(("127.0.0.1", self.server.port), WAIT_S) for _ in forms]
        for connection, request in zip(connections, requests):
            self.addCleanup(connection.close)
            connection.sendall(request[:-1])
        for connection, request in zip(connections, requests):
            connection.sendall(request[-1:])
        answers = [b"".join(iter(lambda: connection.recv(65536), b"")) for connection in connections]  # noqa: B023
        return [json.loads(answer.split(b"\r\n\r\n", 1)[1]) for answer in answers]

    def test_of_those_who_show_a_code_or_a_token_at_once_one_has_tokens(self):  # CS-04
        """And since somebody has a copy, nothing of that sign-in counts any more."""
        person = self.good("POST", "/v1/directory/users", {"name": "twice@example.org"})
        grant = {"grant_type": "authorization_code", "client_id": "cli", "redirect_uri": "http://localhost:1234/", "code_verifier": "v" * 43}
        refresh = {"grant_type": "refresh_token", "client_id": "cli"}
        code = {**grant, "code": self.authorize(person)[1]["code"]}
        answers = self.at_once(*[code] * 8)
        tokens = [answer["refresh_token"] for answer in answers if "refresh_token" in answer]
        self.assertEqual((len(tokens), [answer["error"] for answer in answers if "error" in answer]), (1, ["invalid_grant"] * 7))
        self.assertEqual(self.token(refresh_token=tokens[0], **refresh), "invalid_grant")

        first = self.token(**{**grant, "code": self.authorize(person)[1]["code"]})["refresh_token"]
        answers = self.at_once(*[{**refresh, "refresh_token": first}] * 8)
        tokens = [answer["refresh_token"] for answer in answers if "refresh_token" in answer]
        self.assertEqual(len(tokens), 1)
        self.assertEqual(self.token(refresh_token=tokens[0], **refresh), "invalid_grant")

        # The copy comes while the one that counts is being exchanged.
        first = self.token(**{**grant, "code": self.authorize(person)[1]["code"]})["refresh_token"]
        second = self.token(refresh_token=first, **refresh)["refresh_token"]
        for answer in self.at_once({**refresh, "refresh_token": second}, {**refresh, "refresh_token": first}):
            if "refresh_token" in answer:
                self.assertEqual(self.token(refresh_token=answer["refresh_token"], **refresh), "invalid_grant")

    def test_the_documents_that_clients_look_for(self):  # CS-01..03
        base = self.server.ready["url"].replace("localhost", "127.0.0.1")
        one = self.server.ask("GET", "/metadata/endpoints?api-version=2022-09-01")[2]
        self.assertEqual((one["resourceManager"], one["authentication"]["loginEndpoint"]), (base, base))
        self.assertIsInstance(self.server.ask("GET", "/metadata/endpoints?api-version=2019-05-01")[2], list)
        guid = self.good("GET", "/tenants?api-version=2022-12-01")["value"][0]["tenantId"]
        for tenant in ("common", "organizations", "adfs", guid):
            for path in (f"/{tenant}/v2.0/.well-known/openid-configuration", f"/{tenant}/.well-known/openid-configuration"):
                found = self.server.ask("GET", path)[2]
                self.assertTrue(found["token_endpoint"].startswith(base + "/"))
                self.assertIn("keys", self.server.ask("GET", found["jwks_uri"].removeprefix(base))[2])
        found = self.server.ask("GET", "/common/discovery/instance?api-version=1.1")[2]
        self.assertIn(base.removeprefix("http://"), found["metadata"][0]["aliases"])

    # --- the audit log ---

    def audited(self, last, **details):
        """All entries, once one of that action has these details: nobody waits for them."""
        deadline = time.monotonic() + WAIT_S
        while True:
            lines = self.server.raw("GET", "/v1/audit?limit=1000", headers={"Authorization": f"Bearer {self.local}"})
            found = [json.loads(line) for line in lines.splitlines()]
            if any(entry["action"] == last and details.items() <= {**entry, **entry["details"]}.items() for entry in found):
                return found
            self.assertLess(time.monotonic(), deadline, (last, details, found))
            time.sleep(0.05)

    def test_who_came_in_who_did_not_and_who_may_not_is_in_the_audit_log(self):
        """RP-50."""
        made = self.application("witnessed")
        self.app_token(made, POOL)
        self.audited("sign-in.succeeded", object=f"applications/{made['id']}", how="client", count=1)
        fields = {"grant_type": "client_credentials", "client_id": made["clientId"], "scope": POOL + "/.default"}
        typed = "my-secret-in-the-wrong-box"
        self.assertEqual(self.token(client_secret="sps_no", **fields), "invalid_client")
        self.assertEqual(self.token(client_secret="sps_no", **{**fields, "client_id": typed}), "invalid_client")
        self.audited("sign-in.failed", object=f"applications/{made['id']}", cause="invalid_client")
        self.audited("sign-in.failed", object="sign-in", cause="invalid_client")

        bare = self.server.key_of("refused@example.org")
        for _ in range(300):
            self.assertEqual(self.ask("GET", "/v1/audit", key=bare)[0], 403)
        self.good("DELETE", "/v1/directory/keys/refused@example.org")
        self.assertEqual(self.ask("GET", "/v1/audit", key=bare)[0], 401)
        found = self.audited("sign-in.failed", how="bearer", cause="the API key was revoked")
        denied = [entry for entry in found if entry["action"] == "access.denied" and entry["actor"]["name"] == "refused@example.org"]
        self.assertEqual([(entry["details"]["how"], entry["details"]["count"]) for entry in denied], [("/v1/audit", 1)])
        for hidden in (typed, "sps_no", made["secret"], bare):
            self.assertNotIn(hidden, json.dumps(found))

    # --- forged and misused ---

    def test_forged_tokens_are_nobodys(self):
        made = self.application("forged")
        self.server.grant("auditor", "forged", "/")
        good = self.app_token(made, APP)["access_token"]
        self.assertEqual(self.ask("GET", "/v1/requests", key=good)[0], 200)
        header, claims, signature = good.split(".")
        kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
        body = claims_of(good)
        public = json.dumps(self.server.ask("GET", "/common/discovery/v2.0/keys")[2]["keys"][0]).encode()

        def signed(head, content, secret=public):
            text = part(head) + "." + part(content)
            return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())
        later = {**body, "exp": body["exp"] + 86400}
        forged = {
            "none": part({"alg": "none", "kid": kid}) + "." + claims + ".",
            "none, signed": part({"alg": "none", "kid": kid}) + "." + claims + "." + signature,
            "hs256 with the public key": signed({"alg": "HS256", "kid": kid}, body),
            "another key": signed({"alg": "ES256", "kid": "../../etc/passwd"}, body),
            "a key by address": signed({"alg": "ES256", "jku": "http://evil.example.org/keys"}, body),
            "a key of its own": signed({"alg": "ES256", "jwk": {"kty": "oct", "k": "AA"}}, body),
            "no key": part({"alg": "ES256"}) + "." + claims + "." + signature,
            "longer": header + "." + part(later) + "." + signature,
            "no signature": header + "." + claims + ".",
            "two headers": good + "," + good,
            "critical": part({"alg": "ES256", "kid": kid, "crit": ["exp"]}) + "." + claims + "." + signature,
            "a secret": self.owner[:-1] + ("a" if self.owner[-1] != "a" else "b"),
            "long": "a" * 20000,
        }
        for name, token in forged.items():
            self.assertEqual(self.ask("GET", "/v1/requests", key=token)[0], 401, name)
        for text in ("", "Bearer", f"Basic {good}", good, f"Bearer {good} x"):
            self.assertEqual(self.ask("GET", "/v1/requests", Authorization=text)[0], 401, text)

    def test_a_token_counts_at_its_audience_only(self):
        made = self.application("narrow")
        for role in ("auditor", "Owner", "Durable Task Data Contributor", "Azure ContainerApps Session Executor"):
            self.server.grant(role, "narrow", "/")
        base = self.server.ready["url"]
        asked = {APP: "/v1/requests", SCHEDULER: "/v1/taskhubs/ping", base: "/v1/directory/users",
                 POOL: self.server.pool_path() + "/metadata?api-version=2025-02-02-preview"}
        for audience in asked:
            token = self.app_token(made, audience)["access_token"]
            for other, path in asked.items():
                status = self.ask("GET", path, key=token)[0]
                self.assertEqual(status == 401, audience != other, (audience, path, status))

    def test_a_token_of_another_tenant_is_nobodys(self):
        with Server(PROGRAM, command="scheduler", arguments=["--auth"]) as other:
            mine = self.server
            try:
                type(self).server = other
                self.local, local = pathlib.Path(other.data, "local.key").read_text(), self.local
                token = self.app_token(self.application("stranger"), SCHEDULER)["access_token"]
                self.assertEqual(self.ask("GET", "/v1/taskhubs/ping", key=token)[0], 403)
            finally:
                type(self).server, self.local = mine, local
            self.assertEqual(self.ask("GET", "/v1/taskhubs/ping", key=token)[0], 401)

    # --- rights that end ---

    def follow(self, key):
        """An open feed of the scheduler's HTTP API; returns a function that tells whether it has ended."""
        connection = self.server.connect(WAIT_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/taskhubs/changes", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        ended = threading.Event()

        def read():
            try:
                while answer.read1(65536):
                    pass
            except (OSError, http.client.HTTPException):
                pass
            ended.set()
        threading.Thread(target=read, daemon=True).start()
        return ended

    def test_a_key_that_is_revoked_ends_its_streams(self):
        """RP-20."""
        key = self.server.key_of("feed@example.org", "Durable Task Data Reader")
        ended = self.follow(key)
        self.assertEqual(self.ask("GET", "/v1/taskhubs/ping", key=key)[0], 200)
        self.assertFalse(ended.is_set())
        self.good("DELETE", "/v1/directory/keys/feed@example.org")
        self.assertTrue(ended.wait(WAIT_S))
        self.assertEqual(self.ask("GET", "/v1/taskhubs/ping", key=key)[0], 401)

    def test_a_role_that_is_taken_ends_a_workers_stream(self):
        made = self.application("worker")
        assignment = self.server.grant("Durable Task Worker", "worker", "/scheduler/default")
        token = self.app_token(made, SCHEDULER)["access_token"]
        metadata = (("taskhub", "default"), ("authorization", f"Bearer {token}"))
        with grpc.insecure_channel(f"localhost:{self.server.port}") as channel:
            stub = Stub(channel)
            stub.Hello(empty(), metadata=metadata, timeout=WAIT_S)
            with self.assertRaises(grpc.RpcError) as denied:
                stub.StartInstance(pb.CreateInstanceRequest(name="x"), metadata=metadata, timeout=WAIT_S)
            self.assertEqual(denied.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
            self.assertIn("sallyport role create", denied.exception.details())
            for other in (metadata[:1], (("taskhub", "default"), ("authorization", "Bearer x"))):
                with self.assertRaises(grpc.RpcError) as unknown:
                    stub.Hello(empty(), metadata=other, timeout=WAIT_S)
                self.assertEqual(unknown.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
            items = stub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=metadata, timeout=WAIT_S)
            items.initial_metadata()
            self.good("DELETE", f"/v1/directory/assignments/{assignment}")
            with self.assertRaises(grpc.RpcError) as ended:
                for _ in items:
                    pass
            self.assertEqual(ended.exception.code(), grpc.StatusCode.PERMISSION_DENIED)

    def test_groups_give_roles_and_who_is_deleted_has_none(self):
        key = self.server.key_of("member@example.org")
        self.good("POST", "/v1/directory/groups", {"name": "readers"})
        self.server.grant("auditor", "readers", "/app")
        self.assertEqual(self.ask("GET", "/v1/requests", key=key)[0], 403)
        self.good("POST", "/v1/directory/groups/readers/members", {"member": "member@example.org"})
        self.assertEqual(self.ask("GET", "/v1/requests", key=key)[0], 200)
        self.good("DELETE", "/v1/directory/groups/readers/members/member@example.org")
        self.assertEqual(self.ask("GET", "/v1/requests", key=key)[0], 403)
        self.good("DELETE", "/v1/directory/users/member@example.org")
        self.assertEqual(self.ask("GET", "/v1/requests", key=key)[0], 401)

    def test_nobody_is_found_in_somebody_elses_place(self):
        """By being called as another one's id, or as a group or an application is, which a grant is then meant for."""
        person = self.good("POST", "/v1/directory/users", {"name": "meant@example.org"})
        group = self.good("POST", "/v1/directory/groups", {"name": "meant"})
        robot = self.application("meant robot")
        taken = ["meant@example.org", "MEANT", "meant robot", person["id"], group["id"].upper(), robot["id"], robot["clientId"]]
        for name in taken:
            for kind in ("users", "groups", "applications"):
                status, _, answer = self.ask("POST", f"/v1/directory/{kind}", {"name": name}, self.local)
                self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:already-exists"), (kind, name))
        for name in ("a\u202eb", "a\u200b", "a\x85", " a", "a ", "a\tb", "a'b", "", "a" * 201):
            for kind in ("users", "groups", "applications", "keys"):
                self.assertEqual(self.ask("POST", f"/v1/directory/{kind}", {"name": name}, self.local)[0], 400, (kind, name))
        # One that a folder of before has is found by its name alone, and what is meant by an id is what has it.
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            server = Server(PROGRAM, data=folder, command="scheduler", arguments=["--auth"])
            self.addCleanup(server.close)
            server.start()
            group, person = server.change_directory("groups", {"name": "meant"}), server.change_directory("users", {"name": "other"})
            server.kill()
            with contextlib.closing(sqlite3.connect(f"{folder}/directory.db")) as database, database:
                (body,) = database.execute("SELECT body FROM record WHERE id = ?", (person["id"].encode(),)).fetchone()
                kept = json.dumps({**json.loads(body), "name": group["id"]}).encode()
                database.execute("UPDATE record SET body = ? WHERE id = ?", (kept, person["id"].encode()))
            server.start()
            granted = server.change_directory("assignments", {"role": "Reader", "principal": group["id"], "scope": "/app"})
            self.assertEqual(granted["principal"], "meant")

    def test_a_server_behind_a_proxy_with_tls_names_itself_as_its_clients_do(self):  # CS-01..03
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            server = Server(PROGRAM, data=folder, command="scheduler", arguments=["--auth", "--host-names", "pool.example"])
            self.addCleanup(server.close)
            server.start()
            for said, scheme in (("https", "https"), ("HTTPS", "https"), ("http", "http"), ("https, http", "http"), ("gopher", "http"), (None, "http")):
                headers = {"Host": "pool.example", **({"X-Forwarded-Proto": said} if said else {})}
                one = server.ask("GET", "/metadata/endpoints?api-version=2022-09-01", headers=headers)[2]
                self.assertEqual(one["authentication"]["loginEndpoint"], f"{scheme}://pool.example", said)
                found = server.ask("GET", "/common/v2.0/.well-known/openid-configuration", headers=headers)[2]
                self.assertTrue(found["token_endpoint"].startswith(f"{scheme}://pool.example/"), said)

    def test_a_key_is_revoked_by_a_name_that_no_other_has(self):
        self.good("POST", "/v1/directory/users", {"name": "namesakes@example.org"})
        keys = [self.good("POST", "/v1/directory/keys", {"name": "namesake", "owner": "namesakes@example.org"}) for _ in range(2)]
        self.assertEqual(self.ask("DELETE", "/v1/directory/keys/namesake", None, self.local)[0], 409)
        self.assertEqual([self.ask("GET", "/v1/directory/me", key=key["key"])[0] for key in keys], [200, 200])
        self.good("DELETE", f"/v1/directory/keys/{keys[1]['id']}")
        self.good("DELETE", "/v1/directory/keys/namesake")  # now there is one
        self.assertEqual([self.ask("GET", "/v1/directory/me", key=key["key"])[0] for key in keys], [401, 401])

    def test_a_key_may_less_than_its_owner(self):
        narrow = self.good("POST", "/v1/directory/keys", {"name": "ci", "roles": "submitter"}, self.owner)["key"]
        self.assertEqual(self.ask("GET", "/v1/requests", key=narrow)[0], 200)
        self.assertEqual(self.ask("GET", "/v1/directory/users", key=narrow)[0], 403)
        shown = [key for key in self.good("GET", "/v1/directory/keys")["keys"] if key["name"] == "ci"][0]
        self.assertEqual((shown["owner"], shown["roles"]), ("owner@sallyport", "Sallyport Submitter"))
        self.assertNotIn(narrow, json.dumps(shown))

    # --- the commands ---

    def command(self, *words, key=None, code=0, data=True):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SALLYPORT_", "XDG_"))}
        environment |= {"SALLYPORT_URL": self.server.ready["url"], "HOME": "/nonexistent"}
        if key:
            environment["SALLYPORT_KEY"] = key
        elif data:
            environment["SALLYPORT_DATA"] = self.server.data
        done = subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(done.returncode, code, done)
        return done.stdout if code == 0 else done.stderr

    def test_nobody_rises_by_writing_the_directory(self):
        """An Owner of the control plane alone, and a key that was narrowed to it: neither makes themselves more than that."""
        self.good("POST", "/v1/directory/users", {"name": "part@example.org"})
        self.server.grant("Owner", "part@example.org", "/control")
        self.good("POST", "/v1/directory/groups", {"name": "rulers"})
        self.server.grant("Owner", "rulers", "/")
        self.good("POST", "/v1/directory/groups", {"name": "idle"})
        self.good("POST", "/v1/directory/users", {"name": "ruler@example.org"})
        self.good("POST", "/v1/directory/groups/rulers/members", {"member": "ruler@example.org"})
        robot = self.application("ruling robot")["id"]
        self.server.grant("Reviewer", robot, "/app")
        narrow = {"name": "narrow", "owner": "owner@sallyport", "roles": "Owner", "scope": "/control"}
        keys = {"part": self.good("POST", "/v1/directory/keys", {"name": "part", "owner": "part@example.org"})["key"],
                "narrow": self.good("POST", "/v1/directory/keys", narrow)["key"]}
        assignment = {"role": "Reviewer", "principal": "part@example.org", "scope": "/app"}
        theirs = self.server.grant("Reviewer", "part@example.org", "/app/x")
        attempts = [("POST", "/v1/directory/assignments", assignment),
                    ("POST", "/v1/directory/assignments", {**assignment, "scope": "/"}),
                    ("DELETE", f"/v1/directory/assignments/{theirs}", None),
                    ("POST", "/v1/directory/keys", {"name": "risen", "owner": "owner@sallyport"}),
                    ("POST", "/v1/directory/keys", {"name": "risen", "owner": "part@example.org", "scope": "/app"}),
                    ("POST", "/v1/directory/secrets/owner@sallyport", None),
                    ("POST", "/v1/directory/groups/rulers/members", {"member": "part@example.org"}),
                    # Nor do they take what they may not give, from others.
                    ("DELETE", "/v1/directory/groups/rulers/members/ruler@example.org", None),
                    ("DELETE", "/v1/directory/groups/rulers", None), ("DELETE", "/v1/directory/groups/idle", None),
                    ("DELETE", "/v1/directory/users/ruler@example.org", None), ("DELETE", "/v1/directory/users/owner@sallyport", None),
                    ("DELETE", f"/v1/directory/applications/{robot}", None)]
        subscription = self.good("GET", "/subscriptions?api-version=2022-12-01")["value"][0]["subscriptionId"]
        owner_role = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        person = [user["id"] for user in self.good("GET", "/v1/directory/users")["users"] if user["name"] == "part@example.org"][0]
        attempts.append(("PUT", f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/"
                         "00000000-0000-4000-8000-000000000001?api-version=2022-04-01",
                         {"properties": {"roleDefinitionId": owner_role, "principalId": person, "principalType": "User"}}))
        for who, key in keys.items():
            for method, path, body in attempts:
                with self.subTest(who=who, method=method, path=path, body=body):
                    status, _, answer = self.ask(method, path, body, key)
                    self.assertEqual(status, 403, answer)
            allowed = {**assignment, "scope": f"/control/{who}"}
            self.good("POST", "/v1/directory/users", {"name": f"plain-{who}"})
            self.server.grant("Reader", f"plain-{who}", f"/control/{who}")
            self.assertEqual(self.ask("DELETE", f"/v1/directory/users/plain-{who}", None, key)[0], 204)
            self.assertEqual(self.ask("POST", "/v1/directory/assignments", allowed, key)[0], 201)
            self.assertEqual(self.ask("POST", "/v1/directory/keys", {"name": who, "owner": "part@example.org",
                                                                     "scope": "/control"}, key)[0], 201)

    def test_the_commands_make_people_groups_applications_keys_and_roles(self):
        self.command("user", "create", "carol@example.org", "--display-name", "Carol")
        self.assertIn("carol@example.org", self.command("user", "ls"))
        self.command("group", "create", "crew")
        self.command("group", "add", "crew", "carol@example.org")
        self.assertRegex(self.command("group", "ls"), "crew +carol@example.org")
        made = json.loads(self.command("sp", "create", "robot", "--json"))
        self.assertIn("access_token", self.app_token(made, POOL))
        self.command("role", "create", "Sallyport Auditor", "--to", "crew", "--scope", "/")
        roles = json.loads(self.command("role", "ls", "--json"))["assignments"]
        granted = [one for one in roles if one["principal"] == "crew"]
        self.assertEqual([one["role"] for one in granted], ["Sallyport Auditor"])
        key = re.search(r"spk_\w+", self.command("key", "create", "--name", "carols", "--owner", "carol@example.org",
                                                 "--expires", "90d")).group()
        self.assertEqual(self.ask("GET", "/v1/requests", key=key)[0], 200)
        self.assertRegex(self.command("key", "ls", key=key), r"carols +spk_\w{4} ")
        self.command("role", "delete", granted[0]["id"])
        self.assertIn("lacks the role", self.command("key", "ls", key=key, code=7))
        self.command("key", "delete", "carols")
        self.assertIn("revoked", self.command("user", "ls", key=key, code=7))
        self.command("group", "remove", "crew", "carol@example.org")
        self.command("group", "delete", "crew")
        self.assertRegex(self.command("user", "secret", "carol@example.org"), r"sps_\w+")
        self.command("user", "delete", "carol@example.org")
        self.command("user", "delete", "carol@example.org", code=3)
        self.command("sp", "delete", "robot")
        self.assertIn("SALLYPORT_KEY", self.command("user", "ls", code=7, data=False))

    # --- the cloud's directory ---

    def test_graph_finds_people_and_applications(self):
        person = self.good("POST", "/v1/directory/users", {"name": "graph@example.org"})
        made = self.application("graphed")
        self.assertEqual(self.good("GET", "/v1.0/users/graph@example.org")["id"], person["id"])
        filters = {"users": "userPrincipalName eq 'GRAPH@example.org'",
                   "servicePrincipals": f"servicePrincipalNames/any(c:c eq '{made['clientId']}')"}
        for kind, text in filters.items():
            value = self.good("GET", f"/v1.0/{kind}?$filter={urllib.parse.quote(text)}")["value"]
            self.assertEqual([one["id"] for one in value], [(person if kind == "users" else made)["id"]])
        value = self.good("POST", "/v1.0/directoryObjects/getByIds", {"ids": [person["id"], made["id"], "x"]})["value"]
        self.assertEqual(len(value), 2)
        token = self.app_token(made, self.server.ready["url"])["access_token"]
        self.assertEqual(self.good("GET", "/v1.0/me", key=token)["appId"], made["clientId"])
        status, _, answer = self.ask("GET", "/v1.0/users/nobody", key=self.local)
        self.assertEqual((status, answer["error"]["code"]), (404, "Request_ResourceNotFound"))
        self.assertEqual(self.ask("GET", "/v1.0/users?$filter=x", key=self.local)[0], 400)

    # --- secrets ---

    def test_secrets_are_nowhere_to_be_read(self):
        """RP-20."""
        made = self.application("hidden")
        key = self.server.key_of("hidden@example.org")
        token = self.app_token(made, APP)
        self.ask("GET", f"/v1/requests?access_token={token['access_token']}", key=made["secret"])
        self.token(grant_type="client_credentials", client_id=made["clientId"], client_secret=made["secret"] + "x",
                   scope=APP + "/.default")
        log = pathlib.Path(self.server.data, "server.log").read_text(errors="replace")
        self.assertEqual(log.count(self.owner), 1)  # the banner of the first start
        kept = b"".join(file.read_bytes() for file in pathlib.Path(self.server.data).glob("directory.db*"))
        for secret in (made["secret"], key, token["access_token"], self.local):
            self.assertNotIn(secret, log)
            self.assertNotIn(secret.encode(), kept)
        lines = pathlib.Path(f"/proc/{self.server.ready['pid']}/cmdline").read_bytes()
        self.assertNotIn(b"spk_", lines)
        for file in pathlib.Path(self.server.data).glob("directory.db*"):
            self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        self.assertEqual(pathlib.Path(self.server.data, "local.key").stat().st_mode & 0o777, 0o600)

    def test_errors_repeat_no_secret_and_no_child_shows_one(self):
        """RP-20: what was typed wrongly comes back in no answer, and no process of the server has a secret on its command line."""
        made = self.application("typed")
        token = self.app_token(made, APP)["access_token"]
        secrets = {"secret": made["secret"], "key": self.owner, "token": token}
        answers = []
        for secret in secrets.values():
            for method, path, body in (("GET", f"/v1/requests?access_token={secret}", None), ("GET", f"/v1/directory/keys/{secret}", None),
                                       ("DELETE", f"/v1/directory/keys/{secret}", None), ("POST", "/v1/directory/users", {"name": secret + "<"}),
                                       ("POST", "/v1/directory/assignments", {"role": secret, "principal": secret, "scope": "/"})):
                answers.append(self.ask(method, path, body, self.local))
            for text in (f"Bearer {secret}x", f"Basic {secret}", secret, f"Bearer {secret} {secret}"):
                answers.append(self.ask("GET", "/v1/requests", Authorization=text))
            for fields in ({"grant_type": secret}, {"grant_type": "refresh_token", "client_id": secret, "refresh_token": secret},
                           {"grant_type": "client_credentials", "client_id": secret, "client_secret": secret + "x", "scope": APP + "/.default"},
                           {"grant_type": "authorization_code", "client_id": "cli", "code": secret, "code_verifier": secret}):
                answers.append(self.post_form("/common/oauth2/v2.0/token", **fields))
        said = "\n".join(str(answer) for answer in answers)
        self.assertEqual(len(answers), 3 * 13)
        log = pathlib.Path(self.server.data, "server.log").read_text(errors="replace").replace(self.owner, "", 1)
        lines = b""
        for process in self.family(self.server.process.pid):
            try:
                lines += pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
            except OSError:
                pass
        for name, secret in secrets.items():
            self.assertNotIn(secret, said, name)
            self.assertNotIn(secret, log, name)
            self.assertNotIn(secret.encode(), lines, name)
        self.assertNotIn(b"spk_", lines)

    def family(self, pid):
        """A process and all that it has started."""
        found = [pid]
        for process in found:
            for path in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
                try:
                    found += map(int, path.read_text().split())
                except OSError:
                    pass
        return found

    def test_a_server_that_crashes_leaves_no_memory_behind(self):
        """A core dump would hold the keys that sign tokens. Another program of the same user does leave one, or the machine keeps none."""
        def without_limit():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        def dumped(process):
            os.kill(process.pid, signal.SIGABRT)
            return os.WCOREDUMP(os.waitpid(process.pid, 0)[1])
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder, open(f"{folder}/log", "ab") as log:
            ready, how = pathlib.Path(folder, "ready.json"), {"cwd": folder, "preexec_fn": without_limit, "log": log}
            with Process([os.path.abspath(PROGRAM), "scheduler", "--auth", "--port", "0", "--data", folder, "--ready-file", ready], **how) as server:
                deadline = time.monotonic() + 90
                while not ready.exists():
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.05)
                self.assertFalse(dumped(server))
            self.assertEqual([path.name for path in pathlib.Path(folder).iterdir() if path.name.startswith("core")], [])
            with Process(["sleep", "1000"], **how) as other:
                if not dumped(other):
                    self.skipTest("this machine keeps no memory of any program that crashes")

    def test_what_was_made_is_there_after_a_crash(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-test-") as folder:
            first = Server(PROGRAM, data=folder, command="scheduler", arguments=["--auth"])
            self.addCleanup(first.close)
            first.start()
            key = re.search(r"spk_\w+", first.tail()).group()
            headers = {"Authorization": f"Bearer {key}"}
            made = first.ask("POST", "/v1/directory/users", {"name": "kept@example.org"}, headers)
            self.assertEqual(made[0], 201, made)
            first.kill()
            first.start()
            self.assertEqual(pathlib.Path(folder, "server.log").read_text().count("spk_"), 1)
            names = [one["name"] for one in first.ask("GET", "/v1/directory/users", headers=headers)[2]["users"]]
            self.assertIn("kept@example.org", names)


def empty():
    from google.protobuf import empty_pb2
    return empty_pb2.Empty()


if __name__ == "__main__":
    unittest.main()
