# SPDX-License-Identifier: MIT
# group: F  ms: 30000  waits: true  end: any  harm: outside it is only a slow way to write
# Eight processes write single bytes for two seconds: the neighbour answers all the same.
children = []
end = time.monotonic() + 2
for number in range(8):
    pid = os.fork()
    if pid == 0:
        while time.monotonic() < end:
            for _ in range(1000):
                os.write(1 + number % 2, b"x")
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
