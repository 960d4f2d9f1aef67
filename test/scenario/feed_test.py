#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The change feed of a task hub: by a socket, by curl over both versions of HTTP, by a real browser; a hundred at once, a
slow reader, and a server that is killed. If this fails, a page shows what is not so, or a reader takes the server's memory.
Usage: feed_test.py SALLYPORT"""
import http.client
import json
import queue
import shutil
import socket
import sys
import threading
import time
import unittest

import browser
from server import Server
from process import Process

API = "/v1/taskhubs"
PATIENCE_S = 60


def parse(block):
    """One event of a stream: (id, name, data); a comment is None."""
    fields = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
    if not fields:
        return None
    data = "\n".join(fields.get("data", []))
    return fields.get("id", [None])[0], fields.get("event", ["message"])[0], json.loads(data)


class Feed:
    """A stream over a socket of its own; events are read as they come."""

    def __init__(self, port, query="", last=None):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        head = f"GET {API}/changes?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        head += f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value
        self.text = ""
        self.last = last

    def chunk(self):
        """The next chunk's text; None at the end. ConnectionError: there was no last chunk."""
        size = self.file.readline()
        if not size:
            raise ConnectionError("the stream was cut")
        if int(size, 16) == 0:
            return None
        text = self.file.read(int(size, 16)).decode()
        self.file.readline()
        return text

    def event(self):
        """The next event; None at the end of the stream."""
        while True:
            while "\n\n" not in self.text:
                chunk = self.chunk()
                if chunk is None:
                    return None
                self.text += chunk
            block, _, self.text = self.text.partition("\n\n")
            event = parse(block)
            if event:
                self.last = event[0] or self.last
                return event

    def until(self, *wanted):
        """Reads until each of the (name, instanceId, status ending) was seen, in this order."""
        seen = []
        for name, instance_id, status in wanted:
            while True:
                event = self.event()
                assert event, f"the stream ended before {name} {instance_id}: {seen}"
                seen.append(event)
                data = event[2]
                if event[1] == name and data.get("instanceId") == instance_id and \
                        data.get("orchestrationStatus", "").endswith(status):
                    break
        return seen

    def close(self):
        self.socket.close()
        self.file.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.server = Server(sys.argv[1], command="scheduler", arguments=["--task-hubs", "default,other"]).start()
        self.addCleanup(self.server.close)

    def start(self, instance_id, hub="default", **more):
        status, _, answer = self.server.ask("POST", API + "/orchestrations", {"name": "Hello", "instanceId": instance_id, **more},
                                            {"x-taskhub": hub})
        self.assertEqual(status, 201, answer)

    def end(self, instance_id):
        status, _, failed = self.server.ask("POST", API + "/orchestrations/forceterminate", {"instanceIds": [instance_id]})
        self.assertEqual((status, failed), (200, []))

    def feed(self, query="", last=None):
        feed = Feed(self.server.port, query, last)
        self.addCleanup(feed.close)
        self.assertEqual(feed.status, 200)
        return feed


class Follows(Case):
    def test_a_stream_tells_what_is_on_disk_in_order(self):
        feed = self.feed()
        self.assertEqual((feed.headers["content-type"], feed.headers["cache-control"]),
                         ("text/event-stream; charset=utf-8", "no-store"))
        self.assertEqual(feed.event()[1:], ("start", {}))
        self.start("elsewhere", hub="other")
        self.start("a", tags={"k": "v"})
        name, data = feed.event()[1:]
        row = self.server.ask("GET", API + "/orchestrations/a")[2]
        self.assertIn("worker", row.pop("standing"))  # of the moment that is asked, not of a change
        self.assertEqual((name, data), ("changed", row))
        self.end("a")
        feed.until(("changed", "a", "TERMINATED"))
        self.assertEqual(self.server.ask("DELETE", API + "/orchestrations/a")[0], 204)
        self.assertEqual(feed.event()[1:], ("removed", {"instanceId": "a", "executionId": row["executionId"]}))

    def test_who_comes_back_goes_on_where_it_was(self):
        feed = self.feed()
        feed.event()
        self.start("a")
        feed.until(("changed", "a", "PENDING"))
        feed.close()
        for n in range(50):
            self.start(f"while-away-{n}")
        again = self.feed(last=feed.last)
        for n in range(50):
            self.assertEqual(again.event()[2]["instanceId"], f"while-away-{n}")
        by_query = self.feed(query="lastEventId=" + feed.last)
        self.assertEqual(by_query.event()[2]["instanceId"], "while-away-0")

    def test_an_id_that_is_none_of_ours_is_told_by_a_reset(self):
        epoch = self.feed().event()[0].partition("-")[0]
        for last in ("nonsense", "0123456789abcdef-1", epoch + "-999999"):
            self.assertEqual(self.feed(last=last).event()[1], "reset")

    def test_an_id_that_is_too_old_is_told_by_a_reset(self):
        feed = self.feed()
        oldest = feed.event()[0]
        for n in range(300):  # more bytes than the ring holds
            self.start(f"n{n}", tags={"filling": "x" * 16_000})
        self.assertEqual(self.feed(last=oldest).event()[1], "reset")

    def test_the_other_hub_has_a_feed_of_its_own(self):
        other = self.feed(query="taskhub=OTHER")
        other.event()
        self.start("here")
        self.start("there", hub="other")
        self.assertEqual(other.event()[2]["instanceId"], "there")
        none = Feed(self.server.port, "taskhub=none")
        self.addCleanup(none.close)
        self.assertEqual(none.status, 404)

    def test_entities_are_told_and_one_may_be_followed(self):
        both, one = self.feed(), self.feed(query="instanceId=%40c%401")
        for feed in (both, one):
            self.assertEqual(feed.event()[1], "start")
        for entity in ("@c@1", "@c@2"):
            self.assertEqual(self.server.ask("POST", f"{API}/entities/{entity}/signal", {"operation": "add"})[0], 204)
        self.start("a")
        for entity in ("@c@2", "@c@1"):
            self.assertEqual(self.server.ask("DELETE", f"{API}/entities/{entity}")[0], 204)
        self.assertEqual([both.event()[1:] for _ in range(3)][1:],
                         [("entityRemoved", {"instanceId": "@c@2"}), ("entityRemoved", {"instanceId": "@c@1"})])
        self.assertEqual(one.event()[1:], ("entityRemoved", {"instanceId": "@c@1"}))
        alone = self.feed(query="instanceId=b")
        alone.event()
        self.start("c")
        self.start("b")
        self.assertEqual(alone.event()[2]["instanceId"], "b")

    def test_a_head_is_answered_without_a_stream(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        self.addCleanup(connection.close)
        for _ in range(2):  # the second only after the first is over
            connection.request("HEAD", API + "/changes")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream; charset=utf-8"))
            answer.read()

    def test_an_orderly_stop_ends_the_stream_whole(self):
        feed = self.feed()
        feed.event()
        self.start("last")
        self.assertEqual(self.server.stop(), 0)
        feed.until(("changed", "last", "PENDING"))
        self.assertIsNone(feed.event())

    def test_a_killed_server_is_told_by_a_reset(self):
        """kill -9 and resume: what was acknowledged is there, and the reader knows that it must look."""
        feed = self.feed()
        feed.event()
        self.start("before")
        feed.until(("changed", "before", "PENDING"))
        self.server.kill()
        self.server.start()
        again = self.feed(last=feed.last)
        self.assertEqual(again.event()[1], "reset")
        self.assertEqual(self.server.ask("GET", API + "/orchestrations/before")[0], 200)
        self.start("after")
        again.until(("changed", "after", "PENDING"))


class Many(Case):
    def test_a_hundred_streams_see_the_same(self):
        feeds = [self.feed() for _ in range(100)]
        for feed in feeds:
            self.assertEqual(feed.event()[1], "start")
        for n in range(20):
            self.start(f"m{n}")
        wanted = [f"m{n}" for n in range(20)]
        for feed in feeds:
            self.assertEqual([feed.event()[2]["instanceId"] for _ in wanted], wanted)

    def test_a_slow_reader_is_cut(self):
        """It costs the server its small queue and what the kernel holds, while the ring goes on without it."""
        slow = self.feed()
        quick = self.feed()
        quick.event()
        seen = queue.Queue()
        threading.Thread(target=lambda: [seen.put(quick.event()) for _ in range(1500)], daemon=True).start()
        tags = {"filling": "x" * 16_000}
        for n in range(1500):
            self.start(f"s{n}", tags=tags)
        for n in range(1500):
            self.assertEqual(seen.get(timeout=PATIENCE_S)[2]["instanceId"], f"s{n}")
        events = 0
        try:
            while slow.event():
                events += 1
            self.fail("the stream ended as if it was whole")
        except ConnectionError:
            pass
        self.assertLess(events, 1500)
        again = self.feed(last=slow.last)
        self.assertEqual(again.event()[1], "reset")


@unittest.skipUnless(shutil.which("curl"), "no curl here")
class Curl(Case):
    def follow(self, *options):
        process = Process(["curl", "-s", "-N", *options, f"http://127.0.0.1:{self.server.port}{API}/changes"])
        self.addCleanup(process.close)
        return process

    def test_both_versions_of_http(self):
        streams = [self.follow("--http1.1"), self.follow("--http2-prior-knowledge")]
        for stream in streams:
            self.assertRegex(stream.line(), r"^id: [0-9a-f]{16}-0$")
            self.assertEqual([stream.line() for _ in range(3)], ["event: start", "data: {}", ""])
        self.start("both")
        for stream in streams:
            stream.line()
            self.assertEqual(stream.line(), "event: changed")
            self.assertIn('"instanceId":"both"', stream.line())

    def test_a_silent_stream_has_a_heartbeat(self):
        stream = self.follow("--http1.1")
        for _ in range(4):
            stream.line()
        begun = time.monotonic()
        self.assertTrue(stream.line().startswith(":"))
        self.assertLess(time.monotonic() - begun, 25)


@unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
class RealBrowser(Case):
    def setUp(self):
        super().setUp()
        self.browser = browser.Browser()
        self.addCleanup(self.browser.close)

    def test_a_page_follows_and_comes_back_by_itself(self):
        self.browser.open(f"http://127.0.0.1:{self.server.port}/openapi.json")  # a page of the server's, without a policy
        self.browser.run("""
            window.seen = [];
            window.source = new EventSource('/v1/taskhubs/changes?taskhub=default');
            for (const name of ['start', 'changed', 'removed', 'reset'])
                source.addEventListener(name, e => seen.push(name + ' ' + (JSON.parse(e.data).instanceId || '')));
            await new Promise(r => source.addEventListener('start', r));""")
        self.start("seen-by-a-page")
        self.until("changed seen-by-a-page")
        self.server.kill()
        self.server.start()
        self.until("reset ")
        self.start("after-the-crash")
        self.until("changed after-the-crash")
        self.assertEqual(self.browser.run("return seen")[0], "start ")

    def until(self, event):
        deadline = time.monotonic() + PATIENCE_S
        while event not in self.browser.run("return seen"):
            self.assertLess(time.monotonic(), deadline, self.browser.run("return seen"))
            time.sleep(0.1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
