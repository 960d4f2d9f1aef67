# SPDX-License-Identifier: MIT
# group: F  outside:
# An absurd allocation is a MemoryError, and the session goes on.
import numpy
raises("bytearray", lambda: bytearray(3 << 30), "MemoryError")
raises("bytes", lambda: b"x" * 2**40, "MemoryError")
raises("numpy", lambda: numpy.ones(1 << 33), "MemoryError")
verdict(sum(range(10)) == 45, "lives")
