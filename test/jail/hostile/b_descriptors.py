# SPDX-License-Identifier: MIT
# group: B  outside: exactly walk-7
# What a session inherits, and where links in /proc lead.
import stat
fds = sorted(int(n) for n in os.listdir("/proc/self/fd"))
kinds = {}
for fd in fds:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        continue
    kinds[fd] = stat.S_IFMT(mode)
OWN = {20, 21}  # the runner's own copies of 1 and 2 (runtime/python)
verdict(set(kinds) <= {0, 1, 2, 255} | OWN, "exactly", kinds)
verdict(all(k in (stat.S_IFIFO, stat.S_IFSOCK) for f, k in kinds.items() if f != 0), "kinds", kinds)
verdict(os.fstat(0).st_rdev == os.makedev(1, 3), "stdin-null")
for fd in range(256):
    for step in ("..", "../..", "../../../../../../.."):
        try:
            target = os.open(step, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        except OSError:
            continue
        verdict(False, f"walk-{fd}")
        os.close(target)
verdict(True, "no-directory-descriptor")
for pid in os.listdir("/proc"):
    if not pid.isdigit() or int(pid) == os.getpid():
        continue
    for link in ("root", "cwd", "exe"):
        try:
            verdict(os.stat(f"/proc/{pid}/{link}").st_dev == os.stat(f"/proc/self/{link}").st_dev, f"proc-{pid}-{link}")
        except OSError as error:
            verdict(True, f"proc-{pid}-{link}", errno.errorcode[error.errno])
for path in ("/proc/1/root/etc/shadow", "/proc/1/root/work", "/proc/1/cwd/..", "/proc/1/mem", "/proc/1/environ", "/proc/1/exe"):
    raises(path, lambda: os.open(path, os.O_RDONLY), "ENOENT", "EACCES", "EPERM")
for path in ("/proc/self/exe", "/proc/self/map_files"):
    raises("write " + path, lambda: os.open(path, os.O_WRONLY), "ETXTBSY", "EACCES", "EROFS", "EPERM", "EISDIR")
raises("overwrite exe", lambda: os.truncate(os.readlink("/proc/self/exe"), 0), "ETXTBSY", "EACCES", "EROFS", "EPERM", "ENOENT")
verdict("sallyport" not in os.readlink("/proc/self/exe"), "exe-name", os.readlink("/proc/self/exe"))
