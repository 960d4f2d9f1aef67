# SPDX-License-Identifier: MIT
# group: B  outside: open creat mknod
# A file cannot be born with a bit that lends an identity; the filter's rows for chmod are in a_arguments.
import stat
def tried(name, attempt):
    try:
        result = attempt()
    except OSError as error:
        return verdict(error.errno == errno.EPERM, name, errno.errorcode[error.errno])
    refused(name, result, "EPERM", "ENOSYS")
tried("open", lambda: os.open("/tmp/s1", os.O_CREAT | os.O_WRONLY, 0o6755))
tried("open-sgid", lambda: os.open("/tmp/s2", os.O_CREAT | os.O_WRONLY, 0o2755))
tried("tmpfile", lambda: os.open("/tmp", os.O_TMPFILE | os.O_WRONLY, 0o4755))
tried("old-open", lambda: call(2, b"/tmp/s3", os.O_CREAT | os.O_WRONLY, 0o4755))
tried("creat", lambda: call(85, b"/tmp/s4", 0o6755))
tried("mknod", lambda: call(133, b"/tmp/s5", 0o104755, 0))
tried("mknodat", lambda: call(259, -100, b"/tmp/s6", 0o102755, 0))
tried("openat2", lambda: call(437, -100, b"/tmp/s7", (ctypes.c_uint64 * 3)(os.O_CREAT | os.O_WRONLY, 0o6755, 0), 24))
open("/tmp/s8", "w").close()
tried("fchmodat2", lambda: call(452, -100, b"/tmp/s8", 0o4755, 0))
call(83, b"/tmp/d1", 0o7777)
modes = {name: os.lstat("/tmp/" + name).st_mode for name in os.listdir("/tmp")}
lent = [name for name, mode in modes.items() if mode & (stat.S_ISUID | stat.S_ISGID)]
verdict(not lent, "nothing-lends", lent)
# Without O_CREAT the mode's register holds anything, and nobody is refused for it.
verdict(call(2, b"/etc/passwd", os.O_RDONLY, 0o6755) >= 0, "a-mode-that-does-not-count")
