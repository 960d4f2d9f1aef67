# SPDX-License-Identifier: MIT
# group: E  outside: host-locked  locked: true
# A lock on a file of the list is taken on the template's own inode; the driver, outside, must find the host's file free.
import fcntl, struct
held = []
for path in LOCKED:
    f = os.open(path, os.O_RDONLY)
    fcntl.flock(f, fcntl.LOCK_SH)
    for n in range(1000):
        fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, n * 2, 1, 0))  # F_OFD_SETLK
    held.append(f)
verdict(len(held) == len(LOCKED), "held", len(held))
if OUTSIDE:
    for path in LOCKED:
        raises("host-locked", lambda: fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB) or "free", "EWOULDBLOCK")
    verdict(False, "host-locked", "the very file of the host")
