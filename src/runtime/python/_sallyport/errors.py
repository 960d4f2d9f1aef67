# SPDX-License-Identifier: MIT
"""Errors as text, in IPython's form. The exceptions are user code's: their attributes may raise, lie or never
end, so what the interpreter stores is read past their classes, and everything has a limit."""
import linecache

from _sallyport.limits import (CHAIN_SHOWN, ERROR_TEXT_MAX, FRAMES_SHOWN, GROUPS_NESTED, MEMBERS_SHOWN, NAME_MAX,
                               NOTES_SHOWN, SOURCE_LINE_MAX, STDERR_TEXT_MAX)
from _sallyport.state import state

OURS = "<_sallyport"  # how the file names of these modules begin
MACHINERY = ("/IPython/core/", "<decorator-gen-")  # between a magic and the code it runs
RULE = "-" * 75
HEAD = "Traceback (most recent call last)"
CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"

get_traceback = BaseException.__dict__["__traceback__"].__get__
set_traceback = BaseException.__dict__["__traceback__"].__set__
get_cause = BaseException.__dict__["__cause__"].__get__
get_context = BaseException.__dict__["__context__"].__get__
is_context_hidden = BaseException.__dict__["__suppress_context__"].__get__
get_members = BaseExceptionGroup.__dict__["exceptions"].__get__
get_name = type.__dict__["__name__"].__get__


def name_of(error):
    return get_name(type(error))[:NAME_MAX]


def cut(text, limit):
    return text if len(text) <= limit else text[:limit] + "..."


def error_text(error):
    """What str() says, within its limit."""
    try:
        text = str(error)
    except Exception:
        text = "<exception str() failed>"
    return cut(text, ERROR_TEXT_MAX)


def notes_of(error):
    try:
        notes = object.__getattribute__(error, "__notes__")
        return [cut(str(note), ERROR_TEXT_MAX) for note in notes[:NOTES_SHOWN]]
    except Exception:
        return []


def frames_of(error):
    """(file, line, function) of the frames that are user code's; of all but ours if there is none."""
    frames = []
    step = get_traceback(error)
    while step is not None:
        code = step.tb_frame.f_code
        if not code.co_filename.startswith(OURS):
            frames.append((code.co_filename, step.tb_lineno or 1, code.co_name))
        step = step.tb_next
    return [f for f in frames if not any(part in f[0] for part in MACHINERY)] or frames


def drop_own_frames(error):
    """What user code finds in sys.last_traceback begins with its own frames."""
    step = get_traceback(error)
    while step is not None and step.tb_frame.f_code.co_filename.startswith(OURS):
        step = step.tb_next
    set_traceback(error, step)


def frame_text(file, line, function):
    """One frame with two lines around the place, in IPython's form."""
    number = state.cells.get(file)
    lines = [f"Cell In [{number}], line {line}" if number else f"File {file}:{line}, in {function[:NAME_MAX]}"]
    source = linecache.getlines(file)
    for n in range(max(1, line - 2), min(len(source), line + 2) + 1):
        arrow = "-" * (5 - len(str(n))) + "> " if n == line else " " * (7 - len(str(n)))
        lines.append((arrow + str(n) + " " + source[n - 1].rstrip("\n")).rstrip()[:SOURCE_LINE_MAX])
    return "\n".join(lines)


def frames_text(frames):
    if len(frames) <= FRAMES_SHOWN:
        return "\n\n".join(frame_text(*f) for f in frames)
    half = FRAMES_SHOWN // 2
    skipped = f"    [... skipping {len(frames) - 2 * half} frames]"
    return "\n\n".join([*(frame_text(*f) for f in frames[:half]), skipped, *(frame_text(*f) for f in frames[-half:])])


def syntax_text(error):
    """A SyntaxError that the compiler raised: the place it points at."""
    lines = []
    if error.filename is not None:
        number = state.cells.get(error.filename)
        place = f"Cell In [{number}]" if number else f"File {error.filename}"
        lines.append(f"  {place}, line {error.lineno}")
    if error.text:
        lines.append("    " + error.text.strip()[:SOURCE_LINE_MAX])
        shift = (error.offset or 1) - 1 - (len(error.text) - len(error.text.lstrip()))
        lines.append("    " + " " * max(0, min(shift, SOURCE_LINE_MAX)) + "^")
    lines.append(f"{name_of(error)}: {error.msg}")
    return "\n".join(lines)


def single_text(error, depth):
    """One exception without those that it is linked to."""
    name = name_of(error)
    frames = frames_of(error)
    if issubclass(type(error), SyntaxError) and not frames:
        return HEAD + ":\n" + syntax_text(error)

    text = error_text(error)
    parts = [f"{RULE}\n{name}{HEAD:>{max(len(HEAD) + 1, 75 - len(name))}}", frames_text(frames),
             "\n" + (f"{name}: {text}" if text else name), *notes_of(error)]
    if issubclass(type(error), BaseExceptionGroup):
        parts.append(members_text(error, depth))
    return "\n".join(parts)


def members_text(group, depth):
    """The exceptions of a group, numbered and indented."""
    members = get_members(group)
    if depth >= GROUPS_NESTED:
        return f"  [{len(members)} exceptions, nested too deeply to show]"
    parts = []
    for number, member in enumerate(members[:MEMBERS_SHOWN], 1):
        parts.append(f"  +---------------- {number} ----------------")
        parts.append("\n".join("  | " + line for line in chained_text(member, depth + 1).split("\n")))
    if len(members) > MEMBERS_SHOWN:
        parts.append(f"  [and {len(members) - MEMBERS_SHOWN} more exceptions]")
    return "\n".join(parts)


def linked(error):
    """The exception that came before, and the sentence that says how."""
    cause = get_cause(error)
    if cause is not None:
        return cause, CAUSE
    context = get_context(error)
    if context is not None and not is_context_hidden(error):
        return context, CONTEXT
    return None, ""


def chained_text(error, depth=0):
    """An exception and those before it, the oldest first. A chain may be a ring."""
    parts = [single_text(error, depth)]
    seen = {id(error)}
    while len(seen) < CHAIN_SHOWN:
        error, link = linked(error)
        if error is None or id(error) in seen:
            break
        seen.add(id(error))
        parts[:0] = [single_text(error, depth), "\n" + link + "\n"]
    return "\n".join(parts)


def describe(error):
    """(the text for stderr, what str() says)."""
    kind = type(error)
    said = error_text(error)
    if issubclass(kind, SystemExit):
        text = "An exception has occurred, use %tb to see the full traceback.\n\nSystemExit" + (f": {said}" if said else "")
    elif get_name(kind) == "UsageError":  # of a magic
        text = f"UsageError: {said}"
    else:
        text = cut(chained_text(error), STDERR_TEXT_MAX)
    return text, said


def describe_anyway(error):
    """The same of an error that fails or takes for ever to be described; then the time limit has interrupted it."""
    try:
        return describe(error)
    except BaseException:
        return f"{HEAD}\n{name_of(error)}: <its text could not be made>", ""


def as_member(error, text, said, hint):
    """The `error` of a RESULT frame; src/wire/frame.h."""
    member = {"name": name_of(error), "value": said, "traceback": cut(text, ERROR_TEXT_MAX).split("\n")}
    if hint:
        member["hint"] = hint
    return member
