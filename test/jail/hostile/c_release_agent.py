# SPDX-License-Identifier: MIT
# group: C
# harm: where it works the kernel starts a program of its choice as root of the host
# The way out of careless containers: mount a v1 hierarchy, name a program as its release agent, empty a group.
os.makedirs("/tmp/groups", exist_ok=True)
for options in (b"rdma", b"memory", b"pids", b"cpu", b"none,name=canary", b"release_agent=/tmp/run", None):
    refused("mount-" + (options or b"v2").decode(),
            call(165, b"cgroup", b"/tmp/groups", b"cgroup" if options else b"cgroup2", 0, options), "EPERM")
found = []
for top in ("/sys", "/proc/1/root/sys", "/proc/self/root/sys", "/run", "/tmp", "/mnt"):
    for folder, _, files in os.walk(top):
        found += [os.path.join(folder, f) for f in files if f in ("release_agent", "notify_on_release", "cgroup.procs", "tasks")]
verdict(not found, "no-group-files", found[:3])
for path in ("release_agent", "cgroup.procs", "../release_agent", "../../cgroup.procs"):
    raises("write-" + path, lambda: open("/sys/fs/cgroup/" + path, "w"), "ENOENT")
verdict({line.split(":", 2)[2].strip() for line in open("/proc/self/cgroup")} == {"/"}, "its-group-is-the-root")
