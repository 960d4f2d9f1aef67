# SPDX-License-Identifier: MIT
# group: F  outside:  ms: 1500  result: error
# A __repr__ that never ends meets the deadline of its cell.
verdict(True, "sleeps")
class Sleeps:
    def __repr__(self):
        time.sleep(600)
Sleeps()
