# SPDX-License-Identifier: MIT
"""One event loop for the whole session, as in a notebook, where every cell runs inside the kernel's loop.

Ours does not run while a plain cell does: a cell that never awaits need not pay for it. It is only *named* as the
running loop of the thread, so that get_running_loop() and create_task() work anywhere. A top-level await runs it, and
so does waiting for the next cell once something may be pending. Whoever starts a loop by hand (asyncio.run,
run_until_complete), which a notebook refuses, finds that none runs.
"""
import asyncio
import selectors
from asyncio import events
from functools import partial
from threading import get_ident, main_thread

from _sallyport.state import state

get_named_loop = events._get_running_loop
name_loop = events._set_running_loop
MAIN = main_thread().ident
NEED_DESCRIPTORS = ("run_forever", "_add_reader", "_remove_reader", "_add_writer", "_remove_writer", "close")
in_cell = False  # of the main thread


def get_loop_that_runs():
    """asyncio's own question before it runs a loop: is one running? A loop that is only named is not."""
    loop = get_named_loop()
    if loop is not None and loop is state.loop and not loop.is_running():
        return None
    return loop


def name_loop_or_ours(loop):
    """asyncio's own last step after it ran a loop: in a cell ours is named again."""
    if loop is None and in_cell and get_ident() == MAIN:
        loop = state.loop
    name_loop(loop)


def patch_asyncio():
    """Once, in the zygote."""
    events._get_running_loop = get_loop_that_runs
    events._set_running_loop = name_loop_or_ours


def open_loop():
    """A loop whose descriptors are not opened before somebody needs them. The zygote makes one for all sessions:
    most never use theirs, and a fresh one touches a megabyte of the memory that forks share."""
    loop = state.loop = asyncio.new_event_loop()
    state.loop_used = False
    asyncio.set_event_loop(loop)
    loop._close_self_pipe()
    loop._selector.close()
    loop._selector = None
    for name in NEED_DESCRIPTORS:
        setattr(loop, name, partial(fill_and_call, loop, name))


def fill_and_call(loop, name, *arguments):
    for each in NEED_DESCRIPTORS:
        loop.__dict__.pop(each, None)
    loop._selector = selectors.DefaultSelector()
    loop._make_self_pipe()
    return getattr(loop, name)(*arguments)


def enter_cell():
    global in_cell
    if state.loop.is_closed():
        open_loop()
    in_cell = True
    name_loop(state.loop)


def leave_cell():
    global in_cell
    in_cell = False
    name_loop(None)
    loop = state.loop
    if loop._ready or loop._scheduled or loop._default_executor or loop._selector is not None:
        state.loop_used = True


def run(coroutine):
    """Runs a coroutine of the cell. An interrupt ends it, not only the wait for it."""
    state.loop_used = True
    task = state.loop.create_task(coroutine)
    try:
        return state.loop.run_until_complete(task)
    except KeyboardInterrupt:
        if not task.done():
            cancel(task)
        raise


def cancel(task):
    task.cancel()
    try:
        state.loop.run_until_complete(task)
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass


def wait_readable(fd):
    """Lets tasks go on until there is a frame to read. A broken loop waits no more: the read itself will."""
    loop = state.loop
    if not state.loop_used or loop.is_closed():
        return
    readable = []

    def on_readable():
        readable.append(True)
        loop.stop()
    try:
        loop.add_reader(fd, on_readable)
        while not readable:
            loop.run_forever()  # a task may stop it as well
    except BaseException:
        pass
    finally:
        try:
            loop.remove_reader(fd)
        except Exception:
            pass
