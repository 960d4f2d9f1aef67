# SPDX-License-Identifier: MIT
# group: A  outside: ptrace-attach process_vm_readv process_vm_writev pidfd_getfd
# The memory and the descriptors of another process of one's own: where a session's processes are that close, these
# calls would reach whoever else a fault in the namespaces lets it name.
secret = ctypes.create_string_buffer(b"what another process keeps to itself")
r, w = os.pipe()
victim = os.fork()
if victim == 0:
    while True:
        signal.pause()
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
found = ctypes.create_string_buffer(8)
here, there = (ctypes.pointer(Part(ctypes.addressof(b), 8)) for b in (found, secret))
refused("process_vm_readv", call(310, victim, here, 1, there, 1, 0), "EPERM")
refused("process_vm_writev", call(311, victim, here, 1, there, 1, 0), "EPERM")
pidfd = call(434, victim, 0)
refused("pidfd_getfd", call(438, pidfd, r, 0), "EPERM", "EBADF")
refused("kcmp", call(312, os.getpid(), victim, 0, r, r), "EPERM")
refused("process_mrelease", call(448, pidfd, 0), "EPERM")
refused("process_madvise", call(440, pidfd, there, 1, 21, 0), "ENOSYS")
refused("ptrace-traceme", call(101, 99, 0, 0, 0), "EPERM")
refused("ptrace-seize-init", call(101, 0x4206, 1, 0, 0) if not OUTSIDE else -errno.EPERM, "EPERM")
refused("ptrace-attach", call(101, 16, victim, 0, 0), "EPERM")
for path in ("mem", "environ", "auxv", "pagemap"):
    for pid in (victim, 1):
        if OUTSIDE and pid == 1:
            continue
        raises(f"/proc/{pid}/{path}", lambda: os.open(f"/proc/{pid}/{path}", os.O_RDWR if path == "mem" else os.O_RDONLY), "EACCES", "EPERM", "ENOENT")
os.kill(victim, signal.SIGKILL)
os.waitpid(victim, 0)
