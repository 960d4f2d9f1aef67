# SPDX-License-Identifier: MIT
"""`sallyport demo`: a server with requests to look at, which leaves nothing behind.

If this fails, whoever looks around first sees less than what is promised, or finds a folder that nobody removes.
Usage: demo_test.py PROGRAM
"""
import http.client
import json
import os
import pathlib
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
READY = re.compile(r"requests wait at http://localhost:(\d+)$", re.MULTILINE)

# What becomes of each by itself, and in which revision: the last had changes asked for and waits with its second.
STATES = {
    "days left in the quarter, for the status page": ("waiting", 1),
    "orders a month, as a table and a picture": ("waiting", 1),
    "exchange rates of today": ("waiting", 1),
    "clean the customer list": ("waiting", 1),
    "average response time of yesterday": ("failed", 1),
    "delete archives older than a year": ("waiting", 1),
    "what the platform costs a month": ("waiting", 2),
}


def until(look, found, patience=60):
    """Looks until it is what is to be found; then, or when patience is at its end, what it was last."""
    deadline = time.monotonic() + patience
    while not found(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


class Demo(unittest.TestCase):
    def setUp(self):
        self.demo = Process([PROGRAM, "demo", "--port", "0"], start_new_session=True)
        self.addCleanup(self.demo.close)
        said = until(self.demo.said, lambda text: READY.search(text) or self.demo.poll() is not None)
        ready = READY.search(said)
        self.assertTrue(ready, said)
        self.port = int(ready.group(1))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def states(self):
        status, text = self.get("/v1/requests")
        self.assertEqual(status, 200, text)
        return {each["purpose"]: (each["state"], each["revision"]) for each in json.loads(text)["requests"]}

    def folder(self):
        """Of the server that is the command's child: the one above its data."""
        children = pathlib.Path(f"/proc/{self.demo.pid}/task/{self.demo.pid}/children").read_text().split()
        words = pathlib.Path(f"/proc/{children[0]}/cmdline").read_text().split("\0")
        return pathlib.Path(words[words.index("--data") + 1]).parent

    def test_its_requests_are_there_and_an_interrupt_leaves_nothing(self):
        self.assertEqual(until(self.states, lambda states: states == STATES), STATES)
        status, page = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn(b"<title>", page)
        folder = self.folder()
        self.assertTrue((folder / "data").is_dir())

        os.kill(self.demo.pid, signal.SIGINT)  # of the command alone, which ends its server
        self.assertEqual(self.demo.wait(), 0)
        self.assertFalse(folder.exists())


if __name__ == "__main__":
    unittest.main()
