# SPDX-License-Identifier: MIT
"""HTTP/2 frame by frame, for what a real client library refuses to send. Header blocks are read with `hpack`."""
import socket
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
SETTING_INITIAL_WINDOW, SETTING_MAX_FRAME = 4, 5


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def setting(name, value):
    return struct.pack(">HI", name, value)


def integer(value, bits, first=0):
    """An HPACK integer with a prefix of `bits` bits."""
    top = (1 << bits) - 1
    if value < top:
        return bytes([first | value])
    out, value = [first | top], value - top
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def block(headers):
    """A header block of literals that are not indexed."""
    out = b""
    for name, value in headers:
        name, value = (part.encode() if isinstance(part, str) else part for part in (name, value))
        out += b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value
    return out


def grpc_headers(path, hub=None, method="POST", content_type="application/grpc", extra=()):
    headers = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("te", "trailers")]
    if content_type is not None:
        headers.append(("content-type", content_type))
    if hub is not None:
        headers.append(("taskhub", hub))
    return headers + list(extra)


def message(body, flag=0, length=None):
    return bytes([flag]) + struct.pack(">I", len(body) if length is None else length) + body


class Connection:
    """One connection. `settings` is the payload of our SETTINGS frame."""

    def __init__(self, port, settings=b"", receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(PREFACE + frame(SETTINGS, payload=settings))
        self.input = b""
        self.decoder = hpack.Decoder()
        self.next_stream = 1
        self.window = 65535  # what the peer lets us send on the connection, and on each stream
        self.stream_window = 65535
        self.windows = {}
        self.headers = {}  # stream: list of (name, value), trailers included
        self.data = {}  # stream: bytes
        self.ended = set()
        self.reset = {}  # stream: error code
        self.goaway = None
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def abort(self):
        """Closes with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def try_send(self, data):
        """False if the peer does not want to hear any more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def open(self, headers, end=False):
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(headers)))
        return stream

    def call(self, headers, body=b"", end=True):
        """A whole request, as fast as the peer's windows allow; what it refuses meanwhile is not sent to the end."""
        stream = self.open(headers)
        while body:
            room = min(self.window, self.stream_window + self.windows.get(stream, 0), 16384)
            if room <= 0:
                before = self.window, self.stream_window, self.windows.get(stream, 0)
                self.read(lambda: before != (self.window, self.stream_window, self.windows.get(stream, 0)) or stream in self.ended or stream in self.reset)
                if self.closed or stream in self.ended or stream in self.reset:
                    return stream
                continue
            part, body = body[:room], body[room:]
            self.window -= len(part)
            self.windows[stream] = self.windows.get(stream, 0) - len(part)
            self.send(frame(DATA, 0, stream, part))
        if end:
            self.send(frame(DATA, END_STREAM, stream))
        return stream

    def _take_frame(self):
        while len(self.input) < 9 or len(self.input) < 9 + int.from_bytes(self.input[:3], "big"):
            try:
                more = self.socket.recv(65536)
            except (ConnectionError, BrokenPipeError):
                more = b""
            if not more:
                self.closed = True
                return None
            self.input += more
        size = int.from_bytes(self.input[:3], "big")
        kind, flags, stream = self.input[3], self.input[4], struct.unpack(">I", self.input[5:9])[0]
        payload, self.input = self.input[9:9 + size], self.input[9 + size:]
        return kind, flags, stream, payload

    def _take_in(self, kind, flags, stream, payload):
        if kind == HEADERS:
            assert flags & END_HEADERS, "the answers of this server fit one frame"
            self.headers.setdefault(stream, []).extend(self.decoder.decode(payload))
        elif kind == DATA:
            self.data[stream] = self.data.get(stream, b"") + payload
        elif kind == RST_STREAM:
            self.reset[stream] = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">I", payload[4:8])[0]
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == SETTING_INITIAL_WINDOW:
                    self.stream_window = value
            self.try_send(frame(SETTINGS, ACK))
        elif kind == WINDOW_UPDATE and stream:
            self.windows[stream] = self.windows.get(stream, 0) + struct.unpack(">I", payload)[0]
        elif kind == WINDOW_UPDATE:
            self.window += struct.unpack(">I", payload)[0]
        elif kind == PING and not flags & ACK:
            self.try_send(frame(PING, ACK, payload=payload))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    def read(self, until, seconds=60):
        """Reads frames until `until()` or the end of the connection; False if the time is over first."""
        deadline = time.monotonic() + seconds
        while not until() and not self.closed:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.socket.settimeout(left)
            try:
                taken = self._take_frame()
            except TimeoutError:
                return False
            if taken:
                self._take_in(*taken)
        return True

    def finish(self, stream, seconds=60):
        """Reads until the stream is over; returns (HTTP status, gRPC status or None)."""
        self.read(lambda: stream in self.ended or stream in self.reset, seconds)
        fields = {name: value for name, value in self.headers.get(stream, [])}
        fields = {(name.decode() if isinstance(name, bytes) else name): value for name, value in fields.items()}
        status = fields.get("grpc-status")
        return int(fields.get(":status", 0)), int(status) if status is not None else None

    def over(self, seconds=60):
        """Reads until the server gives the connection up, by GOAWAY or by closing it."""
        return self.read(lambda: self.goaway is not None, seconds) and (self.closed or self.goaway is not None)
