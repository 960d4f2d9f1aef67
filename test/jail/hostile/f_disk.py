# SPDX-License-Identifier: MIT
# group: F  outside: size-/mnt/data size-/tmp size-/dev/shm count
# Each writable place ends at its size and its number of inodes.
for folder, size in (("/mnt/data", 64 << 20), ("/tmp", 64 << 20), ("/dev/shm", 64 << 20)):
    total = 0
    def fill():
        global total
        with open(folder + "/full", "wb", buffering=0) as f:
            while True:
                total += f.write(b"x" * (1 << 20))
    raises("fill-" + folder, fill, "ENOSPC", "EFBIG")
    verdict(total <= size, "size-" + folder, total)
    os.unlink(folder + "/full")
made = 0
def many():
    global made
    for made in range(100000):
        open(f"/tmp/n{made}", "w").close()
raises("inodes", many, "ENOSPC")
verdict(made < 16384, "count", made)
