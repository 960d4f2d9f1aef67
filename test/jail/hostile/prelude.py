# SPDX-License-Identifier: MIT
"""Comes before every hostile program, inside a session and outside. Each attempt prints one line: `ok NAME …`
when it was refused as it should be, `OPEN NAME …` when it got somewhere."""
import ctypes
import errno
import os
import signal
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    """A raw system call: the result, or minus an errno."""
    ctypes.set_errno(0)
    converted = [a if isinstance(a, (ctypes.Array, bytes, ctypes._Pointer)) or a is None else ctypes.c_long(a)
                 for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *converted)
    return -ctypes.get_errno() if result == -1 else result


def verdict(good, name, what=""):
    print("ok" if good else "OPEN", name, what, flush=True)


def refused(name, result, *errors):
    """`result` of call() must be minus one of `errors` (names)."""
    text = errno.errorcode.get(-result, str(result)) if result < 0 else str(result)
    verdict(result < 0 and text in errors, name, text)


def raises(name, function, *errors):
    """`function` must raise an OSError with one of `errors` (names)."""
    try:
        result = function()
    except OSError as error:
        text = errno.errorcode.get(error.errno, str(error))
        verdict(text in errors, name, text)
    except (MemoryError, ValueError, AttributeError) as error:
        verdict(type(error).__name__ in errors, name, type(error).__name__)
    else:
        verdict(False, name, repr(result)[:80])


def in_child(function, seconds=20):
    """Runs it in a fork; the wait status, or None when it had to be killed."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            os._exit(function() or 0)
        except BaseException:
            os._exit(99)
    end = time.monotonic() + seconds + 1
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def answers(calls, seconds=20):
    """Makes each of `calls` ([number, arguments…]) and returns a list of errnos: 0 for success, None for one that did not
    come back. All in one child, since a fork is what costs; after one that does not come back the next child goes on."""
    found = []
    while len(found) < len(calls):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            for number, *arguments in calls[len(found) :]:
                signal.alarm(seconds)
                result = call(number, *arguments)
                os.write(w, bytes([-result if result < 0 else 0]))
            os._exit(0)
        os.close(w)
        while codes := os.read(r, 4096):
            found += codes
        os.close(r)
        os.waitpid(pid, 0)
        if len(found) < len(calls):
            found.append(None)
    return found
