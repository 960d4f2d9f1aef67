# SPDX-License-Identifier: MIT
# group: F  ms: 1500  waits: true  result: error  outside: signal-SIGXCPU  cage: cpu=2
# Catastrophic backtracking polls for signals: the cell is interrupted and the session lives.
import re
verdict(True, "regex")
re.match(r"(a+)+$", "a" * 40 + "b")
