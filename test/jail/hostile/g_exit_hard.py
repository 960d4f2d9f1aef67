# SPDX-License-Identifier: MIT
# group: G  outside:  end: exited
os._exit(7)
