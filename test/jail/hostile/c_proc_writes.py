# SPDX-License-Identifier: MIT
# group: C  outside: comm clear_refs
# What can be written below /proc/self and /proc/1, and what leads out of it.
import glob
for path, data in (("/proc/self/oom_score_adj", b"0"), ("/proc/self/oom_score_adj", b"-1000"), ("/proc/self/clear_refs", b"1"), ("/proc/1/timerslack_ns", b"1"),
                   ("/proc/1/comm", b"x"), ("/proc/self/comm", b"x"), ("/proc/self/coredump_filter", b"ff"), ("/proc/self/autogroup", b"-20"),
                   ("/proc/self/attr/current", b"unconfined"), ("/proc/self/uid_map", b"0 0 1"), ("/proc/self/sched", b"0"), ("/proc/self/loginuid", b"0"),
                   ("/proc/self/timens_offsets", b"monotonic 1 0"), ("/proc/self/projid_map", b"0 0 1"), ("/proc/self/mem", b"x")):
    def attempt():
        fd = os.open(path, os.O_WRONLY)
        try:
            return os.write(fd, data)
        finally:
            os.close(fd)
    raises("comm" if path == "/proc/self/comm" else "clear_refs" if "clear" in path else f"write-{path}-{data.decode()}", attempt, "EACCES", "EPERM", "ENOENT")
maps = sorted(glob.glob("/proc/self/map_files/*"))
for name in maps[:1]:
    raises("open-a-mapping", lambda: os.open(name, os.O_RDONLY), "EPERM", "EACCES")
for path in ("/proc/1/root", "/proc/1/cwd", "/proc/1/exe", "/proc/1/mem", "/proc/1/environ", "/proc/1/fd/0", "/proc/1/ns/pid", "/proc/1/stack"):
    raises("open-" + path, lambda: os.open(path, os.O_RDONLY), "EACCES", "EPERM", "ENOENT")
