# SPDX-License-Identifier: MIT
# group: B  outside: found
# The whole of its own memory, which is a copy of the zygote's: no word of the host, its server or its user is in it.
# The words come in two parts and are never put together here: whole, they could only be the host's.
found, size = set(), 0
with open("/proc/self/maps") as f:
    lines = f.read().splitlines()
for line in lines:
    place, rights, *rest = line.split()
    low, high = (int(x, 16) for x in place.split("-"))
    name = rest[3] if len(rest) > 3 else ""
    if "r" not in rights or name.startswith(("[v", "/usr")) or high - low > 200 << 20:
        continue
    data = ctypes.string_at(low, high - low)
    size += len(data)
    for number, (first, second) in enumerate(NEEDLES):
        at = data.find(first.encode())
        while at >= 0:
            if data.startswith(second.encode(), at + len(first)):
                found.add(number)
                break
            at = data.find(first.encode(), at + 1)
    del data
verdict(size > 1 << 20, "looked", size)
verdict(not found, "found", found)
