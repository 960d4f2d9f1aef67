# SPDX-License-Identifier: MIT
# group: G  outside: survivors
# Double forks with sessions of their own that ignore every signal: gone with the session.
for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for n in range(1, 32):
                try:
                    signal.signal(n, signal.SIG_IGN)
                except OSError:
                    pass
            os.execv("/bin/sleep", [TOKEN, "600"])
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
verdict(True, "daemons")
