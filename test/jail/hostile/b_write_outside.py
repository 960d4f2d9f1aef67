# SPDX-License-Identifier: MIT
# group: B  outside: create-/mnt create-/opt mkdir-/var/tmp
# Writing anywhere but /mnt/data, /tmp and /dev/shm.
import glob
places = ["/", "/usr", "/usr/bin", "/etc", "/lib/", "/bin/", "/dev", "/home", "/root", "/run", "/var", "/mnt", "/opt", "/srv",
          "/sys", "/proc", "/usr/lib/python3/dist-packages"]
for place in places:
    raises("create-" + place, lambda: open(os.path.join(place, "canary"), "w"), "EROFS", "EACCES", "EPERM", "ENOENT")
raises("mkdir-/var/tmp", lambda: os.mkdir("/var/tmp/x" if not os.path.islink("/var/tmp") else "/var/x"), "EROFS", "EACCES")
for path in ["/bin/python3", "/usr/bin/env", "/etc/passwd", "/run/zygote"] + glob.glob("/lib/x86_64-linux-gnu/libc.so.6"):
    raises("open-" + path, lambda: os.open(path, os.O_WRONLY), "EROFS", "EACCES", "ETXTBSY", "EPERM", "ENOENT")
    raises("unlink-" + path, lambda: os.unlink(path), "EROFS", "EACCES", "EPERM", "EBUSY", "ENOENT")
    raises("chmod-" + path, lambda: os.chmod(path, 0o777), "EROFS", "EPERM", "ENOENT")
raises("utime", lambda: os.utime("/usr/bin/env"), "EROFS", "EACCES", "EPERM")
with open("/usr/bin/env", "rb") as f:
    before = os.stat("/usr/bin/env").st_atime_ns
    f.read(1)
verdict(os.stat("/usr/bin/env").st_atime_ns == before, "reading-leaves-no-trace")
raises("link", lambda: os.link("/usr/bin/python3", "/tmp/canary-link"), "EXDEV", "EPERM", "EACCES")
raises("rename-across", lambda: os.rename("/usr/bin/env", "/tmp/canary-env"), "EXDEV", "EROFS", "EACCES")
for name in (b"user.overlay.opaque", b"trusted.x", b"security.capability"):
    raises("xattr-" + name.decode(), lambda: os.setxattr("/usr/bin/env", name, b"x"), "EROFS", "EPERM", "EACCES", "EOPNOTSUPP")
raises("xattr-own", lambda: os.setxattr(".", b"trusted.overlay.x", b"x"), "EPERM", "EOPNOTSUPP", "EACCES")
