# SPDX-License-Identifier: MIT
"""RP-40 to RP-42 through the front door: what happens to requests reaches receivers that are real HTTP servers, signed, in order, at least
once; a receiver that is dead, slow or gone holds up nobody; and no webhook reaches what is not on the public net unless the operator
said so. If one fails, somebody acts on a notice that nobody can trust, or misses it, or the server is a way into the network around it.

Usage: webhooks_test.py PROGRAM"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from policy_case import PROGRAM, Case

PEOPLE = {"sam": (["submitter"], []), "rita": (["reviewer"], []), "olga": (["operator"], []), "ada": (["auditor"], [])}


class Receiver:
    """Keeps what comes, and answers what `answers` says: a status, or None for no answer at all."""

    def __init__(self, tls=None):
        self.got, self.answers, self.headers, self.connections, self.paths = [], [], {}, 0, set()
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.open.set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    receiver.paths.add(self.path)
                    status = receiver.answers.pop(0) if receiver.answers else 204
                    receiver.got.append((dict((name.lower(), value) for name, value in self.headers.items()), body, status))
                    receiver.changed.notify_all()
                if status is None:
                    receiver.open.clear()
                    receiver.open.wait(30)
                    self.close_connection = True
                    return
                text = b"" if status == 204 else b"thanks \x1b[31m" + b"x" * 5000
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # the other side breaks off what is too long

        self.http = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.open.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def wait(self, count, seconds=20):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, seconds), (count, len(self.got))
            return list(self.got)

    def events(self, about=None):
        bodies = [json.loads(body) for _, body, _ in self.got]
        return [body["type"].removeprefix("sallyport.request.") for body in bodies if about is None or body["subject"] == f"requests/{about}"]

    def forget(self):
        with self.changed:
            self.got.clear()
            self.answers.clear()
            self.headers.clear()
            self.open.set()


def verify(secret, headers, body, now=None):
    """As the page of Standard Webhooks says, by nothing but Python's own library."""
    assert abs((now or time.time()) - int(headers["webhook-timestamp"])) < 300
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, one) for one in headers["webhook-signature"].split(" "))


class Deliveries(Case):
    """What the tests of webhooks do."""
    people = PEOPLE

    def tearDown(self):
        for webhook in self.good("GET", "/v1/webhooks")["webhooks"]:
            self.good("DELETE", f"/v1/webhooks/{webhook['id']}")

    def make(self, receiver, name="one", **members):
        return self.good("POST", "/v1/webhooks", {"name": name, "url": f"http://127.0.0.1:{receiver.port}/x?y", **members}, "olga")

    def hand_in(self):
        """Waits for a decision before it runs: no session is needed."""
        self.request = self.submit("1", gate="before")["id"]
        return self.request

    def decide(self, answer="reject"):
        status, _, said = self.ask("POST", f"/v1/requests/{self.request}/votes", {"answer": answer, "comment": "no"}, "rita")
        self.assertEqual(status, 200, said)

    def ping(self, name):
        status, _, answer = self.ask("POST", f"/v1/webhooks/{name}/ping")
        self.assertEqual(status, 202, answer)

    def deliveries(self, name="one"):
        return self.good("GET", f"/v1/webhooks/{name}/deliveries")["deliveries"]

    def delivery(self, number, name="one"):
        return self.good("GET", f"/v1/webhooks/{name}/deliveries/{number}")

    def until(self, look, seconds=20):
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return seen

    def until_tried(self, name="one"):
        """The newest delivery, once it was attempted."""
        def look():
            deliveries = self.deliveries(name)
            return deliveries and deliveries[0]["attempts"] and self.delivery(deliveries[0]["number"], name)
        return self.until(look)

    def again(self):
        self.server.kill()
        self.server.start()
        type(self).local = self.server.local_key()


class Webhooks(Deliveries):
    @classmethod
    def setUpClass(cls):
        cls.one, cls.other, cls.inside = Receiver(), Receiver(), Receiver()
        cls.addClassCleanup(cls.inside.close)  # which is not on the list
        cls.addClassCleanup(cls.one.close)
        cls.addClassCleanup(cls.other.close)
        listed = f"127.0.0.1:{cls.one.port},127.0.0.1:{cls.other.port}"
        cls.arguments = ("--webhook-hosts", listed, "--webhook-timeout", "2s")
        super().setUpClass()

    def setUp(self):
        self.one.forget()
        self.other.forget()

    # --- what is sent ---

    def test_rp_41_events_come_signed_and_in_order(self):
        webhook = self.make(self.one)
        self.assertRegex(webhook["secret"], "^whsec_[A-Za-z0-9+/=]{44}$")
        request = self.hand_in()
        self.decide()
        got = self.one.wait(4)
        self.assertEqual(self.one.events(request), ["submitted", "waiting", "vote", "rejected"])
        for headers, body, _ in got:
            self.assertTrue(verify(webhook["secret"], headers, body))
            self.assertFalse(verify(webhook["secret"], headers, body + b" "))
            event = json.loads(body)
            self.assertEqual((headers["content-type"], event["specversion"]), ("application/cloudevents+json; charset=utf-8", "1.0"))
            self.assertEqual((headers["webhook-id"], event["data"]["id"]), (event["id"], request))
            self.assertNotIn("_votedBy", event["data"])
            self.assertNotIn("authorization", headers)
        numbers = [json.loads(body)["sequence"] for _, body, _ in got]
        self.assertEqual(numbers, sorted(numbers))

    def test_rp_41_only_what_is_asked_for(self):
        self.make(self.one, events=["request.rejected"])
        self.make(self.other, "two", events=["request.approved", "webhook.*"])
        self.hand_in()
        self.decide()
        self.one.wait(1)
        self.assertEqual((self.one.events(), self.other.got), (["rejected"], []))

    def test_rp_41_the_secret_is_shown_once_and_can_be_another(self):
        own = "whsec_" + base64.b64encode(bytes(range(32))).decode()
        self.assertEqual(self.make(self.one, secret=own)["secret"], own)
        for text in (self.good("GET", "/v1/webhooks"), self.good("GET", "/v1/webhooks/one"), self.server.tail()):
            self.assertNotIn(own, json.dumps(text))
        changed = self.ask("PATCH", "/v1/webhooks/one", {"secret": True}, "olga")[2]
        self.assertNotEqual(changed["secret"], own)
        self.ping("one")
        headers, body, _ = self.one.wait(1)[0]
        self.assertEqual(len(headers["webhook-signature"].split(" ")), 2)  # whoever has not heard of the new one verifies still
        for secret in (changed["secret"], own):
            self.assertTrue(verify(secret, headers, body))
        self.assertGreater(changed["oldSecretUntil"], changed["updatedAt"])
        actions = [entry["action"] for entry in self.entries(f"webhooks/{changed['id']}")]
        self.assertEqual(actions, ["webhook.created", "webhook.changed"])
        self.assertNotIn("whsec_", json.dumps(self.entries(f"webhooks/{changed['id']}")))

    def test_rp_40_who_saw_an_older_one_changes_nothing(self):
        self.make(self.one)
        _, headers, shown = self.ask("GET", "/v1/webhooks/one")
        tag = headers["ETag"]
        self.assertEqual(tag, f'"{shown["version"]}"')
        status, headers, changed = self.ask("PATCH", "/v1/webhooks/one", {"events": ["request.*"]}, "olga", If_Match=f'"0.0", {tag}')
        self.assertEqual((status, headers["ETag"]), (200, f'"{changed["version"]}"'))
        self.assertNotEqual(headers["ETag"], tag)
        for match in (tag, '"0.0"', "x", ""):
            status, _, said = self.ask("PATCH", "/v1/webhooks/one", {"events": ["*"]}, "olga", If_Match=match)
            self.assertEqual((status, said["type"].rpartition(":")[2]), (412, "webhook-replaced"), match)
        self.assertEqual(self.good("GET", "/v1/webhooks/one")["events"], ["request.*"])
        self.assertEqual(self.ask("PATCH", "/v1/webhooks/one", {"events": ["*"]}, "olga", If_Match="*")[0], 200)
        self.ping("one")  # what is delivered changes nothing of it
        self.one.wait(1)
        shown = self.until(lambda: (one := self.good("GET", "/v1/webhooks/one")).get("lastDeliveredAt") and one)
        self.assertEqual(self.ask("PATCH", "/v1/webhooks/one", {"state": "paused"}, "olga", If_Match=f'"{shown["version"]}"')[0], 200)

    def test_rp_43_messages_for_people(self):
        self.make(self.one, "chat", format="slack", events=["request.waiting"])
        self.make(self.other, "room", format="teams", events=["request.waiting"])
        webhook = self.ask("PATCH", "/v1/webhooks/chat", {"secret": True})[2]
        request = self.hand_in()
        headers, body, _ = self.one.wait(1)[0]
        self.assertTrue(verify(webhook["secret"], headers, body))
        self.assertEqual((headers["content-type"], "blocks" in json.loads(body)), ("application/json", True))
        self.assertIn(f"/#/confirm/{request}".encode(), body)
        self.assertIn(b"AdaptiveCard", self.other.wait(1)[0][1])

    # --- receivers that fail ---

    def test_rp_41_a_failure_is_tried_again_under_the_same_id(self):
        self.one.answers += [500]
        webhook = self.make(self.one, events=["request.submitted", "request.waiting"])
        self.hand_in()
        first = self.until_tried()
        self.one.wait(3, 30)
        (headers, body, _), (again, same, _), _ = self.one.got
        self.assertEqual((headers["webhook-id"], body), (again["webhook-id"], same))
        self.assertTrue(verify(webhook["secret"], again, same))
        self.assertEqual(self.one.events(), ["submitted", "submitted", "waiting"])
        shown = self.until(lambda: (one := self.delivery(self.deliveries()[1]["number"]))["state"] == "delivered" and one)
        self.assertEqual([attempt["status"] for attempt in shown["tries"]], [500, 204])
        self.assertEqual((len(shown["tries"][0]["answer"]) <= 1024, shown["tries"][0]["answerCut"]), (True, True))
        self.assertTrue(shown["tries"][0]["answer"].startswith("thanks ?[31mxxx"))
        self.assertIn(first["state"], ("due", "queued", "delivered"))

    def test_rp_41_retry_after_is_heeded(self):
        self.one.answers += [503]
        self.one.headers["Retry-After"] = "3600"
        self.make(self.one, events=["request.submitted"])
        self.hand_in()
        shown = self.until_tried()
        self.assertGreater(shown["nextAttemptAt"][:13], shown["createdAt"][:13])  # another hour

    def test_rp_41_gone_ends_it(self):
        self.one.answers += [410]
        webhook = self.make(self.one)
        self.hand_in()
        self.until(lambda: self.good("GET", "/v1/webhooks/one")["state"] == "ended")
        self.decide()
        self.assertEqual(self.good("GET", "/v1/webhooks/one")["waiting"], 0)
        self.assertEqual({delivery["state"] for delivery in self.deliveries()}, {"dropped"})
        self.assertEqual(len(self.one.got), 1)
        self.assertEqual(self.entries(f"webhooks/{webhook['id']}")[-1]["action"], "webhook.ended")

    def test_rp_41_a_dead_receiver_holds_up_nobody(self):
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        self.other.answers += [None] * 50  # takes, and never answers
        self.make(self.other, "mute")
        self.make(self.one)
        for _ in range(10):
            self.hand_in()
        began = time.monotonic()
        self.one.wait(20, 10)
        self.assertLess(time.monotonic() - began, 5)
        shown = self.until(lambda: (one := self.good("GET", "/v1/webhooks/mute")).get("lastFailure") and one)
        self.assertEqual((shown["state"], shown["waiting"]), ("active", 20))
        taken.close()

    def test_rp_41_kill_between_decision_and_delivery(self):
        self.make(self.one)
        request = self.hand_in()
        self.one.wait(2)
        self.one.answers += [None] * 4
        self.decide()
        self.one.wait(3)
        self.one.forget()
        self.again()
        self.one.wait(2)
        self.assertEqual(self.one.events(request)[-2:], ["vote", "rejected"])
        self.until(lambda: self.good("GET", "/v1/webhooks/one")["waiting"] == 0)

    def test_rp_41_paused_it_waits(self):
        self.make(self.one)
        self.ask("PATCH", "/v1/webhooks/one", {"state": "paused"}, "olga")
        request = self.hand_in()
        time.sleep(0.5)
        self.assertEqual((self.one.got, self.good("GET", "/v1/webhooks/one")["waiting"]), ([], 2))
        self.ask("PATCH", "/v1/webhooks/one", {"state": "active"}, "olga")
        self.one.wait(2)
        self.assertEqual(self.one.events(request), ["submitted", "waiting"])

    # --- what follows a release ---

    def released(self, name):
        """A request that has been released, and was to be followed by that webhook."""
        shown = self.until_state(self.submit("1", then={"webhook": {"name": name}})["id"], "waiting")
        self.assertEqual(shown["then"], {"webhook": {"name": name}})
        manifest = self.good("GET", f"/v1/requests/{shown['id']}/manifest")
        self.assertEqual(manifest["then"], {"webhook": {"name": name}})
        self.assertEqual(self.ask("POST", f"/v1/requests/{shown['id']}/votes", {"answer": "approve"}, "rita")[0], 200)
        return shown["id"]

    def until_state(self, request, state):
        return self.until(lambda: (shown := self.look(request))["state"] == state and shown, 60)

    def until_followed(self, request):
        def look():
            webhook = self.look(request)["then"]["webhook"]
            return webhook if webhook["state"] != "due" else None
        return self.until(look)

    def test_rp_13_a_submission_has_a_webhook_told_of_its_release(self):
        self.make(self.one, "deploy", events=["webhook.ping"])
        request = self.released("deploy")
        self.assertEqual(self.until_followed(request)["state"], "delivered")
        self.assertEqual(self.one.events(request), ["released"])
        actions = [entry["action"] for entry in self.entries(f"requests/{request}")]
        self.assertEqual(actions[-1], "request.continued")

    def test_rp_13_one_that_is_not_there_or_ends_is_said(self):
        self.assertEqual(self.until_followed(self.released("nobody"))["error"]["type"], "NotFound")
        self.one.answers += [410]
        self.make(self.one, "deploy", events=["webhook.ping"])
        followed = self.until_followed(self.released("deploy"))
        self.assertEqual((followed["state"], followed["error"]["message"]), ("failed", "HTTP status 410"))
        self.make(self.other, "two", events=["webhook.ping"])
        self.ask("PATCH", "/v1/webhooks/two", {"state": "paused"})
        request = self.released("two")
        self.good("DELETE", "/v1/webhooks/two")
        self.assertEqual(self.until_followed(request)["error"]["message"], "the webhook was deleted")

    # --- by hand ---

    def test_rp_41_replay_and_ping_by_commands(self):
        url = f"http://127.0.0.1:{self.one.port}/x"
        code, out, _ = self.command("webhook", "add", url, "--name", "one", "--event", "request.submitted", who="olga")
        self.assertEqual(code, 0)
        self.assertRegex(out, "secret +whsec_")
        self.hand_in()
        first = self.until_tried()
        self.assertEqual(self.command("webhook", "ping", "one", who="olga")[0], 0)
        code, out, _ = self.command("webhook", "replay", "one", str(first["number"]), "--json", who="olga")
        self.assertEqual((code, json.loads(out)["replayOf"]), (0, first["number"]))
        got = self.one.wait(3)
        self.assertEqual(sorted(headers["webhook-id"] == first["eventId"] for headers, _, _ in got), [False, True, True])
        code, out, _ = self.command("webhook", "deliveries", "one", who="olga")
        self.assertEqual((code, out.count("sallyport.request.submitted"), out.count("sallyport.webhook.ping")), (0, 2, 1))
        code, out, _ = self.command("webhook", "delivery", "one", str(first["number"]), who="olga")
        self.assertEqual((code, "HTTP 204" in out), (0, True))
        self.assertRegex(self.command("webhook", "list", who="olga")[1], r"one +active +http://127")
        code, out, _ = self.command("webhook", "change", "one", "--pause", "--event", "request.*", "--json", who="olga")
        self.assertEqual((code, json.loads(out)["state"], json.loads(out)["events"]), (0, "paused", ["request.*"]))
        self.assertEqual(self.command("webhook", "show", "nobody", who="olga")[0], 3)
        self.assertEqual(self.command("webhook", "list", who="rita")[0], 7)
        self.assertEqual(self.command("webhook", "delete", "one", who="olga")[0], 0)
        self.assertEqual(self.ask("GET", "/v1/webhooks/one")[0], 404)

    def test_rp_41_what_is_refused(self):
        for members in ({"url": "http://h.example/"}, {"name": "a/b"}, {"name": ""}, {"events": []}, {"events": ["request.aproved"]},
                        {"format": "xml"}, {"secret": "whsec_short"}, {"secret": 7}, {"colour": "red"}, {"url": None}):
            body = {"name": "bad", "url": f"http://127.0.0.1:{self.one.port}/", **members}
            status, _, answer = self.ask("POST", "/v1/webhooks", body, "olga")
            self.assertEqual((status, answer["status"]), (400, 400), members)
        self.make(self.one)
        self.assertEqual(self.ask("POST", "/v1/webhooks", {"name": "one", "url": "https://h.example/"}, "olga")[0], 409)
        for path in ("/v1/webhooks/none", "/v1/webhooks/one/deliveries/7", "/v1/webhooks/one/deliveries/x"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        for who in ("sam", "rita", "ada"):
            self.assertEqual(self.ask("GET", "/v1/webhooks", who=who)[0], 403)

    # --- where it may go ---

    def test_rp_42_no_way_into_the_network(self):
        for url in ("https://127.0.0.1/", "https://127.1.2.3/", "https://169.254.169.254/latest/meta-data/", "https://[::1]/",
                    "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://10.0.0.1/", "https://172.16.0.1/",
                    "https://192.168.1.1/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/", "https://[fd00:ec2::254]/",
                    "https://[fe80::1]/", "https://224.0.0.1/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
                    "https://168.63.129.16/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/",
                    "https://u@h.example/", "https://h.example\\@127.0.0.1/", "http://h.example/", "file:///etc/passwd",
                    "gopher://h.example/", f"http://127.0.0.1:{self.server.port}/", f"http://localhost:{self.one.port}/"):
            status, _, answer = self.ask("POST", "/v1/webhooks", {"name": "in", "url": url}, "olga")
            self.assertEqual((status, answer.get("title")), (400, "Bad Request"), url)

    def test_rp_42_a_name_that_leads_inside(self):
        with open("/etc/hosts") as file:
            names = {"localhost"} | {name for line in file if not line.startswith("#") for name in line.split()[1:]}
        inside = [name for name in sorted(names) if "." not in name or name.endswith("localhost")][:5]
        for number, name in enumerate(inside):
            self.good("POST", "/v1/webhooks", {"name": f"n{number}", "url": f"https://{name}:{self.inside.port}/"}, "olga")
            self.ping(f"n{number}")
            shown = self.until_tried(f"n{number}")
            self.assertRegex(shown["tries"][0]["error"], "not of the public net", name)
            self.assertNotIn("status", shown["tries"][0])
        self.assertEqual(self.inside.connections, 0)

    def test_rp_42_a_redirect_is_not_followed(self):
        self.one.answers += [302]
        self.one.headers["Location"] = f"http://127.0.0.1:{self.other.port}/"
        self.make(self.one, events=["request.submitted"])
        self.hand_in()
        shown = self.until_tried()
        self.assertEqual((shown["tries"][0]["status"], shown["state"]), (302, "due"))
        self.assertIn("redirects are not followed", shown["tries"][0]["error"])
        self.assertEqual(self.other.got, [])


def certificate(case):
    """(the path of one for localhost, a context that shows it); gone with the class."""
    folder = tempfile.TemporaryDirectory()
    case.addClassCleanup(folder.cleanup)
    path, key = os.path.join(folder.name, "c.pem"), os.path.join(folder.name, "k.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", path, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    os.chmod(folder.name, 0o755)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, key)
    return path, tls


class Transport(unittest.TestCase):
    """TLS is verified, and no proxy of the environment is asked."""

    @classmethod
    def setUpClass(cls):
        cls.certificate, tls = certificate(cls)
        cls.receiver, cls.proxy = Receiver(tls), Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.addClassCleanup(cls.proxy.close)

    def setUp(self):
        self.receiver.forget()

    def ping(self, *arguments):
        """What the one attempt came to."""
        from server import Server
        proxy = f"http://127.0.0.1:{self.proxy.port}"
        environment = {**os.environ, "https_proxy": proxy, "http_proxy": proxy, "all_proxy": proxy}
        server = Server(PROGRAM, arguments=["--ready-sessions", "1", "--webhook-hosts", "localhost", *arguments], environment=environment)
        try:
            server.start()
            server.ask("POST", "/v1/webhooks", {"name": "tls", "url": f"https://localhost:{self.receiver.port}/"})
            number = server.ask("POST", "/v1/webhooks/tls/ping", {})[2]["number"]
            deadline = time.monotonic() + 20
            while not (shown := server.ask("GET", f"/v1/webhooks/tls/deliveries/{number}")[2])["tries"]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            return shown["tries"][0]
        finally:
            server.close()

    def test_rp_42_an_unknown_authority_is_refused(self):
        attempt = self.ping()
        self.assertRegex(attempt["error"], "(?i)certificate")
        self.assertEqual((self.receiver.got, self.proxy.connections), ([], 0))

    def test_rp_42_a_known_one_is_not(self):
        self.assertEqual(self.ping("--ca-file", self.certificate).get("status"), 204)
        self.assertEqual(self.proxy.connections, 0)


if __name__ == "__main__":
    unittest.main()
