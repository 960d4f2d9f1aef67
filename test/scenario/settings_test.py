# SPDX-License-Identifier: MIT
"""No setting may kill or hide what waits: each is changed under waiting requests, which are then decided.

If this fails, an operator who changes a setting loses what people have to judge. Usage: settings_test.py PROGRAM
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

import grpc

import history
from server import Server

PROGRAM = sys.argv.pop(1)
TOGETHER = 8  # groups of settings that change with one start
# Settings of `dev` that say where things are, and not how they go on.
PLACES = {"data": "names the data folder itself", "ready-file": "read by this test", "config": "names other settings",
          "host": "says where it listens", "port": "the same", "tls-certificate": "names a file, as the next two",
          "tls-key": "", "tls-client-ca": "", "managed-identity": "means nothing without --auth", "oidc-issuer": "the same: the sign-in test has one",
          "policy": "names a file: the policy test has one",
          "slack-signing-secret": "means nothing without --auth: the Slack test has it", "slack-people": "the same", "slack-signing-secret-file": "the same",
          "smtp-server": "needs smtp-from: the mail test has them, and the next five", "smtp-from": "", "smtp-user": "", "smtp-password": "", "smtp-password-file": "", "mail-links": "means nothing without --auth",
          "smtp-starttls": "",
          "user": "whose the data folder is: another may not read it, and the start says so"}
# What a setting that is a text is changed to, where not every text will do.
TEXTS = {"trace-url": "http://127.0.0.1:9/v1/traces", "compat": "sample", "task-hubs": "other,default", "pool-name": "other",
         "host-names": "other.example", "log-level": "debug", "retention": "failed=90d", "log-format": "json", "app-hub": "DEFAULT", "session-path": "/usr/share/zoneinfo", "require": "seccomp",
         "container-engine": "/bin/false", "container-options": "--network none"}


def settings():
    text = subprocess.run([PROGRAM, "config", "--json"], check=True, capture_output=True, timeout=60).stdout
    return [one for one in json.loads(text) if "dev" in one["commands"] and one["name"] not in PLACES]


def changed(one):
    """Another value that the setting takes."""
    kind, name = one["kind"], one["name"]
    if kind == "flag":
        return "false" if one["value"] == "true" else "true"
    if kind == "text":
        return TEXTS.get(name, "other")
    value, unit = one["number"], {"duration": "ms"}.get(kind, "")
    scale = 1_000_000 if kind == "duration" else 1
    for other in (value * 2, value + scale, value // 2, value + 1000 * scale):
        if one["min"] <= other <= one["max"] and other != value:
            return f"{other // scale}{unit}"
    raise AssertionError(one)


class Settings(unittest.TestCase):
    def requests(self, server, sample):
        """One that waits although, in the sample's mode, its code failed; and one that is good."""
        good = server.ask("POST", "/v1/requests", {"code": "print('good')"})[2]["id"]
        bad = server.ask("POST", "/v1/requests", {"code": "1/0"})[2]["id"]
        seen = [server.until(good, "waiting"), server.until(bad, "waiting" if sample else "failed")]
        return [request for request in seen if request["state"] == "waiting"]

    def unfinished(self, server):
        """Instances of the default hub."""
        done = subprocess.run([PROGRAM, "instance", "ls", "--url", server.ready["url"], "--status", "pending,running", "--json"], check=True,
                              capture_output=True, timeout=60)
        return len(json.loads(done.stdout)["orchestrations"])

    def decide(self, server, waiting):
        listed = [item["id"] for item in server.ask("GET", "/v1/requests?state=waiting&limit=500")[2]["requests"]]
        for number, seen in enumerate(waiting):
            self.assertIn(seen["id"], listed)
            shown = server.request(seen["id"])
            for member in ("state", "result", "deadline", "sha256", "attempts"):
                self.assertEqual(shown[member], seen[member], member)
            status, _, answer = server.ask("POST", f"/v1/requests/{seen['id']}/decision",
                                           {"approve": number % 2 == 0, "sha256": seen["sha256"]})
            self.assertEqual(status, 200, answer)
            over = server.until(seen["id"], "approved" if number % 2 == 0 else "rejected")
            self.assertEqual(over["result"], seen["result"])

    def change(self, before, after, sample):
        with Server(PROGRAM, arguments=["--ready-sessions", "1", *before]) as server:
            waiting = self.requests(server, sample)
            self.assertEqual(server.stop(), 0, server.tail())
            server.arguments = after
            server.start().sign_in()
            self.decide(server, waiting)
            self.assertNotIn("NonDeterminism", server.tail())

    def test_each_setting_changed_under_a_waiting_request(self):
        """In the sample's mode, where a failed run that waits is the harder case; a few change with each start, so that one
        that hurts is named among few."""
        alone = ("compat", "insecure-no-auth")  # the last says the opposite of `auth`
        changes = [f"--{one['name']}={changed(one)}" for one in settings() if one["name"] not in alone]
        groups = [changes[first::TOGETHER] for first in range(TOGETHER)]
        groups += [["--insecure-no-auth"], ["--compat=sample"], []]
        with Server(PROGRAM, arguments=["--compat", "sample"]) as server:
            waiting = [self.requests(server, True) for _ in groups]
            for arguments, seen in zip(groups, waiting):
                with self.subTest(arguments=arguments):
                    if server.process.poll() is None:  # else the change before this one has failed
                        self.assertEqual(server.stop(), 0, server.tail())
                    server.arguments = arguments
                    server.start().sign_in()
                    self.decide(server, seen)
            self.assertNotIn("NonDeterminism", server.tail())

    def test_compat_switched_on(self):
        self.change([], ["--compat", "sample"], False)

    def test_all_settings_changed_at_once(self):
        # The last says the opposite of `auth`, and the start refuses both.
        after = [f"--{one['name']}={changed(one)}" for one in settings() if one["name"] not in ("compat", "insecure-no-auth")]
        self.change(["--compat", "sample"], after, True)

    def test_another_order_of_the_hubs_hides_nothing(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            waiting = self.requests(server, False)
            for hubs in ("mine,default", "mine"):
                self.assertEqual(server.stop(), 0)
                server.arguments = ["--ready-sessions", "1", "--task-hubs", hubs]
                server.start()
                self.assertIn(waiting[0]["id"], [item["id"] for item in server.ask("GET", "/v1/requests")[2]["requests"]])
                self.assertRegex(server.tail(), r"task hubs +.*default")
            self.decide(server, waiting)

    def test_a_hub_with_unfinished_work_that_is_not_the_apps_is_said(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            self.requests(server, False)
            deadline = time.monotonic() + 60
            while self.unfinished(server) != 1 and time.monotonic() < deadline:
                time.sleep(0.05)  # the one that failed says so to its hub a moment later
            self.assertEqual(server.stop(), 0)
            self.assertNotIn("holds unfinished instances", server.tail())
            server.arguments = ["--ready-sessions", "1", "--app-hub", "mine"]
            server.start()
            self.assertRegex(server.tail(), r"holds unfinished instances hub=default instances=1 app-hub=mine")

    def test_what_was_begun_in_another_hub_goes_on_in_this_one(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            before = server.ask("POST", "/v1/requests", {"code": "print('run')", "gate": "before"})[2]["id"]
            waiting = [server.until(before, "waiting"), *self.requests(server, False)]
            self.assertEqual(server.stop(), 0)
            server.arguments = ["--ready-sessions", "1", "--app-hub", "mine"]
            server.start()
            for seen in waiting:
                self.assertEqual(server.ask("POST", f"/v1/requests/{seen['id']}/decision", {"approve": True})[0], 200)
                self.assertEqual(server.until(seen["id"], "approved")["result"]["stdout"], "run\n" if seen["id"] == before else "good\n")


class Foreign(unittest.TestCase):
    """The orchestration started by somebody else, as the unmodified sample does: a name and code, no tags, no version."""

    def start(self, server, code):
        target, metadata = history.parse(server.ready["schedulerConnectionString"])
        with grpc.insecure_channel(target) as channel:
            request = history.pb.CreateInstanceRequest(instanceId=str(uuid.uuid4()), name="CodeExecutionOrchestrator")
            request.input.value = json.dumps(code)
            return history.Stub(channel).StartInstance(request, metadata=metadata, timeout=20).instanceId

    def test_what_held_when_it_ran_holds_until_it_is_decided(self):
        arguments = ["--ready-sessions", "1", "--compat", "sample", "--approval-timeout", "1000h"]
        with Server(PROGRAM, arguments=arguments) as server:
            seen = [server.until(self.start(server, code), "waiting") for code in ("print(1)", "1/0")]
            self.assertEqual(server.stop(), 0)
            server.arguments = ["--ready-sessions", "1", "--approval-timeout", "1s"]
            server.start()
            self.assertEqual(server.until(self.start(server, "1/0"), "failed")["error"]["type"], "CodeFailed")
            for one, approve in zip(seen, (True, False)):
                self.assertEqual(server.request(one["id"])["deadline"], one["deadline"])
                self.assertEqual(server.review(one["id"], approve)[0], 200)
                over = server.until(one["id"], "approved" if approve else "rejected")
                for member in ("deadline", "result", "sha256"):
                    self.assertEqual(over[member], one[member], member)
            self.assertNotIn("NonDeterminism", server.tail())


class TwoApps(unittest.TestCase):
    """Two apps that differ on one hub: what a request was promised at its door is kept, whoever carries it on."""

    def test_each_door_keeps_its_mode(self):
        with Server(PROGRAM, arguments=["--ready-sessions", "2"]) as main, tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "SESSION_POOL_URL": main.ready["sessionPoolUrl"],
                           "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": main.ready["schedulerConnectionString"]}
            sample = Server(PROGRAM, data=folder, command="app", environment=environment, arguments=["--compat", "sample"])
            self.addCleanup(sample.close)
            sample.start()
            doors = {"failed": main, "waiting": sample}
            ids = {state: [] for state in doors}
            threads = [threading.Thread(target=lambda state=state, door=door: ids[state].append(
                door.ask("POST", "/v1/requests", {"code": "1/0"})[2]["id"])) for state, door in doors.items() for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for state, names in ids.items():
                self.assertEqual(len(names), 8)
                for request_id in names:
                    self.assertEqual(main.until(request_id, "failed", "waiting")["state"], state)
            for request_id in ids["waiting"]:  # decided at the other door
                self.assertEqual(main.review(request_id, True)[0], 200)
                main.until(request_id, "approved")


if __name__ == "__main__":
    unittest.main(verbosity=2)
