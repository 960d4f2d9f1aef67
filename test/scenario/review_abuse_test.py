# SPDX-License-Identifier: MIT
"""What must fail, tried through the front door: looks that would decide, keys that are guessed, texts that would be lines of a log, readers
that never read, comments without an end, ten thousand that wait. The other clauses have tests of their own; THREATS.md ("What must fail in
a review") leads to all. If one of these fails, a stranger decides, hides, or stops the server.

Usage: review_abuse_test.py PROGRAM"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import socket
import sys
import time
import unittest
import urllib.parse
import zlib

import confirm_test
from http2_raw import SETTING_INITIAL_WINDOW, Connection, setting
from policy_case import PEOPLE, PROGRAM, Case
from process import Process
from server import Server, is_sanitized

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Controls but for the line feed, C1, marks that turn the direction of reading, invisible ones, separators of lines, BOM.
UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def sound_key(random_digits):
    """The form of a key of ours: what is left to guess are its digits."""
    body, number, checksum = "spk_" + random_digits, 0, ""
    number = zlib.crc32(body.encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        checksum = DIGITS[digit] + checksum
    return body + checksum


class Looks(Case):
    """Whoever only looks decides nothing, on no route."""
    people = PEOPLE

    def places(self, request_id):
        """Each path that there is, with the request in it, and a query that says what a look would like to do."""
        wish = urllib.parse.urlencode({"approve": "true", "answer": "approve", "vote": "approve", "requestId": request_id, "reason": "x"})
        for path in self.server.ask("GET", "/openapi.json")[2]["paths"]:
            yield re.sub(r"\{\w+\}", "1", path.replace("{id}", request_id)) + "?" + wish

    def look_at(self, method, path, headers):
        """Its status; what an open stream has to say is not waited for."""
        connection = self.server.connect(2)
        try:
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        except TimeoutError:
            return 200
        finally:
            connection.close()

    def test_a_look_decides_nothing_on_any_route(self):
        """GET, HEAD and OPTIONS by everything that opens links by itself, and by methods in disguise; with a key, and with a browser's cookie."""
        shown = self.waiting("open('1', 'w').write('x')")
        origin = f"http://127.0.0.1:{self.server.port}"
        status, headers, _ = self.server.ask("POST", "/page/sign-in", {"credentials": self.keys["mina"]}, {"Origin": origin})
        self.assertEqual(status, 200)
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
        bearer = {"Authorization": f"Bearer {self.keys['mina']}"}
        disguises = [{"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}, {"X-Purpose": "preview"},
                     {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
                     {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}]
        before, requests = self.look(shown["id"]), self.good("GET", "/v1/requests?limit=500")["requests"]
        version, looked = self.good("GET", "/v1/policy")["version"], 0
        for number, place in enumerate(self.places(shown["id"])):
            for method in ("GET", "HEAD", "OPTIONS"):
                for who in (bearer, cookie):
                    looked += self.look_at(method, place, {**who, **disguises[number % len(disguises)]}) < 300
        self.assertGreater(looked, 100)
        self.assertEqual(self.look(shown["id"]), before)
        self.assertEqual(self.good("GET", "/v1/requests?limit=500")["requests"], requests)
        self.assertEqual(self.good("GET", "/v1/policy")["version"], version)
        told = {entry["action"] for entry in self.entries(f"requests/{shown['id']}")}
        self.assertLessEqual(told, {"request.submitted", "run.ended", "output.downloaded", "request.exported"})


class Guesses(Case):
    arguments = ("--request-rate", "1000000")  # whoever looks meanwhile does it without a pause
    people = {name: PEOPLE[name] for name in ("sam", "mina", "rita")}

    def tries(self, seed, until):
        """Whole answers to one key after the other over one connection; every second one begins as a key that there is."""
        digits, connection, told = random.Random(seed), self.server.connect(), []
        while time.monotonic() < until:
            own = self.keys["mina"][4:39] if len(told) % 2 else ""
            key = sound_key(own + "".join(digits.choices(DIGITS, k=43 - len(own))))
            connection.request("GET", "/v1/requests", headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name != "Date"))
            told.append((answer.status, headers, answer.read()))
        connection.close()
        return told

    def test_a_thousand_keys_a_second(self):
        """Whoever tries keys is answered in a line: some at once, then so many a second. All answers are one answer, others are served
        meanwhile, a right key is never late, and neither log grows with the tries."""
        log = pathlib.Path(self.server.data, "server.log")
        size, slowest, begin = log.stat().st_size, 0, time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            tries = [pool.submit(self.tries, seed, begin + 5) for seed in range(100)]
            while not all(one.done() for one in tries):
                before = time.monotonic()
                self.good("GET", "/v1/requests?limit=1", who="rita")
                slowest = max(slowest, time.monotonic() - before)
        took, told = time.monotonic() - begin, [answer for one in tries for answer in one.result()]
        by_status = {status: [one for one in told if one[0] == status] for status in {one[0] for one in told}}
        print(f"  {len(told)} keys in {took:.1f} s, {len(by_status.get(401, []))} of them looked at; the slowest look of somebody else took "
              f"{slowest:.2f} s", file=sys.stderr)
        self.assertEqual(set(by_status), {401, 503})
        self.assertGreater(len(told), 1000)
        for status, answers in by_status.items():
            self.assertEqual(len(set(answers)), 1, status)  # whether it begins as a key that there is or not
        self.assertLessEqual(len(by_status[401]), 2 * 50 + 10 * (took + 1))
        self.assertLess(slowest, 20)
        origin = {"Origin": f"http://127.0.0.1:{self.server.port}"}
        self.assertIn(self.server.ask("POST", "/page/sign-in", {"credentials": sound_key("0" * 43)}, origin)[0], (401, 503))
        self.assertEqual(self.server.ask("POST", "/page/sign-in", {"credentials": self.keys["mina"]}, origin)[0], 200)
        failed = [entry for entry in self.entries("sign-in") if entry["action"] == "sign-in.failed"]
        self.assertLess(len(failed), 5)
        self.assertLess(log.stat().st_size - size, 64 << 10)


FORGED = "x\r\nFORGED level=error area=audit forged\x1b[2J\x1b]0;t\x07\x85\x9b2J\u202e\u2066\u2028\ufeff\" by=\"mina"


class Lines(Case):
    """Texts that would like to be lines: of the log for operators, of the audit log, of a terminal."""
    people = PEOPLE
    arguments = ("--access-log", "--log-level", "debug")

    def say_it_everywhere(self):
        """A request with it in all that people may say; refused where it is no text."""
        shown = self.waiting("print('''" + FORGED.replace("\r\n", "\\n") + "''')\nopen('/mnt/data/a\u202etxt.exe', 'w').write('x')",
                             purpose=FORGED, labels={"env": FORGED}, submittedBy=FORGED, onBehalfOf=FORGED)
        path = f"/v1/requests/{shown['id']}"
        self.assertEqual(self.vote(shown["id"], "mina", "changes", comment=FORGED)[0], 200)
        self.good("POST", path + "/revisions", {"code": "# " + FORGED.replace("\r\n", " ") + "\nprint(1)", "comment": FORGED}, "sam")
        self.until(shown["id"], "waiting")
        agent = FORGED.replace("\r\n", " ").encode()
        with socket.create_connection(("127.0.0.1", self.server.port), 60) as raw:  # header, path and method as no library sends them
            raw.sendall(b"GET /v1/requests/%0d%0aFORGED%1b%5b2J%e2%80%ae HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + agent + b"\r\n\r\n")
            self.assertIn(b" 400 ", raw.recv(65536).split(b"\r\n")[0])
        with socket.create_connection(("127.0.0.1", self.server.port), 60) as raw:
            raw.sendall("GET /\u202eFORGED HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\u202eb\r\nConnection: close\r\n\r\n".encode())
            raw.recv(65536)
        for made, body in (("users", {"name": FORGED}), ("groups", {"name": FORGED}), ("keys", {"name": FORGED, "owner": "sam"})):
            self.assertIn(self.ask("POST", f"/v1/directory/{made}", body)[0], (201, 400), made)
        self.assertIn(self.ask("POST", "/v1/webhooks", {"name": FORGED, "url": "https://example.org/"})[0], (201, 400, 422))
        self.ask("POST", path + "/cancel", {"reason": FORGED}, "sam")
        self.until(shown["id"], "cancelled")
        return shown["id"]

    def test_no_text_becomes_a_line_or_hides_one(self):
        """Purpose, labels, names, comments, reasons, code, files, paths, user agents: each line of the server's log and of the audit log is one
        that it wrote, and a terminal that shows them is shown nothing that it obeys."""
        request_id = self.say_it_everywhere()
        log = pathlib.Path(self.server.data, "server.log").read_bytes()
        lines = log.decode().splitlines(keepends=False) if not UNSEEN.search(log.decode()) else self.fail(self.unseen(log.decode()))
        for line in lines:
            self.assertNotRegex(line, "^FORGED")
        self.assertGreater(sum(" level=" in line for line in lines), 10)
        text = self.server.raw("GET", "/v1/audit?limit=1000", headers={"Authorization": f"Bearer {self.local}"})
        entries = [json.loads(line) for line in text.decode().split("\n") if line]
        self.assertEqual([entry["seq"] for entry in entries], list(range(1, len(entries) + 1)))
        self.assertIn(FORGED, [entry["details"].get("comment") for entry in entries])
        self.assertEqual(self.command("audit", "verify")[0], 0)
        for words in (("ls",), ("show", request_id, "--why"), ("logs", request_id), ("diff", request_id), ("files", request_id), ("audit", "ls"),
                      ("key", "ls"), ("user", "ls"), ("group", "ls"), ("webhook", "list"), ("policy", "history"), ("policy", "standing")):
            shown = self.on_terminal(*words)
            self.assertGreater(len(shown), 1, words)
            self.assertIsNone(UNSEEN.search(shown), (words, self.unseen(shown)))

    def on_terminal(self, *words):
        """What a terminal is shown by a command, without the carriage returns that it makes itself."""
        here, there = os.openpty()
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "TERM": "xterm", "SALLYPORT_KEY": self.local,
                       "SALLYPORT_URL": f"http://127.0.0.1:{self.server.port}"}
        process = Process([PROGRAM, *words], stdin=there, log=there, env=environment)
        os.close(there)
        text = b""
        try:
            while more := os.read(here, 65536):
                text += more
        except OSError:  # the other side is closed
            pass
        os.close(here)
        self.assertIn(process.wait(60), (0, 1), (words, text))
        return text.decode().replace("\r\n", "\n")

    def unseen(self, text):
        return [repr(text[max(found.start() - 60, 0):found.end() + 20]) for found in UNSEEN.finditer(text)][:3]

    def story(self, form):
        """The server's log of one that nobody signs in to: names are what people say."""
        with Server(PROGRAM, arguments=["--ready-sessions", "1", "--log-format", form, "--access-log"]) as server:
            said = {"code": "print(1)", "purpose": FORGED, "submittedBy": FORGED, "labels": {"env": FORGED}}
            status, _, made = server.ask("POST", "/v1/requests", said, {"User-Agent": "a\u202eb".encode()})
            self.assertEqual(status, 201, made)
            server.until(made["id"], "waiting")
            server.ask("POST", f"/v1/requests/{made['id']}/decision", {"approve": True, "by": FORGED, "comment": FORGED})
            server.until(made["id"], "approved")
            text = pathlib.Path(server.data, "server.log").read_text()
        self.assertIsNone(UNSEEN.search(text), self.unseen(text))
        return text

    def test_what_people_call_themselves_is_one_word_of_a_line(self):
        text = self.story("text")
        self.assertEqual(len(re.findall(r"^\S+ level=info area=svc/app (?:submitted|decided) .*FORGED", text, re.MULTILINE)), 2, text)
        self.assertNotRegex(text, "(?m)^FORGED")
        events = [json.loads(line) for line in self.story("json").split("\n") if line.startswith("{")]
        names = [event["fields"].get("by") for event in events if event.get("message") in ("submitted", "decided")]
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertIn("FORGED", name)


class Long(Case):
    """Comments without an end."""
    people = PEOPLE
    link, open, answer = confirm_test.Links.link, confirm_test.Links.open, confirm_test.Links.answer

    def test_a_comment_has_an_end(self):
        """On every way on which one may be said; nothing is decided, kept or held in memory of what is refused."""
        shown = self.waiting()
        path, link = f"/v1/requests/{shown['id']}", self.link(shown["id"], "mina")
        page = self.open(link)[2]
        before, resident = self.look(shown["id"]), self.server.resident()
        for size in (4001, 1 << 20, 40 << 20):
            text = "x" * size
            for where, body, who in ((path + "/votes", {"answer": "reject", "comment": text}, "mina"),
                                     (path + "/decision", {"approve": False, "comment": text}, "mina"),
                                     (path + "/revisions", {"code": "1", "comment": text}, "sam"),
                                     (path + "/cancel", {"reason": text}, "sam"),
                                     ("/v1/absences", {"delegate": "otto", "until": "2126-01-01T00:00:00Z", "comment": text}, "mina")):
                try:
                    status = self.ask("POST", where, body, who)[0]
                except OSError:  # it was refused before it was sent to its end
                    status = 413
                self.assertIn(status, (400, 413), (where, size))
            if size < 2 << 20:
                status, _, said = self.answer(link, page, vote="reject", comment=text)
                self.assertIn(status, (400, 413), size)
                self.assertEqual("longer than 4,000 bytes" in said, status == 400, said)
        self.assertEqual(self.look(shown["id"]), before)
        if not is_sanitized(PROGRAM):
            self.assertLess(self.server.resident() - resident, 64 << 20)
        longest = "\u00e9" * 2000  # bytes count
        self.assertEqual(self.vote(shown["id"], "mina", "reject", comment=longest)[0], 200)
        self.assertEqual(self.look(shown["id"])["votes"][0]["comment"], longest)


class Ten(unittest.TestCase):
    """Ten thousand that wait, before hundreds that do not read what is told of them."""
    COUNT = 10_000
    DEAF = 400

    def deafen(self, server):
        """Readers of all events that never read: with a window of one byte, so that the server holds what the kernel would."""
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/v1/events")]
        for _ in range(self.DEAF // 50):
            deaf = self.enterContext(Connection(server.port, setting(SETTING_INITIAL_WINDOW, 1)))
            for _ in range(50):
                deaf.open(headers, end=True)
        for _ in range(50):
            plain = self.enterContext(socket.create_connection(("127.0.0.1", server.port), 60))
            plain.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def test_ten_thousand_wait_and_hundreds_do_not_listen(self):
        """All are acknowledged, listed, found and decided; nobody waits for the readers; memory is bounded; a restart has them all."""
        server = Server(PROGRAM, arguments=["--ready-sessions", "0", "--request-rate", "1000000"]).start()
        self.addCleanup(server.close)
        count = self.COUNT // 10 if is_sanitized(PROGRAM) else self.COUNT
        self.deafen(server)
        resident = server.resident()

        def submit(numbers):
            connection, ids = server.connect(), []
            for number in numbers:
                connection.request("POST", "/v1/requests", json.dumps({"code": str(number), "gate": "before"}), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = json.loads(answer.read())
                self.assertEqual(answer.status, 201, body)
                ids.append(body["id"])
            connection.close()
            return ids

        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            ids = [one for made in pool.map(submit, [range(first, count, 16) for first in range(16)]) for one in made]
        took = time.monotonic() - begin
        if not is_sanitized(PROGRAM):
            self.assertLess(server.resident() - resident, 512 << 20)
        self.assert_all_wait(server, set(ids))
        for request_id in (ids[0], ids[count // 2], ids[-1]):
            self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "reject", "comment": "no"})[0], 200)
        server.kill()
        begin = time.monotonic()
        server.start()
        restart = time.monotonic() - begin
        self.assert_all_wait(server, set(ids) - {ids[0], ids[count // 2], ids[-1]})
        print(f"  {count} submitted in {took:.1f} s before {self.DEAF + 50} deaf readers; up again in {restart:.1f} s", file=sys.stderr)

    def assert_all_wait(self, server, ids):
        listed, after, first = [], "", None
        while after is not None:
            begin = time.monotonic()
            status, _, page = server.ask("GET", f"/v1/requests?state=waiting&order=desc&limit=500{after and '&after=' + urllib.parse.quote(after)}")
            first = first or time.monotonic() - begin
            self.assertEqual(status, 200, page)
            listed += [item["id"] for item in page["requests"]]
            after = page.get("next")
        print(f"  the first page of {len(ids)} came after {first * 1000:.0f} ms", file=sys.stderr)
        self.assertEqual((len(listed), set(listed)), (len(ids), ids))


if __name__ == "__main__":
    unittest.main(verbosity=2)
