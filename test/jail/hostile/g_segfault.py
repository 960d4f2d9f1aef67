# SPDX-License-Identifier: MIT
# group: G  outside:  end: exited
ctypes.string_at(0)
