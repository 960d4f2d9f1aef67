# SPDX-License-Identifier: MIT
# group: F  end: any  outside: child-touched
# The OOM killer takes a child; the runner may live on, the server learns nothing false.
def touch():
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * (4 << 20)))
        if len(hoard) == 80:  # 320 MiB, and the session has 256
            verdict(False, "child-touched")
status = in_child(touch, 20)
verdict(status is not None and os.WIFSIGNALED(status), "child-killed", status)
