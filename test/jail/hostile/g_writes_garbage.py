# SPDX-License-Identifier: MIT
# group: G  end: killed  outside: garbage
# Garbage on the control socket: the pool ends the session at the first wrong byte.
import stat
for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, b"\xff" * 4096)
    except OSError:
        pass
time.sleep(5)
