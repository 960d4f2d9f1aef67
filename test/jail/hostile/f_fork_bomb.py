# SPDX-License-Identifier: MIT
# group: F  outside: forks
# Forks without end, with new sessions and ignored signals. EAGAIN at the limit; nothing survives the kill.
pids, error = [], None
for _ in range(500):
    try:
        pid = os.fork()
    except OSError as caught:
        error = caught
        break
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
    pids.append(pid)
verdict(error is not None and error.errno == errno.EAGAIN and len(pids) <= 64, "forks", len(pids))
