#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The proto files hold what the protocol has: counts of messages and RPCs, and samples of what must never move.

usage: proto_tables_test.py PB_ECHO   (the program's tables are compared with the proto files too)
"""
import subprocess
import sys

from google.protobuf import descriptor_pb2

from protos import FILES, files

F = descriptor_pb2.FieldDescriptorProto
found = files()
orchestrator, backend = (found[name] for name in FILES)

# file, package, messages, RPCs
for file, package, messages, rpcs in ((orchestrator, '', 118, 29), (backend, 'durabletask.protos.backend.v1', 35, 28)):
    assert file.package == package, file.name
    assert len(file.message_type) == messages, (file.name, len(file.message_type))
    assert [len(s.method) for s in file.service] == [rpcs], file.name

MESSAGES = {m.name: m for file in (orchestrator, backend) for m in file.message_type}
ENUMS = {e.name: [(v.number, v.name) for v in e.value] for file in (orchestrator,) for e in file.enum_type}


def field(message, name):
    return next(f for f in MESSAGES[message].field if f.name == name)


# message, field, number, type (or message), repeated, oneof
SAMPLES = (
    ('HistoryEvent', 'eventId', 1, F.TYPE_INT32, False, None),
    ('HistoryEvent', 'timestamp', 2, '.google.protobuf.Timestamp', False, None),
    ('HistoryEvent', 'executionStarted', 3, '.ExecutionStartedEvent', False, 'eventType'),
    ('HistoryEvent', 'executionRewound', 30, '.ExecutionRewoundEvent', False, 'eventType'),
    ('WorkItem', 'entityRequestV2', 5, '.EntityRequest', False, 'request'),
    ('WorkItem', 'completionToken', 10, F.TYPE_STRING, False, None),
    ('GetWorkItemsRequest', 'capabilities', 10, F.TYPE_ENUM, True, None),
    ('PurgeInstancesRequest', 'instanceBatch', 4, '.InstanceBatch', False, 'request'),
    ('PurgeInstancesRequest', 'recursive', 3, F.TYPE_BOOL, False, None),
    ('OrchestratorRequest', 'properties', 7, '.OrchestratorRequest.PropertiesEntry', True, None),
    ('InstanceQuery', 'taskHubNames', 4, '.google.protobuf.StringValue', True, None),
    ('TraceContext', 'spanID', 2, F.TYPE_STRING, False, None),
    ('CompleteEntityWorkItemRequest', 'instanceId', 7, F.TYPE_STRING, False, None),
    ('AddEventsRequest', 'events', 1, '.durabletask.protos.backend.v1.AddEventsRequest.EventsEntry', True, None),
)
for message, name, number, kind, repeated, oneof in SAMPLES:
    f = field(message, name)
    assert f.number == number, (message, name)
    assert (f.type_name if isinstance(kind, str) else f.type) == kind, (message, name, f.type_name)
    assert (f.label == F.LABEL_REPEATED) == repeated, (message, name)
    assert (MESSAGES[message].oneof_decl[f.oneof_index].name if f.HasField('oneof_index') else None) == oneof, name

assert [(r.start, r.end) for r in MESSAGES['OrchestrationIdReusePolicy'].reserved_range] == [(2, 3)]
assert [(r.start, r.end) for r in MESSAGES['CompleteEntityWorkItemRequest'].reserved_range] == [(6, 7)]
deprecated = sorted((m.name, f.name) for m in MESSAGES.values() for f in m.field if f.options.deprecated)
assert deprecated == [('CompleteOrchestrationWorkItemRequest', 'chunkIndex'),
                      ('CompleteOrchestrationWorkItemRequest', 'isPartial'), ('OrchestratorResponse', 'chunkIndex'),
                      ('OrchestratorResponse', 'isPartial'), ('TraceContext', 'spanID')], deprecated
statuses = 'RUNNING COMPLETED CONTINUED_AS_NEW FAILED CANCELED TERMINATED PENDING SUSPENDED'.split()
assert ENUMS['OrchestrationStatus'] == [(i, 'ORCHESTRATION_STATUS_' + s) for i, s in enumerate(statuses)]
assert len(ENUMS['WorkerCapability']) == 4
# The JSON mapping is the field name itself, with one exception upstream.
for file in (orchestrator, backend):
    for m in file.message_type:
        assert all(f.json_name == f.name or f.name == 'worker_instance_id' for f in m.field), m.name

# The C tables say the same as the proto files.
echo = sys.argv[1]
expected_names = ['google.protobuf.' + n for n in ('Struct', 'Value', 'ListValue')]
expected_methods = []
for file in (orchestrator, backend):
    prefix = file.package + '.' if file.package else ''
    expected_names += [prefix + m.name for m in file.message_type]
    for service in file.service:
        expected_methods += ['/%s%s/%s %d %d %s %s' % (prefix, service.name, m.name, m.client_streaming, m.server_streaming,
                                                       m.input_type[1:], m.output_type[1:]) for m in service.method]
assert subprocess.check_output([echo, '--names'], text=True).split('\n')[:-1] == expected_names
assert subprocess.check_output([echo, '--methods'], text=True).split('\n')[:-1] == expected_methods
streams = [m.name for m in orchestrator.service[0].method if m.server_streaming or m.client_streaming]
assert streams == ['GetWorkItems', 'StreamInstanceHistory'], streams
print('ok: %d messages, %d methods' % (len(expected_names), len(expected_methods)))
