# SPDX-License-Identifier: MIT
"""The messages of the Durable Task protocol for tests, made from our own proto files by Debian's python3-protobuf.

`pb` holds every message class and enum value by its name, `backend` those of the emulator's backend service. That our files
agree with the official SDKs' is test/wire/proto_compat_test.py's matter; who calls somebody imports protocol.py.
"""
import pathlib
import sys
import types

from google.protobuf import descriptor_pool, message_factory
from google.protobuf import duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2  # noqa: F401  # what ours import

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
import protos  # noqa: E402

SERVICE = "TaskHubSidecarService"
BACKEND_SERVICE = "durabletask.protos.backend.v1.BackendService"

_pool = descriptor_pool.Default()
_files = protos.files()
_factory = message_factory.MessageFactory(_pool)


def message_class(descriptor):
    return _factory.GetPrototype(descriptor)


def _add(file):
    """The messages and enum values of that file."""
    _pool.Add(_files[file])
    found = _pool.FindFileByName(file)
    names = {name: message_class(message) for name, message in found.message_types_by_name.items()}
    for enum in found.enum_types_by_name.values():
        names.update((value.name, value.number) for value in enum.values)
    return types.SimpleNamespace(**names)


def _methods(service):
    return {method.name: method for method in _pool.FindServiceByName(service).methods}


pb = _add("orchestrator_service.proto")
METHODS = _methods(SERVICE)
backend = _add("backend_service.proto")
BACKEND_METHODS = _methods(BACKEND_SERVICE)
