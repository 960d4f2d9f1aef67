# SPDX-License-Identifier: MIT
# group: A  outside: seccomp-filter
# Filters of its own: refused, since they cost the kernel dear and could confuse children. Landlock may nest.
code = (ctypes.c_uint64 * 1)(0x7fff000000000006)
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(1, ctypes.addressof(code))
pointer = ctypes.cast(ctypes.pointer(program), ctypes.POINTER(ctypes.c_char))
libc.prctl(38, 1, 0, 0, 0)
refused("seccomp-filter", call(317, 1, 0, pointer), "EPERM")
refused("seccomp-listener", call(317, 1, 8, pointer), "EPERM")
verdict(call(444, None, 0, 1) != -errno.EPERM, "landlock-nests")
