# SPDX-License-Identifier: MIT
# group: A  outside: int80
# The i386 and x32 call conventions: other tables, other filters. They kill the process.
import mmap
def machine_code(code):
    area = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    area.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(area))), area
def run(code):
    function, area = machine_code(code)
    return in_child(lambda: 0 if function() > 0 else 1)
int80 = run(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
x32 = run(b"\xb8\x27\x00\x00\x40\x0f\x05\xc3")  # mov eax, 0x40000027; syscall; ret
for name, status in (("int80", int80), ("x32", x32)):
    verdict(status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS, name, status)
