# SPDX-License-Identifier: MIT
# group: A  outside: io_setup openat2 fsync-of-nothing sync_file_range-of-nothing advice-of-nothing direct-by-fcntl memfd-hugetlb madvise-mergeable barrier ioprio
# What the machine has one of: asynchronous I/O, disks, huge pages, the cache, all processors at once.
import fcntl, mmap, struct
buffer = ctypes.create_string_buffer(256)
for name, arguments in {"io_setup": (206, 1, buffer), "io_destroy": (207, 0), "io_submit": (209, 0, 0, None), "io_getevents": (208, 0, 0, 0, None, None),
                        "io_pgetevents": (333, 0, 0, 0, None, None, None), "io_cancel": (210, 0, None, None),
                        "openat2": (437, -100, b"/", ctypes.create_string_buffer(24), 24), "remap_file_pages": (216, 0, 0, 0, 0, 0)}.items():
    refused(name, call(*arguments), "ENOSYS")
# A sync is answered, not made: else there would be no file behind -1.
for name, arguments in {"fsync": (74, -1), "fdatasync": (75, -1), "syncfs": (306, -1), "sync_file_range": (277, -1, 0, 0, 0), "msync": (26, 1, 1, 4),
                        "advice": (221, -1, 0, 0, 4)}.items():
    verdict(call(*arguments) == 0, name + "-of-nothing", ctypes.get_errno())
verdict(call(162) == 0 or OUTSIDE, "sync")
program = os.open("/usr/bin/python3", os.O_RDONLY)
for name, attempt in {"direct": lambda: os.open("/usr/bin/python3", os.O_RDONLY | os.O_DIRECT), "direct-by-fcntl": lambda: fcntl.fcntl(program, fcntl.F_SETFL, os.O_DIRECT),
                      "direct-own": lambda: os.open("own", os.O_CREAT | os.O_RDWR | os.O_DIRECT)}.items():
    raises(name, attempt, "EINVAL")
refused("direct-by-open", call(2, b"/usr/bin/python3", os.O_DIRECT, 0), "EINVAL")
vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 16)
refused("cache-asked", call(327, program, vector, 1, 0, 0, 8), "ENOTSUP")  # RWF_NOWAIT
refused("cache-dropped", call(327, program, vector, 1, 0, 0, 0x80), "ENOTSUP")
refused("extents", call(16, program, 0xC020660B, buffer), "ENOTSUP")
refused("lease", call(72, program, 1024, 0), "EPERM")
refused("hugetlb", call(9, 0, 2 << 20, 3, 0x40022, -1, 0), "ENOMEM")
refused("memfd-hugetlb", call(319, b"h", 4), "EINVAL")
pages = mmap.mmap(-1, 1 << 21)
address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
for name, advice, error in (("mergeable", 12, "EINVAL"), ("cold", 20, "EINVAL"), ("pageout", 21, "EINVAL"), ("collapse", 25, "EINVAL"),
                            ("hwpoison", 100, "EPERM"), ("offline", 101, "EPERM")):
    refused("madvise-" + name, call(28, address, 1 << 20, advice), error)
verdict(call(28, address, 1 << 20, 4) == 0, "own-pages-may-go")
refused("barrier", call(324, 1, 0), "EINVAL")
refused("ioprio", call(251, 1, 0, 0x4000), "EPERM")
refused("ext-sched", call(144, 0, 7, (ctypes.c_int * 1)(0)), "EPERM", "EINVAL")
# sqlite needs its syncs answered.
import sqlite3
with sqlite3.connect("/tmp/one.db") as base:
    base.execute("create table t(a)")
    base.execute("insert into t values (1)")
verdict(sqlite3.connect("/tmp/one.db").execute("select a from t").fetchone() == (1,), "sqlite-works")
