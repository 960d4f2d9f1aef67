# SPDX-License-Identifier: MIT
# group: F  ms: 20000
# harm: the limit on digits is CPython's own and holds outside too; without it this burns hours
# A number with a hundred million digits never becomes text.
raises("str", lambda: str(1 << (1 << 24)), "ValueError")
1 << (1 << 24)
