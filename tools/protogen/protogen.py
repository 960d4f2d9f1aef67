#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""protogen — writes the C structs and decode/encode tables of a proto file for src/wire/pb/pb.h.

usage: protogen.py --proto-path DIR --out DIR FILE.proto...

Runs protoc (Debian: protobuf-compiler) for parsing, with the well-known types taken from python3-protobuf, and
writes FILE.pb.h and FILE.pb.c. The output is checked in and depends on nothing but the input, so that
test/wire can prove it fresh. Whatever pb.h cannot represent stops with an error instead of being left out.

Names: message HistoryEvent -> struct pb_history_event, field taskScheduledId -> task_scheduled_id, oneof
eventType -> enum pb_history_event_case event_type_case and an anonymous union, enum value X -> PB_X.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

F = descriptor_pb2.FieldDescriptorProto
WELL_KNOWN = (duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
STRUCT_FILE = struct_pb2.DESCRIPTOR.name

# Messages that have a C type of their own: C type, kind.
INLINE = {
    '.google.protobuf.StringValue': ('struct pb_opt_bytes', 'OPT_STRING'),
    '.google.protobuf.Int32Value': ('struct pb_opt_i32', 'OPT_INT32'),
    '.google.protobuf.BoolValue': ('struct pb_opt_bool', 'OPT_BOOL'),
    '.google.protobuf.Timestamp': ('struct pb_opt_time', 'OPT_TIME'),
    '.google.protobuf.Duration': ('struct pb_opt_time', 'OPT_TIME'),
}
SCALAR = {
    F.TYPE_BOOL: ('bool', 'BOOL'),
    F.TYPE_INT32: ('int32_t', 'INT32'),
    F.TYPE_ENUM: ('int32_t', 'INT32'),
    F.TYPE_INT64: ('int64_t', 'INT64'),
    F.TYPE_DOUBLE: ('double', 'DOUBLE'),
    F.TYPE_STRING: ('struct bytes', 'STRING'),
    F.TYPE_BYTES: ('struct bytes', 'BYTES'),
}
C_KEYWORDS = set('auto bool break case char const continue default do double else enum extern float for goto if '
                 'inline int long register restrict return short signed sizeof static struct switch typedef '
                 'union unsigned void volatile while'.split())
FIELDS_MAX = 64        # pb.c keeps a bit for each repeated field of a message
FIELD_NUMBER_MAX = 255  # the index table has a byte for each number


def fail(text):
    sys.exit('protogen: ' + text)


def snake(name):
    name = re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name)
    return re.sub(r'([A-Z])([A-Z][a-z])', r'\1_\2', name).lower()


def comment(text, indent=''):
    """A C comment from a proto comment, or nothing."""
    text = ' '.join(text.split())
    if not text:
        return []
    lines, line = [], indent + '/*'
    for word in text.split(' '):
        if len(line) + 1 + len(word) > 106:
            lines.append(line)
            line = indent + ' *'
        line += ' ' + word
    return lines + [line + ' */']


class Field:
    """One field in C: its declaration lines and its table entry."""

    def __init__(self, message, proto, model):
        self.number = proto.number
        self.name = snake(proto.name)
        self.json_name = proto.json_name
        self.duration = proto.type_name == '.google.protobuf.Duration'
        self.enum = 'pb_' + snake(proto.type_name.rpartition('.')[2]) if proto.type == F.TYPE_ENUM else None
        if self.name in C_KEYWORDS:
            self.name += '_'
        self.in_oneof = proto.HasField('oneof_index')
        self.repeated = proto.label == F.LABEL_REPEATED
        self.table = None
        self.entry = None  # C name of a map's entry struct that has to be declared
        where = '%s.%s' % (message, proto.name)
        if proto.proto3_optional or proto.number > FIELD_NUMBER_MAX or self.name in ('raw', 'unknown'):
            fail('%s: this name, number or label is not supported' % where)
        stars = '*' if self.repeated else ''
        if proto.type != F.TYPE_MESSAGE:
            if proto.type not in SCALAR:
                fail('%s: type %s is not supported' % (where, F.Type.Name(proto.type)))
            self.ctype, self.kind = SCALAR[proto.type]
        elif proto.type_name in model.entries:
            self.map_entry(model.entries[proto.type_name], model.names, where)
        elif proto.type_name in INLINE:
            self.ctype, self.kind = INLINE[proto.type_name]
        elif proto.type_name in model.names:
            self.table = model.names[proto.type_name]
            self.ctype, self.kind = 'struct ' + self.table, 'MESSAGE'
            stars = '*'
        else:
            fail('%s: %s is not supported' % (where, proto.type_name))
        self.declaration = '%s %s%s;' % (self.ctype, stars, self.name)

    def map_entry(self, entry, names, where):
        key, value = entry.field
        if key.type != F.TYPE_STRING:
            fail('%s: only string keys are supported' % where)
        if value.type == F.TYPE_STRING:
            self.ctype, self.kind = 'struct pb_string_entry', 'STRING_MAP'
        elif value.type == F.TYPE_MESSAGE and value.type_name in names:
            self.table = names[value.type_name]
            self.entry = self.table + '_entry'
            self.ctype, self.kind = 'struct ' + self.entry, 'MESSAGE_MAP'
        else:
            fail('%s: map value not supported' % where)

    def declare(self, indent):
        lines = [indent + self.declaration]
        if self.repeated:
            lines.append('%ssize_t %s_count;' % (indent, self.name))
        return lines


class Model:
    """Every message of the file set: its C name, and which are map entries."""

    def __init__(self, files):
        self.names, self.entries = {}, {}
        for file in files:
            if file.name.startswith('google/protobuf/') and file.name != STRUCT_FILE:
                continue
            scope = '.' + file.package + '.' if file.package else '.'
            for message in file.message_type:
                name = 'pb_' + snake(message.name)
                if name in self.names.values():
                    fail('two messages would be struct ' + name)
                self.names[scope + message.name] = name
                for nested in message.nested_type:
                    if not nested.options.map_entry:
                        fail('%s.%s: nested messages are not supported' % (message.name, nested.name))
                    self.entries['%s%s.%s' % (scope, message.name, nested.name)] = nested
                if message.enum_type:
                    fail('%s: nested enums are not supported' % message.name)


class Message:
    def __init__(self, scope, proto, doc, model):
        self.full_name = (scope + proto.name).lstrip('.')
        self.name = model.names[scope + proto.name]
        self.doc = doc
        self.fields = [Field(self.full_name, f, model) for f in proto.field]
        if len(self.fields) > FIELDS_MAX or len(proto.oneof_decl) > 1:
            fail('%s: too many fields, or a second oneof' % self.full_name)
        self.case = snake(proto.oneof_decl[0].name) + '_case' if proto.oneof_decl else None

    def constant(self, field):
        return '%s_%s' % (self.name.upper(), field.name.upper())

    def header(self):
        lines = []
        members = [f for f in self.fields if f.in_oneof]
        if members:
            lines.append('enum %s_case {' % self.name)
            lines.append('    %s_NOT_SET = 0,' % self.name.upper())
            lines += ['    %s = %d,' % (self.constant(f), f.number) for f in members]
            lines += ['};', '']
        lines += comment(self.doc)
        lines += ['struct %s {' % self.name, '    struct bytes raw;', '    struct bytes unknown;']
        opened = False
        for f in self.fields:
            if f.in_oneof and not opened:
                opened = True
                lines += ['    enum %s_case %s;' % (self.name, self.case), '    union {']
                for member in members:
                    lines += member.declare('        ')
                lines.append('    };')
            elif not f.in_oneof:
                lines += f.declare('    ')
        return lines + ['};', 'PB_MESSAGE_FUNCTIONS(%s)' % self.name, '']

    def source(self):
        struct = 'struct ' + self.name
        lines = []
        ordered = sorted(self.fields, key=lambda f: f.number)
        if ordered:
            lines.append('static const struct pb_field %s_fields[] = {' % self.name)
            for place, f in enumerate(ordered):
                run = 0
                while place + run < len(ordered) and ordered[place + run].in_oneof:
                    run += 1
                parts = ['%d' % f.number, 'offsetof(%s, %s)' % (struct, f.name),
                         'offsetof(%s, %s_count)' % (struct, f.name) if f.repeated else '0',
                         'PB_KIND_' + f.kind, 'true' if f.repeated else 'false', 'true' if f.in_oneof else 'false',
                         '%d' % run, '&%s_message' % f.table if f.table else 'NULL']
                lines.append('    {%s},' % ', '.join(parts))
            lines.append('};')
            index = ['[%d] = %d' % (f.number, place) for place, f in enumerate(ordered, 1)]
            lines.append('static const struct pb_field_name %s_names[] = {' % self.name)
            for f in ordered:
                lines.append('    {"%s", %s, %s},' % (f.json_name, '&%s_enum' % f.enum if f.enum else 'NULL',
                                                       'true' if f.duration else 'false'))
            lines.append('};')
            lines.append('static const uint8_t %s_index[] = {' % self.name)
            for i in range(0, len(index), 8):
                lines.append('    %s,' % ', '.join(index[i:i + 8]))
            lines.append('};')
        values = ['.name = "%s"' % self.full_name, '.size = sizeof(%s)' % struct]
        if ordered:
            values += ['.fields = %s_fields' % self.name, '.names = %s_names' % self.name, '.field_count = %d' % len(ordered),
                       '.index = %s_index' % self.name, '.number_max = %d' % ordered[-1].number]
        if self.case:
            values.append('.case_offset = offsetof(%s, %s)' % (struct, self.case))
        lines.append('_Static_assert(sizeof(%s) <= PB_STRUCT_SIZE_MAX, "PB_STRUCT_SIZE_MAX");' % struct)
        lines.append('const struct pb_message %s_message = {' % self.name)
        lines += ['    %s,' % v for v in values]
        return lines + ['};', '']


def documentation(file):
    return {tuple(l.path): l.leading_comments for l in file.source_code_info.location}


def enum_lines(enum):
    lines = ['enum pb_%s {' % snake(enum.name)]
    for value in enum.value:
        lines.append('    PB_%s = %d,' % (value.name, value.number))
    return lines + ['};', 'extern const struct pb_enum pb_%s_enum;' % snake(enum.name), '']


def enum_source(enum):
    name = 'pb_' + snake(enum.name)
    if any(value.number < 0 or value.number > 255 for value in enum.value):
        fail('%s: only small numbers are supported' % enum.name)
    lines = ['static const char *const %s_names[] = {' % name]
    lines += ['    [%d] = "%s",' % (value.number, value.name) for value in enum.value]
    return lines + ['};', 'const struct pb_enum %s_enum = {%s_names, ARRAY_SIZE(%s_names)};' % (name, name, name), '']


def service_names(service):
    name = 'pb_' + snake(service.name)
    return name, name.upper()


def service_header(service, doc):
    name, upper = service_names(service)
    lines = ['/* Places in %s_methods. */' % name, 'enum %s_method {' % name]
    lines += ['    %s_%s,' % (upper, snake(m.name).upper()) for m in service.method]
    lines += ['    %s_METHOD_COUNT,' % upper, '};', '']
    lines += comment(doc)
    return lines + ['extern const struct pb_method %s_methods[%s_METHOD_COUNT];' % (name, upper), '']


def service_source(package, service, model):
    name, upper = service_names(service)
    full = package + '.' + service.name if package else service.name

    def table(type_name):
        return 'NULL' if type_name == '.google.protobuf.Empty' else '&%s_message' % model.names[type_name]
    lines = ['const struct pb_method %s_methods[%s_METHOD_COUNT] = {' % (name, upper)]
    for m in service.method:
        lines += ['    [%s_%s] = {"%s", "/%s/%s",' % (upper, snake(m.name).upper(), m.name, full, m.name),
                  '        %s, %s, %s, %s},' % ('true' if m.server_streaming else 'false',
                                                'true' if m.client_streaming else 'false',
                                                table(m.input_type), table(m.output_type))]
    return lines + ['};', '']


def generate(file, files, model):
    """The two C files of one proto file."""
    base = os.path.basename(file.name)[:-len('.proto')]
    docs = documentation(file)
    parts = [(file, docs)]
    if STRUCT_FILE in file.dependency:  # google.protobuf.Value and its kin travel with the file that needs them
        parts.insert(0, (files[STRUCT_FILE], {}))
    enums, messages = [], []
    for part, part_docs in parts:
        scope = '.' + part.package + '.' if part.package else '.'
        enums += part.enum_type
        messages += [Message(scope, m, part_docs.get((4, i), '') or
                             (scope + m.name).lstrip('.') + '.', model)
                     for i, m in enumerate(part.message_type)]
    origin = '/* Generated by tools/protogen from %s; do not edit. */' % file.name
    guard = 'WIRE_PB_%s_PB_H' % base.upper()
    head = ['/* SPDX-License-Identifier: MIT */', origin, '/* clang-format off */', '#ifndef ' + guard, '#define ' + guard,
            '', '#include "wire/pb/pb.h"']
    for dependency in file.dependency:
        if not dependency.startswith('google/'):
            head.append('#include "wire/pb/%s.pb.h"' % os.path.basename(dependency)[:-len('.proto')])
    head.append('')
    for e in enums:
        head += enum_lines(e)
    head += ['struct %s;' % m.name for m in messages] + ['']
    for entry, table in sorted({(f.entry, f.table) for m in messages for f in m.fields if f.entry}):
        head += ['/* An entry of a map from strings. */', 'struct %s {' % entry, '    struct bytes key;',
                 '    struct %s *value;' % table, '};', '']
    for m in messages:
        head += m.header()
    table = 'pb_%s_messages' % base
    count = table.upper() + '_COUNT'
    head += ['/* Every message of this file, in the order of the file. */', '#define %s %d' % (count, len(messages)),
             'extern const struct pb_message *const %s[%s];' % (table, count), '']
    for i, s in enumerate(file.service):
        head += service_header(s, docs.get((6, i), ''))
    head.append('#endif')
    source = ['/* SPDX-License-Identifier: MIT */', origin, '/* clang-format off */', '#include "wire/pb/%s.pb.h"' % base, '']
    for e in enums:
        source += enum_source(e)
    for m in messages:
        source += m.source()
    source.append('const struct pb_message *const %s[%s] = {' % (table, count))
    source += ['    &%s_message,' % m.name for m in messages] + ['};', '']
    for s in file.service:
        source += service_source(file.package, s, model)
    return base, '\n'.join(head) + '\n', '\n'.join(source).rstrip('\n') + '\n'


def parse(proto_path, names):
    """The file descriptors of `names` and all they import."""
    with tempfile.TemporaryDirectory() as scratch:
        known = descriptor_pb2.FileDescriptorSet()
        for module in WELL_KNOWN:
            module.DESCRIPTOR.CopyToProto(known.file.add())
        known_path, out_path = os.path.join(scratch, 'known'), os.path.join(scratch, 'out')
        with open(known_path, 'wb') as f:
            f.write(known.SerializeToString())
        subprocess.run(['protoc', '-I' + proto_path, '--descriptor_set_in=' + known_path, '--include_imports',
                        '--include_source_info', '--descriptor_set_out=' + out_path] + names, check=True)
        with open(out_path, 'rb') as f:
            return {d.name: d for d in descriptor_pb2.FileDescriptorSet.FromString(f.read()).file}


def main():
    parser = argparse.ArgumentParser(description='Writes C for src/wire/pb from proto files.')
    parser.add_argument('--proto-path', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('files', nargs='+')
    args = parser.parse_args()
    names = [os.path.basename(f) for f in args.files]
    files = parse(args.proto_path, names)
    model = Model(files.values())
    for name in names:
        base, header, source = generate(files[name], files, model)
        for suffix, text in (('.pb.h', header), ('.pb.c', source)):
            with open(os.path.join(args.out, base + suffix), 'w', encoding='ascii') as f:
                f.write(text)


if __name__ == '__main__':
    main()
