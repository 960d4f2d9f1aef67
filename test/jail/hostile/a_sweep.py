# SPDX-License-Identifier: MIT
# group: A  ms: 240000  policy: true  outside: call-272 call-250
# Every number from 0 to 600 without arguments, each in a child of its own, held against the policy table.
POLICY = {p["number"]: p for p in policy if p["number"] >= 0 and p["argument"] < 0}
KILLS = (15, 60, 231)
UNFILTERED = (335, 336)  # uretprobe and uprobe: the kernel lets them past every filter (seccomp.c, Linux 6.14)
wrong = 0
refusals = 0
for number in range(601):
    if number in KILLS + UNFILTERED:
        continue
    expected = POLICY.get(number)
    def attempt():
        result = call(number, 0, 0, 0, 0, 0, 0)
        return ctypes.get_errno() if result < 0 else 0
    # What is let through may wait for ever; what is refused answers at once, however busy the machine is.
    status = in_child(attempt, 1 if expected and not expected["error"] else 20)
    code = os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None
    if expected is None:
        good = code == errno.ENOSYS
    elif expected["error"]:
        good = code == expected["error"]
    else:
        continue
    refusals += 1
    if not good:
        wrong += 1
        verdict(False, f"call-{number}", f"{expected} answered {code}")
verdict(wrong == 0 and refusals > 200, "sweep", f"{refusals} refused as the table says")
