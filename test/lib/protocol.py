# SPDX-License-Identifier: MIT
"""The Durable Task protocol for tests, by Debian's python3-grpcio: the proofs of our own promises need no package of
anybody's registry.

`pb` holds the messages (messages.py), `Stub(channel)` every method of the scheduler, and a subclass of `Servicer` plays one.
"""
import grpc

from messages import BACKEND_METHODS, BACKEND_SERVICE, METHODS, SERVICE, backend, empty_pb2, message_class, pb  # noqa: F401


class Stub:
    """One callable a method, as grpc's own generated stubs have."""

    def __init__(self, channel, service=SERVICE, methods=METHODS):
        for method in methods.values():
            kind = channel.unary_stream if method.server_streaming else channel.unary_unary
            setattr(self, method.name, kind(f"/{service}/{method.name}",
                                            request_serializer=message_class(method.input_type).SerializeToString,
                                            response_deserializer=message_class(method.output_type).FromString))


class Servicer:
    """A scheduler to be played by a test: what a subclass does not define is refused, as grpc's own base class does."""

    def add_to(self, server):
        handlers = {name: self._handler(method) for name, method in METHODS.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    def _handler(self, method):
        kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        return kind(getattr(self, method.name, _refuse),
                    request_deserializer=message_class(method.input_type).FromString,
                    response_serializer=message_class(method.output_type).SerializeToString)


def _refuse(request, context):
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "this test does not play it")
