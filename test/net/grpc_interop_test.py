# SPDX-License-Identifier: MIT
"""The gRPC server against the official Python client (grpc-core), as the Durable Task SDKs use it.

Usage: grpc_interop_test.py SERVER    (in a virtual environment with grpcio)
"""
import pathlib
import signal
import sys
import threading
import time
import unittest

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

SERVER = sys.argv.pop(1)
LARGE = 64 << 20


class Server(Process):
    def __init__(self):
        super().__init__([SERVER], ready=r"(\d+)", stderr=None)
        self.target = f"127.0.0.1:{self.match.group(1)}"


def dial(server, *options):
    limits = [("grpc.max_receive_message_length", LARGE), ("grpc.max_send_message_length", LARGE)]
    # A pool of subchannels shared between channels would hide what one connection does.
    return grpc.insecure_channel(server.target, [*limits, ("grpc.use_local_subchannel_pool", 1), *options])


def unary(channel, method):
    return channel.unary_unary(f"/test.Echo/{method}")


class Interop(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.channel = dial(self.server)

    def tearDown(self):
        self.channel.close()
        if self.server.poll() is None:
            self.assertEqual(self.server.stop(), 0)

    def counts(self):
        return [int(n) for n in unary(self.channel, "Counts")(b"", timeout=10).split()]

    def fails(self, code, call):
        with self.assertRaises(grpc.RpcError) as caught:
            result = call()
            if hasattr(result, "__iter__") and not isinstance(result, bytes):
                list(result)
        self.assertEqual(caught.exception.code(), code)
        return caught.exception

    def still_works(self):
        self.assertEqual(unary(self.channel, "Unary")(b"alive", timeout=10), b"alive")

    def test_unary(self):
        echo = unary(self.channel, "Unary")
        for message in (b"", b"hello", bytes(range(256)) * 100):
            self.assertEqual(echo(message, timeout=10), message)

    def test_metadata(self):
        sent = (("taskhub", "Default"), ("trace-bin", b"\xff\x00 and more"))
        answer = unary(self.channel, "Metadata")(b"", metadata=sent, timeout=10)
        self.assertEqual(answer, b"Default \xff\x00 and more")

    def test_status_text(self):
        text = "100% of \u20ac \n and a tab\t"
        error = self.fails(grpc.StatusCode.FAILED_PRECONDITION,
                           lambda: unary(self.channel, "Fail")(text.encode(), timeout=10))
        self.assertEqual(error.details(), text)

    def test_stream_of_10000(self):
        call = self.channel.unary_stream("/test.Echo/Stream")(b"10000 20", timeout=60)
        self.assertEqual(sum(len(message) for message in call), 200000)
        self.assertEqual(call.code(), grpc.StatusCode.OK)

    def test_slow_reader(self):
        call = self.channel.unary_stream("/test.Echo/Stream")(b"300 60000", timeout=60)
        total = 0
        for index, message in enumerate(call):
            total += len(message)
            if index % 30 == 0:
                time.sleep(0.05)
        self.assertEqual(total, 300 * 60000)

    def test_3_9_megabytes(self):
        message = bytes(3_900_000)
        self.assertEqual(unary(self.channel, "Unary")(message, timeout=30), message)

    def test_too_large(self):
        for _ in range(3):
            self.fails(grpc.StatusCode.RESOURCE_EXHAUSTED,
                       lambda: unary(self.channel, "Unary")(bytes(5_000_000), timeout=30))
        self.still_works()

    def test_gzip(self):
        message = b"compress me " * 10000
        answer = unary(self.channel, "Unary")(message, compression=grpc.Compression.Gzip, timeout=10)
        self.assertEqual(answer, message)

    def test_deflate_is_unimplemented(self):
        self.fails(grpc.StatusCode.UNIMPLEMENTED,
                   lambda: unary(self.channel, "Unary")(b"x" * 1000, compression=grpc.Compression.Deflate, timeout=10))
        self.still_works()

    def test_unknown_method(self):
        self.fails(grpc.StatusCode.UNIMPLEMENTED, lambda: unary(self.channel, "Nothing")(b"", timeout=10))
        self.fails(grpc.StatusCode.UNIMPLEMENTED,
                   lambda: self.channel.unary_stream("/nowhere/Nothing")(b"", timeout=10))

    def test_unknown_client_stream_that_never_ends(self):
        release = threading.Event()

        def requests():
            yield b"first"
            release.wait(20)

        started = time.monotonic()
        self.fails(grpc.StatusCode.UNIMPLEMENTED,
                   lambda: self.channel.stream_unary("/test.Echo/Nothing")(requests(), timeout=20))
        release.set()
        self.assertLess(time.monotonic() - started, 10)
        self.still_works()

    def test_client_stream_to_a_unary_method(self):
        self.fails(grpc.StatusCode.INTERNAL,
                   lambda: self.channel.stream_unary("/test.Echo/Hold")(iter([b"a", b"b"]), timeout=10))
        self.fails(grpc.StatusCode.INTERNAL,
                   lambda: self.channel.stream_unary("/test.Echo/Hold")(iter([]), timeout=10))
        self.still_works()

    def test_deadline(self):
        started = time.monotonic()
        self.fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: unary(self.channel, "Sleep")(b"20000", timeout=0.2))
        self.assertLess(time.monotonic() - started, 5)
        self.wait_for_counts(0, 1)

    def wait_for_counts(self, alive, cancelled):
        end = time.monotonic() + 20
        while self.counts() != [alive, cancelled] and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.counts(), [alive, cancelled])

    def test_initial_metadata_comes_before_the_first_message(self):
        call = self.channel.unary_stream("/test.Echo/Hold")(b"", timeout=20)
        started = time.monotonic()
        call.initial_metadata()
        self.assertLess(time.monotonic() - started, 5)
        call.cancel()
        self.wait_for_counts(0, 1)

    def test_cancel_in_mid_stream(self):
        call = self.channel.unary_stream("/test.Echo/Stream")(b"1000000 1000", timeout=60)
        for _ in range(100):
            next(call)
        call.cancel()
        self.wait_for_counts(0, 1)
        self.still_works()

    def test_3000_cancelled_calls(self):
        echo = unary(self.channel, "Sleep")
        for _ in range(30):
            calls = [echo.future(b"60000", timeout=60) for _ in range(100)]
            end = time.monotonic() + 20
            while self.counts()[0] < 100 and time.monotonic() < end:
                time.sleep(0.01)
            for call in calls:
                call.cancel()
        self.wait_for_counts(0, 3000)
        self.still_works()

    def test_3000_concurrent_calls(self):
        echo = unary(self.channel, "Sleep")
        calls = [echo.future(b"50", timeout=60) for _ in range(3000)]
        self.assertEqual({call.result() for call in calls}, {b"slept"})

    def test_keepalive_every_second(self):
        options = [("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_timeout_ms", 2000),
                   ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0)]
        channel = dial(self.server, *options)
        states = []
        channel.subscribe(states.append, try_to_connect=True)
        self.assertEqual(unary(channel, "Unary")(b"a", timeout=10), b"a")
        time.sleep(3.5)
        self.assertEqual(unary(channel, "Sleep")(b"3500", timeout=10), b"slept")
        self.assertNotIn(grpc.ChannelConnectivity.TRANSIENT_FAILURE, states)
        self.assertEqual(states.count(grpc.ChannelConnectivity.READY), 1)
        channel.close()

    def test_goaway_drain(self):
        running = unary(self.channel, "Sleep").future(b"1000", timeout=20)
        while self.counts()[0] < 1:
            time.sleep(0.01)
        self.server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        self.fails(grpc.StatusCode.UNAVAILABLE, lambda: unary(self.channel, "Unary")(b"late", timeout=5))
        self.assertEqual(running.result(), b"slept")
        self.assertEqual(self.server.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
