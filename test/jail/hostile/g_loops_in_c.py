# SPDX-License-Identifier: MIT
# group: G  ms: 1000  waits: true  end: killed  outside: deaf  cage: deaf=1
# Sits in a C call that polls for nothing.
libc.usleep.restype = ctypes.c_int
sum_of = ctypes.pythonapi.Py_BytesMain
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True:
    libc.pause()
