# SPDX-License-Identifier: MIT
"""People and their rights through the front door: keys, browsers' sign-ins, who sees whose requests, who counts as one. RP-20 to RP-23.
If one fails, a key that was taken away still opens something, a page of another site acts for somebody, a stranger learns which
requests there are, or somebody approves their own work.

Usage: people_test.py PROGRAM"""
import hashlib
import http.client
import json
import pathlib
import re
import socket
import ssl
import sys
import threading
import time
import unittest
import uuid
import zlib

from policy_case import PEOPLE, PROGRAM, Case
from server import HELD, Server

WAIT_S = 30
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ALPHABET = r"[0-9A-Za-z]"


def base62(number, count):
    text = ""
    for _ in range(count):
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text


class Stream:
    """An answer that goes on, read by a thread: what came, and whether it has ended."""

    def __init__(self, server, path, headers, method="GET", body=None):
        self.connection = server.connect(WAIT_S * 2)
        self.connection.request(method, path, body, headers)
        self.socket = self.connection.sock
        self.text = b""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            answer = self.connection.getresponse()
            while more := answer.read1(65536):
                self.text += more
        except (OSError, http.client.HTTPException):
            pass
        self.ended.set()

    def close(self):
        if not self.ended.is_set():
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.connection.close()


class Keys(Case):
    people = {"sam": PEOPLE["sam"], "mina": PEOPLE["mina"]}

    def make(self, *more, who=None):
        code, out, err = self.command("key", "create", *more, "--json", who=who)
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def listed(self, name):
        code, out, err = self.command("key", "ls", "--json")
        self.assertEqual(code, 0, err)
        return next(key for key in json.loads(out)["keys"] if key["name"] == name), out

    def status(self, key):
        return self.server.ask("GET", "/v1/requests", headers={"Authorization": f"Bearer {key}"})[0]

    def test_a_key_is_shown_once_and_has_a_checksum(self):
        """RP-20: spk_, 32 random bytes and a CRC-32 in base 62; what is listed and kept is not the key."""
        code, out, err = self.command("key", "create", "--name", "once", "--role", "submitter", "--expires", "90d")
        self.assertEqual(code, 0, err)
        found = re.findall(rf"spk_{ALPHABET}+", out + err)
        self.assertEqual(len(found), 1, out)
        keys = found + [self.make("--name", f"more{n}", "--role", "submitter")["key"] for n in range(3)]
        self.assertEqual(len(set(keys)), 4)
        for key in keys:
            self.assertRegex(key, rf"^spk_{ALPHABET}{{49}}$")
            body, checksum = key[:-6], key[-6:]
            self.assertEqual(checksum, base62(zlib.crc32(body.encode()), 6))
            random = sum(DIGITS.index(digit) * 62 ** place for place, digit in enumerate(reversed(body[4:])))
            self.assertLess(random, 2**256)
            self.assertEqual(self.status(key), 200)
            self.assertEqual(self.status(key[:-1] + ("1" if key[-1] != "1" else "2")), 401)
        shown, out = self.listed("once")
        self.assertNotIn(keys[0], out)
        self.assertTrue(keys[0].startswith(shown["hint"].rstrip("…")) or shown["hint"] in keys[0], shown)
        self.assertLess(len(shown["hint"]), 12)
        self.assertIn("expiresAt", shown)
        kept = b"".join(file.read_bytes() for file in pathlib.Path(self.server.data).glob("directory.db*"))
        for key in keys:
            self.assertNotIn(key.encode(), kept)
            self.assertIn(hashlib.sha256(key.encode()).hexdigest().encode(), kept)

    def test_rp20_a_scanner_finds_a_key_by_its_form(self):
        """The pattern that doc/sign-in.md publishes finds each key in whatever it leaked into, and the checksum tells it from what only looks so."""
        page = (pathlib.Path(__file__).resolve().parents[2] / "doc/sign-in.md").read_text()
        pattern = re.compile(re.search(r"`(\\b\S*spk_\S*\\b)`", page)[1])

        def finds(text):
            return [found for found in pattern.findall(text) if found[-6:] == base62(zlib.crc32(found[:-6].encode()), 6)]
        for number in range(20):
            key = self.make("--name", f"leaked{number}", "--role", "submitter")["key"]
            for leak in ("SALLYPORT_KEY={}", '{{"key":"{}"}}', "curl -H 'Authorization: Bearer {}' x", "https://x/?key={}&y=1", "a\n{}\nb", "<b>{}</b>", "({}),"):
                self.assertEqual(finds(leak.format(key)), [key], leak)
            changed = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
            for other in (changed, key[:-1], key + "0", "x" + key, key.replace("spk_", "spl_"), "spk_" + "x" * 49):
                self.assertEqual(finds(other), [], other)

    def test_last_use_is_shown(self):
        """RP-20: none before the first, and then a time that is not before it."""
        key = self.make("--name", "used", "--role", "submitter")["key"]
        self.assertNotIn("lastUsedAt", self.listed("used")[0])
        before = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        self.assertEqual(self.status(key), 200)
        deadline = time.monotonic() + WAIT_S
        while "lastUsedAt" not in (shown := self.listed("used")[0]):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertGreaterEqual(shown["lastUsedAt"], before)

    def test_a_key_ends_by_its_time(self):
        """RP-20: --expires; also on a stream that is open then."""
        key = self.make("--name", "short", "--role", "submitter", "--expires", "2s")["key"]
        self.assertEqual(self.status(key), 200)
        stream = Stream(self.server, "/v1/events", {"Authorization": f"Bearer {key}"})
        self.addCleanup(stream.close)
        deadline = time.monotonic() + WAIT_S
        while self.status(key) == 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertEqual(self.status(key), 401)
        self.assertTrue(stream.ended.wait(WAIT_S), "what the key opened goes on without it")

    def test_a_revoked_key_stops_on_everything_that_is_open(self):
        """RP-20: within a second, on streams of events and output, waits, and what a browser holds; nothing that happens after the
        answer to the revocation is told to any of them."""
        made = self.make("--name", "lost", "--owner", "mina")
        bearer = {"Authorization": f"Bearer {made['key']}"}
        running = self.submit(HELD)["id"]
        self.until(running, "running")
        origin = f"http://127.0.0.1:{self.server.port}"
        status, headers, _ = self.server.ask("POST", "/page/sign-in", {"credentials": made["key"]}, {"Origin": origin})
        self.assertEqual(status, 200)
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
        paths = ["/v1/events", f"/v1/requests/{running}/runs/1/output", f"/v1/requests/{running}?wait=60s"]
        open_ones = {(path, name): Stream(self.server, path, shown) for path in paths for name, shown in (("key", bearer), ("cookie", cookie))}
        for stream in open_ones.values():
            self.addCleanup(stream.close)
        marker = self.submit("print(1)", purpose="seen-before")["id"]
        deadline = time.monotonic() + WAIT_S
        while any(b"seen-before" not in stream.text for (path, _), stream in open_ones.items() if path == "/v1/events"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertFalse(any(stream.ended.is_set() for stream in open_ones.values()))
        code, _, err = self.command("key", "delete", "lost")
        self.assertEqual(code, 0, err)
        revoked = time.monotonic()
        self.submit("print(2)", purpose="seen-after")
        for place, stream in open_ones.items():
            self.assertTrue(stream.ended.wait(WAIT_S), f"{place} goes on")
        print(f"  ended {(time.monotonic() - revoked) * 1000:.0f} ms after the revocation", flush=True)
        for place, stream in open_ones.items():
            self.assertNotIn(b"seen-after", stream.text, place)
        self.assertEqual(self.status(made["key"]), 401)
        self.assertEqual(self.server.ask("GET", "/v1/requests", headers=cookie)[0], 401)
        self.good("POST", f"/v1/requests/{running}/cancel", {}, "sam")
        self.good("POST", f"/v1/requests/{marker}/cancel", {}, "sam")


class Browser(Case):
    people = {"sam": PEOPLE["sam"], "mina": PEOPLE["mina"]}

    def setUp(self):
        self.origin = f"http://127.0.0.1:{self.server.port}"

    def sign_in(self, who="sam", server=None, origin=None):
        """The line of the cookie, the cookie, the token."""
        status, headers, answer = (server or self.server).ask("POST", "/page/sign-in", {"credentials": self.keys[who]},
                                                              {"Origin": origin or self.origin})
        self.assertEqual(status, 200, answer)
        return headers["Set-Cookie"], headers["Set-Cookie"].split(";")[0], answer["token"]

    def test_the_cookie_and_its_attributes(self):
        """RP-21: no script reads it, no other site sends it, it lasts twelve hours; over TLS it is Secure and of this host alone."""
        line, cookie, _ = self.sign_in()
        attributes = [part.strip() for part in line.split(";")][1:]
        self.assertEqual(sorted(attributes), ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict"])
        self.assertNotIn(self.keys["sam"], line)
        with Server(PROGRAM, arguments=["--auth", "--tls", "--ready-sessions", "0"]) as server:
            server.tls = ssl.create_default_context(cafile=server.ready["certificateAuthority"])
            key = {"credentials": server.local_key()}
            status, headers, answer = server.ask("POST", "/page/sign-in", key, {"Origin": f"https://localhost:{server.port}"})
            self.assertEqual(status, 200, answer)
            name, _, rest = headers["Set-Cookie"].partition("=")
            self.assertEqual(name, "__Host-sallyport")
            self.assertIn("Secure", [part.strip() for part in rest.split(";")])

    def test_a_change_wants_the_token_and_our_own_origin(self):
        """RP-21: neither a page of another site nor a form of this one without the token changes anything."""
        _, cookie, token = self.sign_in()
        other_token = self.sign_in("mina")[2]
        port = self.server.port
        ours = {"Cookie": cookie, "Origin": self.origin, "X-Sallyport-Token": token}
        before = self.count()
        table = [
            {**ours, "X-Sallyport-Token": ""}, {**ours, "X-Sallyport-Token": token[:-1]}, {**ours, "X-Sallyport-Token": other_token},
            {name: value for name, value in ours.items() if name != "X-Sallyport-Token"},
            {name: value for name, value in ours.items() if name != "Origin"},
            *({**ours, "Origin": origin} for origin in (
                "null", "", "http://evil.example", f"http://127.0.0.1:{port + 1}", "http://127.0.0.1",
                f"http://127.0.0.1.evil.example:{port}", f"http://evil.example:{port}", f"http://127.0.0.1:{port}@evil.example")),
            {**ours, "Sec-Fetch-Site": "cross-site"}, {**ours, "Sec-Fetch-Site": "same-site"},
            {**ours, "Host": "evil.example"},
        ]
        for headers in table:
            with self.subTest(headers={name: value for name, value in headers.items() if name != "Cookie"}):
                self.assertIn(self.server.ask("POST", "/v1/requests", {"code": "1"}, headers)[0], (400, 401, 403, 421))
        self.assertEqual(self.count(), before)
        self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "1"}, ours)[0], 201)
        self.assertEqual(self.server.ask("GET", "/v1/requests", headers={"Cookie": cookie})[0], 200)

    def count(self):
        return len(self.good("GET", "/v1/requests?limit=500")["requests"])

    def test_signing_out_ends_it_on_the_server(self):
        """RP-21: a cookie that somebody copied is worth nothing after it, and what is open ends; other browsers go on."""
        _, cookie, token = self.sign_in()
        _, other, _ = self.sign_in()
        self.assertNotEqual(cookie, other)
        stream = Stream(self.server, "/v1/events", {"Cookie": cookie})
        self.addCleanup(stream.close)
        out = {"Cookie": cookie, "Origin": self.origin, "X-Sallyport-Token": token}
        self.assertEqual(self.server.ask("POST", "/page/sign-out", headers=out)[0], 204)
        self.assertEqual(self.server.ask("GET", "/v1/requests", headers={"Cookie": cookie})[0], 401)
        self.assertTrue(stream.ended.wait(WAIT_S), "what the browser opened goes on after it signed out")
        self.assertEqual(self.server.ask("GET", "/v1/requests", headers={"Cookie": other})[0], 200)


class Sight(Case):
    """Who sees whose requests, and what a refusal tells."""
    people = {name: PEOPLE[name] for name in ("sam", "mina", "otto", "rita", "ada")} | {"tess": (["submitter"], []), "olga": (["operator"], [])}

    def setUp(self):
        self.rule("defaults: { reviewers: [group:security] }")

    def test_an_operator_sees_what_the_server_runs(self):
        """RP-61: what is held, too: who ends a run or mends the server must see what it is."""
        seen = self.waiting("print('looked at')")
        self.assertEqual(self.look(seen["id"], who="olga")["result"]["stdout"], "looked at\n")
        self.assertIn(seen["id"], [one["id"] for one in self.good("GET", "/v1/requests?order=desc", who="olga")["requests"]])
        self.assertEqual(self.ask("GET", f"/v1/requests/{seen['id']}/result", who="olga")[0], 200)
        self.assertEqual(self.vote(seen["id"], "olga")[0], 403)
        self.assertEqual(self.ask("POST", f"/v1/requests/{seen['id']}/cancel", {"reason": "no room"}, "olga")[0], 200)

    def routes(self):
        """Each route with the id of a request in it, as (method, path, body)."""
        paths = self.server.ask("GET", "/openapi.json")[2]["paths"]
        bodies = {"votes": {"answer": "approve"}, "decision": {"approve": True}, "revisions": {"code": "2"}, "cancel": {"reason": "no"}}
        for path, methods in paths.items():
            if not path.startswith("/v1/requests/{id}"):
                continue
            filled = path.replace("{number}", "1").replace("{n}", "1").replace("{path}", "made.txt")
            for method in methods:
                if method != "parameters":
                    yield method.upper(), filled, bodies.get(path.rsplit("/", 1)[1]) if method == "post" else None
        yield "POST", "/code/review?approve=true&requestId={id}", None

    def refusal(self, method, path, body, request_id, who):
        """All that an answer says, without the id and the time; text that is not of JSON as it is."""
        status, headers, answer = self.ask(method, path.replace("{id}", request_id), body, who)
        told = {name.lower(): value for name, value in headers.items() if name.lower() not in ("date", "ratelimit", "ratelimit-policy")}
        return json.loads(json.dumps([status, told, answer]).replace(request_id, "ID"))

    def test_a_refusal_does_not_tell_whether_there_is_such_a_request(self):
        """RP-22: on every route another's request answers as one that never was: status, headers and body."""
        theirs = self.waiting("open('made.txt', 'w').write('x')")["id"]
        over = self.waiting("print('over')")["id"]
        self.approve(over, "mina")
        never = str(uuid.uuid4())
        looked = 0
        for method, path, body in self.routes():
            for who in ("tess", "rita", "otto", "ada"):
                if who == "ada" and method == "GET":
                    continue  # sees everything
                absent = self.refusal(method, path, body, never, who)
                with self.subTest(method=method, path=path, who=who):
                    self.assertIn(absent[0], (403, 404))
                    for there in (theirs, over):
                        self.assertEqual(self.refusal(method, path, body, there, who), absent)
                    looked += 1
        self.assertGreater(looked, 50)
        self.assertEqual((self.look(theirs)["state"], self.look(theirs)["votes"]), ("waiting", []))

    def test_who_sees_what(self):
        """RP-22: one's own; what the policy gives; everything."""
        mine, hers = self.waiting("print('mine')"), self.waiting("print('hers')", who="tess")
        seen = {"sam": [True, False], "tess": [False, True], "mina": [True, True], "rita": [False, False], "ada": [True, True]}
        for who, expected in seen.items():
            listed = [one["id"] for one in self.good("GET", "/v1/requests?limit=500", who=who)["requests"]]
            self.assertEqual([one["id"] in listed for one in (mine, hers)], expected, who)
            for one, visible in zip((mine, hers), expected):
                self.assertEqual(self.ask("GET", f"/v1/requests/{one['id']}", who=who)[0], 200 if visible else 404, who)
                events = Stream(self.server, f"/v1/events?after=0&object=requests/{one['id']}", {"Authorization": f"Bearer {self.keys[who]}"})
                self.addCleanup(events.close)
                mark = Stream(self.server, "/v1/events?after=0", {"Authorization": f"Bearer {self.keys[who]}"})
                self.addCleanup(mark.close)
                deadline = time.monotonic() + (WAIT_S if visible else 1)
                while one["id"].encode() not in events.text and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertEqual(one["id"].encode() in events.text, visible, who)

    def test_an_auditor_changes_nothing(self):
        """RP-22: reads all, votes, cancels, revises, submits and applies nothing."""
        seen = self.waiting("print('watched')")
        for method, path, body in self.routes():
            if method != "GET":
                self.assertEqual(self.ask(method, path.replace("{id}", seen["id"]), body, "ada")[0], 403, path)
        self.assertEqual(self.ask("POST", "/v1/requests", {"code": "1"}, "ada")[0], 403)
        self.assertEqual(self.apply("defaults: {}", who="ada")[0], 403)
        self.assertEqual(self.look(seen["id"])["state"], "waiting")
        self.assertEqual(self.ask("GET", f"/v1/requests/{seen['id']}/result", who="ada")[0], 200)
        self.assertEqual(self.ask("GET", "/v1/audit/key", who="ada")[0], 200)
        self.assertTrue(self.server.raw("GET", "/v1/audit", headers={"Authorization": f"Bearer {self.keys['ada']}"}))


class Rate(unittest.TestCase):
    """Each key has so many requests a minute, and nobody else's."""

    def ask(self, server, key, path="/v1/me"):
        status, headers, answer = server.ask("GET", path, None, {"Authorization": f"Bearer {key}"})
        return status, {name.lower(): text for name, text in headers.items()}, answer

    def test_each_key_has_its_own(self):
        with Server(PROGRAM, arguments=["--auth", "--request-rate", "20"]) as server:
            mine, other = (server.key_of(name, "Sallyport Submitter") for name in ("mina@example.org", "olga@example.org"))
            for left in range(19, -1, -1):
                status, headers, answer = self.ask(server, mine)
                self.assertEqual(status, 200, answer)
                self.assertEqual(headers["ratelimit-policy"], '"key";q=20;w=60')
                self.assertRegex(headers["ratelimit"], r'^"key";r=\d+;t=\d+$')
                if int(re.search(r"r=(\d+)", headers["ratelimit"]).group(1)) > left:
                    self.skipTest("so slow here that requests come back before they are used up")
            status, headers, answer = self.ask(server, mine)
            self.assertEqual((status, answer["type"]), (429, "urn:sallyport:problem:too-many-requests"))
            self.assertIn("r=0;", headers["ratelimit"])
            self.assertLessEqual(int(headers["retry-after"]), 3)
            self.assertEqual(self.ask(server, other)[0], 200)
            self.assertEqual(self.ask(server, mine, "/healthz")[0], 200)  # what is nobody's is not counted
            deadline = time.monotonic() + WAIT_S
            while self.ask(server, mine)[0] == 429:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.2)


class OnePerson(Case):
    """Whom a key speaks for."""
    people = {"sam": (["submitter", "reviewer"], []), "mina": PEOPLE["mina"], "noor": PEOPLE["noor"], "priya": PEOPLE["priya"],
              "bot": (["submitter", "reviewer"], ["security"])}

    def second_key(self, who):
        """Another key of that person, by the name that the tests call it."""
        name = f"{who}-again"
        self.keys[name] = self.server.change_directory("keys", {"name": f"{name}-{uuid.uuid4().hex[:6]}", "owner": who})["key"]
        return name

    def everyway(self, request_id, who):
        """Each way to approve; none of them may work."""
        for path, body in ((f"/v1/requests/{request_id}/votes", {"answer": "approve"}),
                           (f"/v1/requests/{request_id}/decision", {"approve": True, "by": "mina"}),
                           (f"/code/review?approve=true&requestId={request_id}", None)):
            status, _, answer = self.ask("POST", path, body, who)
            self.assertEqual((status, answer.get("type")), (403, "urn:sallyport:problem:own-request"), (who, path, answer))
        shown = self.look(request_id)
        self.assertEqual((shown["state"], shown["votes"]), ("waiting", []))

    def test_neither_an_agent_nor_whom_it_works_for_approves(self):
        """RP-23: by any key of either, however the person is written."""
        self.rule("defaults: { reviewers: [group:security, user:sam] }")
        person = next(user for user in self.good("GET", "/v1/directory/users")["users"] if user["name"] == "mina")
        for written in ("mina", "MINA", " mina ", person["id"], person["id"].upper()):
            seen = self.until(self.submit("print('by an agent')", who="bot", onBehalfOf=written)["id"], "waiting")
            for who in ("bot", self.second_key("bot"), "mina", self.second_key("mina")):
                self.everyway(seen["id"], who)
            self.assertEqual(self.approve(seen["id"], "noor")["state"], "approved")

    def test_two_keys_of_one_person_are_one_vote(self):
        """RP-23: of two approvals that are asked for, one person gives one."""
        self.rule("defaults: { approvals: 2, reviewers: [group:security] }")
        seen = self.waiting("print('two people')")
        again = self.second_key("mina")
        self.approve(seen["id"], "mina")
        self.vote(seen["id"], again)
        self.assertEqual(self.look(seen["id"])["state"], "waiting")
        self.assertEqual(self.approve(seen["id"], "noor")["state"], "approved")

    def test_ones_own_request_by_a_second_key(self):
        """RP-23."""
        self.rule("defaults: {}")
        seen = self.waiting("print('own')", who="sam")
        for who in ("sam", self.second_key("sam")):
            self.everyway(seen["id"], who)
        self.assertEqual(self.approve(seen["id"], "mina")["state"], "approved")

    def test_a_change_of_groups_between_votes_makes_nobody_two(self):
        """RP-23: whoever submitted is put into the group that decides, and who voted leaves it and comes back."""
        self.rule("defaults: { approvals: 2, reviewers: [group:security] }")
        seen = self.waiting("print('groups')", who="sam")
        self.approve(seen["id"], "mina")
        self.server.change_directory("groups/security/members", {"member": "sam"})
        status, _, _ = self.vote(seen["id"], "sam")
        self.assertEqual(status, 403)
        for change in ("DELETE", "POST"):
            path = "/v1/directory/groups/security/members" + ("/mina" if change == "DELETE" else "")
            self.good(change, path, {"member": "mina"} if change == "POST" else None)
        self.vote(seen["id"], "mina")
        self.assertEqual(self.look(seen["id"])["state"], "waiting")
        self.assertEqual(self.approve(seen["id"], "noor")["state"], "approved")


if __name__ == "__main__":
    unittest.main(verbosity=2)
