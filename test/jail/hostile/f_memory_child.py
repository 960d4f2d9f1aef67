# SPDX-License-Identifier: MIT
# group: F  outside:  end: any
# The OOM killer takes a child; the runner may live on, the server learns nothing false.
status = in_child(lambda: [bytearray(b"x" * (4 << 20)) for _ in range(1000)] and 0, 20)
verdict(status is not None and os.WIFSIGNALED(status), "child-killed", status)
