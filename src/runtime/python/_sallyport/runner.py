# SPDX-License-Identifier: MIT
"""The Python half of a session: warmed once in the zygote, then runs cells in each fork of it.

Until the first cell it is ours; from then on user code can change anything in here, and the pool treats every
byte that leaves as hostile. So nothing below guards against user code; it only behaves well with code that
means well. Frames: src/wire/frame.h. Result values: session-pool-api.md 8.3.
"""
import ast
import builtins
import gc
import io
import json
import linecache
import os
import signal
import struct
import sys
import time
import types
from base64 import b64encode
from time import monotonic, sleep  # kept: a cell may replace those of the module, to test something

FRAME_HEAD = struct.Struct("<IB3x")
FRAME_EXECUTE, FRAME_READY, FRAME_RESULT = 1, 2, 3
FRAME_PAYLOAD_MAX = 32 << 20  # bytes
INTERRUPT_MAX_S = 2  # how long an interrupt may take from the pool

TEXT_MAX = 1 << 20  # characters of a value's text; more is cut and flagged
ERROR_TEXT_MAX = 64 << 10  # characters of an exception's own text and of each traceback
IMAGES_MAX = 20  # of one cell
OUTPUTS_MAX = 16 << 20  # characters of all outputs of one cell
FRAMES_SHOWN = 40  # of one traceback
CHAIN_SHOWN = 10  # exceptions linked by cause or context
INT64 = range(-(1 << 63), 1 << 63)  # beyond it the pool's JSON reader has no number; digits travel as text

DIRECTORY = "/mnt/data"
PYPLOT = "matplotlib.pyplot"


class Full(Exception):
    """More text than may be kept."""


class BoundedText(io.StringIO):
    left = TEXT_MAX

    def write(self, text):
        if len(text) > self.left:
            super().write(text[: self.left])
            self.left = 0
            raise Full
        self.left -= len(text)
        return super().write(text)


def plain_text(value):
    """IPython's text/plain of a value, and whether it was cut."""
    from IPython.lib.pretty import RepresentationPrinter

    out = BoundedText()
    try:
        printer = RepresentationPrinter(out, max_width=79, max_seq_length=1000)
        printer.pretty(value)
        printer.flush()
    except Full:
        return out.getvalue(), True
    return out.getvalue(), False


class Cell:
    """What one cell shows: the mime bundles, and the value of its last expression."""

    def __init__(self):
        self.outputs = []
        self.value = ""
        self.image = None
        self.images = 0
        self.left = OUTPUTS_MAX
        self.truncated = False

    def show(self, bundle):
        size = sum(len(text) for text in bundle.values())
        if size > self.left:
            self.truncated = True
            return
        self.left -= size
        self.outputs.append(bundle)

    def show_image(self, data, kind="png"):
        """`data` is the picture's bytes, or their base64 text."""
        if self.images >= IMAGES_MAX:
            self.truncated = True
            return
        self.images += 1
        text = data if isinstance(data, str) else b64encode(data).decode("ascii")
        before = len(self.outputs)
        self.show({"image/" + kind: text})
        if len(self.outputs) > before:
            self.image = {"type": "image", "format": kind, "base64_data": text}

    def show_figures(self):
        pyplot = sys.modules.get(PYPLOT)
        if pyplot is None or not pyplot.get_fignums():
            return
        for number in pyplot.get_fignums():
            self.show_figure(pyplot.figure(number))
        pyplot.close("all")

    def show_figure(self, figure):
        data = io.BytesIO()
        figure.savefig(data, format="png", bbox_inches="tight")
        self.show_image(data.getvalue())

    def show_value(self, value):
        """Sets the value as session-pool-api.md 8.3 has it."""
        self.value, rich = scalar(value)
        if not rich:
            return
        pyplot = sys.modules.get(PYPLOT)
        if pyplot is not None and isinstance(value, pyplot.Figure):
            self.show_figure(value)
            pyplot.close(value)
            return
        bundle, cut = mime_bundle(value)
        self.truncated |= cut
        self.value = bundle["text/plain"]
        self.show_bundle(bundle)

    def show_bundle(self, bundle):
        for kind in ("png", "jpeg"):
            data = bundle.pop("image/" + kind, None)
            if data is not None:
                self.show_image(data, kind)
        self.show(bundle)


RICH = (
    ("_repr_html_", "text/html"), ("_repr_markdown_", "text/markdown"), ("_repr_svg_", "image/svg+xml"),
    ("_repr_latex_", "text/latex"), ("_repr_png_", "image/png"), ("_repr_jpeg_", "image/jpeg"),
)


def mime_bundle(value):
    """The representations of a value; pictures as bytes. The flag says that one was cut or left out."""
    text, cut = plain_text(value)
    bundle = {"text/plain": text}
    for name, mime in RICH:
        method = getattr(type(value), name, None)
        if method is None:
            continue
        try:
            data = method(value)
        except Exception:
            continue
        if isinstance(data, tuple):
            data = data[0]
        if isinstance(data, (bytes, str)) and mime in ("image/png", "image/jpeg"):
            bundle[mime] = data  # IPython.display.Image gives base64 text
        elif isinstance(data, str) and len(data) <= TEXT_MAX:
            bundle[mime] = data
        elif isinstance(data, str):
            cut = True
    return bundle, cut


def scalar(value):
    """(JSON value, False) for what travels as a JSON value of its own kind, else ("", True)."""
    kind = type(value)
    if value is None or kind is bool:
        return value, False
    if kind is int:
        return value if value in INT64 else digits(value), False
    if kind is float:
        return value if value - value == 0 else str(value), False
    if kind is str:
        return repr(value), False
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        if isinstance(value, numpy.bool_):
            return bool(value), False
        if isinstance(value, numpy.integer) and not isinstance(value, numpy.timedelta64):
            return int(value), False
        if isinstance(value, numpy.floating):
            return scalar(float(str(value)))
    return "", True


def digits(value):
    limit = sys.get_int_max_str_digits()
    try:
        return str(value)
    except ValueError:
        return f"<int of {value.bit_length()} bits: over the limit of {limit} digits>"


# --- errors -----------------------------------------------------------------------------------------


def error_text(error):
    try:
        text = str(error)
    except Exception:
        text = "<exception str() failed>"
    return text if len(text) <= ERROR_TEXT_MAX else text[:ERROR_TEXT_MAX] + "..."


def frame_text(file, line, function):
    """One frame with two lines around the place, in IPython's form."""
    number = session.cells.get(file)
    lines = [f"Cell In [{number}], line {line}" if number else f"File {file}:{line}, in {function}"]
    source = linecache.getlines(file)
    for n in range(max(1, line - 2), min(len(source), line + 2) + 1):
        arrow = "-" * (5 - len(str(n))) + "> " if n == line else " " * (7 - len(str(n)))
        lines.append((arrow + str(n) + " " + source[n - 1].rstrip("\n")).rstrip()[:400])
    return "\n".join(lines)


def syntax_text(error):
    lines = []
    if error.filename is not None:
        number = session.cells.get(error.filename)
        place = f"Cell In [{number}]" if number else f"File {error.filename}"
        lines.append(f"  {place}, line {error.lineno}")
    if error.text:
        lines.append("    " + error.text.strip()[:400])
        shift = (error.offset or 1) - 1 - (len(error.text) - len(error.text.lstrip()))
        lines.append("    " + " " * max(0, min(shift, 400)) + "^")
    lines.append(f"{type(error).__name__}: {error.msg}")
    return "\n".join(lines)


def traceback_text(error):
    name = type(error).__name__
    if isinstance(error, SyntaxError) and not frames_of(error):
        return "Traceback (most recent call last):\n" + syntax_text(error)
    rule = "-" * 75
    head = "Traceback (most recent call last)"
    parts = [f"{rule}\n{name}{head:>{max(len(head) + 1, 75 - len(name))}}"]
    frames = frames_of(error)
    if len(frames) > FRAMES_SHOWN:
        half = FRAMES_SHOWN // 2
        skipped = f"    [... skipping {len(frames) - 2 * half} frames]"
        shown = [frame_text(*f) for f in frames[:half]] + [skipped] + [frame_text(*f) for f in frames[-half:]]
    else:
        shown = [frame_text(*f) for f in frames]
    parts.append("\n\n".join(shown))
    text = error_text(error)
    parts.append("\n" + (f"{name}: {text}" if text else name))
    for note in getattr(error, "__notes__", None) or ():
        parts.append(str(note)[:ERROR_TEXT_MAX])
    return "\n".join(parts)


def frames_of(error):
    """(file, line, function) of the frames that are not the runner's own."""
    found = []
    tb = error.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        if code.co_filename != __file__:
            found.append((code.co_filename, tb.tb_lineno or 1, code.co_name))
        tb = tb.tb_next
    return found


def chained_text(error):
    parts = [traceback_text(error)]
    seen = {id(error)}
    while len(parts) < 2 * CHAIN_SHOWN:
        if error.__cause__ is not None:
            error, link = error.__cause__, "The above exception was the direct cause of the following exception:"
        elif error.__context__ is not None and not error.__suppress_context__:
            error, link = error.__context__, "During handling of the above exception, another exception occurred:"
        else:
            break
        if id(error) in seen:
            break
        seen.add(id(error))
        parts[:0] = [traceback_text(error), "\n" + link + "\n"]
    return "\n".join(parts)


def report_error(error):
    """Writes it to stderr and returns the `error` of a RESULT frame."""
    if isinstance(error, SystemExit):
        code = error_text(error)
        text = "An exception has occurred, use %tb to see the full traceback.\n\nSystemExit" + (
            f": {code}" if code else "")
    elif type(error).__name__ == "UsageError":  # of a magic
        text = f"UsageError: {error_text(error)}"
    else:
        try:
            text = chained_text(error)
        except Exception:
            text = f"Traceback (most recent call last)\n{type(error).__name__}: {error_text(error)}"
    try:
        sys.stderr.write(text + "\n")
    except Exception:
        pass
    if len(text) > ERROR_TEXT_MAX:
        text = text[:ERROR_TEXT_MAX] + "..."
    return {"name": type(error).__name__, "value": error_text(error), "traceback": text.split("\n")}


# --- what user code finds ---------------------------------------------------------------------------


def display(*objects, **options):
    """IPython.display.display for a session: shows each object with all its representations."""
    cell = session.cell
    for value in objects:
        pyplot = sys.modules.get(PYPLOT)
        if pyplot is not None and isinstance(value, pyplot.Figure):
            cell.show_figure(value)
            pyplot.close(value)
            continue
        if options.get("raw") and isinstance(value, dict):
            bundle = {str(k): v if isinstance(v, bytes) else str(v)[:TEXT_MAX] for k, v in value.items()}
            cut = False
        else:
            bundle, cut = mime_bundle(value)
        cell.truncated |= cut
        cell.show_bundle(bundle)
        text = bundle.get("text/plain")
        if text and cell.images == 0:
            print(text)


def show_figures(*_arguments, **_options):
    session.cell.show_figures()


def publish(data, metadata=None, **_options):
    """Where IPython's own displays end: those of its magics, and of who imported `display` before us."""
    display(data, raw=True)


def get_ipython():
    """IPython's shell, made when a cell first uses its syntax: it costs about 0.1 s."""
    if session.shell is None:
        session.shell = make_shell()
    return session.shell


def make_shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.color_info = False
    stdout, stderr, hook, excepthook = sys.stdout, sys.stderr, sys.displayhook, sys.excepthook
    shell = InteractiveShell.instance(config=config, user_module=session.module, user_ns=session.module.__dict__)
    sys.stdout, sys.stderr, sys.displayhook, sys.excepthook = stdout, stderr, hook, excepthook
    shell.register_magic_function(lambda line: None, "line", "matplotlib")
    shell.register_magic_function(lambda line: None, "line", "pylab")
    shell.system = system
    shell.display_pub.publish = publish
    shell.display_pub.clear_output = lambda wait=False: None
    bind_shell(shell, session.module)
    return shell


def bind_shell(shell, module):
    """Has magics work on the names of `module`. The shell may be older: warming up made it."""
    shell.user_module, shell.user_ns = module, module.__dict__
    shell.init_user_ns()
    for name in ("exit", "quit"):  # IPython's would ask a terminal's loop to end
        module.__dict__.pop(name, None)


class Leave:
    """`exit` and `quit`. Those of `site` would close stdin for all cells to come."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Use {self.name}() to end the cell"

    def __call__(self, code=None):
        raise SystemExit(code)


def system(command):
    """`!command`. IPython's own wants a pseudo-terminal, which a session has no device for; here the command
    writes to the session's pipes. A time limit's interrupt ends the command and then the cell."""
    import subprocess

    command = session.shell.var_expand(command, depth=1)
    flush()  # what was printed so far comes first
    code = subprocess.call(command, shell=True, executable=os.environ.get("SHELL"))
    session.shell.user_ns["_exit_code"] = code if code <= 128 else 128 - code


def transform(code):
    """IPython's syntax as Python, or None where it is none."""
    from IPython.core.inputtransformer2 import TransformerManager

    changed = TransformerManager().transform_cell(code)
    return changed if "get_ipython()" in changed else None


# --- running ----------------------------------------------------------------------------------------

COMPILE_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
CO_COROUTINE = 0x80


def parse(code, file):
    try:
        return compile(code, file, "exec", COMPILE_FLAGS | ast.PyCF_ONLY_AST, True)
    except SyntaxError as error:
        try:
            changed = transform(code)
        except Exception:
            changed = None
        if changed is None:
            error.__context__ = None
            raise error
    return compile(changed, file, "exec", COMPILE_FLAGS | ast.PyCF_ONLY_AST, True)


def evaluate(tree, file, namespace, mode):
    code = compile(tree, file, mode, COMPILE_FLAGS, True)
    result = eval(code, namespace)
    if code.co_flags & CO_COROUTINE:
        import asyncio

        if session.event_loop is None:
            session.event_loop = asyncio.new_event_loop()
            asyncio.set_event_loop(session.event_loop)
        result = session.event_loop.run_until_complete(result)
    return result


def run(code, namespace):
    """Runs one cell; what it shows ends up in session.cell."""
    session.count += 1
    file = f"<cell {session.count}>"
    session.cells[file] = session.count
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    tree = parse(code, file)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        evaluate(tree, file, namespace, "exec")
        return
    del tree.body[-1]
    if tree.body:
        evaluate(tree, file, namespace, "exec")
    value = evaluate(ast.Expression(last.value), file, namespace, "eval")
    if code.rstrip().endswith(";") or is_statement(last.value, value):
        return
    if value is not None:
        namespace["_"] = value
    session.cell.show_value(value)


def is_statement(node, value):
    """A call worth None, such as print(...), is a statement: no value. Any other expression worth None is null."""
    return value is None and isinstance(node, (ast.Call, ast.Await))


def flush():
    for stream in (sys.stdout, sys.stderr, session.stdout, session.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def ignore_interrupts():
    while True:
        try:
            session.on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
            return
        except KeyboardInterrupt:
            session.on_interrupt = signal.default_int_handler


def execute(identifier, code, empty):
    """Runs a cell and returns the RESULT frame's payload."""
    cell = session.cell = Cell()
    module = new_module() if empty else session.module
    error = None
    begin = time.perf_counter_ns()
    try:
        try:
            signal.signal(signal.SIGINT, session.on_interrupt)
            if session.shell is not None and session.shell.user_module is not module:
                bind_shell(session.shell, module)
            run(code, module.__dict__)
            cell.show_figures()
        except BaseException as caught:
            error = report_error(caught)
            caught.__traceback__ = None
            cell.show_figures()
        flush()
        ignore_interrupts()
    except BaseException as caught:  # a second one while the first was written down
        ignore_interrupts()
        error = {"name": type(caught).__name__, "value": error_text(caught), "traceback": []}
    result = {"id": identifier, "ok": error is None, "duration_us": (time.perf_counter_ns() - begin) // 1000,
              "value": "" if error else cell.image or cell.value, "outputs": cell.outputs}
    if cell.truncated:
        result["truncated"] = True
    if error:
        result["error"] = error
    return json.dumps(result).encode("utf-8")


class Session:
    """The state of this process as a session."""

    def __init__(self):
        self.module = None
        self.cell = Cell()
        self.cells = {}  # file name of a cell to its number
        self.count = 0
        self.shell = None
        self.event_loop = None
        self.stdout = self.stderr = None
        self.on_interrupt = signal.default_int_handler
        self.interrupts = [0]  # that the init has handed on; in a session, its own count
        self.interrupts_seen = 0


session = Session()


def new_module():
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    return module


def read_frames(fd):
    """The payloads of the EXECUTE frames, until the pool closes the socket."""
    data = bytearray()
    while True:
        while len(data) < FRAME_HEAD.size:
            more = os.read(fd, 1 << 16)
            if not more:
                return
            data += more
        size, kind = FRAME_HEAD.unpack_from(data)
        if kind != FRAME_EXECUTE or size > FRAME_PAYLOAD_MAX:
            return
        while len(data) < FRAME_HEAD.size + size:
            more = os.read(fd, 1 << 20)
            if not more:
                return
            data += more
        payload = bytes(data[FRAME_HEAD.size : FRAME_HEAD.size + size])
        del data[: FRAME_HEAD.size + size]
        yield payload


def write_frame(fd, kind, payload):
    left = memoryview(FRAME_HEAD.pack(len(payload), kind) + payload)
    while left:
        left = left[os.write(fd, left) :]


def await_interrupt():
    """The cell before was told to stop, and may have ended first: then the signal is still on its way, and must
    not hit the cell that comes now. It is ignored here; the init counts it once it has been handed on."""
    end = monotonic() + INTERRUPT_MAX_S
    while session.interrupts[0] == session.interrupts_seen and monotonic() < end:
        sleep(0.001)
    session.interrupts_seen = session.interrupts[0]


def serve(requests, answers):
    """Answers the cells that come over one descriptor over another, until the first is closed."""
    for payload in read_frames(requests):
        request = json.loads(payload)
        if request.get("after_interrupt"):
            await_interrupt()
        result = execute(request["id"], request["code"], request.get("empty", False))
        if len(result) > min(FRAME_PAYLOAD_MAX, request.get("result_size_max", FRAME_PAYLOAD_MAX)):
            result = json.dumps({"id": request["id"], "ok": True, "duration_us": 0, "value": "", "outputs": [],
                                 "truncated": True}).encode()
        write_frame(answers, FRAME_RESULT, result)


# --- the zygote's half ------------------------------------------------------------------------------

WARM_CELLS = (
    "import numpy as np, pandas as pd\nnp.arange(10).sum()",
    "pd.DataFrame({'a': [1, 2, 3], 'b': [1.5, 2.5, 3.5], 'c': ['x', 'y', 'y']}).describe()",
    "pd.DataFrame({'a': [1, 2], 'c': ['x', 'y']}).groupby('c').sum()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('t'); plt.show()",
    "[1, 'a', {2: (3, None)}]",
    "1/0",
    "'text'",
    "x = 1",
)


def open_streams():
    """stdout and stderr on descriptors 1 and 2, wide enough to make few writes. The zygote has both on
    /dev/null; in a session they are pipes."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(io.BufferedWriter(io.FileIO(fd, "w", closefd=False), 1 << 15), "utf-8",
                                  "backslashreplace", line_buffering=False)
        stream.mode = "w"
        setattr(session, name, stream)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.FileIO(0, "r", closefd=False), "utf-8")


def patch_libraries():
    import matplotlib
    import matplotlib.pyplot as pyplot
    import IPython.core.display_functions
    import IPython.display

    matplotlib.use("Agg")
    pyplot.show = show_figures
    IPython.display.display = display
    IPython.core.display_functions.display = display
    builtins.display = display
    builtins.get_ipython = get_ipython
    builtins.exit, builtins.quit = Leave("exit"), Leave("quit")


def warm():
    """Imports what sessions want at hand and runs the common paths once, in the zygote."""
    import IPython.lib.pretty  # noqa: F401
    import multiprocessing.process  # noqa: F401
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import tempfile  # noqa: F401
    import uuid  # noqa: F401

    open_streams()
    patch_libraries()
    for _ in range(2):
        session.module = new_module()
        for code in WARM_CELLS:
            execute(0, code, False)
    reset()
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
    session.module = new_module()
    if session.shell is not None:
        bind_shell(session.shell, session.module)
    session.cell = Cell()
    session.cells.clear()
    session.count = 0
    for file in [f for f in linecache.cache if f.startswith("<cell ")]:
        del linecache.cache[file]


def make_unique():
    """What a fork shares with its siblings and must not (sandbox.md 2.8). The C side has run CPython's own
    hooks, which re-seed `random`."""
    import multiprocessing.process
    import tempfile
    import uuid

    import numpy

    numpy.random.seed(numpy.frombuffer(os.urandom(16), numpy.uint32))
    multiprocessing.process.current_process().authkey = os.urandom(32)
    uuid._node = uuid._last_timestamp = None
    tempfile._name_sequence = tempfile.tempdir = None


REHEARSAL = ("a = 1\na + 1", "print('hi')", "print('hi')")


def rehearse():
    """Calls as they will come, from the frame to the pipe, which nobody hears: the first real ones find every
    page they need already their own."""
    kept = os.dup(1)
    heard, said = os.pipe()
    requests, asked = os.pipe()
    os.dup2(said, 1)
    for code in REHEARSAL:
        write_frame(asked, FRAME_EXECUTE, json.dumps({"id": 0, "code": code, "empty": False}).encode())
    os.close(asked)
    serve(requests, said)
    os.dup2(kept, 1)
    for fd in (kept, heard, said, requests):
        os.close(fd)
    reset()


def session_main(fd, interrupts):
    """The session's life, in the fork. Descriptors, identity and confinement are done."""
    session.interrupts = interrupts.cast("I")
    make_unique()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file at its limit is an OSError, as CPython has it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.enable()
    rehearse()
    sys.modules["__main__"] = session.module
    write_frame(fd, FRAME_READY, b"")
    serve(fd, fd)
