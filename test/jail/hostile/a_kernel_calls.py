# SPDX-License-Identifier: MIT
# group: A  outside: keyctl personality add_key shmget semget msgget
# Calls into rich or dangerous parts of the kernel, with arguments that would get somewhere.
buffer = ctypes.create_string_buffer(256)
EPERM = {
    "bpf-map": (321, 0, buffer, 48), "bpf-prog": (321, 5, buffer, 48), "perf_event_open": (298, buffer, 0, -1, -1, 0),
    "keyctl": (250, 0, -3, 1), "add_key": (248, b"user", b"name", b"x", 1, -2), "request_key": (249, b"user", b"n", None, 0),
    "process_vm_readv": (310, 1, buffer, 1, buffer, 1, 0), "process_vm_writev": (311, 1, buffer, 1, buffer, 1, 0),
    "pidfd_getfd": (438, 0, 0, 0),
    "kcmp": (312, 1, 2, 0, 0, 0), "process_mrelease": (448, 0, 0),
    "personality": (135, 0x0400000), "no-randomize": (135, 0x0040000), "personality-odd": (135, 0xfffffffe),
    "set-cpuid": (158, 0x1012, 1), "map-vdso": (158, 0x2001, 0), "shadow-stack": (158, 0x5001, 1), "modify_ldt": (154, 1, buffer, 16),
    "init_module": (175, buffer, 0, buffer), "finit_module": (313, 0, buffer, 0), "delete_module": (176, buffer, 0),
    "kexec_load": (246, 0, 0, 0, 0), "kexec_file_load": (320, -1, -1, 0, None, 0), "reboot": (169, 0, 0, 0, 0),
    "swapon": (167, b"/none", 0), "swapoff": (168, b"/none"), "acct": (163, b"/none"), "syslog": (103, 3, buffer, 10),
    "iopl": (172, 3), "ioperm": (173, 0x70, 1, 1), "settimeofday": (164, buffer, None), "clock_settime": (227, 0, buffer),
    "clock_adjtime": (305, 0, buffer), "adjtimex": (159, buffer), "sethostname": (170, b"x", 1), "setdomainname": (171, b"x", 1),
    "vhangup": (153,), "quotactl": (179, 0, None, 0, None), "fanotify_init": (300, 0, 0),
    "name_to_handle_at": (303, -100, b"/usr", buffer, buffer, 0), "open_by_handle_at": (304, -100, buffer, 0),
    "vmsplice": (278, 1, buffer, 0, 0), "mbind": (237, 0, 4096, 0, None, 0, 0), "set_mempolicy": (238, 0, None, 0),
    "set_mempolicy_home_node": (450, 0, 0, 0, 0),
    "move_pages": (279, 0, 0, None, None, None, 0), "migrate_pages": (256, 0, 0, None, None),
    "sched_setattr": (314, 0, buffer, 0), "lookup_dcookie": (212, 0, buffer, 1), "uselib": (134, b"/none"),
}
ENOSYS = {
    "io_uring_setup": (425, 8, buffer), "io_uring_enter": (426, 0, 0, 0, 0, None, 0), "io_uring_register": (427, 0, 0, None, 0),
    "userfaultfd": (323, 1), "memfd_secret": (447, 0), "process_madvise": (440, 0, None, 0, 0, 0),
    "shmget": (29, 0, 4096, 0o1600), "semget": (64, 0, 1, 0o1600), "msgget": (68, 0, 0o1600), "mq_open": (240, b"n", 0o102, 0o600, None),
    "get_mempolicy": (239, None, None, 0, 0, 0), "map_shadow_stack": (453, 0, 4096, 0), "lsm_set_self_attr": (460, 0, None, 0, 0),
}
for table, error in ((EPERM, "EPERM"), (ENOSYS, "ENOSYS")):
    for name, arguments in table.items():
        refused(name, call(*arguments), error)
PRCTL = {"mm": 35, "ptracer": 0x59616d61, "user_dispatch": 59, "tagged": 55, "sched_core": 62, "merge": 67, "seccomp": 22}
for name, option in PRCTL.items():
    refused("prctl-" + name, call(157, option, 2, 0, 0, 0), "EPERM")
for request, name in ((0x5412, "TIOCSTI"), (0x541C, "TIOCLINUX"), (0x5423, "TIOCSETD")):
    refused(name, call(16, 0, request, buffer), "EPERM")
    refused(name + "-high-bits", call(16, 0, request | 1 << 32, buffer), "EPERM")
verdict(call(135, 0) == 0 and call(135, 0xffffffff) == 0, "personality-of-linux-stays")
