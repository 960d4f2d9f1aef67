# SPDX-License-Identifier: MIT
# group: G  ms: 1000  waits: true  end: killed  outside: deaf  cage: deaf=1
# Ignores SIGINT and SIGTERM and loops: killed after the grace period.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    pass
