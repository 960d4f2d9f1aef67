# SPDX-License-Identifier: MIT
# group: F  ms: 1500  waits: true  result: error  outside: runs-on  cage: runs=2
# A __repr__ that never ends meets the deadline of its cell.
verdict(True, "sleeps")
class Sleeps:
    def __repr__(self):
        time.sleep(600)
Sleeps()
