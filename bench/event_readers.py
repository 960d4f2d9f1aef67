# SPDX-License-Identifier: MIT
"""Many readers of GET /v1/events in one process. Prints "ready" when all are connected, then for each event that the last of them
has read one line: its number, and the monotonic times of the first and of the last reader. Ends with its standard input.

Usage: event_readers.py PORT READERS"""
import re
import resource
import select
import socket
import sys
import time

REQUEST = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
NUMBER = re.compile(rb"^id: ?(\d+)", re.MULTILINE)


def connect(port):
    reader = socket.create_connection(("127.0.0.1", port), timeout=60)
    reader.sendall(REQUEST)
    return reader


def follow(readers):
    """Each event is counted; a number that is cut in two by the network would be missed, and a frame is sent at once."""
    seen, first, poll = {}, {}, select.epoll()
    by_descriptor = {reader.fileno(): reader for reader in readers}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == sys.stdin.fileno():
                return
            data = by_descriptor[descriptor].recv(1 << 16)
            now = time.monotonic()
            if not data:
                raise ConnectionError("a stream of events ended")
            for number in NUMBER.findall(data):
                first.setdefault(number, now)
                seen[number] = seen.get(number, 0) + 1
                if seen[number] == len(readers):
                    print(number.decode(), first.pop(number), now, flush=True)


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    readers = [connect(port) for _ in range(count)]
    for reader in readers:
        head = b""
        while b"\r\n\r\n" not in head:
            head += reader.recv(4096)
        assert head.startswith(b"HTTP/1.1 200"), head
        reader.setblocking(False)
    print("ready", flush=True)
    follow(readers)


main()
