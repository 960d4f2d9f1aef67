# SPDX-License-Identifier: MIT
"""One sentence of help for errors that come from what a session is, not from what the code does.

A model reads it and does something else instead of the same again; a person learns what to ask for.
"""
import errno
import re

from _sallyport.limits import HINT_MAX, NAME_MAX

NETWORK = "Sessions have no network, by design: upload what the code needs, and read it from /mnt/data."
PACKAGE_INDEX = ("Sessions have no network, so there is no package index: upload a wheel and run "
                 "%pip install /mnt/data/NAME.whl, or ask the operator to add the package.")
MISSING = ("'{name}' is not installed here and cannot be downloaded. There are the standard library, numpy, pandas, "
           "matplotlib and IPython. Upload a wheel and run %pip install /mnt/data/NAME.whl, or ask the operator to "
           "install the Debian package (often {debian}) on the server.")
INPUT = "Nobody can answer input() here: write the values into the code."
FENCES = "The code has Markdown fences (```) in it: send only what stands between them."
MEMORY = "The session's memory is at its limit: work on smaller parts, or ask the operator for more."
READ_ONLY = "Only /mnt/data and /tmp can be written to."
SPACE = "The session's files are at their limit: delete some from /mnt/data or /tmp."

NETWORK_ERRORS = {errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
# By name, since their modules may not be there: socket, urllib, requests, httpx, aiohttp, urllib3.
NETWORK_NAMES = {"gaierror", "URLError", "ConnectError", "ConnectTimeout", "ClientConnectorError",
                 "ClientConnectorDNSError", "NameResolutionError", "MaxRetryError", "NewConnectionError"}
FENCE = re.compile(r"^\s*(```|~~~)", re.MULTILINE)


def missing_module(error, _code):
    name = str(error.name or "").partition(".")[0]
    debian = "python3-" + name.lower()
    return MISSING.replace("{name}", name[:NAME_MAX]).replace("{debian}", debian[:NAME_MAX]) if name else ""


def os_error(error, _code):
    if error.errno in NETWORK_ERRORS:
        return NETWORK
    if error.errno == errno.EROFS:
        return READ_ONLY
    return SPACE if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""


def end_of_file(error, _code):
    return INPUT if "reading a line" in str(error) else ""


def syntax(_error, code):
    return FENCES if FENCE.search(code) else ""


# The first row whose class fits decides.
TABLE = (
    (ModuleNotFoundError, missing_module),
    (EOFError, end_of_file),
    (SyntaxError, syntax),
    (MemoryError, lambda _error, _code: MEMORY),
    (OSError, os_error),
)


def hint_for(error, code):
    """The sentence for an error of a cell, or "". The error is user code's and may misbehave."""
    kind = type(error)
    try:
        if type.__getattribute__(kind, "__name__") in NETWORK_NAMES:
            return NETWORK
        if kind.__name__ == "ConnectionError" and (kind.__module__ or "").startswith("requests"):
            return NETWORK
        for expected, find in TABLE:
            if issubclass(kind, expected):
                return find(error, code)[:HINT_MAX]
    except Exception:
        pass
    return ""
