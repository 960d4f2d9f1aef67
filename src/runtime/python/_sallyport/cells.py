# SPDX-License-Identifier: MIT
"""Runs one cell: as plain Python where it is, which is the common case and must be fast, else as IPython's syntax."""
import __future__ as future
import ast
import builtins
import linecache
import re
import types
from _signal import SIG_IGN, SIGINT, default_int_handler, raise_signal, signal
from os import _exit, getpid
from time import perf_counter_ns

from _sallyport import display, hosts, shell, tasks
from _sallyport.errors import as_member, name_of
from _sallyport.state import state
from _sallyport.streams import flush_all, flush_own, heal_streams

COMPILE_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
FUTURE_FLAGS = 0
for feature in future.all_feature_names:
    FUTURE_FLAGS |= getattr(future, feature).compiler_flag
CO_COROUTINE = 0x80
LINE_END = re.compile(r"\r\n|\r|\n")


def new_module():
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    return module


def compile_part(source, file, mode, flags=0):
    """Like compile(), with the `from __future__` lines of the cells before."""
    return compile(source, file, mode, COMPILE_FLAGS | state.future | flags, True)


def parse(code, file):
    """The tree of a cell and the text it is of. A fault in the syntax is told of the code as it was sent, unless
    IPython's reading of it got further."""
    error = None
    if not shell.is_command(code):
        try:
            return compile_part(code, file, "exec", ast.PyCF_ONLY_AST), code
        except SyntaxError as caught:
            error = caught
    changed = translate(code, error)
    state.inputs[-1] = changed.rstrip("\n")
    remember_source(changed, file)
    return compile_part(changed, file, "exec", ast.PyCF_ONLY_AST), changed


def translate(code, error):
    try:
        changed = shell.as_python(code)
    except SyntaxError:
        changed = None
    if changed is not None:
        return changed
    if error is None:
        return code
    error.__context__ = None
    raise error


def remember_source(code, file):
    """For tracebacks and inspect.getsource."""
    lines = code.splitlines(True)
    if lines and not code.endswith("\n"):
        lines[-1] += "\n"
    linecache.cache[file] = (len(code), None, lines, file)


def evaluate(tree, file, namespace, mode):
    code = compile_part(tree, file, mode)
    state.future |= code.co_flags & FUTURE_FLAGS
    result = eval(code, namespace)
    if code.co_flags & CO_COROUTINE:
        return tasks.run(result)
    return result


def is_statement(node, value):
    """A call worth None, such as print(...), is a statement: no value. Any other expression worth None is null."""
    return value is None and isinstance(node, (ast.Call, ast.Await))


def is_quiet(last, code):
    """Whether a semicolon follows the last expression; one in a comment or a text is none."""
    line = LINE_END.split(code)[last.end_lineno - 1].encode("utf-8", "surrogatepass")  # the tree counts bytes
    return line[last.end_col_offset :].lstrip().startswith(b";")


def run(code, namespace):
    """Runs one cell; what it shows ends up in state.shown."""
    count = len(state.cells) + 1
    file = f"<cell {count}>"
    state.cells[file] = count
    remember_source(code, file)
    shell.remember_input(count, code)
    namespace.pop("__warningregistry__", None)  # a warning is shown once in each cell
    tree, code = parse(code, file)
    if state.shell.ast_transformers:
        tree = state.shell.transform_ast(tree)

    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        evaluate(tree, file, namespace, "exec")
        return
    del tree.body[-1]
    if tree.body:
        evaluate(tree, file, namespace, "exec")
    value = evaluate(ast.Expression(last.value), file, namespace, "eval")
    if is_statement(last.value, value) or (";" in code and is_quiet(last, code)):
        return
    display.show_value(value)
    if value is not None:
        shell.remember_output(count, value)


def ignore_interrupts():
    while True:
        try:
            state.on_interrupt = signal(SIGINT, SIG_IGN)
            return
        except KeyboardInterrupt:
            state.on_interrupt = default_int_handler


def interrupt_if_asked():
    """The cell may have been cancelled before it could be interrupted: then the signal was ignored, and only its count
    has changed."""
    if state.interrupts[0] != state.interrupts_seen:
        raise_signal(SIGINT)


def end_if_child(code, error=None):
    """A child that user code forked and that came back here is no session: it must not answer in our name."""
    if getpid() == state.pid:
        return
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        shell.fail(error, code)
        status = 1
    flush_own()
    _exit(status & 0xFF)


def run_shown(code, module):
    """The cell and what is shown at its end."""
    try:
        tasks.enter_cell()
        shell.before_cell(code)
        interrupt_if_asked()
        run(code, module.__dict__)
        display.finish()
    except BaseException as error:
        end_if_child(code, error)
        shell.fail(error, code)
        shell.remember(error)
        display.finish()
    end_if_child(code)
    shell.after_cell(code)
    flush_all()


def run_guarded(code, empty):
    """The cell under the time limit's interrupt."""
    try:
        signal(SIGINT, state.on_interrupt)
        heal_streams()
        if not empty:
            run_shown(code, state.module)
            return
        module = new_module()
        with shell.Aside(module):
            run_shown(code, module)
    finally:
        ignore_interrupts()


def execute(identifier, code, empty):
    """Runs a cell and returns the RESULT frame's members; src/wire/frame.h."""
    begin = perf_counter_ns()
    shown = state.shown = display.Shown()
    hosts.begin()
    try:
        run_guarded(code, empty)
    except BaseException as error:  # a second one, while the first was written down or the last output
        text = f"{name_of(error)}: while the end of the cell was prepared"
        shown.error = shown.error or as_member(error, text, "", "")
    tasks.leave_cell()
    result = {"id": identifier, "ok": shown.error is None, "duration_us": (perf_counter_ns() - begin) // 1000,
              "value": "" if shown.error else shown.image or shown.value, "outputs": shown.outputs, **hosts.as_members()}
    if shown.truncated:
        result["truncated"] = True
    if shown.error:
        result["error"] = shown.error
    return result
