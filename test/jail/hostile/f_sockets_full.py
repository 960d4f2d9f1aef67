# SPDX-License-Identifier: MIT
# group: F  ms: 60000  end: any  harm: it takes all the memory that an ordinary user may have in sockets and pipes
# Sockets and pipes of forty processes filled with what nobody reads: all of it is this session's own memory.
import socket
def fill():
    held = []
    try:
        while True:
            a, b = socket.socketpair()
            a.setblocking(False)
            held += [a, b]
            try:
                while True:
                    a.send(b"x" * 65536)
            except OSError:
                pass
            r, w = os.pipe()
            os.set_blocking(w, False)
            held += [r, w]
            os.write(w, b"x" * 65536)
    except OSError:
        pass
    time.sleep(3)
    return 0
children = []
for _ in range(40):
    try:
        pid = os.fork()
    except OSError:
        break
    if pid == 0:
        os._exit(fill())
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
verdict(len(children) > 10, "filled", len(children))
