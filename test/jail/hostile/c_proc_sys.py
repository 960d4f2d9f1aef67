# SPDX-License-Identifier: MIT
# group: C  outside: /proc/cpuinfo /proc/meminfo only-own-processes hostname /sys
# /proc shows the session's own processes and nothing of the machine; there is no /sys.
for name in ("kallsyms", "kcore", "kmsg", "keys", "key-users", "timer_list", "sched_debug", "config.gz", "cmdline", "interrupts",
             "slabinfo", "modules", "net/unix", "sys/kernel/hostname", "sysrq-trigger", "cpuinfo", "meminfo", "loadavg", "stat", "uptime",
             "mounts/../version", "vmallocinfo", "pagetypeinfo", "mdstat", "partitions", "diskstats", "iomem", "locks", "swaps"):
    raises("/proc/" + name, lambda: open("/proc/" + name).read(16), "ENOENT", "EACCES", "ENOTDIR")
for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hotplug", "sys/vm/drop_caches", "sys/vm/overcommit_memory",
             "sys/fs/binfmt_misc/register", "sys/user/max_user_namespaces"):
    raises("write-/proc/" + name, lambda: open("/proc/" + name, "w"), "ENOENT", "EACCES", "EROFS", "EPERM")
for name in ("uid_map", "gid_map", "setgroups", "projid_map", "clear_refs", "mem", "oom_score_adj", "timens_offsets", "coredump_filter", "loginuid"):
    def write():
        with open("/proc/self/" + name, "r+b", buffering=0) as f:
            f.write(b"-1000\n")
    raises("write-self/" + name, write, "EACCES", "EPERM", "ENOENT", "EROFS", "EINVAL", "EIO")
pids = {int(n) for n in os.listdir("/proc") if n.isdigit()}
verdict(pids <= {1, 2} and all(not n.isdigit() or int(n) <= 2 for n in os.listdir("/proc")), "only-own-processes", pids)
verdict(set(os.listdir("/proc")) - {"self", "thread-self", "1", "2"} == set(), "subset", os.listdir("/proc"))
raises("host-pid", lambda: os.listdir("/proc/%d" % HOST_PID), "ENOENT")
verdict({line.split(":", 2)[2].strip() for line in open("/proc/self/cgroup")} == {"/"}, "cgroup-root")
raises("/sys", lambda: (os.listdir("/sys") or os.listdir("/sys/kernel")), "ENOENT")
verdict(os.uname().nodename == "session", "hostname", os.uname().nodename)
