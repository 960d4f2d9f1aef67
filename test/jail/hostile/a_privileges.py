# SPDX-License-Identifier: MIT
# group: A  outside: chmod-suid CapBnd
# Nothing to gain: no capability, no uid, no way back up.
import resource, shutil, subprocess
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines() if ":" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    verdict(int(status[name], 16) == 0, name, status[name].strip())
verdict(status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2", "no-new-privs")
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
refused("capset", call(126, header, (ctypes.c_uint32 * 6)(*[0xffffffff] * 6)), "EPERM")
for name, arguments in {"setuid": (105, 0), "setgid": (106, 0), "setresuid": (117, 0, 0, 0), "setresgid": (119, 0, 0, 0),
                        "setgroups": (116, 1, (ctypes.c_uint32 * 1)(0)), "other-uid": (105, 1001)}.items():
    refused(name, call(*arguments), "EPERM", "EINVAL")
call(122, 0)
verdict(call(122, -1) == os.getuid(), "setfsuid")
refused("clear-nnp", call(157, 38, 0, 0, 0, 0), "EINVAL")
refused("securebits", call(157, 28, 0, 0, 0, 0), "EPERM")
refused("ambient", call(157, 47, 2, 21, 0, 0), "EPERM")
raises("su", lambda: subprocess.run(["/usr/bin/su", "-c", "id -u"], stdin=subprocess.DEVNULL), "ENOENT")
target = shutil.copy("/bin/true", f"/tmp/copy{os.getpid()}")
raises("chmod-suid", lambda: os.chmod(target, 0o4755), "EPERM")
raises("fchmod-sgid", lambda: os.fchmod(os.open(target, os.O_RDONLY), 0o2755), "EPERM")
for name, kind, dev in (("mknod-mem", 0o20666, os.makedev(1, 1)), ("mknod-disk", 0o60666, os.makedev(8, 0))):
    raises(name, lambda: os.mknod(target + name, kind, dev), "EPERM")
raises("fifo-sched", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)), "EPERM")
raises("rr-sched", lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)), "EPERM")
refused("ioprio-rt", call(251, 1, 0, 1 << 13), "EPERM")
raises("nice", lambda: os.nice(-5), "EPERM", "EACCES")
raises("memlock", lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 30, 1 << 30)), "ValueError", "EPERM")
raises("nofile", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20)), "ValueError", "EPERM")
raises("core", lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)), "ValueError", "EPERM")
os.unlink(target)
refused("mlockall", call(151, 3), "ENOMEM", "EPERM")
