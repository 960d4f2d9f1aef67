# SPDX-License-Identifier: MIT
"""A real browser for tests: Chromium without a window, driven over its DevTools pipe. Every name resolves to 127.0.0.1,
so a page of any site can be served from here and nothing leaves the machine."""
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

WAIT_S = 60
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program():
    """The browser's path, or None where none is installed."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Browser:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="sallyport-browser-", ignore_cleanup_errors=True)
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def take_pipe():
            """The browser reads commands from descriptor 3 and writes to 4."""
            high = [os.dup(to_read), os.dup(to_write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        line = [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-extensions", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}",
                "--host-resolver-rules=MAP * 127.0.0.1", "about:blank"]
        self.process = subprocess.Popen(line, preexec_fn=take_pipe, close_fds=True, pass_fds=(3, 4), start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.received = b""
        self.number = 0
        self.events = []
        target = self.command("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.command("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.command("Page.enable")
        self.command("Network.enable")

    def _receive(self, deadline):
        while b"\0" not in self.received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.from_browser], [], [], left)[0]:
                raise AssertionError("the browser does not answer")
            data = os.read(self.from_browser, 1 << 16)
            if not data:
                raise AssertionError(f"the browser ended with {self.process.wait(WAIT_S)}")
            self.received += data
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def command(self, method, parameters=None):
        """Says a command of the DevTools protocol and returns its result; events on the way are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + WAIT_S
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def await_event(self, method):
        """The first event of that name since the list was cleared."""
        deadline = time.monotonic() + WAIT_S
        while True:
            for event in self.events:
                if event.get("method") == method:
                    return event
            self.events.append(self._receive(deadline))

    def open(self, url):
        """As if it was typed; returns when the page is there."""
        self.events.clear()
        self.command("Page.navigate", {"url": url})
        self.await_event("Page.loadEventFired")

    def run(self, script):
        """The value of an `async` function body, run in the page as if a person had clicked."""
        answer = self.command("Runtime.evaluate", {
            "expression": f"(async () => {{ {script} }})()", "awaitPromise": True, "returnByValue": True,
            "userGesture": True})
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WAIT_S)
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.profile.cleanup()
