# SPDX-License-Identifier: MIT
# group: A  outside: loader-runs-su
# Interpreters that call each other, arguments without end, a program out of memory, the loader with a program that lends.
import subprocess
for name, other in (("/tmp/one", "/tmp/two"), ("/tmp/two", "/tmp/one")):
    with open(name, "w") as f:
        f.write(f"#!{other}\n")
    os.chmod(name, 0o755)
raises("loop", lambda: subprocess.call(["/tmp/one"]), "ELOOP")
raises("arguments", lambda: subprocess.call(["/bin/true"] + ["x" * 100000] * 60), "E2BIG")
raises("one-argument", lambda: subprocess.call(["/bin/true", "x" * (1 << 21)]), "E2BIG")
memory = os.memfd_create("program", 0)
with open("/bin/id", "rb") as f:
    os.write(memory, f.read())
out = subprocess.run([f"/proc/self/fd/{memory}", "-u"], pass_fds=[memory], capture_output=True, text=True).stdout
verdict(out.strip() == str(os.getuid()), "out-of-memory-as-oneself", out)
loader = "/lib64/ld-linux-x86-64.so.2"
if os.path.exists(loader):
    out = subprocess.run([loader, "/usr/bin/su", "--version"], capture_output=True, text=True)
    verdict(out.returncode != 0, "loader-runs-su", out.stdout[:60])
for program in ("su", "mount", "newgrp", "passwd", "unshare", "gdb", "strace", "apt", "dpkg"):
    raises(program + "-is-not-there", lambda: subprocess.run([program], capture_output=True, stdin=subprocess.DEVNULL), "ENOENT")
