# SPDX-License-Identifier: MIT
# group: G  ms: 500  end: killed  limits: memory_bytes=1073741824  harm: it forks without end, and every process ignores all signals
# Fifty processes with a large heap, all deaf, all forking: one kill ends them. Each fork that is refused has charged a whole copy of
# the heap's tables by then, and gives it back when the kernel comes to it: on a busy machine 256 MiB are met before the deadline.
signal.signal(signal.SIGINT, signal.SIG_IGN)  # before the deadline's interrupt, however slow the forks are
weight = bytearray(100 << 20)
for _ in range(50):
    try:
        if os.fork() == 0:
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            os.setsid()
            while True:
                try:
                    if os.fork() == 0:
                        pass
                except OSError:
                    pass
    except OSError:
        break
while True:
    pass
