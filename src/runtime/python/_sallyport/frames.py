# SPDX-License-Identifier: MIT
"""The frames of src/wire/frame.h over the control socket. Bytes only: what a cell is, cells.py knows."""
import json
import struct
from json import JSONEncoder
from os import read, write
from time import monotonic, sleep

from _sallyport import tasks
from _sallyport.cells import execute
from _sallyport.limits import FRAME_PAYLOAD_MAX, INTERRUPT_MAX_S
from _sallyport.state import state

HEAD = struct.Struct("<IB3x")
EXECUTE, READY, RESULT = 1, 2, 3
READ_SIZE = 1 << 16  # bytes

loads = json.JSONDecoder().decode
dumps = JSONEncoder().encode


def read_exactly(fd, data, size):
    """Reads until `data` holds `size` bytes; False at the end of the stream."""
    while len(data) < size:
        more = read(fd, READ_SIZE)
        if not more:
            return False
        data += more
    return True


def read_frames(fd):
    """The payloads of the EXECUTE frames, until the pool closes the socket."""
    data = bytearray()
    while True:
        if not data:
            tasks.wait_readable(fd)
        if not read_exactly(fd, data, HEAD.size):
            return
        size, kind = HEAD.unpack_from(data)
        if kind != EXECUTE or size > FRAME_PAYLOAD_MAX or not read_exactly(fd, data, HEAD.size + size):
            return
        payload = data[HEAD.size : HEAD.size + size].decode("utf-8")
        del data[: HEAD.size + size]
        yield payload


def write_frame(fd, kind, payload):
    left = memoryview(HEAD.pack(len(payload), kind) + payload)
    while left:
        left = left[write(fd, left) :]


def await_interrupt():
    """The cell before was told to stop, and may have ended first: then the signal is still on its way, and must
    not hit the cell that comes now. It is ignored here; the init counts it once it has been handed on."""
    end = monotonic() + INTERRUPT_MAX_S
    while state.interrupts[0] == state.interrupts_seen and monotonic() < end:
        sleep(0.001)
    if state.interrupts[0] != state.interrupts_seen:
        state.interrupts_seen += 1  # one a cell: the next one may be there already, and is meant for this cell


def encoded(result, size_max):
    """A result as a payload. Escapes may have made it too large: then without outputs, then without a value."""
    for member in ("outputs", "value"):
        payload = dumps(result).encode("ascii")
        if len(payload) <= size_max:
            return payload
        result[member] = [] if member == "outputs" else ""
        result["truncated"] = True
    return dumps(result).encode("ascii")


def serve(requests, answers):
    """Answers the cells that come over one descriptor over another, until the first is closed."""
    for payload in read_frames(requests):
        request = loads(payload)
        if request.get("after_interrupt"):
            await_interrupt()
        result = execute(request["id"], request["code"], request.get("empty", False))
        size_max = min(FRAME_PAYLOAD_MAX, request.get("result_size_max", FRAME_PAYLOAD_MAX))
        write_frame(answers, RESULT, encoded(result, size_max))
