# SPDX-License-Identifier: MIT
# group: F  result: any  outside: exit-1
# A structure that holds itself, and one a thousand deep.
loop = []
loop.append(loop)
deep = []
for _ in range(100000):
    deep = [deep]
verdict(True, "deep")
deep
