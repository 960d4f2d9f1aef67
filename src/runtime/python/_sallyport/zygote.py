# SPDX-License-Identifier: MIT
"""The life of the runtime: warmed once in the zygote, then one session in each fork of it.

Until the first cell it is ours; from then on user code can change anything in here, and the pool takes every byte
that leaves for hostile. So nothing in these modules guards against user code; they only behave well with code that
means well, however clumsy it is.
"""
import gc
import json
import linecache
import os
import sys
from _signal import SIG_IGN, SIGINT, SIGPIPE, SIGXFSZ, signal

from _sallyport import display, hosts, shell, streams, tasks
from _sallyport.cells import execute, new_module
from _sallyport.frames import EXECUTE, READY, serve, write_frame
from _sallyport.state import state

WARM_CELLS = (
    "import numpy as np, pandas as pd\nnp.arange(10).sum()",
    "pd.DataFrame({'a': [1, 2, 3], 'b': [1.5, 2.5, 3.5], 'c': ['x', 'y', 'y']}).describe()",
    "pd.DataFrame({'a': [1, 2], 'c': ['x', 'y']}).groupby('c').sum()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('t'); plt.show()",
    "[1, 'a', {2: (3, None)}]",
    "%time 1",
    "1/0",
    "'text'",
    "x = 1",
)
REHEARSAL = ("a = 1\na + 1", "print('hi')", "print('hi')")
# Fonts for signs that matplotlib's own lacks, where the operator installed one (doc/python.md, Fonts).
FALLBACK_FONTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Noto Sans Arabic", "Noto Sans Devanagari")


def warm():
    """Imports what sessions want at hand and runs the common paths once, in the zygote."""
    streams.connect_streams()
    streams.open_streams()
    streams.keep_order()
    os.environ.update(shell.PIP_ENVIRONMENT)
    hosts.watch()
    tasks.patch_asyncio()
    tasks.open_loop()
    state.pid = os.getpid()
    state.module = new_module()
    shell.make_shell(state.module)
    import_libraries()
    for _ in range(2):
        state.cells.clear()
        for code in WARM_CELLS:
            execute(0, code, False)
    reset()
    tasks.open_loop()  # the warm cells may have used the other
    settle()


def import_libraries():
    import multiprocessing.process  # noqa: F401
    import numpy  # noqa: F401
    import tempfile  # noqa: F401
    import uuid  # noqa: F401

    import matplotlib
    import matplotlib.font_manager
    import matplotlib.pyplot as pyplot

    # pandas takes a shell with a kernel for a notebook, and then shows 20 columns instead of a terminal's width.
    state.shell.kernel = None
    import pandas  # noqa: F401
    del state.shell.kernel
    matplotlib.use("Agg")
    pyplot.show = display.show_figures
    there = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
    matplotlib.rcParams["font.family"] = ["sans-serif", *(name for name in FALLBACK_FONTS if name in there)]


def settle():
    """Leaves the heap as forks want it."""
    import matplotlib.font_manager
    # Its hook would close font files after fork, when close_range has already done so.
    matplotlib.font_manager._get_font.cache_clear()
    sys.path.insert(0, "")
    sys.argv = [""]
    gc.collect()
    gc.collect()
    gc.freeze()


def reset():
    """Forgets the cells that only warmed things up."""
    state.module = new_module()
    shell.bind_shell(state.module)
    state.shown = display.Shown()
    state.cells.clear()
    for file in [f for f in linecache.cache if f.startswith("<cell ")]:
        del linecache.cache[file]
    for name in ("last_type", "last_value", "last_traceback"):
        sys.__dict__.pop(name, None)


def make_unique():
    """What a fork shares with its siblings and must not (THREATS.md). The C side has run CPython's own hooks,
    which re-seed `random`."""
    import multiprocessing.process
    import tempfile
    import uuid

    import numpy

    numpy.random.seed(numpy.frombuffer(os.urandom(16), numpy.uint32))
    multiprocessing.process.current_process().authkey = os.urandom(32)
    uuid._node = uuid._last_timestamp = None
    tempfile._name_sequence = tempfile.tempdir = None


def rehearse():
    """Calls as they will come, from the frame to the pipe, which nobody hears: the first real ones find every
    page they need already their own."""
    target = streams.OWN_FDS[0]
    heard, said = os.pipe()
    requests, asked = os.pipe()
    os.dup2(said, target, False)
    for code in REHEARSAL:
        write_frame(asked, EXECUTE, json.dumps({"id": 0, "code": code, "empty": False}).encode())
    os.close(asked)
    serve(requests, said)
    os.dup2(1, target, False)
    for fd in (heard, said, requests):
        os.close(fd)
    reset()


def session_main(fd, interrupts):
    """The session's life, in the fork. Descriptors, identity and confinement are done."""
    state.interrupts = interrupts.cast("I")
    make_unique()
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)  # a file at its limit is an OSError, as CPython has it
    signal(SIGINT, SIG_IGN)
    streams.connect_streams()
    streams.watch_forks()
    gc.enable()
    rehearse()
    sys.modules["__main__"] = state.module
    write_frame(fd, READY, b"")
    serve(fd, fd)
