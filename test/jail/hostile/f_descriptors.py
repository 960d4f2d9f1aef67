# SPDX-License-Identifier: MIT
# group: F  outside: count
# Descriptors, pipe buffers, epoll towers, descriptors in flight: each ends at a limit of the session's own.
import fcntl, select, socket
held = []
def many():
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
raises("open", many, "EMFILE")
verdict(len(held) < 256, "count", len(held))
[os.close(fd) for fd in held]
r, w = os.pipe()
raises("pipe-size", lambda: fcntl.fcntl(w, 1031, 1 << 30), "EPERM", "ENOMEM")
def tower():
    below = select.epoll()
    below.register(r)
    for _ in range(10):
        above = select.epoll()
        above.register(below)
        held.append(below)
        below = above
raises("epoll-depth", tower, "EINVAL", "ELOOP")
a, b = socket.socketpair()
def flight():
    while True:
        a.setblocking(False)
        socket.send_fds(a, [b"x"], [r] * 64)
raises("in-flight", flight, "ETOOMANYREFS", "EAGAIN", "EMFILE")
