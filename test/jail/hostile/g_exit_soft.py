# SPDX-License-Identifier: MIT
# group: G  outside:  result: error
# sys.exit is an error of the cell; the session goes on.
verdict(True, "exits")
sys.exit(3)
