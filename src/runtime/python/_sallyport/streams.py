# SPDX-License-Identifier: MIT
"""stdout and stderr of a session: what is written first arrives first, whoever writes it.

The streams are wide, since each write to a pipe wakes the pool. So they are emptied before anybody else writes to the
same pipe: a child, or the cell itself by os.write. They write to descriptors of their own: a cell that closes or
redirects 1 and 2 does not silence print().
"""
import fcntl
import functools
import io
import os
import subprocess
import sys
from os import getpid

from _sallyport.state import state

BUFFER_SIZE = 1 << 15  # bytes
OWN_FDS = (20, 21)  # in the zygote and in each session: the streams are made once


def open_stream(fd):
    """Text goes to the buffer at once, so that it keeps its order with what is written to `.buffer`."""
    raw = io.FileIO(fd, "w", closefd=False)
    stream = io.TextIOWrapper(io.BufferedWriter(raw, BUFFER_SIZE), "utf-8", "backslashreplace", write_through=True)
    stream.mode = "w"
    return stream


def open_streams():
    state.stdout, state.stderr = (open_stream(fd) for fd in OWN_FDS)
    sys.stdout = sys.__stdout__ = state.stdout
    sys.stderr = sys.__stderr__ = state.stderr
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.FileIO(0, "r", closefd=False), "utf-8")


def connect_streams():
    """Has ours lead where 1 and 2 lead."""
    for fd, own in zip((1, 2), OWN_FDS):
        os.dup2(fd, own, inheritable=False)


def heal_streams():
    """A cell may have closed ours. What it put into sys.stdout instead is its own affair."""
    if not (state.stdout.closed or state.stderr.closed):
        return
    before = state.stdout, state.stderr
    now = sys.stdout, sys.stderr
    open_streams()
    if now[0] is not before[0]:
        sys.stdout = now[0]
    if now[1] is not before[1]:
        sys.stderr = now[1]


def flush_own():
    """Empties ours. A pipe without a reader is no error of the cell."""
    for stream in (state.stdout, state.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass


def flush_all():
    """Empties what user code writes to as well; that may be anything."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not state.stdout and stream is not state.stderr:
            try:
                stream.flush()
            except Exception:
                pass
    flush_own()


def say_error(text):
    """To the session's own stderr, wherever sys.stderr leads by now."""
    flush_all()
    try:
        state.stderr.write(text + "\n")
    except (OSError, ValueError):
        pass


# --- who else writes to the pipes -------------------------------------------------------------------


def flushing(function):
    @functools.wraps(function)
    def flush_first(*arguments, **options):
        flush_own()
        return function(*arguments, **options)
    return flush_first


def flushing_write(function):
    @functools.wraps(function)
    def write(fd, data, /):
        if fd == 1 or fd == 2 or fd in OWN_FDS:
            flush_own()
        return function(fd, data)
    return write


# An exec ends the process, and with it what was not written yet.
OTHER_WRITERS = ("system", "posix_spawn", "posix_spawnp", "execv", "execve", "_exit", "abort")


def keep_order():
    """Has everything that lets another write to the pipes empty ours first. Once, in the zygote."""
    for name in OTHER_WRITERS:
        setattr(os, name, flushing(getattr(os, name)))
    os.write = flushing_write(os.write)
    os.writev = flushing_write(os.writev)
    subprocess._fork_exec = flushing(subprocess._fork_exec)


def on_fork_in_child():
    """Of user code's fork: nobody will empty a buffer when the child is killed, so it keeps no whole line."""
    for stream in (state.stdout, state.stderr):
        if not stream.closed:
            stream.reconfigure(line_buffering=True)


def watch_forks():
    """Once in each session: the zygote's own forks are none of user code's."""
    state.pid = getpid()
    os.register_at_fork(before=flush_own, after_in_child=on_fork_in_child)
