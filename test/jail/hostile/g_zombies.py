# SPDX-License-Identifier: MIT
# group: G  waits: forks  outside: reaped
# Orphans are reaped by the session's own init: three hundred short lives do not fill the limit.
for _ in range(150):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
deadline = time.monotonic() + (1 if OUTSIDE else 20)
while len([n for n in os.listdir("/proc") if n.isdigit()]) > 5 and time.monotonic() < deadline:
    time.sleep(0.01)
verdict(len([n for n in os.listdir("/proc") if n.isdigit()]) <= 5, "reaped")
