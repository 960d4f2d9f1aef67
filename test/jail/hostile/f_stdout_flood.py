# SPDX-License-Identifier: MIT
# group: F  end: killed  ms: 30000  outside: flood
# A gigabyte a second to stdout: the pool reads with a cap and ends it.
while True:
    os.write(1, b"\xff\x00\x1b]0;x\x07" * 8192)
