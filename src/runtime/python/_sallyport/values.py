# SPDX-License-Identifier: MIT
"""Values as JSON and as text, by the table of session-pool-api.md 8.3. Nothing here knows of cells."""
import io
import sys

from IPython.core.formatters import PlainTextFormatter
from IPython.lib.pretty import RepresentationPrinter

from _sallyport.limits import TEXT_MAX

INT64 = range(-(1 << 63), 1 << 63)  # beyond it the pool's JSON reader has no number; digits travel as text


class Full(Exception):
    """More text than may be kept."""


class BoundedText(io.StringIO):
    """Text that stops growing: a value may have no end."""

    def __init__(self):
        super().__init__()
        self.left = TEXT_MAX

    def write(self, text):
        if len(text) > self.left:
            super().write(text[: self.left])
            self.left = 0
            raise Full
        self.left -= len(text)
        return super().write(text)


class BoundedPlainText(PlainTextFormatter):
    """IPython's text/plain of a value, cut at TEXT_MAX. Unlike IPython's own, it lets a failing repr() fail."""

    cut = False  # the last text was

    def __call__(self, value):
        out = BoundedText()
        self.cut = False
        try:
            printer = RepresentationPrinter(
                out, self.verbose, self.max_width, self.newline, max_seq_length=self.max_seq_length,
                singleton_pprinters=self.singleton_printers, type_pprinters=self.type_printers,
                deferred_pprinters=self.deferred_printers)
            printer.pretty(value)
            printer.flush()
        except Full:
            self.cut = True
        return out.getvalue()


def scalar(value):
    """(JSON value, True) for what travels as a JSON value of its own kind, else ("", False)."""
    kind = type(value)
    if value is None or kind is bool:
        return value, True
    if kind is int:
        return (value if value in INT64 else digits(value)), True
    if kind is float:
        finite = value - value == 0
        return (value if finite else str(value)), True
    if kind is str:
        return repr(value), True
    return numpy_scalar(value)


def numpy_scalar(value):
    numpy = sys.modules.get("numpy")
    if numpy is None or not issubclass(type(value), numpy.generic):
        return "", False
    if isinstance(value, numpy.bool_):
        return bool(value), True
    if isinstance(value, numpy.integer) and not isinstance(value, numpy.timedelta64):
        return int(value), True
    if isinstance(value, numpy.floating):
        return scalar(float(str(value)))
    return "", False


def digits(value):
    limit = sys.get_int_max_str_digits()
    try:
        return str(value)
    except ValueError:
        return f"<int of {value.bit_length()} bits: over the limit of {limit} digits>"


def cut_text(value):
    """A text within its limit, and whether it was cut."""
    if isinstance(value, str) and len(value) > TEXT_MAX:
        return value[:TEXT_MAX], True
    return value, False
