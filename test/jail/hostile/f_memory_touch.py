# SPDX-License-Identifier: MIT
# group: F  end: memory-limit  outside: touched
# Touching memory for ever, in pieces small enough to be given.
hoard = []
while True:
    hoard.append(bytearray(b"x" * (4 << 20)))
    if len(hoard) == 80:  # 320 MiB, and the session has 256
        verdict(False, "touched")
