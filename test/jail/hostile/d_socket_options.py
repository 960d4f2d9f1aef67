# SPDX-License-Identifier: MIT
# group: D  outside: filter urgent urgent-read
# Programs for the kernel on a socket pair and on the control socket, the urgent byte, odd options.
import socket, struct
a, b = socket.socketpair()
control = [n for n in range(3, 256) if os.path.exists(f"/proc/self/fd/{n}") and os.readlink(f"/proc/self/fd/{n}").startswith("socket") and n not in (a.fileno(), b.fileno())]
sockets = {"": a}
if control:
    sockets["-control"] = socket.socket(fileno=os.dup(control[0]))
code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xFFFFFFFF))
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))
for suffix, s in sockets.items():
    raises("filter" + suffix, lambda: s.setsockopt(socket.SOL_SOCKET, 26, program), "EPERM")
    for name, option in (("lock-filter", 44), ("bpf", 50), ("reuseport-cbpf", 51), ("reuseport-ebpf", 52), ("send-buffer-force", 32), ("receive-buffer-force", 33), ("mark", 36)):
        raises(name + suffix, lambda: s.setsockopt(socket.SOL_SOCKET, option, 1), "EPERM", "EINVAL", "ENOPROTOOPT")
for name, attempt in {"urgent": lambda: a.send(b"x", socket.MSG_OOB), "urgent-read": lambda: b.recv(1, socket.MSG_OOB), "urgent-message": lambda: a.sendmsg([b"x"], [], socket.MSG_OOB),
                      "urgent-message-read": lambda: b.recvmsg(1, 0, socket.MSG_OOB)}.items():
    b.setblocking(False)
    raises(name, attempt, "ENOTSUP")
families = [f for f in range(51) for kind in (1, 2, 3) if call(41, f, kind, 0) >= 0]
verdict(not families or OUTSIDE, "families", families)
pairs = [f for f in range(51) if f != 1 and call(53, f, 1, 0, (ctypes.c_int * 2)()) >= 0]
verdict(not pairs, "pairs", pairs)
raises("abstract", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].connect("\0keeper"), "EPERM", "ECONNREFUSED")
a.sendall(b"still")
b.setblocking(True)
got = b.recv(16)
verdict(got.endswith(b"still"), "ordinary-bytes-pass", got)
