# SPDX-License-Identifier: MIT
# group: F  waits: true  end: any
# harm: vm.max_map_count is the kernel's own and ends it outside too
# As many mappings as there can be, by protection stripes.
import mmap
size = 256 << 20
area = mmap.mmap(-1, size)
base = ctypes.addressof(ctypes.c_char.from_buffer(area))
error = 0
for page in range(0, size // 4096, 2):
    if libc.mprotect(ctypes.c_void_p(base + page * 4096), 4096, 0) != 0:
        error = ctypes.get_errno()
        break
verdict(error == errno.ENOMEM, "stripes", page)
