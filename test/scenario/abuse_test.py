# SPDX-License-Identifier: MIT
"""Bad input of every kind against one real server; after each group it must be as good as new (abuse.py has the bounds).

If this fails, a stranger's bytes can stop, bloat or confuse the server. Usage: abuse_test.py PROGRAM [TEST...]
"""
import faulthandler
import os
import sys
import threading
import unittest

from abuse import Group, Rig
from abuse_grpc import Grpc  # noqa: F401  (unittest finds it here)
from abuse_http import Http  # noqa: F401


def give_up():
    faulthandler.dump_traceback()
    Group.rig.close()
    os._exit(1)


def main():
    Group.rig = Rig(sys.argv.pop(1))
    watchdog = threading.Timer(840, give_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        unittest.main(verbosity=2)
    finally:
        Group.rig.close()


if __name__ == "__main__":
    main()
