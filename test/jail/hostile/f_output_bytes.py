# SPDX-License-Identifier: MIT
# group: F
# harm: none, but nothing in it is refused either: it holds the pool to its word
# Both streams at once, many lines, keep their order and arrive whole.
for n in range(20000):
    sys.stdout.write(f"{n}\n")
    if n % 10 == 0:
        sys.stderr.write(f"{n}\n")
verdict(True, "wrote")
