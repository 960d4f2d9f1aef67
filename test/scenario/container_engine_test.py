#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Container apps of other images, by a container engine: a real one, and for what a real one does not show, one that is played.

If this fails, an app does not run, reaches or is reached by somebody else, or something of it is left behind.
Usage: container_engine_test.py SALLYPORT"""
import http.client
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from podman import Podman  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
VERSION = "api-version=2025-07-01"
SECRET = "a-word-of-the-app-s-own"
RELAYS_USER = "199997"


def serve(port):
    """The end of a script: the first process of a container hears no signal that it does not ask for."""
    return f"httpd -f -p {port} -h /www & trap 'exit 0' TERM; wait"


class Case(unittest.TestCase):
    server = None

    @classmethod
    def serve(cls, program, *options):
        words = ["--container-options", " ".join(options)] if options else []
        cls.server = Server(PROGRAM, arguments=["--auth", "--container-engine", str(program), *words])
        cls.addClassCleanup(cls.server.close)
        cls.server.start().sign_in()
        subscription = cls.ask(200, "GET", "/subscriptions?api-version=2022-12-01")["value"][0]["subscriptionId"]
        cls.group = f"/subscriptions/{subscription}/resourceGroups/apps"
        cls.ask(201, "PUT", f"{cls.group}?api-version=2024-11-01", {"location": "local"})

    @classmethod
    def ask(cls, expected, method, path, body=None):
        status, _, answer = cls.server.ask(method, path, body)
        assert status == expected, (method, path, status, answer, cls.server.tail()[-800:])
        return answer

    def path(self, name, end=""):
        return f"{self.group}/providers/Microsoft.App/containerApps/{name}{end}?{VERSION}"

    def wish(self, script, *variables, image="localhost/tiny", target=8080, **more):
        env = [{"name": name, "value": value} for name, value in variables] + [{"name": "WORD", "secretRef": "word"}]
        return {"location": "local", "identity": {"type": "SystemAssigned"}, "properties": {
            "configuration": {"ingress": {"external": True, "targetPort": target}, "secrets": [{"name": "word", "value": SECRET}]},
            "template": {"containers": [{"name": "main", "image": image, "command": ["/bin/sh", "-c"], "args": [script], "env": env, **more}]}}}

    def make(self, name, *arguments, **more):
        return self.ask(200, "PUT", self.path(name), self.wish(*arguments, **more))

    def properties(self, name):
        return self.ask(200, "GET", self.path(name))["properties"]

    def port(self, app):
        return int(app["properties"]["configuration"]["ingress"]["fqdn"].split(":")[1])

    def until(self, look, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not (found := look()):
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.server.tail()}")
            time.sleep(0.05)
        return found

    def get(self, port, path="/"):
        """The body that the app serves; None: it does not."""
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def log(self, name):
        replicas = self.ask(200, "GET", self.path(name, f"/revisions/{name}/replicas"))["value"]
        stream = replicas[0]["properties"]["containers"][0]["logStreamEndpoint"].removeprefix(self.server.ready["url"])
        return self.ask(200, "GET", f"{stream}?tailLines=300&output=text")


def processes(word):
    """Process ids by a word of their command line."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


class Real(Case):
    @classmethod
    def setUpClass(cls):
        cls.podman = Podman()
        cls.addClassCleanup(cls.podman.close)
        cls.serve(cls.podman.program, *cls.podman.options)

    def gone(self):
        self.until(lambda: not self.podman.left(), "containers are left")
        self.until(lambda: len(self.podman.processes()) <= 2, "more than the server and who commands the engine are left")

    def test_an_app_is_made_reached_read_changed_and_gone(self):  # CS-30
        health = f"{self.server.ready['url']}/healthz"
        app = self.make("one", "mkdir -p /www; env > /www/env; id > /www/id; cat /proc/self/status > /www/status; echo $WORD > /www/word; "
                        "echo it is up; " + serve(8080), ("HEALTH", health), ("SPACED", " a = b "),
                        resources={"cpu": 0.25, "memory": "0.1Gi"})
        self.assertNotIn(SECRET, json.dumps(app))
        port = self.port(app)
        env = self.until(lambda: self.get(port, "/env"), "the app does not answer").splitlines()
        self.assertEqual(self.properties("one")["runningStatus"], "Running")
        self.assertIn(f"HEALTH={health}", env)
        self.assertIn("SPACED= a = b ", env)
        self.assertEqual(self.get(port, "/word").strip(), SECRET)
        self.assertFalse(processes(SECRET), "a secret is in a command line")
        self.assertIn("it is up", self.log("one"))
        self.assertNotIn(SECRET, self.log("one"))
        status = dict(line.split(":\t", 1) for line in self.get(port, "/status").splitlines() if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], int(status["CapBnd"], 16) & 1 << 21), ("1", 0))  # CAP_SYS_ADMIN
        shown = json.loads(self.podman.run("inspect", self.podman.left()[0]).stdout)[0]["HostConfig"]
        self.assertEqual((shown["Memory"], shown["NanoCpus"], shown["Privileged"], shown["Binds"]),
                         (int(0.1 * (1 << 30)), 250_000_000, False, []))

        # Changed, it starts anew with the port that it had; stopped, it stays so; started, it comes back.
        self.make("one", "mkdir -p /www; echo second > /www/index.html; " + serve(9000), target=9000)
        self.until(lambda: (self.get(port) or "").strip() == "second", "the change does not count")
        self.assertEqual(len(self.podman.left()), 1)
        self.ask(200, "POST", self.path("one", "/stop"))
        self.until(lambda: not self.podman.left(), "it does not stop")
        self.until(lambda: self.properties("one")["runningStatus"] == "Stopped", "it is not said to be stopped")
        self.ask(200, "POST", self.path("one", "/start"))
        self.until(lambda: self.get(port), "it does not start")

        self.ask(200, "DELETE", self.path("one"))
        self.gone()
        self.assertFalse(list(self.podman.folder.glob("images/volumes/*")))
        self.assertIsNone(self.get(port))

    def test_it_reaches_the_server_where_it_was_told_and_nothing_else(self):  # CS-30
        """The server's own port is the app's, too: it has another number inside, and the variable says that one."""
        with socket.create_server(("127.0.0.1", 0)) as neighbour:
            other = neighbour.getsockname()[1]
            app = self.make("two", f'mkdir -p /www; sleep 2; wget -q -O /www/health "$HEALTH"; '
                            f"wget -O /www/other http://127.0.0.1:{other}/ 2> /www/refused; "
                            'wget -q -O /www/token --header "X-IDENTITY-HEADER: $IDENTITY_HEADER" '
                            '"$IDENTITY_ENDPOINT?api-version=2019-08-01&resource=https://durabletask.io"; '
                            f'echo "$HEALTH" > /www/told; ' + serve(self.server.port),
                            ("HEALTH", f"http://localhost:{self.server.port}/healthz"), target=self.server.port)
            port = self.port(app)
            told = self.until(lambda: self.get(port, "/told"), "the app does not answer")
            self.assertNotIn(f":{self.server.port}/", told)
            self.assertIn('"ok"', self.get(port, "/health") or "")
            self.assertIn("refused", self.get(port, "/refused"))
            token = json.loads(self.get(port, "/token"))
            self.assertEqual(token["client_id"], self.ask(200, "GET", f"/v1.0/servicePrincipals/{app['identity']['principalId']}")["appId"])
            relays = [pid for pid in processes(str(self.podman.program)) if
                      f"Uid:\t{RELAYS_USER}\t" in pathlib.Path(f"/proc/{pid}/status").read_text()]
            self.assertEqual(len(relays), 2)
            for pid in relays:
                self.assertIn("CapEff:\t0000000000000000", pathlib.Path(f"/proc/{pid}/status").read_text())
            neighbour.setblocking(False)
            self.assertRaises(BlockingIOError, neighbour.accept)
        self.ask(200, "DELETE", self.path("two"))
        self.gone()

    def test_it_dies_and_comes_back_and_says_why(self):
        app = self.make("three", "echo falls; sleep 1; exit 3")
        shown = self.until(lambda: (now := self.properties("three"))["runningStatus"] == "Progressing" and now, "it does not end")
        self.assertIn("ended with status 3", shown["runningStatusDetails"])
        self.until(lambda: self.log("three").count("falls") > 1, "it is not started again")
        self.ask(200, "DELETE", self.path("three"))
        app = self.make("three", "true", image="localhost/there-is-none")
        shown = self.until(lambda: (now := self.properties("three"))["runningStatus"] == "Progressing" and now, "it does not end")
        self.assertIn("ended with status 125", shown["runningStatusDetails"])
        self.assertIn("there-is-none", self.log("three"))
        self.assertEqual(app["properties"]["provisioningState"], "Succeeded")
        self.ask(200, "DELETE", self.path("three"))
        self.gone()

    def test_nothing_outlives_a_server_that_is_killed(self):
        port = self.port(self.make("four", "mkdir -p /www; echo here > /www/index.html; " + serve(8080)))
        self.until(lambda: self.get(port), "the app does not answer")
        self.server.kill()
        self.until(lambda: not self.podman.left(), "the container outlives its server")
        self.server.start().sign_in()
        self.until(lambda: self.get(port), "the app does not come back")
        # Everything that attends it is killed, too: the next start finds the container and removes it.
        before = self.podman.ids()
        for pid in processes(str(self.podman.program)):
            os.kill(pid, signal.SIGKILL)
        self.server.kill()
        self.assertEqual(self.podman.ids(), before)
        self.server.start().sign_in()
        self.until(lambda: self.get(port) and not set(before) & set(self.podman.ids()), "what was left is left")
        self.assertEqual(len(self.podman.left()), 1)
        self.ask(200, "DELETE", self.path("four"))
        self.gone()


class Refused(Case):
    """What there is not for a container, said at once. The engine is never asked."""

    @classmethod
    def setUpClass(cls):
        cls.serve("/bin/false")

    def refusal(self, change):
        wish = self.wish("true")
        change(wish["properties"], wish["properties"]["template"]["containers"][0])
        return self.ask(400, "PUT", self.path("bad"), wish)["error"]["message"]

    def test_each_says_why(self):
        rows = [
            (lambda app, main: app["template"]["containers"].append(dict(main)), "one container"),
            (lambda app, main: app["template"].update(initContainers=[{}]), "initContainers"),
            (lambda app, main: app["template"].update(volumes=[{"name": "v"}]), "no storage"),
            (lambda app, main: main.update(volumeMounts=[{"volumeName": "v", "mountPath": "/etc"}]), "no storage"),
            (lambda app, main: app["configuration"].update(registries=[{"server": "r"}]), "with the engine itself"),
            (lambda app, main: main.update(image="--privileged"), "an image's name"),
            (lambda app, main: main.update(image="a b"), "an image's name"),
            (lambda app, main: main.update(args=[""]), "a word"),
            (lambda app, main: main.update(args=["x"] * 65), "too many words"),
            (lambda app, main: main.update(env=[{"name": "A-B", "value": "c"}]), "A-B"),
            (lambda app, main: main.update(env=[{"name": "A", "value": "b\nLD_PRELOAD=c"}]), "one line"),
            (lambda app, main: main.update(env=[{"name": "A", "secretRef": "none"}]), "names no secret"),
            (lambda app, main: main.update(resources={"memory": "1"}), "0.5Gi"),
            (lambda app, main: main.update(resources={"cpu": -1}), "above 0"),
            (lambda app, main: app["configuration"]["ingress"].update(targetPort=70000), "a port"),
        ]
        for change, said in rows:
            with self.subTest(said=said):
                self.assertIn(said, self.refusal(change))
        self.ask(404, "GET", self.path("bad"))

    def test_an_engine_that_is_not_there_says_what_to_type(self):
        server = Server(PROGRAM, arguments=["--container-engine", "no-such-engine"])
        self.addCleanup(server.close)
        self.assertRaises(AssertionError, server.start)
        self.assertEqual(server.process.returncode, 2)
        self.assertIn("apt-get install podman", server.tail())

    def test_without_an_engine_the_app_is_shown_with_what_to_type(self):
        server = Server(PROGRAM)
        self.addCleanup(server.close)
        server.start()
        subscription = server.ask("GET", "/subscriptions?api-version=2022-12-01")[2]["value"][0]["subscriptionId"]
        group = f"/subscriptions/{subscription}/resourceGroups/apps"
        server.ask("PUT", f"{group}?api-version=2024-11-01", {"location": "local"})
        path = f"{group}/providers/Microsoft.App/containerApps/one?{VERSION}"
        self.assertEqual(server.ask("PUT", path, self.wish("true"))[0], 200)
        shown = server.ask("GET", path)[2]["properties"]
        self.assertEqual(shown["runningStatus"], "NoEngine")
        self.assertIn("--container-engine", shown["runningStatusDetails"])


PLAYED = """#!/bin/sh
# An engine that runs its container as a process beside it, and keeps what it was told.
echo "$@" >> {folder}/told
case $1 in
run) name=$3
     cat /proc/self/fd/3 > {folder}/variables
     {run}
     /usr/bin/python3 {folder}/app.py & echo $! > {folder}/$name.pid
     {trap}
     wait; wait; exit 5;;
inspect) cat {folder}/$4.pid;;
stop) {stop};;
kill) {kill} kill -9 $(cat {folder}/$2.pid);;
ps) {ps};;
esac
"""
APP = """import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "4"); self.end_headers(); self.wfile.write(b"here")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


class Played(Case):
    """The network of the machine, an engine that does not do as it is asked, and the words that it is told."""

    def engine(self, run=":", trap=":", stop="kill $(cat {folder}/$4.pid)", kill="", ps=":"):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        program = self.folder / "engine"
        parts = {name: text.replace("{folder}", str(self.folder)) for name, text in
                 {"run": run, "trap": trap, "stop": stop, "kill": kill, "ps": ps}.items()}
        program.write_text(PLAYED.format(folder=self.folder, **parts))
        program.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.target = probe.getsockname()[1]
        (self.folder / "app.py").write_text(APP.replace("{port}", str(self.target)))
        type(self).serve(program)
        self.addCleanup(self.doClassCleanups)

    def told(self, verb):
        return [line for line in (self.folder / "told").read_text().splitlines() if line.startswith(f"{verb} ")]

    def test_what_an_engine_is_told(self):
        self.engine()
        port = self.port(self.make("one", "true", ("A", "b"), target=self.target))
        self.assertEqual(self.until(lambda: self.get(port), "the network of the machine is not joined"), "here")
        run = self.told("run")[0]
        for words in ("--rm", "--log-driver none", "--cap-drop ALL", "--security-opt no-new-privileges", "--env-file /proc/self/fd/3",
                      "--entrypoint /bin/sh localhost/tiny -c true"):
            self.assertIn(words, run)
        self.assertNotIn(SECRET, run)
        self.assertIn(f"A=b\nWORD={SECRET}\n", (self.folder / "variables").read_text())
        self.ask(200, "DELETE", self.path("one"))
        self.until(lambda: self.told("rm"), "it is not removed")
        self.assertRegex(self.told("stop")[0], "^stop -t 8 sallyport-")
        self.until(lambda: not self.get(port), "the relay goes on")

    def test_what_does_not_stop_is_killed(self):
        self.engine(stop="exit 1")
        port = self.port(self.make("one", "true", target=self.target))
        self.until(lambda: self.get(port), "the app does not answer")
        self.ask(200, "DELETE", self.path("one"))
        self.until(lambda: self.told("kill"), "it is not killed")
        self.until(lambda: self.told("rm"), "it is not removed")
        self.until(lambda: not self.get(port), "it goes on")

    def test_what_is_left_of_an_earlier_server_is_removed_and_nothing_else(self):
        self.engine(ps="echo 0123abcd; echo --all; echo; echo 4567cdef")
        self.until(lambda: len(self.told("rm")) == 2, "what was left is not removed")
        self.assertEqual(self.told("rm"), ["rm -f -v 0123abcd", "rm -f -v 4567cdef"])
        self.assertRegex(self.told("ps")[0], "^ps -a -q --filter label=sallyport.server=[0-9a-f]+-[0-9a-f]+$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
