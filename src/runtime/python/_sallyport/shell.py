# SPDX-License-Identifier: MIT
"""IPython's own shell, made once in the zygote: magics, syntax, histories and formatters are IPython's. What differs
is where things end: displays and errors in the running cell, commands on the session's pipes.

Cells do not run through shell.run_cell, which costs more than most cells do; see doc/decisions/ and cells.py.
"""
import builtins
import importlib
import os
import re
import site
import subprocess
import sys

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from traitlets.config import Config

from _sallyport import display, tasks
from _sallyport.errors import as_member, describe_anyway, drop_own_frames, get_traceback
from _sallyport.hints import PACKAGE_INDEX, hint_for
from _sallyport.state import state
from _sallyport.streams import flush_all, say_error
from _sallyport.values import BoundedPlainText

WORD = re.compile(r"\s*([A-Za-z_]\w*)")
FENCED = re.compile(r"\s*```[ \t]*(?:python3?|py|ipython)?[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL | re.IGNORECASE)
PIP_ENVIRONMENT = {  # packages go below HOME, and come from files only
    "PIP_NO_INDEX": "1", "PIP_USER": "1", "PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PIP_NO_WARN_SCRIPT_LOCATION": "0",
}
PIP_INSTALL = re.compile(r"(^|[\s;&|/])pip3?\s+install\b")


def get_ipython():
    return state.shell


class Leave:
    """`exit` and `quit`. Those of `site` would close stdin for all cells to come, IPython's end a terminal."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Use {self.name}() to end the cell"

    def __call__(self, code=None):
        raise SystemExit(code)


# --- errors -----------------------------------------------------------------------------------------


def fail(error, code=""):
    """Makes the running cell a failure: the text goes to stderr, the structure into its result."""
    hint = hint_for(error, code)
    text, said = describe_anyway(error)
    if state.shown.error is None:
        state.shown.error = as_member(error, text, said, hint)
    say_error(text + ("\n\nHint: " + hint if hint else ""))


def remember(error):
    """sys.last_value and its kin, for %tb, %debug and traceback.print_last()."""
    drop_own_frames(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, get_traceback(error)


def show_traceback(exc_tuple=None, *_arguments, **_options):
    """Where IPython's magics end with an error that they caught: of %time, %%capture, %run, and %tb."""
    error = exc_tuple[1] if exc_tuple and exc_tuple[1] is not None else sys.exc_info()[1]
    if error is None:
        error = getattr(sys, "last_value", None)
    if error is None:
        print("No traceback available to show.", file=sys.stderr)
    elif state.formatting:
        say_error(describe_anyway(error)[0])  # one representation of a value; the others are there
    else:
        fail(error)
        remember(error)


# --- commands ---------------------------------------------------------------------------------------


def system(command):
    """`!command`. IPython's own wants a pseudo-terminal, which a session has no device for; here the command
    writes to the session's pipes. A time limit's interrupt ends the command and then the cell."""
    command = state.shell.var_expand(command, depth=1)
    flush_all()
    code = subprocess.call(command, shell=True, executable=os.environ.get("SHELL"))
    state.shell.user_ns["_exit_code"] = code if code <= 128 else 128 - code
    if PIP_INSTALL.search(command):
        after_pip(code)


def after_pip(code):
    importlib.invalidate_caches()
    if code:
        say_error("\nHint: " + PACKAGE_INDEX)


class LateSite:
    """Finds what pip installed in this session. Its folder is looked for only when an import finds nothing else."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        folder = site.getusersitepackages()
        if path is not None or folder in sys.path or not os.path.isdir(folder):
            return None
        # Before Debian's, as CPython has it: a newer version wins.
        at = next((i for i, entry in enumerate(sys.path) if "dist-packages" in entry), len(sys.path))
        sys.path.insert(at, folder)
        importlib.invalidate_caches()
        return importlib.machinery.PathFinder.find_spec(name)


# --- syntax -----------------------------------------------------------------------------------------


def is_command(code):
    """Whether valid Python means something else here: `pwd`, `ls`, or a prompt pasted with the code."""
    if code.startswith("In ["):
        return True
    match = WORD.match(code)
    if match is None or match[1] not in state.magics or match[1] in state.module.__dict__:
        return False
    return "\n" not in code.strip()


def unfenced(code):
    """The code within Markdown fences when they are around all of it, with the same line numbers; else None."""
    match = FENCED.fullmatch(code)
    if match is None or "```" in match[1]:
        return None
    return "\n" * code.count("\n", 0, match.start(1)) + match[1]


def as_python(code):
    """The cell as Python, or None if there is nothing to translate."""
    code = unfenced(code) or code
    changed = state.shell.transform_cell(code)
    return changed if changed.strip() != code.strip() or code[:1].isspace() or code.startswith("\n") else None


# --- the shell --------------------------------------------------------------------------------------


def make_shell(module):
    """Once, in the zygote: it takes 0.1 s."""
    config = Config()
    config.HistoryManager.enabled = False  # else a thread and a database
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.color_info = False
    kept = sys.stdout, sys.stderr, sys.displayhook, sys.excepthook
    shell = InteractiveShell.instance(config=config, user_module=module, user_ns=module.__dict__)
    sys.stdout, sys.stderr, sys.displayhook, sys.excepthook = kept

    shell.system = shell.system_piped = shell.system_raw = system
    shell.loop_runner = tasks.run
    shell.enable_matplotlib = lambda gui=None: ("inline", "agg")
    shell.showtraceback = show_traceback
    shell.showsyntaxerror = lambda *_arguments, **_options: show_traceback()
    shell.events.unregister("pre_execute", shell._clear_warning_registry)  # cells.py does it for less
    set_displays(shell)
    state.shell = shell
    state.magics = shell.magics_manager.magics["line"]
    builtins.get_ipython = get_ipython
    builtins.exit, builtins.quit = Leave("exit"), Leave("quit")
    sys.meta_path.append(LateSite)
    return shell


def set_displays(shell):
    formatters = shell.display_formatter.formatters
    formatters["text/plain"] = BoundedPlainText(parent=shell.display_formatter)
    formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", display.figure_png)
    shell.display_pub.publish = display.publish
    shell.display_pub.clear_output = display.clear_output
    shell.displayhook.write_output_prompt = lambda: None
    shell.displayhook.finish_displayhook = lambda: None
    shell.displayhook.write_format_data = display.publish


def bind_shell(module):
    """Has magics and histories work on the names of `module`, for which nothing happened yet."""
    shell = state.shell
    shell.user_module, shell.user_ns = module, module.__dict__
    history, hook = shell.history_manager, shell.displayhook
    state.module_names = module.__dict__
    state.inputs, state.inputs_raw, state.values = history.input_hist_parsed, history.input_hist_raw, history.output_hist
    state.inputs[:] = state.inputs_raw[:] = [""]
    state.values.clear()
    state.future = 0
    history.dir_hist[:] = []
    hook._ = hook.__ = hook.___ = ""
    shell.init_user_ns()
    shell.user_ns.update({"_": "", "__": "", "___": "", "_i": "", "_ii": "", "_iii": ""})
    for name in ("exit", "quit"):
        module.__dict__.pop(name, None)


class Aside:
    """A cell with names and histories of its own, between two of the session's, which then go on as if nothing had
    been: the empty kernel of session-pool-api.md 8.6."""

    def __init__(self, module):
        self.module = module

    def __enter__(self):
        hook = state.shell.displayhook
        self.kept = (list(state.inputs), list(state.inputs_raw), dict(state.values), state.future, hook._, hook.__,
                     hook.___)
        bind_shell(self.module)

    def __exit__(self, *_):
        shell, hook, module = state.shell, state.shell.displayhook, state.module
        shell.user_module, shell.user_ns = module, module.__dict__
        state.module_names = module.__dict__
        values = state.values
        values.clear()
        state.inputs[:], state.inputs_raw[:], kept, state.future, hook._, hook.__, hook.___ = self.kept
        values.update(kept)


def remember_input(count, code):
    """In, _i, _i1 and what %history reads. IPython's own would queue it for a database too, and checks types at
    each assignment, which costs as much as a small cell."""
    names, raw = state.module_names, state.inputs_raw
    state.shell._trait_values["execution_count"] = count
    names["_iii"], names["_ii"], names["_i"] = names.get("_ii", ""), names.get("_i", ""), raw[-1]
    text = code.rstrip("\n")
    names[f"_i{count}"] = text
    raw.append(text)
    state.inputs.append(text)


def trigger(event, *arguments):
    """Calls what the cell's extensions registered, as %autoreload does."""
    events = state.shell.events
    if events.callbacks[event]:
        events.trigger(event, *arguments)


def before_cell(code):
    if any(state.shell.events.callbacks.values()):
        trigger("pre_execute")
        trigger("pre_run_cell", ExecutionInfo(code, True, False, True, None))


def after_cell(code):
    if any(state.shell.events.callbacks.values()):
        trigger("post_execute")
        trigger("post_run_cell", ExecutionResult(ExecutionInfo(code, True, False, True, None)))


def remember_output(count, value):
    """Out, _, __ and _1. Names with underscores that the cell took for itself are left alone."""
    names, out, hook = state.module_names, state.values, state.shell.displayhook
    if value is out:
        return
    if len(out) >= hook.cache_size:
        hook.cull_cache()
    out[count] = names[f"_{count}"] = value
    own = names.get("_") is hook._ and names.get("__") is hook.__ and names.get("___") is hook.___
    hook.___, hook.__, hook._ = hook.__, hook._, value
    if own:
        names["___"], names["__"], names["_"] = hook.___, hook.__, value
