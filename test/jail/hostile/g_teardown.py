# SPDX-License-Identifier: MIT
# group: G  ms: 500  end: killed  harm: it forks without end, and every process ignores all signals
# Fifty processes with a large heap, all deaf, all forking: one kill ends them.
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
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
