# SPDX-License-Identifier: MIT
"""CleanEntityStorage in several rounds: a service may stop in between, with a token to go on by (3.23.7).

If this fails, a C client tidies the first part of a store only, says so of the whole, or tidies for ever. The service is
played; at ours there is nothing to tidy, whatever token it is given. Usage: rounds_test.py PEER SCHEDULER_HOST
"""
import os
import pathlib
import sys
import tempfile
from concurrent import futures

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc
from google.protobuf import wrappers_pb2

import services

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Servicer, Stub  # noqa: E402
from process import Process  # noqa: E402

PEER, HOST = sys.argv[1:3]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


class Service(Servicer):
    """Answers round by round with (removed, released, token), or fails with a status."""

    def __init__(self, *rounds):
        self.rounds, self.asked = list(rounds), []
        self.server = grpc.server(futures.ThreadPoolExecutor(2))
        self.add_to(self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def CleanEntityStorage(self, request, context):
        token = request.continuationToken.value if request.HasField("continuationToken") else None
        self.asked.append((token, request.removeEmptyEntities, request.releaseOrphanedLocks))
        removed, released, following = self.rounds.pop(0)
        if isinstance(following, grpc.StatusCode):
            context.abort(following, "the store is full")
        return pb.CleanEntityStorageResponse(
            emptyEntitiesRemoved=removed, orphanedLocksReleased=released,
            continuationToken=None if following is None else wrappers_pb2.StringValue(value=following))


def clean(port):
    """The exit code and what was said."""
    with Process([PEER, f"Endpoint=http://127.0.0.1:{port};Authentication=None;TaskHub=default", "clean"]) as peer:
        code = peer.wait(60)
        return code, peer.rest() if code == 0 else peer.said()


service = Service((3, 1, "after 3"), (0, 0, "after none"), (4, 2, None))
expect("the sum of all rounds", clean(service.port), (0, "7 3"))
expect("what was asked", service.asked, [(None, True, True), ("after 3", True, True), ("after none", True, True)])
service.server.stop(0).wait()

service = Service((3, 1, "after 3"), (0, 0, grpc.StatusCode.FAILED_PRECONDITION))
code, said = clean(service.port)
expect("a failure in a later round", (code, "FAILED_PRECONDITION" in said, "the store is full" in said), (1, True, True))
expect("rounds until then", len(service.asked), 2)
service.server.stop(0).wait()

with tempfile.TemporaryDirectory() as folder, services.scheduler(HOST, pathlib.Path(folder, "store.db")) as ours:
    expect("at our service", clean(ours.port), (0, "0 0"))
    with grpc.insecure_channel(f"127.0.0.1:{ours.port}") as channel:
        answer = Stub(channel).CleanEntityStorage(pb.CleanEntityStorageRequest(
            continuationToken=wrappers_pb2.StringValue(value="of another service"), removeEmptyEntities=True),
            metadata=[("taskhub", "default")], timeout=60)
    expect("our answer to a token", answer, pb.CleanEntityStorageResponse())
print("rounds of CleanEntityStorage: ok")
