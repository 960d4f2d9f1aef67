#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our codec against python3-protobuf on random messages of every type.

usage: pb_differential_test.py PB_ECHO [COUNT [SEED]]

Valid input, whatever its shape (random fields, unknown fields, members sent twice, packed and unpacked), must be
accepted and come back with the same meaning, which is judged by parsing both in Python. Truncated and mutated input
must be refused where Python refuses it and accepted where Python accepts it, except for what `stricter` names;
accepted input must keep its meaning.
"""
import copy
import math
import os
import random
import struct
import subprocess
import sys
import warnings

from google.protobuf import descriptor_pb2, empty_pb2, message_factory
from google.protobuf.message import DecodeError

from protos import pool

F = descriptor_pb2.FieldDescriptorProto
OK = 0     # enum status
DEPTH = 6  # levels of random nesting
NUMBER_MAX = 2**29 - 1
TEXT = ['', 'a', 'naïve', 'NUL\0inside', '\u20ac\u00e9', '\U0001f600', '\uffff', '"json": [1, 2]\n', 'x' * 300, 'ü' * 70]
INTS = [0, 1, -1, 127, 128, 300, 2**31 - 1, -2**31]
LONGS = INTS + [2**63 - 1, -2**63, 2**32]
DOUBLES = [0.0, -0.0, 1.5, -1e300, math.inf, 5e-324]


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def delimited(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


class Codec:
    """The program under test, one frame at a time."""

    def __init__(self, program):
        self.names = subprocess.check_output([program, '--names'], text=True).split()
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, index, data):
        self.process.stdin.write(struct.pack('<II', index, len(data)) + data)
        self.process.stdin.flush()
        head = self.process.stdout.read(8)
        assert len(head) == 8, 'the program ended on message %s, input %s' % (self.names[index], data.hex())
        status, size = struct.unpack('<II', head)
        return status, self.process.stdout.read(size)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, 'the program failed at its end'


class Maker:
    """Random messages: objects of python3-protobuf, and bytes that it would not write itself."""

    def __init__(self, rng):
        self.rng = rng

    def scalar(self, field):
        rng = self.rng
        if field.type == F.TYPE_STRING:
            return rng.choice(TEXT)
        if field.type == F.TYPE_BOOL:
            return rng.random() < 0.7
        if field.type == F.TYPE_DOUBLE:
            return rng.choice(DOUBLES) if rng.random() < 0.5 else rng.uniform(-1e6, 1e6)
        if field.type == F.TYPE_ENUM:
            return rng.choice([0, 0] if field.enum_type.full_name == 'google.protobuf.NullValue' else [0, 1, 3, 6, 99, -1])
        if field.type == F.TYPE_INT32:
            return rng.choice(INTS) if rng.random() < 0.5 else rng.randint(-2**31, 2**31 - 1)
        assert field.type == F.TYPE_INT64, field.full_name
        return rng.choice(LONGS) if rng.random() < 0.5 else rng.randint(-2**63, 2**63 - 1)

    def fill(self, message, depth, density):
        rng = self.rng
        for field in message.DESCRIPTOR.fields:
            if rng.random() > density:
                continue
            nested = field.type == F.TYPE_MESSAGE
            value = getattr(message, field.name)
            if nested and field.message_type.GetOptions().map_entry:
                kind = field.message_type.fields_by_name['value']
                for _ in range(rng.randint(0, 3)):
                    key = rng.choice(TEXT) + str(rng.randint(0, 9))
                    if kind.type == F.TYPE_MESSAGE:
                        value[key].SetInParent()
                        if depth > 0:
                            self.fill(value[key], depth - 1, density / 2)
                    else:
                        value[key] = self.scalar(kind)
            elif field.label == F.LABEL_REPEATED:
                for _ in range(rng.choice([0, 1, 1, 2, 3, 20 if depth == DEPTH else 4])):
                    if not nested:
                        value.append(self.scalar(field))
                    else:
                        element = value.add()
                        if depth > 0:
                            self.fill(element, depth - 1, density * 0.7)
            elif nested:
                value.SetInParent()
                if depth > 0:
                    self.fill(value, depth - 1, density * 0.8)
            else:
                setattr(message, field.name, self.scalar(field))

    def unknown(self, descriptor):
        """One field that the message does not have, or has with another wire type."""
        rng = self.rng
        known = {f.number for f in descriptor.fields}
        number = rng.choice([n for n in (31, 63, 100, 254, 255, 256, 5000, 2**29 - 1) if n not in known])
        kind = rng.randrange(5)
        if kind == 4:
            inside = b''.join(self.unknown(empty_pb2.Empty.DESCRIPTOR) for _ in range(rng.choice([0, 0, 1, 2])))
            return varint(number << 3 | 3) + inside + varint(number << 3 | 4)
        if kind == 0:
            return varint(number << 3) + varint(rng.getrandbits(rng.choice([1, 7, 31, 64])))
        if kind == 1:
            return varint(number << 3 | 1) + rng.randbytes(8)
        if kind == 2:
            return varint(number << 3 | 5) + rng.randbytes(4)
        return delimited(number, rng.randbytes(rng.choice([0, 1, 5, 200])))

    def unpacked(self, descriptor):
        """The repeated numbers of a message, element by element as old encoders send them."""
        out = b''
        for field in descriptor.fields:
            if field.label == F.LABEL_REPEATED and field.type in (F.TYPE_ENUM, F.TYPE_INT32) and self.rng.random() < 0.7:
                for _ in range(self.rng.randint(1, 3)):
                    out += varint(field.number << 3) + varint(self.rng.choice(INTS) & (2**64 - 1))
        return out

    def message(self, cls):
        """Valid bytes of a message: sometimes two pieces (which merge), sometimes unknown fields around them."""
        rng = self.rng
        out = b''
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            m = cls()
            self.fill(m, DEPTH if rng.random() < 0.8 else 2, rng.choice([0.1, 0.3, 0.6, 0.9]))
            data = m.SerializePartialToString()
            if rng.random() < 0.5:
                data = self.wrap_nested(cls, data)
            pieces = [data, self.unpacked(cls.DESCRIPTOR)]
            while rng.random() < 0.3:
                pieces.append(self.unknown(cls.DESCRIPTOR))
            rng.shuffle(pieces)
            out += b''.join(pieces)
        return out

    def wrap_nested(self, cls, data):
        """Adds a piece of one nested message that holds unknown fields of its own."""
        nested = [f for f in cls.DESCRIPTOR.fields if f.type == F.TYPE_MESSAGE and not
                  f.message_type.GetOptions().map_entry and not f.message_type.file.name.startswith('google/')]
        if not nested:
            return data
        field = self.rng.choice(nested)
        return data + delimited(field.number, self.unknown(field.message_type) + self.unknown(field.message_type))

    def mutated(self, data):
        rng = self.rng
        if not data:
            return rng.randbytes(rng.randint(1, 6))
        if rng.random() < 0.3:
            return data[:rng.randrange(len(data))]
        out = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 5])):
            kind, at = rng.randrange(4), rng.randrange(len(out)) if out else 0
            if not out or kind == 0:
                out.insert(at, rng.getrandbits(8))
            elif kind == 1:
                out[at] ^= 1 << rng.randrange(8)
            elif kind == 2:
                out[at] = rng.choice([0, 0x7f, 0x80, 0xff, rng.getrandbits(8)])
            else:
                del out[at:at + rng.randint(1, 4)]
        return bytes(out)


def tokens(data):
    """The fields of one level: (number, wire type, payload), payload None for a bad number and for the end of a group
    that never began; then None if the bytes end or break."""
    at = 0
    groups = []  # those being read: number and where the inside begins

    def read():
        nonlocal at
        value = shift = 0
        start = at
        while True:
            if at >= len(data) or shift > 63:
                raise ValueError
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value, at - start
    out = []
    try:
        while at < len(data):
            start = at
            tag, _ = read()
            number, wire = tag >> 3, tag & 7
            payload = None
            if number == 0 or number > NUMBER_MAX:
                out.append((number, wire, None))  # also from inside a group: what follows cannot be told
                continue
            elif wire == 3:
                groups.append((number, at))
                continue
            elif wire == 4:
                if groups:
                    opened, inside = groups.pop()
                    if opened != number:
                        raise ValueError
                    wire, payload = 3, data[inside:start]
            elif wire == 0:
                payload = read()[0]
            elif wire in (1, 2, 5):
                size = {1: 8, 2: 0, 5: 4}[wire] or read()[0]
                if size > len(data) - at:
                    raise ValueError
                payload = data[at:at + size]
                at += size
            else:
                raise ValueError
            if not groups:
                out.append((number, wire, payload))
        if groups:
            raise ValueError
    except ValueError:
        out.append(None)
    return out


def stricter(data, descriptor):
    """True if the input holds what we refuse on purpose and Python's C++ lets through: the end of a group that never
    began, field number 0 (at which it stops reading without a complaint), a number over 29 bits (which it cuts), or a
    varint over 64 bits."""
    for token in tokens(data):
        if token is None:
            continue
        number, wire, payload = token
        if payload is None:
            return True
        if wire == 0 and payload >= 2**64:
            return True
        if wire == 3 and stricter(payload, empty_pb2.Empty.DESCRIPTOR):
            return True
        field = descriptor.fields_by_number.get(number)
        if wire == 2 and field is not None:
            if field.type == F.TYPE_MESSAGE and stricter(payload, field.message_type):
                return True
            if field.type in (F.TYPE_ENUM, F.TYPE_INT32):
                packed = tokens(b''.join(b'\x08' + v for v in split_varints(payload)))
                if any(t is not None and t[2] >= 2**64 for t in packed):
                    return True
    return False


def split_varints(data):
    start, out = 0, []
    for i, byte in enumerate(data):
        if byte < 0x80:
            out.append(data[start:i + 1])
            start = i + 1
    return out


def canonical(message):
    """Equal for equal meaning. Unknown fields inside wrappers, times and map entries are not kept (pb.h)."""
    drop_inline_unknown(message)
    return message.SerializePartialToString(deterministic=True)


INLINE = {'google.protobuf.' + n for n in ('StringValue', 'Int32Value', 'BoolValue', 'Timestamp', 'Duration')}


def drop_inline_unknown(message):
    if message.DESCRIPTOR.full_name in INLINE:
        message.DiscardUnknownFields()
        return
    for field, value in message.ListFields():
        if field.type != F.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            rebuild_map(field, value)
        elif field.label == F.LABEL_REPEATED:
            for element in value:
                drop_inline_unknown(element)
        else:
            drop_inline_unknown(value)


def rebuild_map(field, value):
    """Python may keep entries as they came until the map is written to."""
    if field.message_type.fields_by_name['value'].type != F.TYPE_MESSAGE:
        entries = dict(value)
        value.clear()
        value.update(entries)
        return
    entries = {key: copy.deepcopy(value[key]) for key in value}
    value.clear()
    for key, entry in entries.items():
        drop_inline_unknown(entry)
        value[key].CopyFrom(entry)


def parse(cls, data):
    message = cls()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    return message


def quiet_library():
    """The C++ library writes a line to stderr for each bad string; keep stderr for Python and the codec."""
    sys.stderr = os.fdopen(os.dup(2), 'w')
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def main():
    warnings.simplefilter('ignore')  # on stray end-group tags
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 24000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261122
    rng = random.Random(seed)
    codec, maker, known = Codec(sys.argv[1]), Maker(rng), pool()
    quiet_library()
    factory = message_factory.MessageFactory(known)
    classes = [factory.GetPrototype(known.FindMessageTypeByName(name)) for name in codec.names]
    tally = {'valid': 0, 'both accept': 0, 'both refuse': 0, 'stricter': 0, 'bytes': 0}
    wrong = []

    def check(index, data, expected, what):
        status, out = codec.run(index, data)
        where = '%s seed %d %s: input %s' % (what, seed, codec.names[index], data.hex())
        if expected is None:
            if status == OK:
                wrong.append('accepted what Python refuses: ' + where)
            tally['both refuse'] += 1
            return None
        if status != OK:
            if what != 'valid' and stricter(data, classes[index].DESCRIPTOR):
                tally['stricter'] += 1
            else:
                wrong.append('refused (%d) what Python accepts: %s' % (status, where))
            return None
        again = parse(classes[index], out)
        if again is None or canonical(again) != canonical(expected):
            wrong.append('meaning changed: %s output %s' % (where, out.hex()))
        tally['valid' if what == 'valid' else 'both accept'] += 1
        return out

    for i in range(count):
        index = i % len(classes)
        data = maker.message(classes[index])
        tally['bytes'] += len(data)
        expected = parse(classes[index], data)
        assert expected is not None, 'the test made bytes that Python refuses: ' + data.hex()
        out = check(index, data, expected, 'valid')
        if out is not None and i % 8 == 0 and codec.run(index, out) != (OK, out):
            wrong.append('encoding again differs: ' + out.hex())
        damaged = maker.mutated(data)
        check(index, damaged, parse(classes[index], damaged), 'mutated')
        if len(wrong) > 10:
            break
    codec.close()
    for line in wrong[:5]:
        print(line[:2000])
    print('%d messages of %d types, seed %d: %s' % (i + 1, len(classes), seed, tally))
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
