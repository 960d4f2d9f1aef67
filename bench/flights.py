# SPDX-License-Identifier: MIT
"""Many HTTP clients in one process, each a generator that yields requests and is sent their answers: a closed loop that costs
little beside what it measures. One thread, one connection for each client."""
import re
import select
import socket
import time

PATIENCE_S = 120


class Flight:
    """One client: a connection, and the generator that says what it asks next."""

    def __init__(self, port, make):
        self.make = make
        self.steps = None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.what = None
        self.began = self.sent = 0.0

    def ask(self, method, path, body, what):
        self.what, self.sent = what, time.perf_counter()
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def answer(self):
        """(status, body) once it is whole."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed a connection")
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: *(\d+)", head) if found else None
        if not size or len(body) < int(size[1]):
            return None
        self.data = b""
        return int(head.split()[1]), body


class Fleet:
    """Flies `count` rounds of a client's steps, `in_flight` of them at once."""

    def __init__(self, port, make, in_flight):
        self.flights = [Flight(port, make) for _ in range(in_flight)]
        self.took = {}  # seconds, by what was asked for; "all": from the first request to the last answer
        self.left = 0

    def begin(self, flight):
        if self.left == 0:
            return False
        self.left -= 1
        flight.steps, flight.began = flight.make(), time.perf_counter()
        flight.ask(*next(flight.steps))
        return True

    def go_on(self, flight, answer):
        """True while the client has something under way."""
        now = time.perf_counter()
        self.took.setdefault(flight.what, []).append(now - flight.sent)
        try:
            flight.ask(*flight.steps.send(answer))
            return True
        except StopIteration:
            self.took.setdefault("all", []).append(now - flight.began)
            return self.begin(flight)

    def fly(self, count):
        """The seconds that all took."""
        self.left, began = count, time.perf_counter()
        poll, by_descriptor = select.epoll(), {}
        for flight in self.flights:
            if self.begin(flight):
                poll.register(flight.socket, select.EPOLLIN)
                by_descriptor[flight.socket.fileno()] = flight
        while by_descriptor:
            ready = poll.poll(PATIENCE_S)
            if not ready:
                raise TimeoutError(f"no answer in {PATIENCE_S} s")
            for descriptor, _ in ready:
                flight = by_descriptor[descriptor]
                answer = flight.answer()
                if answer and not self.go_on(flight, answer):
                    poll.unregister(descriptor)
                    del by_descriptor[descriptor]
        poll.close()
        return time.perf_counter() - began

    def close(self):
        for flight in self.flights:
            flight.socket.close()
