# SPDX-License-Identifier: MIT
# group: E  outside: flock  limits: strict_locks=1
# Locks on inodes that all sessions share carry bits; a strict pool has none.
import fcntl
f = open("/usr/bin/env")
raises("flock", lambda: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB), "ENOLCK")
raises("lockf", lambda: fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB), "ENOLCK")
raises("lease", lambda: fcntl.fcntl(f, 1024, 0), "EPERM")
raises("notify", lambda: fcntl.fcntl(os.open("/usr", os.O_RDONLY), 1026, 1), "EPERM")
