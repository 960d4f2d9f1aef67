# SPDX-License-Identifier: MIT
# group: E  limits: strict_locks=1 strict_proc=1 files=2000 data_bytes=4194304  outside: flock lockf lease setlk setlkw ofd-setlk ofd-setlkw
# Locks on inodes that all sessions share carry bits; a strict pool has none.
import fcntl, struct
f = open("/usr/bin/env")
raises("flock", lambda: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB), "ENOLCK")
raises("lockf", lambda: fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB), "ENOLCK")
whole = struct.pack("hhqqixxxx", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
for name, command in (("setlk", fcntl.F_SETLK), ("setlkw", fcntl.F_SETLKW), ("ofd-setlk", 37), ("ofd-setlkw", 38)):
    raises(name, lambda: fcntl.fcntl(f, command, whole), "ENOLCK")
raises("lease", lambda: fcntl.fcntl(f, 1024, 0), "EPERM")
