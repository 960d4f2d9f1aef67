# SPDX-License-Identifier: MIT
# group: A  ms: 120000  waits: forks
# harm: it makes random calls with random arguments: nobody can say what those do to a host
# Random numbers with random arguments, 6 seconds of them, each child bounded. Nobody but children dies.
import random
seed = int.from_bytes(os.urandom(4), "little")
print("seed", seed)
end = time.monotonic() + 6
children = 0
# Ends of the child itself, waits, and signals that may rightly go to the runner, which has the same uid.
SPARED = (15, 60, 231, 34, 61, 247, 62, 129, 200, 234, 297, 424)
def storm(child_seed):
    quiet = os.open("/dev/null", os.O_RDWR)  # what it writes would drown the verdict
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    generator = random.Random(child_seed)
    values = [0, 1, -1, 2, 3, 4096, 1 << 31, 1 << 32, 1 << 63, ctypes.addressof(ctypes.create_string_buffer(4096))]
    for _ in range(200):
        number = generator.randrange(0, 600)
        if number not in SPARED:
            call(number, *[generator.choice(values) & (1 << 63) - 1 for _ in range(6)])
while time.monotonic() < end:
    in_child(lambda: storm(seed + children), 1)
    children += 1
verdict(children > 0, "storm", children)
