# SPDX-License-Identifier: MIT
# group: F  harm: an ordinary user's limits are the machine's own settings, which this would prove nothing about
# No limit of its own can be raised, nor that of the init; no higher place in any queue.
import resource
for name in ("NOFILE", "NPROC", "FSIZE", "DATA", "CORE", "MEMLOCK", "STACK", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO"):
    kind = getattr(resource, "RLIMIT_" + name)
    hard = resource.getrlimit(kind)[1]
    verdict(hard != resource.RLIM_INFINITY, "limited-" + name, hard)
    raises("raise-" + name, lambda: resource.setrlimit(kind, (hard + 1, hard + 1)), "ValueError", "EPERM")
refused("init", call(302, 1, 7, (ctypes.c_uint64 * 2)(9999, 9999), None), "EPERM", "EACCES", "ESRCH")
refused("user-priority", call(141, 2, 0, -10), "EPERM", "EACCES")
refused("group-priority", call(141, 1, 0, -10), "EPERM", "EACCES")
for name, value in (("best-effort", 0x4000), ("real-time", 0x2000), ("real-time-hint", 0x12000)):
    refused("ioprio-" + name, call(251, 1, 0, value), "EPERM")
for name, policy in (("rr-reset", 0x40000002), ("fifo", 1), ("deadline", 6), ("ext", 7)):
    refused(name, call(144, 0, policy, (ctypes.c_int * 1)(1)), "EPERM", "EINVAL")
