# SPDX-License-Identifier: MIT
# group: A  outside: mount-tmpfs mount-proc bind-root umount-/mnt/data chroot
# Mounts by the old calls and the new ones, and leaving the root.
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
def mount(kind, flags=0, source=b"none", target=b"/tmp"):
    return call(165, source, target, kind, flags, None)
KINDS = (b"tmpfs", b"proc", b"sysfs", b"overlay", b"cgroup", b"cgroup2", b"devpts", b"fuse", b"mqueue", b"bpf", b"ext4")
for kind in KINDS[:2] if OUTSIDE else KINDS:  # asking for the others may load modules into the host
    refused("mount-" + kind.decode(), mount(kind), "EPERM")
refused("remount-rw", mount(None, 32 | 4096, None, b"/"), "EPERM")
refused("bind-root", mount(None, 4096, b"/", b"/mnt/data"), "EPERM")
for path in (b"/proc", b"/mnt/data", b"/", b"/usr"):
    refused("umount-" + path.decode(), call(166, path, 2), "EPERM")
for name, number in {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
                     "mount_setattr": 442}.items():
    refused(name, call(number, 0, 0, 0, 0, 0), "EPERM")
for name, number in {"statmount": 457, "listmount": 458, "open_tree_attr": 467}.items():
    refused(name, call(number, 0, 0, 0, 0, 0), "EPERM")
refused("pivot_root", call(155, b".", b"."), "EPERM")
refused("chroot", call(161, b"/tmp"), "EPERM")
