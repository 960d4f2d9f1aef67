# SPDX-License-Identifier: MIT
# group: F  outside:  end: memory-limit
# Touching memory for ever, in pieces small enough to be given.
hoard = []
while True:
    hoard.append(bytearray(b"x" * (4 << 20)))
