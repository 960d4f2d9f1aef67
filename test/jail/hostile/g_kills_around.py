# SPDX-License-Identifier: MIT
# group: G  outside: kill-all bystander
# Signals to everybody reach nobody but the session itself.
for n in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.kill(1, n)
    except OSError as error:
        print(error)
raises("kill-all", lambda: os.kill(-1, signal.SIGTERM), "ESRCH", "EPERM")
verdict(True, "init-survives")
