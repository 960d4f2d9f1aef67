# SPDX-License-Identifier: MIT
# group: G  end: any  outside: mute  cage: tail=1
# Something else in the control socket's place.
r, w = os.pipe()
for fd in range(3, 256):
    if fd not in (r, w):
        os.dup2(w, fd)
