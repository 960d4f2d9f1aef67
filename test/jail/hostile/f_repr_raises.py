# SPDX-License-Identifier: MIT
# group: F  result: error  outside: exit-1
# A __repr__ that raises is an error of the cell, not of the session.
verdict(True, "raises")
class Raises:
    def __repr__(self):
        raise RuntimeError("from repr")
Raises()
