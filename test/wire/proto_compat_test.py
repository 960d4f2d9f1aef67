#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our orchestrator_service.proto against the one inside the official Python SDK, entry by entry.

usage: proto_compat_test.py VENV_DIR

Installs the package `durabletask` into VENV_DIR (once) and reads its compiled descriptor. Whatever the package has
must be in ours with the same number, type and label; every difference is reported. Ours may have more. The version
is pinned so that the result depends on nothing but the tree: raise it to learn what upstream added. Without a network and without the package the test is skipped (exit code 77).
"""
import os
import subprocess
import sys
import venv

from google.protobuf import descriptor_pb2

from protos import FILES, files

SKIPPED = 77
PACKAGE = 'durabletask==1.12.0'
CHECK = 'from importlib.metadata import version; assert "durabletask==" + version("durabletask") == %r' % PACKAGE
DUMP = ('import sys, durabletask.internal.orchestrator_service_pb2 as pb; '
        'sys.stdout.buffer.write(pb.DESCRIPTOR.serialized_pb)')
F = descriptor_pb2.FieldDescriptorProto


def official(directory):
    python = os.path.join(directory, 'bin', 'python')
    if not os.path.exists(python) or subprocess.run([python, '-c', CHECK], stderr=subprocess.DEVNULL).returncode:
        venv.create(directory, with_pip=True)
        if subprocess.run([python, '-m', 'pip', 'install', '--quiet', PACKAGE]).returncode:
            print('skipped: %s could not be installed' % PACKAGE)
            sys.exit(SKIPPED)
    version = subprocess.check_output([python, '-c', 'from importlib.metadata import version; '
                                       'print(version("durabletask"))'], text=True).strip()
    return version, descriptor_pb2.FileDescriptorProto.FromString(subprocess.check_output([python, '-c', DUMP]))


def facts(file):
    """Everything that decides the wire form, by a readable key."""
    result = {}

    def add_message(message, prefix):
        name = prefix + message.name
        result['message ' + name] = 'map entry' if message.options.map_entry else 'message'
        for f in message.field:
            oneof = message.oneof_decl[f.oneof_index].name if f.HasField('oneof_index') else ''
            result['field %s.%s' % (name, f.name)] = (
                'number %d' % f.number, F.Type.Name(f.type), f.type_name, F.Label.Name(f.label), oneof,
                'optional' if f.proto3_optional else '')
        for r in message.reserved_range:
            for number in range(r.start, r.end):
                result['reserved %s.%d' % (name, number)] = 'reserved'
        for nested in message.nested_type:
            add_message(nested, name + '.')

    for message in file.message_type:
        add_message(message, '')
    for enum in file.enum_type:
        for value in enum.value:
            result['enum %s.%s' % (enum.name, value.name)] = value.number
    for service in file.service:
        for m in service.method:
            result['rpc %s.%s' % (service.name, m.name)] = (m.input_type, m.output_type, m.client_streaming,
                                                            m.server_streaming)
    result['package'] = file.package
    return result


def main():
    version, theirs_file = official(sys.argv[1])
    ours, theirs = facts(files()[FILES[0]]), facts(theirs_file)
    differences = ['%s: the package has %s, ours has %s' % (key, theirs[key], ours.get(key, 'nothing'))
                   for key in sorted(theirs) if ours.get(key) != theirs[key]]
    more = sorted(set(ours) - set(theirs))
    for key in more:
        print('only in ours: %s' % key)
    for line in differences:
        print('DIFFERENT %s' % line)
    same = sum(1 for key in theirs if ours.get(key) == theirs[key])
    print('durabletask %s: %d facts the same, %d different, %d only in ours' % (version, same, len(differences), len(more)))
    sys.exit(1 if differences else 0)


if __name__ == '__main__':
    main()
