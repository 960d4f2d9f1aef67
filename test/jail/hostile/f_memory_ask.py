# SPDX-License-Identifier: MIT
# group: F  outside: reserve  cage: as=2560
# An absurd allocation is a MemoryError, and the session goes on.
import mmap, numpy
raises("reserve", lambda: mmap.mmap(-1, 2 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000), "ENOMEM")
raises("bytearray", lambda: bytearray(3 << 30), "MemoryError")
raises("bytes", lambda: b"x" * 2**40, "MemoryError")
raises("numpy", lambda: numpy.ones(1 << 33), "MemoryError")
verdict(sum(range(10)) == 45, "lives")
