#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Container apps of the image sallyport/app: made by the control plane, run as processes without rights, started again when they
die, changed, stopped, deleted. If this fails, an app that the control plane shows does not do its work, or what it was given
gets to somebody else.
Usage: container_app_test.py SALLYPORT"""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
APPS_USER = 199997
VERSION = "api-version=2025-07-01"
SECRET = "a-word-of-the-app-s-own"


def processes():
    """Of apps that the control plane started: process id and command line."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:3] == [b"app", b"--port"]:
            found[int(folder.name)] = words
    return found


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth"]).start().sign_in()
        subscription = cls.ask(200, "GET", "/subscriptions?api-version=2022-12-01")["value"][0]["subscriptionId"]
        cls.subscription = f"/subscriptions/{subscription}"
        cls.group = f"{cls.subscription}/resourceGroups/apps"
        cls.ask(201, "PUT", f"{cls.group}?api-version=2024-11-01", {"location": "local"})
        cls.connection = f"Endpoint={cls.server.ready['url']};Authentication=ManagedIdentity;TaskHub=default"

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    @classmethod
    def ask(cls, expected, method, path, body=None, key=None):
        headers = {"Authorization": f"Bearer {key}"} if key else None
        status, _, answer = cls.server.ask(method, path, body, headers)
        assert status == expected, (method, path, status, answer, cls.server.tail()[-800:])
        return answer

    def path(self, name, end=""):
        return f"{self.group}/providers/Microsoft.App/containerApps/{name}{end}?{VERSION}"

    def wish(self, *variables, image="sallyport/app:latest", identity=None):
        env = [{"name": name, "value": value} for name, value in variables]
        env.append({"name": "ASPNETCORE_WORD", "secretRef": "word"})
        return {"location": "local", "identity": identity or {"type": "SystemAssigned"}, "properties": {
            "configuration": {"ingress": {"external": True, "targetPort": 8080}, "secrets": [{"name": "word", "value": SECRET}]},
            "template": {"containers": [{"name": "main", "image": image, "env": env}]}}}

    def until(self, look, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not (found := look()):
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.server.tail()}")
            time.sleep(0.05)
        return found

    def healthy(self, port):
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def port(self, app):
        host, port = app["properties"]["configuration"]["ingress"]["fqdn"].split(":")
        self.assertEqual(host, "localhost")
        return int(port)

    def process(self, port):
        """The process that serves that port."""
        return self.until(lambda: [pid for pid, words in processes().items() if str(port).encode() in words], "no process")[0]

    def test_an_app_runs_dies_comes_back_stops_and_goes(self):  # CS-30
        variables = [("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", self.connection), ("SESSION_POOL_URL", self.server.ready["sessionPoolUrl"])]
        app = self.ask(200, "PUT", self.path("one"), self.wish(*variables))
        self.assertEqual(app["properties"]["provisioningState"], "Succeeded")
        self.assertEqual(len(app["identity"]["principalId"]), 36)
        self.assertNotIn(SECRET, json.dumps(app))
        port = self.port(app)
        pid = self.process(port)
        self.until(lambda: self.healthy(port), "the app does not answer")
        self.assertEqual(self.ask(200, "GET", self.path("one"))["properties"]["runningStatus"], "Running")
        self.has_no_rights(pid)

        # What it writes is read from where the replica says; secrets are not in it.
        replica = self.ask(200, "GET", self.path("one", "/revisions/one/replicas"))["value"][0]
        stream = replica["properties"]["containers"][0]["logStreamEndpoint"].removeprefix(self.server.ready["url"])
        text = self.until(lambda: "listening" in (text := self.ask(200, "GET", f"{stream}?tailLines=300&output=text")) and text or "ready" in text and text, "no log")
        self.assertNotIn(SECRET, text)
        self.assertNotIn("spi_", text)

        # It does its work with the tokens of its identity, as far as that was granted.
        for role in ("Durable Task Data Contributor", "Azure ContainerApps Session Executor"):
            self.ask(201, "POST", "/v1/directory/assignments", {"role": role, "principal": app["identity"]["principalId"], "scope": "/"})
        self.assertEqual(self.submit(port), "42\n")

        # It dies and comes back; the record says how often.
        following = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
        self.addCleanup(following.close)
        following.request("GET", f"{stream}?tailLines=1&follow=true", headers={"Authorization": f"Bearer {self.server.token}"})
        answer = following.getresponse()
        os.kill(pid, signal.SIGKILL)
        while b"ended by signal 9" not in (line := answer.readline()):
            self.assertTrue(line, "the answer ended")
        self.until(lambda: [other for other, words in processes().items() if str(port).encode() in words and other != pid], "it does not come back")
        self.until(lambda: self.healthy(port), "the app does not answer again")
        replica = self.ask(200, "GET", self.path("one", "/revisions/one/replicas"))["value"][0]
        self.assertEqual(replica["properties"]["containers"][0]["restartCount"], 1)
        self.assertIn("ended by signal 9", self.ask(200, "GET", f"{stream}?tailLines=300&output=text"))

        # Stopped, it stays so over a restart of the server, with the port that it had; started, it runs again.
        self.assertEqual(self.port(self.ask(200, "POST", self.path("one", "/stop"))), port)
        self.until(lambda: not self.healthy(port), "it does not stop")
        self.assertEqual(self.server.stop(), 0, self.server.tail())
        self.server.start().sign_in()
        self.assertEqual(self.ask(200, "GET", self.path("one"))["properties"]["runningStatus"], "Stopped")
        self.ask(200, "POST", self.path("one", "/start"))
        self.until(lambda: self.healthy(port), "it does not start")

        following = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
        self.addCleanup(following.close)
        following.request("GET", f"{stream}?follow=true", headers={"Authorization": f"Bearer {self.server.token}"})
        answer = following.getresponse()

        # Gone with its resource, and its identity with it.
        principal = app["identity"]["principalId"]
        self.ask(200, "GET", f"/v1.0/servicePrincipals/{principal}")
        self.ask(200, "DELETE", self.path("one"))
        self.until(lambda: not self.healthy(port), "it does not end")
        self.ask(404, "GET", f"/v1.0/servicePrincipals/{principal}")
        answer.read()  # who followed hears the end

    def submit(self, port):
        """What code printed that was handed to the app."""
        server = Server(PROGRAM, data=self.server.data)
        server.port = port
        try:
            server.until_ready()
            request = server.submit("print(6 * 7)")
            printed = server.until(request, "waiting")["result"]["stdout"]
            self.assertEqual(server.review(request, True)[0], 200)
            server.until(request, "approved")
            return printed
        finally:
            server.close()

    def has_no_rights(self, pid):
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        if os.geteuid() == 0:
            self.assertEqual(status["Uid"].split(), [str(APPS_USER)] * 4)
        self.assertEqual((int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]), (0, 0, "1"))
        self.assertEqual(subprocess.run(["grep", "-c", SECRET, f"/proc/{pid}/cmdline"], capture_output=True).stdout, b"0\n")

    def test_what_steers_a_program_from_outside_is_refused(self):
        for name in ("LD_PRELOAD", "GLIBC_TUNABLES", "SSLKEYLOGFILE", "SALLYPORT_DATA", "IDENTITY_HEADER", "PATH"):
            refusal = self.ask(400, "PUT", self.path("bad"), self.wish((name, "/tmp/x")))["error"]
            self.assertIn("SESSION_POOL_*", refusal["message"])
        wish = self.wish()
        wish["properties"]["template"]["containers"][0]["args"] = ["--data", "/"]
        self.ask(400, "PUT", self.path("bad"), wish)
        wish = self.wish()
        wish["properties"]["configuration"]["secrets"] = []
        self.assertIn("names no secret", self.ask(400, "PUT", self.path("bad"), wish)["error"]["message"])
        self.ask(404, "GET", self.path("bad"))

    def test_nobody_gives_away_an_identity_that_is_not_his(self):
        mine = f"{self.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other"
        self.ask(201, "PUT", f"{mine}?api-version=2023-01-31", {"location": "local"})
        people = f"{self.subscription}/resourceGroups/theirs"
        self.ask(201, "PUT", f"{people}?api-version=2024-11-01", {"location": "local"})
        person = self.ask(201, "POST", "/v1/directory/users", {"name": "bob@example.org"})
        self.ask(201, "POST", "/v1/directory/assignments", {"role": "Contributor", "principal": "bob@example.org", "scope": people})
        key = self.ask(201, "POST", "/v1/directory/keys", {"name": "bob", "owner": person["id"], "roles": "Contributor"})["key"]
        wish = self.wish(identity={"type": "UserAssigned", "userAssignedIdentities": {mine: {}}})
        path = f"{people}/providers/Microsoft.App/containerApps/thief?{VERSION}"
        self.assertEqual(self.ask(403, "PUT", path, wish, key)["error"]["code"], "LinkedAuthorizationFailed")
        shown = self.ask(200, "PUT", self.path("owner"), wish)
        self.assertEqual(len(shown["identity"]["userAssignedIdentities"][mine]["clientId"]), 36)
        self.ask(200, "DELETE", self.path("owner"))

    def test_an_app_that_cannot_work_says_why(self):
        app = self.ask(200, "PUT", self.path("lost"), self.wish(("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "nonsense")))
        shown = self.until(lambda: (now := self.ask(200, "GET", self.path("lost"))["properties"])["runningStatus"] == "Progressing" and now, "it runs")
        self.assertIn("ended with status", shown["runningStatusDetails"])
        self.ask(200, "DELETE", self.path("lost"))
        self.assertFalse([pid for pid, words in processes().items() if str(self.port(app)).encode() in words])
        other = self.ask(200, "PUT", self.path("image"), self.wish(image="redis"))
        self.assertEqual(other["properties"]["runningStatus"], "NoEngine")


class Names(unittest.TestCase):
    """Apps by their names, NAME.ENVIRONMENT-HASH.DOMAIN, at the server's own port; the client is curl."""
    def serve(self, *arguments):
        self.server = Server(PROGRAM, arguments=["--auth", *arguments]).start().sign_in()
        self.addCleanup(self.server.close)
        subscription = self.ask(200, "GET", "/subscriptions?api-version=2022-12-01")["value"][0]["subscriptionId"]
        self.subscription = f"/subscriptions/{subscription}"
        for group in ("apps", "others"):
            self.ask(201, "PUT", f"{self.subscription}/resourceGroups/{group}?api-version=2024-11-01", {"location": "local"})
        self.environment = self.ask(200, "PUT", self.path("managedEnvironments", "Env"), {"location": "local", "properties": {}})

    def ask(self, expected, method, path, body=None):
        status, _, answer = self.server.ask(method, path, body)
        self.assertEqual(status, expected, (method, path, answer, self.server.tail()[-800:]))
        return answer

    def path(self, kind, name, group="apps"):
        return f"{self.subscription}/resourceGroups/{group}/providers/Microsoft.App/{kind}/{name}?{VERSION}"

    def make(self, name, external=True, group="apps", expected=200):
        variables = [{"name": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "value": f"Endpoint={self.server.ready['url']};Authentication=None;TaskHub=default"},
                     {"name": "SESSION_POOL_URL", "value": self.server.ready["sessionPoolUrl"]}]
        return self.ask(expected, "PUT", self.path("containerApps", name, group), {"location": "local", "properties": {
            "environmentId": self.environment["id"], "configuration": {"ingress": {"external": external, "targetPort": 8080}},
            "template": {"containers": [{"name": "main", "image": "sallyport/app", "env": variables}]}}})

    def curl(self, *words):
        """(status, body)"""
        done = subprocess.run(["curl", "-sS", "--max-time", "60", "--noproxy", "*", "-w", "\n%{http_code}", *words], capture_output=True, text=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def until_healthy(self, url, *words):
        deadline = time.monotonic() + 60
        while (status := self.curl(*words, f"{url}/healthz")[0]) in (502, 503):
            self.assertLess(time.monotonic(), deadline, self.server.tail())
            time.sleep(0.1)
        self.assertEqual(status, 200)

    def test_an_app_is_reached_by_its_name(self):  # CS-29, CS-30
        self.serve()
        domain = self.environment["properties"]["defaultDomain"]
        self.assertRegex(domain, r"^env-[0-9a-f]{8}\.apps\.localhost$")
        app = self.make("Shop")["properties"]
        self.assertEqual(app["latestRevisionFqdn"], f"shop.{domain}:{self.server.port}")
        self.assertRegex(app["configuration"]["ingress"]["fqdn"], r"^localhost:\d+$")
        url = f"http://{app['latestRevisionFqdn']}"
        self.until_healthy(url)

        # It is the app that answers, without sign-in, also to a page of its own; the server's own door is as it was.
        status, body = self.curl(f"{url}/openapi.json")
        self.assertEqual(status, 200)
        self.assertNotIn("/subscriptions", body)
        self.assertEqual(self.curl("-X", "POST", f"{url}/v1/requests", "-H", "Content-Type: application/json", "-H", f"Origin: {url}", "-d", "{}")[0], 400)
        self.assertEqual(self.curl("-X", "POST", f"{url}/v1/requests", "-H", "Content-Type: application/json", "-H", "Origin: http://evil.example", "-d", "{}")[0], 403)
        self.assertEqual(self.curl("--http2-prior-knowledge", f"{url}/healthz")[0], 200)
        self.assertEqual(self.curl(f"http://localhost:{self.server.port}/v1/requests")[0], 401)

        # Nobody else's name, none for who is carried here from elsewhere, and no second app of a name.
        self.assertEqual(self.curl(f"http://other.{domain}:{self.server.port}/")[0], 421)
        self.assertEqual(self.curl(f"{url}/healthz", "-H", "X-Forwarded-For: 192.0.2.1")[0], 421)
        self.assertEqual(self.make("shop", group="others", expected=409)["error"]["code"], "ContainerAppNameInUse")
        self.ask(200, "POST", self.path("containerApps", "shop/stop"))
        deadline = time.monotonic() + 60
        while (answer := self.curl(f"{url}/healthz"))[0] != 503:
            self.assertLess(time.monotonic(), deadline, answer)
            time.sleep(0.1)

        # The same name after a restart, and none after its deletion.
        self.assertEqual(self.server.stop(), 0, self.server.tail())
        self.server.start().sign_in()
        self.ask(200, "POST", self.path("containerApps", "shop/start"))
        self.until_healthy(f"http://shop.{domain}:{self.server.port}")
        self.ask(200, "DELETE", self.path("containerApps", "shop"))
        self.assertEqual(self.curl(f"http://shop.{domain}:{self.server.port}/healthz")[0], 421)

    def test_a_domain_of_one_s_own_lets_others_in_where_ingress_is_external(self):
        self.serve("--apps-domain", "apps.example.org")
        domain = self.environment["properties"]["defaultDomain"]
        self.assertRegex(domain, r"^env-[0-9a-f]{8}\.apps\.example\.org$")
        for name, external in (("shop", True), ("cellar", False)):
            app = self.make(name, external)["properties"]
            address = f"{name}.{domain}:{self.server.port}"
            self.assertEqual(app["configuration"]["ingress"]["fqdn"], address)
            here = ["--resolve", f"{address}:127.0.0.1"]
            self.until_healthy(f"http://{address}", *here)
            self.assertEqual(self.curl(*here, "-H", "X-Forwarded-For: 192.0.2.1", f"http://{address}/healthz")[0], 200 if external else 421)

    def test_the_certificate_is_for_the_names_of_apps(self):
        self.serve("--tls")
        app = self.make("shop")["properties"]
        authority = pathlib.Path(self.server.data) / "tls/authority.pem"
        url = f"https://{app['latestRevisionFqdn']}"
        self.until_healthy(url, "--cacert", str(authority))
        self.assertEqual(self.curl("--cacert", str(authority), "--http1.1", f"{url}/healthz")[0], 200)
        self.assertEqual(self.curl("--cacert", str(authority), f"{url}/healthz", "-o", "/dev/null", "-w", "%{http_version}\n%{http_code}"), (200, "2"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
