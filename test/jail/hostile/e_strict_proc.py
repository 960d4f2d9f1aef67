# SPDX-License-Identifier: MIT
# group: E  limits: strict_locks=1 strict_proc=1 files=2000 data_bytes=4194304  outside: smaps smaps_rollup pagemap pss
# The counters of how many processes map a page carry bits from one session to another; a strict pool shows none.
import mmap
for name in ("smaps", "smaps_rollup", "pagemap", "maps", "stat"):
    raises(name, lambda: open("/proc/self/" + name, "rb").read(8), "EACCES")
f = os.open("/usr/share/zoneinfo/UTC", os.O_RDONLY)
page = mmap.mmap(f, 0, prot=mmap.PROT_READ)
raises("pss", lambda: [line for line in open("/proc/self/smaps") if line.startswith("Pss")][0] + str(page[0]), "EACCES")
# What programs cannot do without stays.
verdict(str(f) in os.listdir("/proc/self/fd") and os.path.exists("/dev/stdin"), "own-descriptors-are-listed")
r, w = os.pipe()
os.close(os.open(f"/dev/fd/{r}", os.O_RDONLY))  # what bash makes of <(command)
