# SPDX-License-Identifier: MIT
"""One way to start, await, stop and reap a process in a test.

Every wait is bounded: a process that outlives its bound is killed, and the failure shows what it said last. A pipe that
nobody reads would stop the process that writes it, so both streams are read by threads from the start, or go to a log.
"""
import queue
import re
import signal
import subprocess
import threading

PATIENCE_S = 120
TAIL_LINES = 80


class Process:
    """A process of a test; as a context manager it is ended when the test is.

    `ready` is what a line of its standard output must match before the constructor returns; `match` is the match.
    `log` is an open file that takes both streams; otherwise they are text, line by line: `line()` and `said()`.
    Further arguments are Popen's."""

    def __init__(self, command, ready=None, patience=PATIENCE_S, log=None, stdin=subprocess.DEVNULL, **popen):
        self.command = [str(word) for word in command]
        self.patience = patience
        streams = {"stdout": log, "stderr": log} if log else {
            "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
        self.popen = subprocess.Popen(self.command, stdin=stdin, **{**streams, **popen})
        self.lines = queue.Queue()
        self.errors = []
        self.readers = []
        self.match = None
        if self.popen.stdout:
            self._read(self.popen.stdout, self.lines.put)
        if self.popen.stderr:
            self._read(self.popen.stderr, self.errors.append)
        if ready:
            self.match = self._await(ready)

    def _read(self, stream, take):
        def read():
            for line in stream:
                take(line)
            if take == self.lines.put:
                take(None)
        self.readers.append(threading.Thread(target=read, daemon=True))
        self.readers[-1].start()

    def _await(self, ready):
        try:
            line = self.line(self.patience)
        except AssertionError:
            self.kill()
            raise
        match = re.match(ready, line or "")
        if not match:
            self.kill()
            raise AssertionError(f"{self.command[0]} began with {line!r}, not {ready!r}:\n{self.said()}")
        return match

    @property
    def pid(self):
        return self.popen.pid

    @property
    def stdin(self):
        return self.popen.stdin

    @property
    def returncode(self):
        return self.popen.returncode

    def poll(self):
        return self.popen.poll()

    def send_signal(self, number):
        self.popen.send_signal(number)

    def line(self, seconds=None):
        """The next line of its standard output, without the newline; None: it has closed that."""
        try:
            line = self.lines.get(timeout=self.patience if seconds is None else seconds)
        except queue.Empty:
            raise AssertionError(f"{self.command[0]} says nothing:\n{self.said()}") from None
        return line if line is None else line.rstrip("\n")

    def rest(self):
        """What is left of the standard output of a process that has ended."""
        lines = []
        while (line := self.line(5)) is not None:
            lines.append(line)
        return "\n".join(lines)

    def said(self):
        """The end of what it wrote to its standard error so far."""
        return "".join(self.errors[-TAIL_LINES:])

    def wait(self, seconds=None):
        """Its exit code, when it has ended by itself."""
        try:
            self.popen.wait(self.patience if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{' '.join(self.command)} did not end:\n{self.said()}") from None
        self._reap()
        return self.popen.returncode

    def stop(self, seconds=None):
        """An orderly stop; its exit code."""
        self.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """kill -9: nothing is flushed, nothing is said."""
        self.popen.kill()
        self.popen.wait()
        self._reap()

    def close(self):
        """Ends it if it runs, in any way."""
        if self.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self._reap()

    def _reap(self):
        # A grandchild may hold the pipes: its output is nobody's business any more.
        for reader in self.readers:
            reader.join(5)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream and not any(reader.is_alive() for reader in self.readers):
                try:
                    stream.close()
                except BrokenPipeError:  # what was not flushed, to a process that is gone
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
