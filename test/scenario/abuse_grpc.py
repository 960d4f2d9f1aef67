# SPDX-License-Identifier: MIT
"""Hostile HTTP/2, gRPC and protobuf, and workers and clients that break their word."""
import concurrent.futures
import os
import random
import struct
import sys
import threading
import time
import uuid

import grpc
from google.protobuf import wrappers_pb2

import http2_raw as h2
from abuse import GROUP_SECONDS_MAX, Group

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import METHODS as PROTOCOL_METHODS, pb, Stub  # noqa: E402

SERVICE = "/TaskHubSidecarService/"
METHODS = sorted(PROTOCOL_METHODS)
STREAMS = {"GetWorkItems", "StreamInstanceHistory"}
WAITS = {"WaitForInstanceStart", "WaitForInstanceCompletion"}
COMPLETIONS = {"CompleteActivityTask": pb.ActivityResponse, "CompleteOrchestratorTask": pb.OrchestratorResponse,
               "AbandonTaskActivityWorkItem": pb.AbandonActivityTaskRequest,
               "AbandonTaskOrchestratorWorkItem": pb.AbandonOrchestrationTaskRequest}
HUB = "abuse"  # no worker listens there
MIB = 1 << 20
Code = grpc.StatusCode


def text(value):
    return wrappers_pb2.StringValue(value=value)


class Grpc(Group):
    hub = HUB  # a test with workers has a hub of its own

    def setUp(self):
        super().setUp()
        limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.rig.port}", limits)
        self.stub = Stub(self.channel)

    def tearDown(self):
        self.channel.close()
        super().tearDown()

    def call(self, method, message, hub=None, timeout=60):
        """The status of a call with these bytes; for a stream, of its first answer."""
        message = message if isinstance(message, bytes) else message.SerializeToString()
        metadata = (("taskhub", hub or self.hub),)
        try:
            if method in STREAMS:
                next(self.channel.unary_stream(SERVICE + method)(message, metadata=metadata, timeout=timeout))
            else:
                self.channel.unary_unary(SERVICE + method)(message, metadata=metadata, timeout=timeout)
        except StopIteration:
            pass
        except grpc.RpcError as e:
            self.details = e.details()
            return e.code()
        return Code.OK

    def ask(self, method, message, timeout=60):
        return getattr(self.stub, method)(message, metadata=(("taskhub", self.hub),), timeout=timeout)

    def start(self, name="nobody", instance_id=None, text_=None):
        request = pb.CreateInstanceRequest(instanceId=instance_id or uuid.uuid4().hex, name=name)
        if text_ is not None:
            request.input.CopyFrom(text(text_))
        return self.ask("StartInstance", request).instanceId

    def drop(self, *ids):
        for instance_id in ids:
            self.ask("TerminateInstance", pb.TerminateRequest(instanceId=instance_id))
        for instance_id in ids:
            self.ask("PurgeInstances", pb.PurgeInstancesRequest(instanceId=instance_id))

    @staticmethod
    def work_request(orchestrators=(), activities=(), activities_max=0):
        """The filters say what a worker wants; a limit of 0 stands for the server's own (specification 2.10, 2.12)."""
        return pb.GetWorkItemsRequest(
            maxConcurrentActivityWorkItems=activities_max,
            workItemFilters=pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=name) for name in orchestrators],
                                               activities=[pb.ActivityFilter(name=name) for name in activities]))

    def worker(self, *args, **named):
        """A work item stream; iterate over the items, cancel() it in the end."""
        metadata = (("taskhub", self.hub), ("workerid", uuid.uuid4().hex))  # without an id a newer stream of a connection replaces the older
        return self.stub.GetWorkItems(self.work_request(*args, **named), metadata=metadata, timeout=GROUP_SECONDS_MAX)

    # --- HTTP/2 ---

    def test_http2_frames(self):
        """Each of these breaks RFC 9113; the server ends the connection, or the stream, and lives."""
        get = h2.block(h2.grpc_headers(SERVICE + "Hello", HUB))
        first = h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get)
        settings = h2.setting
        fatal = {
            "noise": os.urandom(3000),
            "zeros": b"\0" * 3000,
            "http/1 behind the preface": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 50,
            "a frame of 16 MiB": h2.frame(h2.DATA, 0, 1, length=0xFFFFFF) + b"x" * 20000,
            "headers on stream 0": h2.frame(h2.HEADERS, h2.END_HEADERS, 0, get),
            "data on stream 0": h2.frame(h2.DATA, 0, 0, b"x"),
            "data on an idle stream": h2.frame(h2.DATA, 0, 5, b"x"),
            "an even stream": h2.frame(h2.HEADERS, h2.END_HEADERS, 2, get),
            "continuation of nothing": h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1, get),
            "another frame within headers": h2.frame(h2.HEADERS, 0, 1, get) + h2.frame(h2.PING, payload=b"x" * 8),
            "push from a client": first + h2.frame(h2.PUSH, h2.END_HEADERS, 1, struct.pack(">I", 2) + get),
            "ping of 7 bytes": h2.frame(h2.PING, payload=b"x" * 7),
            "settings of 5 bytes": h2.frame(h2.SETTINGS, payload=b"x" * 5),
            "settings on a stream": h2.frame(h2.SETTINGS, 0, 1, settings(4, 1)),
            "settings: window over 2^31": h2.frame(h2.SETTINGS, payload=settings(h2.SETTING_INITIAL_WINDOW, 1 << 31)),
            "settings: frames of 1 byte": h2.frame(h2.SETTINGS, payload=settings(h2.SETTING_MAX_FRAME, 1)),
            "settings: push 2": h2.frame(h2.SETTINGS, payload=settings(2, 2)),
            "window update by 0": h2.frame(h2.WINDOW_UPDATE, payload=struct.pack(">I", 0)),
            "window over 2^31": h2.frame(h2.WINDOW_UPDATE, payload=struct.pack(">I", 0x7FFFFFFF)) * 2,
            "reset of an idle stream": h2.frame(h2.RST_STREAM, 0, 7, struct.pack(">I", 8)),
            "hpack: index 0": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, b"\x80"),
            "hpack: index far out": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.integer(100000, 7, 0x80)),
            "hpack: an integer without end": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, b"\xff" * 100),
            "hpack: table of 1 GiB": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.integer(1 << 30, 5, 0x20) + get),
            "hpack: bad huffman": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, b"\0\x81\xff\x81\xff"),
            "padding longer than the frame": h2.frame(h2.HEADERS, h2.END_HEADERS | 8, 1, b"\xff" + get[:10]),
        }
        for name, data in fatal.items():
            with self.subTest(name), h2.Connection(self.rig.port) as c:
                c.try_send(data)
                self.assertTrue(c.over(), "the connection goes on")
        survivable = {
            "a header list of 100 KiB": h2.frame(h2.HEADERS, 0, 1, get) +
            b"".join(h2.frame(h2.CONTINUATION, 0, 1, h2.block([("a", b"x" * 15000)])) for _ in range(7)) +
            h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1),
            "endless continuations": h2.frame(h2.HEADERS, 0, 1, get) + h2.frame(h2.CONTINUATION, 0, 1) * 20000,
            "a hundred thousand headers": h2.frame(h2.HEADERS, 0, 1, get) +
            h2.frame(h2.CONTINUATION, 0, 1, h2.block([("a", "")]) * 3000) * 33,
            "no pseudo headers": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.block([("a", "b")])),
            "pseudo header last": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.block([("a", "b"), (":method", "POST")])),
            "upper case": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get + h2.block([("Upper", "b")])),
            "connection header": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get + h2.block([("connection", "close")])),
            "line end in a value": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get + h2.block([("a", b"b\r\nc")])),
            "own parent": h2.frame(h2.PRIORITY, 0, 1, struct.pack(">IB", 1, 1)) + first,
            "bad content-length": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get + h2.block([("content-length", "3")])) +
            h2.frame(h2.DATA, h2.END_STREAM, 1, h2.message(b"")),
        }
        for name, data in survivable.items():
            with self.subTest(name), h2.Connection(self.rig.port) as c:
                c.try_send(data)
                self.assertTrue(c.read(lambda: c.goaway is not None or 1 in c.reset or 1 in c.ended), "no answer at all")
                self.assertNotEqual(dict(c.headers.get(1, [])).get("grpc-status"), "0")
        for cut in range(1, len(h2.PREFACE)):  # a preface that turns out to be none, at every byte
            with self.rig.connect() as s:
                s.sendall(h2.PREFACE[:cut])
                s.sendall(b"\x01junk\r\n\r\n")
                try:
                    while s.recv(1000):
                        pass
                except ConnectionResetError:
                    pass

    def test_http2_floods(self):
        get = h2.block(h2.grpc_headers(SERVICE + "WaitForInstanceCompletion", HUB))
        body = h2.message(pb.GetInstanceRequest(instanceId="nobody").SerializeToString())

        def resets(count, also=b""):
            return b"".join(h2.frame(h2.HEADERS, h2.END_HEADERS, 2 * n + 1, get) + also.replace(b"STRM", struct.pack(">I", 2 * n + 1)) +
                            h2.frame(h2.RST_STREAM, 0, 2 * n + 1, struct.pack(">I", 8)) for n in range(count))

        data = h2.frame(h2.DATA, h2.END_STREAM, 0, body)
        floods = {
            "pings": h2.frame(h2.PING, payload=b"x" * 8) * 100_000,
            "settings": h2.frame(h2.SETTINGS, payload=h2.setting(h2.SETTING_INITIAL_WINDOW, 65535)) * 50_000,
            "priorities": b"".join(h2.frame(h2.PRIORITY, 0, 2 * n + 1, struct.pack(">IB", 0, 1)) for n in range(50_000)),
            "empty data": h2.frame(h2.HEADERS, h2.END_HEADERS, 1, get) + h2.frame(h2.DATA, 0, 1) * 100_000,
            "window updates": h2.frame(h2.WINDOW_UPDATE, payload=struct.pack(">I", 1)) * 100_000,
            "unknown frames": h2.frame(0x77, 0xFF, 0, b"x" * 100) * 50_000,
            "rapid resets": resets(20_000),
            "rapid resets of calls": resets(20_000, data[:5] + b"STRM" + data[9:]),
        }
        for name, flood in floods.items():  # the peer does not read a byte
            with self.subTest(name), h2.Connection(self.rig.port, receive_buffer=4096) as c:
                c.socket.settimeout(4)
                c.try_send(flood)
                began = time.monotonic()
                self.assertEqual(self.rig.server.ask("GET", "/healthz", timeout=60)[0], 200)
                self.assertLess(time.monotonic() - began, 20, "others wait")

    # --- gRPC framing ---

    def test_framing(self):
        good = h2.grpc_headers(SERVICE + "GetInstance", HUB)
        request = pb.GetInstanceRequest(instanceId="nobody").SerializeToString()
        zipped = good + [("grpc-encoding", "gzip")]
        table = [
            ("no message", good, b"", {13}),
            ("half a prefix", good, b"\0\0\0", {13}),
            ("half a message", good, h2.message(request, length=100), {13}),
            ("no gRPC at all", good, b"hello world, this is no frame", {8, 13}),
            ("length 2^32-1", good, h2.message(request, length=0xFFFFFFFF), {8}),
            ("65 MiB", good, h2.message(b"", length=65 * MIB), {8}),
            ("compressed without encoding", good, h2.message(request, flag=1), {13}),
            ("flag 2", good, h2.message(request, flag=2), {13}),
            ("flag 255", good, h2.message(request, flag=255), {13}),
            ("two messages", good, h2.message(request) * 2, {0, 13}),
            ("bad gzip", zipped, h2.message(request, flag=1), {13}),
            ("cut gzip", zipped, h2.message(b"\x1f\x8b\x08\0\0\0\0\0", flag=1), {13}),
            ("unknown encoding", good + [("grpc-encoding", "br")], h2.message(request, flag=1), {12}),
            ("bad timeout", good + [("grpc-timeout", "soon")], h2.message(request), {3, 13}),
            ("bad timeout", good + [("grpc-timeout", "123456789S")], h2.message(request), {3, 13}),
            ("bad timeout", good + [("grpc-timeout", "-1S")], h2.message(request), {3, 13}),
            ("bad timeout", good + [("grpc-timeout", "")], h2.message(request), {3, 13}),
            ("unknown method", h2.grpc_headers(SERVICE + "Nothing", HUB), h2.message(b""), {12}),
            ("unknown service", h2.grpc_headers("/other.Service/Hello", HUB), h2.message(b""), {12}),
            ("no service", h2.grpc_headers("/Hello", HUB), h2.message(b""), {12}),
            ("query", h2.grpc_headers(SERVICE + "Hello?x=1", HUB), h2.message(b""), {12}),
            ("lower case", h2.grpc_headers(SERVICE.lower() + "hello", HUB), h2.message(b""), {12}),
            ("long path", h2.grpc_headers("/" + "x" * 8000, HUB), h2.message(b""), {12}),
            ("non-ASCII path", h2.grpc_headers(b"/\xff\xfe\x80/x", HUB), h2.message(b""), {12}),
            ("non-ASCII hub", h2.grpc_headers(SERVICE + "Hello", b"\xff\xfe"), h2.message(b""), {5}),
            ("no hub, there are two", h2.grpc_headers(SERVICE + "Hello"), h2.message(b""), {3, 0}),
        ]
        with h2.Connection(self.rig.port) as c:
            for name, headers, body, want in table:
                with self.subTest(name):
                    http_status, status = c.finish(c.call(headers, body))
                    self.assertEqual(http_status, 200)
                    self.assertIn(status, want)
            # No gRPC: the HTTP server answers, and has nothing under these paths.
            refusals = [(good[:5] + [("taskhub", HUB)], {404, 415}), (h2.grpc_headers(SERVICE + "Hello", HUB, content_type="text/plain"), {404, 415}),
                        (h2.grpc_headers(SERVICE + "Hello", HUB, content_type="application/grpcx"), {404, 415}),
                        (h2.grpc_headers(SERVICE + "Hello", HUB, content_type="application/json"), {404, 415}),
                        (h2.grpc_headers(SERVICE + "Hello", HUB, method="GET"), {404, 405}),
                        (h2.grpc_headers(SERVICE + "Hello", HUB, method="DELETE"), {404, 405})]
            for headers, want in refusals:
                with self.subTest(headers=headers):
                    self.assertIn(c.finish(c.call(headers, h2.message(b"")))[0], want)
            # All of it on one connection, which serves on.
            self.assertEqual(c.finish(c.call(h2.grpc_headers(SERVICE + "Hello", HUB), h2.message(b""))), (200, 0))

    def test_compressed_bomb(self):
        import gzip
        bomb = gzip.compress(b"\0" * (200 * MIB))
        with h2.Connection(self.rig.port) as c:
            stream = c.call(h2.grpc_headers(SERVICE + "StartInstance", HUB, extra=[("grpc-encoding", "gzip")]), h2.message(bomb, flag=1))
            self.assertEqual(c.finish(stream), (200, 8))

    def test_small_windows(self):
        """An answer leaves byte by byte if that is what the peer allows."""
        instance = self.start(text_="x" * 300)
        request = pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True).SerializeToString()
        with h2.Connection(self.rig.port, h2.setting(h2.SETTING_INITIAL_WINDOW, 0)) as c:
            stream = c.call(h2.grpc_headers(SERVICE + "GetInstance", HUB), h2.message(request))
            self.assertFalse(c.read(lambda: stream in c.data, 0.5))
            while stream not in c.ended:
                before = len(c.data.get(stream, b""))
                c.send(h2.frame(h2.WINDOW_UPDATE, 0, stream, struct.pack(">I", 1)))
                self.assertTrue(c.read(lambda: len(c.data.get(stream, b"")) > before or stream in c.ended))
                self.assertLessEqual(len(c.data[stream]), before + 1)
            answer = pb.GetInstanceResponse.FromString(c.data[stream][5:])
            self.assertEqual(answer.orchestrationState.input.value, "x" * 300)
        self.drop(instance)

    # --- protobuf ---

    def test_protobuf_garbage_to_every_method(self):
        self.assertEqual(len(METHODS), 29)
        chance = random.Random(os.urandom(8))
        broken = [b"\xff" * 100, b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x00", b"\x07", b"\x0f",
                  b"\x0a\x02\xff\xfe", b"\x0b" * 50_000, b"\x0c", b"\x08", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x0d\x01\x02",
                  b"\xfa\xff\xff\xff\x7f\x01"]
        nested = b""
        for _ in range(5000):
            nested = b"\x1a" + h2.integer(0, 7)[:0] + self.varint(len(nested)) + nested
        harmless = [b"\xf8\xff\xff\xff\x0f\x01", b"\xf2\x3f\x03abc"]  # fields that nobody knows
        for method in METHODS:
            wait = 0.1 if method in STREAMS | WAITS else 60
            for body in broken + [nested] + [chance.randbytes(chance.randint(1, 300)) for _ in range(8)] + harmless:
                with self.subTest(method=method, body=body[:40]):
                    code = self.call(method, body, timeout=wait)
                    allowed = {Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED, Code.OK, Code.NOT_FOUND}
                    self.assertIn(code, allowed | ({Code.DEADLINE_EXCEEDED} if method in STREAMS | WAITS else set()))
            unimplemented = self.call(method, b"", timeout=wait) == Code.UNIMPLEMENTED
            if not unimplemented and method != "Hello":
                for body in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05ab", b"\x07"):
                    self.assertEqual(self.call(method, body, timeout=60), Code.INVALID_ARGUMENT, (method, body))

    @staticmethod
    def varint(value):
        out = b""
        while value >= 128:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    # --- names and ids ---

    def test_unknown_hub(self):
        for hub in ("nowhere", "x" * 5000, "a b", "default2", "DEFAULT/abuse"):
            for method in METHODS:
                with self.subTest(method=method, hub=hub[:20]):
                    self.assertEqual(self.call(method, b"", hub), Code.NOT_FOUND)
                    self.assertIn(hub[:50], self.details)
        self.assertEqual(self.call("Hello", b"", "ABUSE"), Code.OK)

    def test_instance_ids(self):
        good = ["a", "x" * 100, " ", "~", "a/b?c=d&e#f%00", "'; DROP TABLE instances; --", "..", "@entity"]
        bad = ["x" * 101, "x" * 5000, "\u00e9", "\U0001f600", "a\nb", "a\0b", "\x7f", "\t"]
        for instance_id in good:
            with self.subTest(good=instance_id[:30]):
                code = self.call("StartInstance", pb.CreateInstanceRequest(instanceId=instance_id, name="n"))
                self.assertIn(code, (Code.OK, Code.INVALID_ARGUMENT) if instance_id.startswith("@") else (Code.OK,))
        for instance_id in bad:
            with self.subTest(bad=instance_id[:30]):
                self.assertEqual(self.call("StartInstance", pb.CreateInstanceRequest(instanceId=instance_id, name="n")), Code.INVALID_ARGUMENT)
                self.assertEqual(self.ask("GetInstance", pb.GetInstanceRequest(instanceId=instance_id)).exists, False)
                # An event for nobody is accepted and dropped.
                self.assertIn(self.call("RaiseEvent", pb.RaiseEventRequest(instanceId=instance_id)), (Code.INVALID_ARGUMENT, Code.OK))
                for method, message in (("TerminateInstance", pb.TerminateRequest),
                                        ("SuspendInstance", pb.SuspendRequest), ("ResumeInstance", pb.ResumeRequest)):
                    self.assertIn(self.call(method, message(instanceId=instance_id)), (Code.INVALID_ARGUMENT, Code.NOT_FOUND))
        self.assertEqual(self.call("StartInstance", pb.CreateInstanceRequest(instanceId="a", name="n")), Code.ALREADY_EXISTS)
        self.assertEqual(self.call("StartInstance", pb.CreateInstanceRequest(instanceId="b", name="")), Code.INVALID_ARGUMENT)
        generated = self.ask("StartInstance", pb.CreateInstanceRequest(name="n")).instanceId
        self.assertTrue(generated)
        self.drop(generated, *(i for i in good if self.ask("GetInstance", pb.GetInstanceRequest(instanceId=i)).exists))

    def test_unknown_ids_and_tokens(self):
        for token in ("", "x", "x" * 5000, "0" * 32, str(uuid.uuid4()), "\0"):
            for method, message in COMPLETIONS.items():
                with self.subTest(method=method, token=token[:20]):
                    request = message(completionToken=token)
                    if "instanceId" in message.DESCRIPTOR.fields_by_name:
                        request.instanceId = "nobody"
                    self.assertEqual(self.call(method, request), Code.OK)
        state = self.ask("GetInstance", pb.GetInstanceRequest(instanceId="nobody"))
        self.assertFalse(state.exists)
        self.assertFalse(state.HasField("orchestrationState"))
        self.assertEqual(self.call("RaiseEvent", pb.RaiseEventRequest(instanceId="nobody", name="e")), Code.OK)
        for method, request in (("TerminateInstance", pb.TerminateRequest(instanceId="nobody")),
                                ("SuspendInstance", pb.SuspendRequest(instanceId="nobody")),
                                ("ResumeInstance", pb.ResumeRequest(instanceId="nobody")),
                                ("RestartInstance", pb.RestartInstanceRequest(instanceId="nobody"))):
            self.assertEqual(self.call(method, request), Code.NOT_FOUND, method)
        self.assertIn(self.call("StreamInstanceHistory", pb.StreamInstanceHistoryRequest(instanceId="nobody")), (Code.OK, Code.NOT_FOUND))
        self.assertEqual(self.ask("PurgeInstances", pb.PurgeInstancesRequest(instanceId="nobody")).deletedInstanceCount, 0)
        self.assertEqual(self.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId="nobody"), timeout=0.2), Code.DEADLINE_EXCEEDED)
        self.assertEqual(self.call("QueryInstances", pb.QueryInstancesRequest(query=pb.InstanceQuery(
            maxInstanceCount=10, continuationToken=text("no token of ours")))), Code.INVALID_ARGUMENT)

    def test_payload_sizes(self):
        instance = self.start(text_="x" * MIB)
        big = text("x" * (MIB + 1))
        refused = [("StartInstance", pb.CreateInstanceRequest(instanceId="big", name="n", input=big)),
                   ("StartInstance", pb.CreateInstanceRequest(instanceId="big", name="n" * (3 * MIB))),
                   ("StartInstance", pb.CreateInstanceRequest(instanceId="big", name="n", tags={"a": "x" * (3 * MIB)})),
                   ("RaiseEvent", pb.RaiseEventRequest(instanceId=instance, name="e", input=big)),
                   ("RaiseEvent", pb.RaiseEventRequest(instanceId=instance, name="e" * (MIB + 1))),
                   ("TerminateInstance", pb.TerminateRequest(instanceId=instance, output=big)),
                   ("SuspendInstance", pb.SuspendRequest(instanceId=instance, reason=big)),
                   ("ResumeInstance", pb.ResumeRequest(instanceId=instance, reason=big))]
        for method, request in refused:
            with self.subTest(method=method, size=request.ByteSize()):
                self.assertEqual(self.call(method, request), Code.INVALID_ARGUMENT)
        self.assertFalse(self.ask("GetInstance", pb.GetInstanceRequest(instanceId="big")).exists)
        many = pb.PurgeInstancesRequest(instanceBatch=pb.InstanceBatch(instanceIds=["x"] * 100_000))
        self.assertEqual(self.call("PurgeInstances", many), Code.INVALID_ARGUMENT)
        state = self.ask("GetInstance", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True))
        self.assertEqual(len(state.orchestrationState.input.value), MIB)
        self.drop(instance)

    def test_large_messages(self):
        """The transport takes 16 MiB and more (specification 2.6); over its own limit it says so."""
        for size, want in ((16 * MIB, Code.OK), (60 * MIB, Code.OK), (65 * MIB, Code.RESOURCE_EXHAUSTED)):
            with self.subTest(size=size):
                request = pb.OrchestratorResponse(instanceId="nobody", completionToken="none", customStatus=text("x" * size))
                self.assertEqual(self.call("CompleteOrchestratorTask", request, timeout=30), want)

    # --- callers and workers that break their word ---

    def test_cancelled_calls(self):
        instances = [self.start() for _ in range(10)]
        chance = random.Random(1)
        with grpc.insecure_channel(f"127.0.0.1:{self.rig.port}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = Stub(channel)
            metadata = (("taskhub", HUB),)
            open_calls = []
            for n in range(3000):
                request = pb.GetInstanceRequest(instanceId=chance.choice(instances + ["nobody"]))
                if n % 10 == 0:
                    open_calls.append(stub.GetWorkItems(pb.GetWorkItemsRequest(maxConcurrentActivityWorkItems=1), metadata=metadata))
                elif n % 10 == 1:
                    open_calls.append(stub.QueryInstances.future(pb.QueryInstancesRequest(), metadata=metadata))
                elif n % 10 == 2:
                    open_calls.append(stub.RaiseEvent.future(pb.RaiseEventRequest(instanceId=instances[0], name="e"), metadata=metadata))
                else:
                    open_calls.append(stub.WaitForInstanceCompletion.future(request, metadata=metadata, timeout=chance.choice((None, 0.001, 30))))
                if len(open_calls) > 300:
                    open_calls.pop(chance.randrange(len(open_calls))).cancel()
            for call in open_calls:
                call.cancel()
        self.drop(*instances)

    def test_half_open_streams(self):
        connections = [h2.Connection(self.rig.port) for _ in range(5)]
        try:
            for c in connections:
                for n in range(900):
                    stream = c.open(h2.grpc_headers(SERVICE + METHODS[n % len(METHODS)], HUB))
                    if n % 3 == 1:
                        c.send(h2.frame(h2.DATA, 0, stream, b"\0\0"))
                    elif n % 3 == 2:
                        c.send(h2.frame(h2.DATA, 0, stream, h2.message(b"x" * 100, length=MIB)))
            self.rig.good_path()
            fresh = h2.Connection(self.rig.port)
            connections.append(fresh)
            for _ in range(1500):  # over the limit of concurrent streams: those beyond are refused, the rest stay
                fresh.open(h2.grpc_headers(SERVICE + "Hello", HUB))
            self.assertTrue(fresh.read(lambda: len(fresh.reset) >= 500 or fresh.goaway is not None))
        finally:
            for n, c in enumerate(connections):
                c.abort() if n % 2 else c.socket.close()

    def schedule(self, worker, orchestrator, count, size):
        """Starts an orchestration and answers its first turn with `count` activities; returns its id."""
        instance = self.start(orchestrator)
        item = next(i for i in worker if i.WhichOneof("request") == "orchestratorRequest")
        self.assertEqual(item.orchestratorRequest.instanceId, instance)
        actions = [pb.OrchestratorAction(id=n + 1, scheduleTask=pb.ScheduleTaskAction(name="work", input=text("x" * size)))
                   for n in range(count)]
        self.ask("CompleteOrchestratorTask", pb.OrchestratorResponse(instanceId=instance, completionToken=item.completionToken,
                                                                     actions=actions), timeout=30)
        return instance

    def test_a_worker_that_never_reads(self):
        """2,000 activities are due, and a worker asks for all of them and never reads: it costs a bounded queue,
        others are served, and when it goes its work is given to others."""
        self.hub = "wide"
        planner = self.worker(["wide"])
        deaf = h2.Connection(self.rig.port, h2.setting(h2.SETTING_INITIAL_WINDOW, (1 << 31) - 1), receive_buffer=4096)
        request = self.work_request(activities=["work"], activities_max=100_000)
        deaf.send(h2.frame(h2.WINDOW_UPDATE, payload=struct.pack(">I", (1 << 31) - 1 - 65535)))
        deaf.call(h2.grpc_headers(SERVICE + "GetWorkItems", self.hub), h2.message(request.SerializeToString()), end=False)
        self.addCleanup(deaf.socket.close)
        others = [self.worker(activities=["work"], activities_max=50) for _ in range(2)]
        time.sleep(0.2)
        instance = self.schedule(planner, "wide", 2000, 1500)
        done, lock = set(), threading.Lock()

        def work(stream):
            try:
                for item in stream:
                    if item.WhichOneof("request") != "activityRequest":
                        continue
                    self.ask("CompleteActivityTask", pb.ActivityResponse(
                        instanceId=instance, taskId=item.activityRequest.taskId, completionToken=item.completionToken, result=text("1")))
                    with lock:
                        done.add(item.activityRequest.taskId)
            except grpc.RpcError:
                pass  # cancelled below

        threads = [threading.Thread(target=work, args=(stream,), daemon=True) for stream in others]
        for thread in threads:
            thread.start()
        self.rig.good_path()
        self.until(lambda: len(done) > 0, "the other workers get nothing beside one that does not read")
        self.rig.good_path()
        deaf.abort()
        self.until(lambda: len(done) == 2000, "work of the worker that went is not given to others", 25)
        results = set()
        for item in planner:
            if item.WhichOneof("request") != "orchestratorRequest":
                continue
            events = [*item.orchestratorRequest.pastEvents, *item.orchestratorRequest.newEvents]
            results = [e.taskCompleted.taskScheduledId for e in events if e.HasField("taskCompleted")]
            self.assertEqual(len(results), len(set(results)))
            actions = []
            if len(results) == 2000:
                actions = [pb.OrchestratorAction(id=3000, completeOrchestration=pb.CompleteOrchestrationAction(
                    orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED))]
            self.ask("CompleteOrchestratorTask", pb.OrchestratorResponse(instanceId=instance, completionToken=item.completionToken,
                                                                         actions=actions))
            if actions:
                break
        for stream in [planner, *others]:
            stream.cancel()
        for thread in threads:
            thread.join(10)
        state = self.ask("GetInstance", pb.GetInstanceRequest(instanceId=instance)).orchestrationState
        self.assertEqual(state.orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
        self.drop(instance)

    def until(self, true, why, seconds=60):
        deadline = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), deadline, why)
            time.sleep(0.02)

    def test_duplicate_completions(self):
        self.hub = "narrow"
        worker = self.worker(["narrow"], ["work"])
        instance = self.schedule(worker, "narrow", 1, 10)
        item = next(i for i in worker if i.WhichOneof("request") == "activityRequest")

        def complete(n):
            return self.call("CompleteActivityTask", pb.ActivityResponse(
                instanceId=instance, taskId=item.activityRequest.taskId, completionToken=item.completionToken, result=text(str(n))))

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual(set(pool.map(complete, range(100))), {Code.OK})
        item = next(i for i in worker if i.WhichOneof("request") == "orchestratorRequest")

        def finish(n):
            return self.call("CompleteOrchestratorTask", pb.OrchestratorResponse(
                instanceId=instance, completionToken=item.completionToken, actions=[pb.OrchestratorAction(
                    id=100, completeOrchestration=pb.CompleteOrchestrationAction(
                        orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED, result=text(str(n))))]))

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual(set(pool.map(finish, range(100))), {Code.OK})
        worker.cancel()
        events = [e for chunk in self.stub.StreamInstanceHistory(pb.StreamInstanceHistoryRequest(instanceId=instance),
                                                                 metadata=(("taskhub", self.hub),), timeout=60) for e in chunk.events]
        kinds = [e.WhichOneof("eventType") for e in events]
        self.assertEqual(kinds.count("taskCompleted"), 1, kinds)
        self.assertEqual(kinds.count("executionCompleted"), 1, kinds)
        self.assertEqual(kinds[-1], "executionCompleted", kinds)
        self.drop(instance)

    def test_workers_that_die(self):
        """Five workers take an orchestration and go without a word, each later than the one before; the next one gets it."""
        self.hub = "mortal"
        instance = self.start("mortal")
        request = self.work_request(["mortal"]).SerializeToString()
        for n in range(5):  # what was lost twice waits 1, 2, 4 s…
            with self.subTest(n=n):
                c = h2.Connection(self.rig.port)
                stream = c.call(h2.grpc_headers(SERVICE + "GetWorkItems", self.hub), h2.message(request), end=n % 2 == 0)
                self.assertTrue(c.read(lambda: len(c.data.get(stream, b"")) > 5), "a worker that died keeps its work")
                c.abort() if n % 3 else c.socket.close()
        worker = self.worker(["mortal"])
        item = next(i for i in worker if i.WhichOneof("request") == "orchestratorRequest")
        self.ask("CompleteOrchestratorTask", pb.OrchestratorResponse(
            instanceId=instance, completionToken=item.completionToken, actions=[pb.OrchestratorAction(
                id=1, completeOrchestration=pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED))]))
        worker.cancel()
        state = self.ask("GetInstance", pb.GetInstanceRequest(instanceId=instance)).orchestrationState
        self.assertEqual(state.orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
        self.drop(instance)
