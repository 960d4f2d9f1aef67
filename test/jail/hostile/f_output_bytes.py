# SPDX-License-Identifier: MIT
# group: F  outside:
# Both streams at once, many lines, keep their order and arrive whole.
for n in range(20000):
    sys.stdout.write(f"{n}\n")
    if n % 10 == 0:
        sys.stderr.write(f"{n}\n")
verdict(True, "wrote")
