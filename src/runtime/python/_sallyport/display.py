# SPDX-License-Identifier: MIT
"""What a cell shows: the mime bundles in order, and the value of its last expression."""
import io
import sys
from base64 import b64decode, b64encode
from json import dumps

from _sallyport.limits import IMAGES_MAX, OUTPUTS_MAX, TEXT_MAX
from _sallyport.state import state
from _sallyport.values import cut_text, scalar

PYPLOT = "matplotlib.pyplot"
IMAGES = ("image/png", "image/jpeg")  # the kinds that may take the place of the value
PLAIN_TYPES = {list, tuple, dict, set, frozenset, bytes, complex, range, type}  # that know no mime types: a short cut


class Shown:
    """All that one cell shows."""

    def __init__(self):
        self.outputs = []
        self.places = {}  # display id to the index in outputs
        self.value = ""
        self.image = None  # the last one, as the value has it
        self.images = 0
        self.left = OUTPUTS_MAX
        self.truncated = False
        self.error = None

    def add(self, bundle, display_id=None, update=False):
        """Appends a bundle of texts, or puts it in the place of an earlier one with the same id."""
        size = sum(len(text) for text in bundle.values())
        if not bundle:
            return
        if size > self.left:
            self.truncated = True
            return
        self.left -= size
        self.take_image(bundle)
        if update and display_id in self.places:
            self.outputs[self.places[display_id]] = bundle
            return
        if display_id is not None:
            self.places[display_id] = len(self.outputs)
        self.outputs.append(bundle)

    def take_image(self, bundle):
        for mime in IMAGES:
            if mime in bundle:
                self.image = {"type": "image", "format": mime.partition("/")[2], "base64_data": bundle[mime]}

    def clear(self):
        self.outputs.clear()
        self.places.clear()
        self.image = None


def clean(data):
    """A bundle as user code made it, with texts only, within their limits; and whether anything was cut."""
    bundle = {}
    any_cut = False
    for mime, value in data.items():
        if isinstance(value, (bytes, bytearray)):
            value = b64encode(value).decode("ascii")
        elif not isinstance(value, str):
            value = dumps(value, default=repr) if mime.startswith("application/") else str(value)
        if mime in IMAGES:
            value = "".join(value.split())  # IPython breaks lines, as base64.encodebytes does
            if not is_base64(value):
                any_cut = True
                continue
            if state.shown.images >= IMAGES_MAX:
                any_cut = True
                continue
            state.shown.images += 1
        elif mime == "text/plain":
            value, cut = cut_text(value)
            any_cut |= cut
        elif len(value) > TEXT_MAX:
            any_cut = True
            continue
        bundle[str(mime)] = value
    return bundle, any_cut


def is_base64(text):
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False


def publish(data, metadata=None, source=None, *, transient=None, update=False, **_options):
    """Where every display ends. Clients that know no outputs find a text in stdout."""
    shown = state.shown
    bundle, cut = clean(data)
    shown.truncated |= cut
    shown.add(bundle, (transient or {}).get("display_id"), update)
    text = bundle.get("text/plain")
    if text and not has_image(bundle):
        print(text)


def has_image(bundle):
    return any(mime in bundle for mime in IMAGES)


def clear_output(wait=False):
    state.shown.clear()


def formatted(value):
    """The bundle of a value by IPython's formatters; empty when the value showed itself."""
    formatter = state.shell.display_formatter
    if type(value) in PLAIN_TYPES and not has_formatter(formatter, type(value)):
        plain = formatter.formatters["text/plain"]
        return {"text/plain": plain(value)}, plain.cut
    state.formatting = True
    try:
        data, _metadata = formatter.format(value)
    finally:
        state.formatting = False
    plain = formatter.formatters["text/plain"]
    bundle, cut = clean(data)
    return bundle, cut or ("text/plain" in data and plain.cut)


def has_formatter(formatter, kind):
    """Whether user code registered another representation for a type of the language."""
    return any(mime != "text/plain" and kind in f.type_printers for mime, f in formatter.formatters.items())


def show_value(value):
    """The value of a cell, as session-pool-api.md 8.3 has it. The last image of a cell takes its place; then the
    value is an output and stands in stdout."""
    shown = state.shown
    plain, is_scalar = scalar(value)
    if is_scalar:
        shown.value, cut = cut_text(plain)
        shown.truncated |= cut
        return
    bundle, cut = formatted(value)
    shown.truncated |= cut
    shown.value = bundle.get("text/plain", "")
    if has_image(bundle):
        shown.value = ""
    shown.add(bundle)


def finish():
    """At the end of a cell: figures left open are shown, and a value beside an image is moved out of its way."""
    shown = state.shown
    show_figures()
    if shown.image is None or shown.value in ("", None):
        return
    text = shown.value if isinstance(shown.value, str) else repr(shown.value)
    if not any(output.get("text/plain") == text for output in shown.outputs):
        shown.add({"text/plain": text})
    try:
        print(text)
    except Exception:
        pass  # user code's stdout; the outputs have it


# --- figures ----------------------------------------------------------------------------------------


def figure_png(figure):
    """IPython's formatter of a figure. Shown once is enough: the end of the cell finds it closed."""
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches="tight")
    sys.modules[PYPLOT].close(figure)
    return data.getvalue()


def show_figures(*_arguments, **_options):
    """pyplot.show, and the end of each cell."""
    pyplot = sys.modules.get(PYPLOT)
    if pyplot is None or not pyplot.get_fignums():
        return
    for number in pyplot.get_fignums():
        publish({"image/png": figure_png(pyplot.figure(number))})
    pyplot.close("all")
