# SPDX-License-Identifier: MIT
# group: B  ms: 60000  outside: odd-files writable dev
# The whole tree: no device beyond the five, no socket, nothing writable outside, and /usr cannot lend a uid.
import stat
odd, writable, seen = [], [], 0
WRITABLE = ("/mnt/data", "/tmp", "/dev/shm")
# Outside a few folders do: the host's whole tree may be large.
TOPS = ("/dev", "/opt") if OUTSIDE else ("/",)
for top, folders, files in (found for place in TOPS for found in os.walk(place)):
    if top == "/":
        folders[:] = [f for f in folders if f != "proc"]
    if top == "/opt":
        folders.append("")
    for name in folders + files:
        path = os.path.join(top, name)
        seen += 1
        try:
            st = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISSOCK(st.st_mode) or stat.S_ISBLK(st.st_mode) or stat.S_ISFIFO(st.st_mode):
            odd.append(path)
        if stat.S_ISCHR(st.st_mode) and path not in ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"):
            odd.append(path)
        if not stat.S_ISLNK(st.st_mode) and not path.startswith(WRITABLE) and not stat.S_ISCHR(st.st_mode) and os.access(path, os.W_OK):
            writable.append(path)
verdict(not odd, "odd-files", odd[:5])
verdict(not writable, "writable", writable[:5])
verdict(seen > 1000, "walked", seen)
mounts = [line.split() for line in open("/proc/self/mountinfo")]
verdict(all("nosuid" in m[5] for m in mounts if not m[4].startswith("/dev/")), "nosuid", [m[4] for m in mounts if "nosuid" not in m[5]])
verdict(sorted(os.listdir("/dev")) == ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"], "dev", sorted(os.listdir("/dev")))
for name in ("kvm", "fuse", "mem", "kmem", "port", "tty", "console", "ptmx", "net/tun", "vhost-net", "dri", "vda", "sda", "userfaultfd", "vsock"):
    raises("/dev/" + name, lambda: os.open("/dev/" + name, os.O_RDONLY), "ENOENT", "ENOTDIR")
