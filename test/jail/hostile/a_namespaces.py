# SPDX-License-Identifier: MIT
# group: A  outside: unshare-user clone-user unshare-net setns-self-net
# New namespaces, by every call that can make one; threads and children still work.
import subprocess, threading
FLAGS = {"mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
         "pid": 0x20000000, "net": 0x40000000, "time": 0x80}
for name, flag in FLAGS.items():
    status = in_child(lambda: 0 if call(272, flag) >= 0 else ctypes.get_errno())
    verdict(os.WIFEXITED(status) and os.WEXITSTATUS(status) == errno.EPERM, "unshare-" + name, status)
def clone(flag):
    result = call(56, flag | signal.SIGCHLD, 0, 0, 0, 0)
    if result == 0:
        os._exit(0)
    if result > 0:
        os.waitpid(result, 0)
    return result
for name, flag in FLAGS.items():
    if name != "time":
        refused("clone-" + name, clone(flag), "EPERM")
args = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, signal.SIGCHLD)
def clone3():
    result = call(435, args, 88)
    if result == 0:
        os._exit(0)
    return result
refused("clone3", clone3(), "ENOSYS")
for pid in ("self", "1"):
    for name in ("mnt", "net", "pid", "user", "uts", "ipc", "cgroup"):
        try:
            fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
        except OSError as error:
            verdict(error.errno in (errno.ENOENT, errno.EACCES), f"setns-{pid}-{name}", error.errno)
            continue
        refused(f"setns-{pid}-{name}", call(308, fd, 0), "EPERM")
        os.close(fd)
threads = [threading.Thread(target=lambda: None) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
verdict(subprocess.run(["/bin/true"]).returncode == 0, "children-still-work")
