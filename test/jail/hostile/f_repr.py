# SPDX-License-Identifier: MIT
# group: F  value: cut  outside: long
# The text of a value is bounded before it leaves the session.
verdict(True, "huge")
class Endless:
    def __repr__(self):
        return "x" * (64 << 20)
Endless()
