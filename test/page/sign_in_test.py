#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Browsers sign in where --auth is on: a cookie that no page can read stands for a key, changes want the session's token and our
own Origin, and whoever is signed out or whose key is revoked is out at once.

The browser's part is skipped without Node, its registry or Chromium. Usage: sign_in_test.py FOLDER_OF_MODULES SALLYPORT"""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

import modules

import browser  # noqa: E402
from process import Process  # noqa: E402
from server import Server  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 180
SIGN_INS = {"sign-in.failed", "sign-in.succeeded"}


class SignIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth"]).start()
        cls.origin = f"http://localhost:{cls.server.port}"
        cls.key = re.search(r"^\s+(spk_\w+)\s*$", pathlib.Path(cls.server.data, "server.log").read_text(), re.M).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            lines["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), lines)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(text) if text else None

    def sign_in(self, key):
        status, headers, answer = self.ask("POST", "/page/sign-in", {"credentials": key}, Origin=self.origin)
        self.assertEqual(status, 200, answer)
        return headers["Set-Cookie"], headers["Set-Cookie"].split(";")[0], answer["token"]

    def test_the_cookie_is_out_of_reach(self):
        """RP-21."""
        line, cookie, token = self.sign_in(self.key)
        for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            self.assertIn(word, line)
        self.assertNotIn(self.key, line)
        self.assertNotIn(token, line)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        self.assertEqual(self.ask("GET", "/v1/requests")[0], 401)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=f"sallyport={token}")[0], 401)

    def test_the_page_knows_the_routes_that_there_are(self):
        """If this fails, the page may ask for what the server does not have: the types that its calls are checked by are old."""
        modules.need("node")
        document = json.dumps(self.ask("GET", "/openapi.json")[2])
        made = subprocess.run(["node", modules.WEB / "routes.mjs"], input=document, stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(made.returncode, 0)
        self.assertEqual(made.stdout, (modules.WEB / "src/api/routes.gen.ts").read_text(),
                         "run web/routes.mjs as its head says, then the build of the page")

    def test_what_does_not_count_signs_nobody_in(self):
        for given in ("spk_wrong", self.key[:-1], "Bearer x", "x\0y", ""):
            status, headers, _ = self.ask("POST", "/page/sign-in", {"credentials": given}, Origin=self.origin)
            self.assertIn(status, (400, 401))
            self.assertIsNone(headers["Set-Cookie"])

    def test_changes_want_the_token_and_our_own_page(self):
        """RP-21."""
        _, cookie, token = self.sign_in(self.key)
        code = {"code": "print(1)"}
        submit = lambda **headers: self.ask("POST", "/v1/requests", code, Cookie=cookie, **headers)[0]  # noqa: E731
        self.assertEqual(submit(Origin=self.origin), 401)
        self.assertEqual(submit(Origin=self.origin, X_Sallyport_Token="spt_" + "0" * 49), 401)
        self.assertEqual(submit(X_Sallyport_Token=token), 401)
        self.assertEqual(submit(Origin="http://evil.example", X_Sallyport_Token=token), 403)
        self.assertEqual(submit(Origin=self.origin, X_Sallyport_Token=token), 201)

    def test_a_session_ends_when_somebody_says_so(self):
        """RP-21."""
        _, cookie, token = self.sign_in(self.key)
        self.assertEqual(self.ask("POST", "/page/sign-out", Cookie=cookie, Origin=self.origin)[0], 403)
        self.assertEqual(self.ask("GET", "/page/session", Cookie=cookie)[2]["token"], token)
        self.assertEqual(self.ask("POST", "/page/sign-out", Cookie=cookie, Origin=self.origin, X_Sallyport_Token=token)[0], 204)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 401)
        self.assertEqual(self.ask("GET", "/page/session", Cookie=cookie)[2], {"signedIn": False})

    def test_a_revoked_key_is_out_at_once(self):
        """RP-20, RP-21."""
        owner = {"Authorization": f"Bearer {self.key}"}
        status, _, made = self.ask("POST", "/v1/directory/keys", {"name": "browser"}, **owner)
        self.assertEqual(status, 201, made)
        _, cookie, _ = self.sign_in(made["key"])
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        self.assertIn(self.ask("DELETE", "/v1/directory/keys/browser", **owner)[0], (200, 204))
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 401)

    def audit(self, cookie):
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
        connection.request("GET", "/v1/audit?limit=1000", headers={"Cookie": cookie})
        lines = connection.getresponse().read().splitlines()
        connection.close()
        return [json.loads(line) for line in lines]

    def person(self, name, *roles):
        """A person with a secret, which is returned."""
        secret = self.server.change_directory("users", {"name": name})["secret"]
        for role in roles:
            self.server.grant(role, name)
        return secret

    def post(self, body):
        status, headers, answer = self.ask("POST", "/page/sign-in", body, Origin=self.origin)
        return status, (headers["Set-Cookie"] or "").split(";")[0], answer

    def who(self, cookie):
        status, _, answer = self.ask("GET", "/v1/me", Cookie=cookie)
        return answer["name"] if status == 200 else status

    def restart(self):
        self.server.kill()
        self.server.start()

    def test_a_restart_signs_nobody_out(self):
        _, cookie, token = self.sign_in(self.key)
        _, gone, gone_token = self.sign_in(self.key)
        _, local, _ = self.sign_in(self.server.local_key())
        self.assertEqual(self.ask("GET", "/v1/me", Cookie=local)[2]["id"], "local")
        self.assertEqual(self.ask("POST", "/page/sign-out", Cookie=gone, Origin=self.origin, X_Sallyport_Token=gone_token)[0], 204)
        self.restart()
        self.assertEqual(self.who(cookie), "owner@sallyport")
        self.assertEqual(self.ask("GET", "/page/session", Cookie=cookie)[2]["token"], token)
        self.assertEqual(self.ask("POST", "/v1/requests", {"code": "1"}, Cookie=cookie, Origin=self.origin)[0], 401)
        self.assertEqual(self.ask("POST", "/v1/requests", {"code": "1"}, Cookie=cookie, Origin=self.origin,
                                  X_Sallyport_Token=token)[0], 201)
        self.assertEqual(self.who(gone), 401)  # signing out is on disk before it is answered
        self.assertEqual(self.who(local), 401)  # that key is for one run of the server

    def test_a_key_that_is_revoked_after_a_restart_is_out_and_one_for_less_stays_less(self):
        owner = {"Authorization": f"Bearer {self.key}"}
        made = self.ask("POST", "/v1/directory/keys", {"name": "less", "roles": "Sallyport Submitter"}, **owner)[2]
        _, cookie, token = self.sign_in(made["key"])
        self.restart()
        self.assertEqual(self.ask("GET", "/v1/directory/users", Cookie=cookie)[0], 403)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        self.assertIn(self.ask("DELETE", "/v1/directory/keys/less", **owner)[0], (200, 204))
        self.assertEqual(self.who(cookie), 401)

    def test_a_person_signs_in_by_name_and_secret(self):
        secret = self.person("ann@example.org", "Sallyport Reviewer")
        for body in ({"name": "ann@example.org", "secret": "sps_wrong"}, {"name": "nobody", "secret": secret}):
            status, cookie, answer = self.post(body)
            self.assertEqual((status, cookie), (401, ""))
            self.assertEqual(answer["detail"], "The name or the secret is not right.")  # not which of the two
        status, cookie, answer = self.post({"name": "ann@example.org", "secret": secret})
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.who(cookie), "ann@example.org")
        self.restart()
        self.assertEqual(self.who(cookie), "ann@example.org")
        self.assertEqual(self.ask("GET", "/v1/directory/keys", Cookie=cookie)[0], 403)  # her roles, and no more
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        owner = {"Authorization": f"Bearer {self.key}"}
        self.assertIn(self.ask("DELETE", "/v1/directory/users/ann@example.org", **owner)[0], (200, 204))
        self.assertEqual(self.who(cookie), 401)

    def test_a_link_signs_one_browser_in_once(self):
        owner = {"Authorization": f"Bearer {self.key}"}
        status, _, made = self.ask("POST", "/page/links", **owner)
        self.assertEqual((status, made["expiresInSeconds"]), (201, 600))
        with urllib.request.urlopen(f"{self.origin}/#/?link={made['code']}", timeout=60) as shown:
            self.assertEqual(shown.status, 200)  # whoever only looks at it uses nothing up
        status, cookie, _ = self.post({"link": made["code"]})
        self.assertEqual((status, self.who(cookie)), (200, "owner@sallyport"))
        status, again, answer = self.post({"link": made["code"]})
        self.assertEqual((status, again), (401, ""))
        self.assertIn("sallyport open", answer["detail"])
        self.assertEqual(self.ask("POST", "/page/links")[0], 401)
        token = self.ask("GET", "/page/session", Cookie=cookie)[2]["token"]
        self.assertEqual(self.ask("POST", "/page/links", Cookie=cookie, Origin=self.origin, X_Sallyport_Token=token)[0], 400)

    def test_a_link_is_worth_what_its_key_is(self):
        owner = {"Authorization": f"Bearer {self.key}"}
        key = self.ask("POST", "/v1/directory/keys", {"name": "linked"}, **owner)[2]["key"]
        made = [self.ask("POST", "/page/links", Authorization=f"Bearer {key}")[2]["code"] for _ in range(2)]
        _, cookie, _ = self.post({"link": made[0]})
        self.assertEqual(self.who(cookie), "owner@sallyport")
        self.assertIn(self.ask("DELETE", "/v1/directory/keys/linked", **owner)[0], (200, 204))
        self.assertEqual(self.post({"link": made[1]})[:2], (401, ""))
        self.assertEqual(self.who(cookie), 401)

    def test_the_banner_and_the_command_have_links(self):
        log = pathlib.Path(self.server.data, "server.log").read_text()
        codes = re.findall(rf"^  {self.origin}/#/\?link=(spo_\w+)$", log, re.M)
        status, cookie, _ = self.post({"link": codes[-1]})
        self.assertEqual((status, self.ask("GET", "/v1/me", Cookie=cookie)[2]["id"]), (200, "local"))
        self.assertNotIn("Authentication=None", log)

        environment = {name: text for name, text in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        printed = subprocess.run([PROGRAM, "open", "--url", self.origin], env={**environment, "SALLYPORT_KEY": self.key},
                                 stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
        found = re.fullmatch(rf"{self.origin}/#/\?link=(spo_\w+)\n", printed)
        self.assertEqual(self.post({"link": found.group(1)})[0], 200)

    def test_the_command_says_why_there_is_no_link(self):
        """If this fails, `sallyport open` shows a page that signs nobody in, or that is not there, and says that all is well."""
        known = {name: text for name, text in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "SALLYPORT_KEY")}

        def opened(origin, **environment):
            done = subprocess.run([PROGRAM, "open", "--url", origin], env={**known, "HOME": "/nonexistent", **environment},
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
            return done.returncode, done.stdout, done.stderr

        self.assertEqual(opened(self.origin), (0, f"{self.origin}/\n", ""))
        code, link, why = opened(self.origin, SALLYPORT_KEY="spk_wrong")
        self.assertEqual((code, link), (7, ""))
        self.assertIn("give a key with SALLYPORT_KEY", why)
        code, link, why = opened("http://localhost:1")
        self.assertEqual((code, link), (1, ""))
        self.assertIn("nothing answers at http://localhost:1", why)

    def test_a_link_of_somebody_else_changes_no_session(self):
        """If this fails, whoever follows a stranger's link decides in the stranger's name."""
        owner = {"Authorization": f"Bearer {self.key}"}
        secret = self.person("eve@example.org", "Sallyport Submitter")
        _, eves, _ = self.post({"name": "eve@example.org", "secret": secret})
        key = self.ask("POST", "/v1/directory/keys", {"name": "passing"}, **owner)[2]["key"]
        _, passing, _ = self.post({"credentials": key})
        links = [self.ask("POST", "/page/links", **owner)[2]["code"] for _ in range(2)]

        def follow(code, cookie):
            status, headers, answer = self.ask("POST", "/page/sign-in", {"link": code}, Origin=self.origin, Cookie=cookie)
            return status, headers["Set-Cookie"] is not None, answer.get("type")

        self.assertEqual(follow(links[0], eves), (409, False, "urn:sallyport:problem:signed-in-already"))
        self.assertEqual(self.who(eves), "eve@example.org")
        self.assertEqual(follow(links[0], passing), (200, True, None))  # their own, and it was not used up
        self.assertIn(self.ask("DELETE", "/v1/directory/users/eve%40example.org", **owner)[0], (200, 204))
        self.assertEqual(follow(links[1], eves), (200, True, None))  # who is signed in no more

    def test_a_person_confirms_on_another_device(self):
        secret = self.person("dan@example.org", "Sallyport Reviewer")
        form = {"Content-Type": "application/x-www-form-urlencoded"}

        def send(path, fields):
            connection = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
            connection.request("POST", path, urllib.parse.urlencode(fields), form)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            return answer.status, text

        begun = json.loads(send("/common/oauth2/v2.0/devicecode", {"client_id": "sallyport-page", "scope": "openid"})[1])
        other = json.loads(send("/common/oauth2/v2.0/devicecode", {"client_id": "another", "scope": "openid"})[1])
        self.assertEqual(self.post({"deviceCode": begun["device_code"]})[:2], (202, ""))
        for code in (begun, other):
            self.assertEqual(send("/device", {"user_code": code["user_code"], "name": "dan@example.org", "secret": secret,
                                              "answer": "yes"})[0], 200)
        status, cookie, _ = self.post({"deviceCode": begun["device_code"]})
        self.assertEqual((status, self.who(cookie)), (200, "dan@example.org"))
        self.assertEqual(self.post({"deviceCode": begun["device_code"]})[0], 401)  # it counts once
        self.assertEqual(self.post({"deviceCode": other["device_code"]})[0], 401)  # confirmed for another program

    def test_who_signs_out_everywhere_is_out_everywhere(self):
        secret = self.person("eve@example.org", "Sallyport Reviewer")
        body = {"name": "eve@example.org", "secret": secret}
        (_, one, answer), (_, two, _) = self.post(body), self.post(body)
        _, owners, _ = self.sign_in(self.key)
        status = self.ask("POST", "/page/sign-out?everywhere=true", Cookie=one, Origin=self.origin,
                          X_Sallyport_Token=answer["token"])[0]
        self.assertEqual(status, 204)
        self.assertEqual((self.who(one), self.who(two), self.who(owners)), (401, 401, "owner@sallyport"))

    def test_what_is_there_already_is_not_made_again(self):
        self.person("twice@example.org", "Sallyport Reviewer")
        owner = {"Authorization": f"Bearer {self.key}"}
        grant = {"role": "Sallyport Reviewer", "principal": "twice@example.org", "scope": "/"}
        for path, body in (("users", {"name": "Twice@example.org"}), ("assignments", grant)):
            status, _, answer = self.ask("POST", f"/v1/directory/{path}", body, **owner)
            self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:already-exists"), answer)

    def test_sign_ins_are_in_the_audit_log(self):
        secret = self.person("fay@example.org", "Sallyport Auditor")
        self.post({"name": "fay@example.org", "secret": "sps_wrong"})
        _, cookie, _ = self.post({"name": "fay@example.org", "secret": secret})
        deadline = time.monotonic() + 30
        told = set()
        person = self.ask("GET", "/v1/me", Cookie=cookie)[2]["id"]
        while len(told) < 2 and time.monotonic() < deadline:
            told = {entry["action"] for entry in self.audit(cookie) if entry["object"] == f"people/{person}"} & SIGN_INS
        self.assertEqual(told, SIGN_INS)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_people_sign_in(self):
        name = "pia@example.org"
        environment = {**os.environ, "PAGE_URL": self.origin, "PAGE_MODULES": str(FOLDER), "PAGE_KEY": self.key,
                       "PAGE_NAME": name, "PAGE_SECRET": self.person(name, "Sallyport Reviewer"), "CHROMIUM": browser.program()}
        with Process(["node", HERE / "drive_sign_in.mjs", *sys.argv[1:]], patience=PATIENCE_S, env=environment) as drive:
            while (line := drive.line()) is not None:
                print(line.rstrip(), flush=True)
            self.assertEqual(drive.wait(), 0, drive.said())


if __name__ == "__main__":
    FOLDER = modules.prepare(sys.argv.pop(1))
    PROGRAM = sys.argv.pop(1)
    unittest.main(argv=sys.argv[:1], verbosity=2)
