# SPDX-License-Identifier: MIT
# group: F  waits: forks
# harm: it would take all processors from whoever else works on this machine, and what it gets then says nothing
# Four burners get one core between them.
pids = []
begin = time.monotonic()
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        while time.monotonic() - begin < 3:
            pass
        os._exit(0)
    pids.append(pid)
[os.waitpid(p, 0) for p in pids]
t = os.times()
share = (t.children_user + t.children_system) / (time.monotonic() - begin)
verdict(share < 1.3, "share", round(share, 2))
