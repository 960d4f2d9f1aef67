# SPDX-License-Identifier: MIT
"""The Durable Task protocol for tests, made from our own proto files by Debian's python3-protobuf and python3-grpcio.

`pb` holds every message class and enum value by its name, `Stub(channel)` every method of the scheduler, and a subclass
of `Servicer` plays one. So the proofs of
our own promises need no package of anybody's registry; that our files agree with the official SDKs' is
test/wire/proto_compat_test.py's matter.
"""
import pathlib
import sys
import types

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf import duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2  # noqa: F401  # what ours import

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
import protos  # noqa: E402

FILE = "orchestrator_service.proto"
SERVICE = "TaskHubSidecarService"

_pool = descriptor_pool.Default()
_pool.Add(protos.files()[FILE])
_factory = message_factory.MessageFactory(_pool)


def _names(file):
    for message in file.message_types_by_name.values():
        yield message.name, _factory.GetPrototype(message)
    for enum in file.enum_types_by_name.values():
        yield from ((value.name, value.number) for value in enum.values)


pb = types.SimpleNamespace(**dict(_names(_pool.FindFileByName(FILE))))
METHODS = {method.name: method for method in _pool.FindServiceByName(SERVICE).methods}


BACKEND_FILE = "backend_service.proto"
BACKEND_SERVICE = "durabletask.protos.backend.v1.BackendService"
_pool.Add(protos.files()[BACKEND_FILE])
backend = types.SimpleNamespace(**dict(_names(_pool.FindFileByName(BACKEND_FILE))))
BACKEND_METHODS = {method.name: method for method in _pool.FindServiceByName(BACKEND_SERVICE).methods}


class Stub:
    """One callable a method, as grpc's own generated stubs have."""

    def __init__(self, channel, service=SERVICE, methods=METHODS):
        for method in methods.values():
            kind = channel.unary_stream if method.server_streaming else channel.unary_unary
            setattr(self, method.name, kind(f"/{service}/{method.name}",
                                            request_serializer=_factory.GetPrototype(method.input_type).SerializeToString,
                                            response_deserializer=_factory.GetPrototype(method.output_type).FromString))


class Servicer:
    """A scheduler to be played by a test: what a subclass does not define is refused, as grpc's own base class does."""

    def add_to(self, server):
        handlers = {name: self._handler(method) for name, method in METHODS.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    def _handler(self, method):
        kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        return kind(getattr(self, method.name, _refuse),
                    request_deserializer=_factory.GetPrototype(method.input_type).FromString,
                    response_serializer=_factory.GetPrototype(method.output_type).SerializeToString)


def _refuse(request, context):
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "this test does not play it")
