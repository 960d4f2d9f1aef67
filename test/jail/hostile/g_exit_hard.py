# SPDX-License-Identifier: MIT
# group: G  end: exited  outside: exit-7
os._exit(7)
