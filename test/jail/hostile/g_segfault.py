# SPDX-License-Identifier: MIT
# group: G  end: exited  outside: signal-SIGSEGV
ctypes.string_at(0)
