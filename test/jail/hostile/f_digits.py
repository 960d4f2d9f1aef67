# SPDX-License-Identifier: MIT
# group: F  outside:  ms: 20000
# A number with a hundred million digits never becomes text.
raises("str", lambda: str(1 << (1 << 24)), "ValueError")
1 << (1 << 24)
