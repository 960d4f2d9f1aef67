# SPDX-License-Identifier: MIT
"""Which hosts a cell names when it wants to reach one: a session's socket() is refused before there is an address, so only the
code can say it. It is the code's own word, since user code can take this away or make it up; the pool hands it on as that.
"""
import sys

from _sallyport.limits import HOST_NAME_MAX, HOSTS_MAX, PORT_NAME_MAX
from _sallyport.state import state


def of_address(address):
    """Of the Internet's families alone: a path, also an abstract one, is a text."""
    return address[:2] if isinstance(address, tuple) else (None, None)


# Events of the interpreter (the page audit_events of its documentation) by how their arguments name a host and a port.
EVENTS = {
    "socket.getaddrinfo": lambda host, port, *_: (host, port),
    "socket.gethostbyname": lambda host, *_: (host, None),
    "socket.gethostbyaddr": lambda host, *_: (host, None),
    "socket.getnameinfo": lambda address, *_: of_address(address),
    "socket.connect": lambda _, address, *__: of_address(address),
    "socket.sendto": lambda _, address, *__: of_address(address),
    "socket.sendmsg": lambda _, address, *__: of_address(address),
}


def text_of(value, size_max):
    if isinstance(value, (bytes, bytearray)):
        value = value[:size_max].decode("utf-8", "backslashreplace")
    return str(value)[:size_max]


def note(host, port):
    if isinstance(host, (str, bytes, bytearray)) and host:
        key = text_of(host, HOST_NAME_MAX), "" if port is None else text_of(port, PORT_NAME_MAX)
        if key in state.hosts or len(state.hosts) < HOSTS_MAX:
            state.hosts[key] = state.hosts.get(key, 0) + 1
        else:
            state.hosts_more += 1


def hear(event, arguments):
    """What goes wrong here is no fault of the call."""
    names = EVENTS.get(event)
    if names is None:
        return
    try:
        note(*names(*arguments))
    except Exception:
        pass


def watch():
    """Once, in the zygote: a hook cannot be taken off again."""
    sys.addaudithook(hear)


def begin():
    state.hosts, state.hosts_more = {}, 0


def as_members():
    """Of the RESULT frame; src/wire/frame.h."""
    named = [{"host": host, **({"port": port} if port else {}), "count": count} for (host, port), count in [*state.hosts.items()]]
    return {"hosts": named, "hosts_more": state.hosts_more}
