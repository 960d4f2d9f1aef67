# SPDX-License-Identifier: MIT
# group: F  outside:  result: any
# A structure that holds itself, and one a thousand deep.
loop = []
loop.append(loop)
deep = []
for _ in range(100000):
    deep = [deep]
verdict(True, "deep")
deep
