# SPDX-License-Identifier: MIT
# group: B  outside: canary /var/lib
# The host's files are not there at all.
for path in ["/etc/shadow", "/etc/gshadow", "/etc/machine-id", "/etc/ssh", "/etc/ssl/private", "/etc/environment", "/work", "/boot",
             "/root/.ssh", "/home/", "/var/lib", "/var/log", "/old_root", "/.dockerenv", "/run/systemd", "/sys/class/net",
             "/sys/fs/cgroup", "/lost+found", "/media", CANARY]:
    try:
        names = os.listdir(path) if os.path.isdir(path) else [open(path, "rb").read(4)]
        verdict(path == "/home/" and names == [], "canary" if path == CANARY else path, names[:3])
    except OSError as error:
        verdict(error.errno in (errno.ENOENT, errno.EACCES), path, errno.errorcode[error.errno])
