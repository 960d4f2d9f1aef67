# SPDX-License-Identifier: MIT
# group: G  outside: crashed
# Sixty crashes under a name that would clear a terminal: no core file comes of it, and the session goes on.
crashes = 0
for _ in range(60):
    def crash():
        call(157, 15, b"\x1b[2J\nEVIL\r", 0, 0, 0)
        ctypes.string_at(0)
    status = in_child(crash)
    crashes += status is not None and os.WIFSIGNALED(status)
    verdict(status is None or not os.WCOREDUMP(status), "no-dump") if crashes == 1 else None
verdict(crashes == 60 and not OUTSIDE, "crashed", crashes)
names = [n for place in ("/mnt/data", "/tmp") for n in os.listdir(place) if "core" in n]
verdict(not names, "no-core-file", names)
