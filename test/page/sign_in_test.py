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
import sys
import unittest

import modules

import browser  # noqa: E402
from process import Process  # noqa: E402
from server import Server  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 180


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
        line, cookie, token = self.sign_in(self.key)
        for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            self.assertIn(word, line)
        self.assertNotIn(self.key, line)
        self.assertNotIn(token, line)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        self.assertEqual(self.ask("GET", "/v1/requests")[0], 401)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=f"sallyport={token}")[0], 401)

    def test_what_does_not_count_signs_nobody_in(self):
        for given in ("spk_wrong", self.key[:-1], "Bearer x", "x\0y", ""):
            status, headers, _ = self.ask("POST", "/page/sign-in", {"credentials": given}, Origin=self.origin)
            self.assertIn(status, (400, 401))
            self.assertIsNone(headers["Set-Cookie"])

    def test_changes_want_the_token_and_our_own_page(self):
        _, cookie, token = self.sign_in(self.key)
        code = {"code": "print(1)"}
        submit = lambda **headers: self.ask("POST", "/v1/requests", code, Cookie=cookie, **headers)[0]  # noqa: E731
        self.assertEqual(submit(Origin=self.origin), 401)
        self.assertEqual(submit(Origin=self.origin, X_Sallyport_Token="spt_" + "0" * 49), 401)
        self.assertEqual(submit(X_Sallyport_Token=token), 401)
        self.assertEqual(submit(Origin="http://evil.example", X_Sallyport_Token=token), 403)
        self.assertEqual(submit(Origin=self.origin, X_Sallyport_Token=token), 201)

    def test_a_session_ends_when_somebody_says_so(self):
        _, cookie, token = self.sign_in(self.key)
        self.assertEqual(self.ask("POST", "/page/sign-out", Cookie=cookie, Origin=self.origin)[0], 403)
        self.assertEqual(self.ask("GET", "/page/session", Cookie=cookie)[2]["token"], token)
        self.assertEqual(self.ask("POST", "/page/sign-out", Cookie=cookie, Origin=self.origin, X_Sallyport_Token=token)[0], 204)
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 401)
        self.assertEqual(self.ask("GET", "/page/session", Cookie=cookie)[2], {"signedIn": False})

    def test_a_revoked_key_is_out_at_once(self):
        owner = {"Authorization": f"Bearer {self.key}"}
        status, _, made = self.ask("POST", "/v1/directory/keys", {"name": "browser"}, **owner)
        self.assertEqual(status, 201, made)
        _, cookie, _ = self.sign_in(made["key"])
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 200)
        self.assertIn(self.ask("DELETE", "/v1/directory/keys/browser", **owner)[0], (200, 204))
        self.assertEqual(self.ask("GET", "/v1/requests", Cookie=cookie)[0], 401)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_people_sign_in(self):
        environment = {**os.environ, "PAGE_URL": self.origin, "PAGE_MODULES": str(FOLDER), "PAGE_KEY": self.key,
                       "CHROMIUM": browser.program()}
        with Process(["node", HERE / "drive_sign_in.mjs"], patience=PATIENCE_S, env=environment) as drive:
            while (line := drive.line()) is not None:
                print(line.rstrip(), flush=True)
            self.assertEqual(drive.wait(), 0, drive.said())


if __name__ == "__main__":
    FOLDER = modules.prepare(sys.argv.pop(1))
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
