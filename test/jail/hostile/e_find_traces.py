# SPDX-License-Identifier: MIT
# group: E  pair: -
# Runs in a neighbour while the first lives, and again in its slot after it died.
import builtins, multiprocessing.shared_memory as sm, numpy, random, glob
for folder in ("/tmp", "/dev/shm", "/mnt/data", "/var/tmp"):
    verdict(not os.path.exists(folder + "/trace"), "file-" + folder)
raises("shm", lambda: sm.SharedMemory("trace-shm"), "ENOENT")
verdict("TRACE" not in os.environ and not hasattr(builtins, "left_trace") and not hasattr(numpy, "left_trace"), "state")
verdict("canary" not in globals() and len(globals()) < 60, "globals", len(globals()))
raises("kill-init", lambda: os.kill(1, 9) or (_ for _ in ()).throw(OSError(errno.EPERM, "survived")), "EPERM")
raises("kill-3", lambda: os.kill(30000, 9), "ESRCH")
print("random", random.random(), numpy.random.rand(), numpy.random.randint(1 << 30), os.urandom(4).hex())
