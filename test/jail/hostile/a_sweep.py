# SPDX-License-Identifier: MIT
# group: A  ms: 240000  policy: true  outside: call-272 call-250
# Every number from 0 to 600 without arguments, each in a child of its own, held against the policy table.
POLICY = {p["number"]: p for p in policy if p["number"] >= 0 and p["argument"] < 0}
KILLS = (15, 60, 231)
UNFILTERED = (335, 336)  # uretprobe and uprobe: the kernel lets them past every filter (seccomp.c, Linux 6.14)
AT_ONCE = 24
def start(number, seconds):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        result = call(number, 0, 0, 0, 0, 0, 0)
        os._exit(ctypes.get_errno() if result < 0 else 0)
    return pid
def finish(pid, seconds):
    """The exit status of a child, or None if a signal ended it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None
numbers = [n for n in range(601) if n not in KILLS + UNFILTERED]
wrong = refusals = 0
for first in range(0, len(numbers), AT_ONCE):
    started = []
    for number in numbers[first : first + AT_ONCE]:
        expected = POLICY.get(number)
        # What is let through may wait for ever; what is refused answers at once, however busy the machine is.
        seconds = 1 if expected and not expected["error"] else 60
        started.append((number, expected, seconds, start(number, seconds)))
    for number, expected, seconds, pid in started:
        code = finish(pid, seconds + 1)
        if expected and not expected["error"]:
            continue
        refusals += 1
        wanted = max(expected["error"], 0) if expected else errno.ENOSYS  # below 0: success, and nothing done
        if code != wanted:
            wrong += 1
            verdict(False, f"call-{number}", f"{expected} answered {code}")
verdict(wrong == 0 and refusals > 200, "sweep", f"{refusals} refused as the table says")
