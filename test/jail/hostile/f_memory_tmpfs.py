# SPDX-License-Identifier: MIT
# group: F  end: memory-limit  limits: memory_bytes=134217728 data_bytes=1073741824  outside: written  cage: size=200
# Files in a tmpfs are memory too: they count against the same limit.
with open("/mnt/data/big", "wb") as f:
    while True:
        f.write(b"x" * (1 << 20))
        if f.tell() == 160 << 20:  # and the session has 128 MiB
            verdict(False, "written")
