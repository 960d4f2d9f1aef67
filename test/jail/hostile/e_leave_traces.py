# SPDX-License-Identifier: MIT
# group: E  pair: e_find_traces  outside: file-/tmp file-/dev/shm file-/mnt/data shm state  cage: as=4096
# Everything that could outlive a session or reach a neighbour.
import builtins, multiprocessing.shared_memory as sm, numpy, random
for folder in ("/tmp", "/dev/shm", "/mnt/data", "/var/tmp"):
    open(folder + "/trace", "w").write("left by the first session")
memory = sm.SharedMemory("trace-shm", create=True, size=64)
os.environ["TRACE"] = "left"
builtins.open_before, builtins.left_trace = open, "left"
numpy.left_trace = random.left_trace = "left"
sys.settrace(None)
import atexit; atexit.register(lambda: None)
os.utime("/tmp/trace")
print("random", random.random(), numpy.random.rand(), numpy.random.randint(1 << 30), os.urandom(4).hex())
verdict(True, "left")
