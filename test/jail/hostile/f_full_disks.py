# SPDX-License-Identifier: MIT
# group: F  ms: 120000  limits: strict_locks=1 strict_proc=1 files=2000 data_bytes=4194304  harm: it would fill the disks it could write to
# All three writable places filled with files, then with bytes, then with attributes: each ends at its own size.
held = {}
for place in ("/mnt/data", "/tmp", "/dev/shm"):
    count = 0
    try:
        while count < 100000:
            os.close(os.open(f"{place}/{count:060d}" + "x" * 190, os.O_CREAT | os.O_WRONLY))
            count += 1
    except OSError as error:
        verdict(error.errno == errno.ENOSPC and count <= 2000, "files-" + place, count)
    else:
        verdict(False, "files-" + place, count)
    name = f"{place}/{0:060d}" + "x" * 190
    def fill():
        with open(name, "wb", buffering=0) as f:
            while True:
                f.write(b"x" * 65536)
    raises("bytes-" + place, fill, "ENOSPC", "EFBIG")
    def attributes():
        for n in range(100000):
            os.setxattr(name, f"user.{n}", b"v" * 4000)
    raises("attributes-" + place, attributes, "ENOSPC", "EOPNOTSUPP", "EDQUOT", "E2BIG", "ENOMEM")
