# SPDX-License-Identifier: MIT
# group: F  waits: forks  outside: timers
# Timers and queued signals end at the session's own limit.
timers, error = [], 0
event = (ctypes.c_int * 16)(0, 0, signal.SIGUSR1, 0)
identifier = ctypes.c_int()
for _ in range(10000):
    result = call(222, 1, event, ctypes.pointer(identifier))
    if result < 0:
        error = -result
        break
    timers.append(identifier.value)
verdict(error == errno.EAGAIN and len(timers) <= 256, "timers", len(timers))
[call(226, t) for t in timers]
signal.signal(signal.SIGALRM, lambda *a: None)
signal.setitimer(signal.ITIMER_REAL, 5e-5, 5e-5)
end = time.monotonic() + 1
while time.monotonic() < end:
    pass
signal.setitimer(signal.ITIMER_REAL, 0)
verdict(True, "storm")
