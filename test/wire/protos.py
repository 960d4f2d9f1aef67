# SPDX-License-Identifier: MIT
"""Our proto files as python3-protobuf sees them, for the tests of this folder."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools', 'protogen'))
sys.dont_write_bytecode = True

import protogen  # noqa: E402
from google.protobuf import descriptor_pool  # noqa: E402

PROTO_PATH = os.path.join(ROOT, 'proto')
FILES = ('orchestrator_service.proto', 'backend_service.proto')


def files():
    """FileDescriptorProto by file name, imports included."""
    return protogen.parse(PROTO_PATH, list(FILES))


def pool():
    """A descriptor pool that holds our files and what they import."""
    found, result = files(), descriptor_pool.DescriptorPool()
    added = set()

    def add(name):
        if name not in added:
            added.add(name)
            for dependency in found[name].dependency:
                add(dependency)
            result.Add(found[name])
    for name in found:
        add(name)
    return result
