# SPDX-License-Identifier: MIT
# group: G  result: error  outside: exit-3
# sys.exit is an error of the cell; the session goes on.
verdict(True, "exits")
sys.exit(3)
