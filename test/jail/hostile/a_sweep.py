# SPDX-License-Identifier: MIT
# group: A  ms: 240000  policy: true  outside: call-272 call-250
# Every number from 0 to 600 that the policy table does not let through, without arguments, held against the table.
POLICY = {p["number"]: p["error"] for p in policy if p["number"] >= 0 and p["argument"] < 0}
UNFILTERED = (335, 336)  # uretprobe and uprobe: the kernel lets them past every filter (seccomp.c, Linux 6.14)
numbers = [n for n in range(601) if POLICY.get(n) != 0 and n not in UNFILTERED]
wrong = 0
for number, code in zip(numbers, answers([(n, 0, 0, 0, 0, 0, 0) for n in numbers])):
    wanted = max(POLICY.get(number, errno.ENOSYS), 0)  # below 0: success, and nothing done
    if code != wanted:
        wrong += 1
        verdict(False, f"call-{number}", f"answered {code}, not {wanted}")
verdict(wrong == 0 and len(numbers) > 200, "sweep", f"{len(numbers)} refused as the table says")
