#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How keeper, zygote and sessions begin and end, and what happens when one of them is killed or lied to.

    lifecycle_test.py BUILD_DIR
"""
import glob
import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pool import Pool, comm_of, descendants, identity_of  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
FAILURES = []
OPEN, SPAWN, INTERRUPT, KILL, FATAL, FORK = 1, 2, 3, 4, 10, 17  # positions in wire/keeper_message.h
KEEPER_CAPABILITIES = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 21  # CHOWN, DAC_OVERRIDE, KILL, SYS_ADMIN
ZYGOTE = "zygote"
GONE_S = 20  # a bound for a busy machine; what it took is printed


def check(good, what):
    print("ok  " if good else "FAIL", what, flush=True)
    if not good:
        FAILURES.append(what)


def groups(pid):
    return glob.glob(f"/sys/fs/cgroup/**/sallyport.{pid}", recursive=True)


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def all_gone(identities):
    return all(identity_of(p[0]) != p for p in identities)


def raw_keeper():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def place():
        os.dup2(theirs.fileno(), 3)
        os.set_inheritable(3, True)

    process = subprocess.Popen([f"{BUILD}/test/jail/keeper_host", "keeper"], preexec_fn=place, close_fds=False,
                               env={"ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL)
    theirs.close()
    ours.settimeout(20)
    return process, ours


def forbidden_messages():
    """Whatever is not in the table ends the keeper, and nothing was started for it."""
    packets = {"empty type": b"\x01", "unknown number": struct.pack("<I", 99), "spawn before open": struct.pack("<IQI", SPAWN, 1, 0),
               "kill before open": struct.pack("<IIQ", KILL, 0, 1), "the zygote's message": struct.pack("<IIQ", FORK, 0, 1),
               "cut open": struct.pack("<II", OPEN, 1), "all bits": b"\xff" * 4096, "oversized": b"\x01" * 40000}
    for name, packet in packets.items():
        process, ours = raw_keeper()
        ours.send(packet)
        answer = ours.recv(4096)
        code = process.wait(20)
        check(answer[:4] == struct.pack("<I", FATAL) and code == 1, f"{name} ends the keeper with words: {answer[4:60]!r}")
        check(not groups(process.pid), f"{name} leaves nothing")
        ours.close()
    process, ours = raw_keeper()
    with open("/dev/null") as f:
        socket.send_fds(ours, [struct.pack("<IQI", SPAWN, 1, 0)], [f.fileno()])
    check(process.wait(20) == 1, "a descriptor nobody asked for ends the keeper")


def unknown_runtime():
    pool = Pool(BUILD)
    pool.tell("spawn a 1")
    check("a runtime that there is not" in pool.wait(lambda m: "lost" in m)["lost"], "a session of a runtime that there is not")


def slots_and_reuse():
    pool = Pool(BUILD, ["sessions_max=2"])
    pool.spawn("a")
    pool.spawn("b")
    try:
        pool.spawn("c")
        check(False, "a third session in two slots")
    except RuntimeError as refused:
        check("slots" in str(refused), f"a third session in two slots: {refused}")
    pool.kill("a")
    pool.spawn("c")
    check(pool.say("c", "6 * 7")["result"]["value"] == 42, "the freed slot works")
    pool.kill("c")
    pool.note_processes()
    before = len(os.listdir(f"/proc/{pool.keeper_pid}/fd"))
    for _ in range(40):
        pool.spawn("d")
        pool.kill("d")
    held = lambda: len(os.listdir(f"/proc/{pool.keeper_pid}/fd"))
    check(until(lambda: held() <= before, GONE_S), f"40 sessions leave no descriptor in the keeper: {before} {held()}")
    lived = 0
    for _ in range(100):  # the cell is there before the interrupt as often as not
        pool.tell("interrupt b")
        lived += pool.say("b", "'alive'")["result"]["value"] == "'alive'"
    check(lived == 100, f"an interrupt hits no later cell: {lived} of 100 lived")
    pool.note_processes()
    processes, keeper = pool.processes, pool.keeper_pid
    check(pool.close() == 0 and until(lambda: all_gone(processes), GONE_S), "closing the pool ends everybody")
    check(not groups(keeper), "and removes the groups")


def stuck_sessions():
    """A limit that the machine does not give is not gone without: there is no session, and the slot is free again."""
    pool = Pool(BUILD, ["sessions_max=2"], ["prlimit", "--sigpending=100:100"])
    for _ in range(5):
        try:
            pool.spawn("a")
            check(False, "a session without its limits")
        except RuntimeError as refused:
            check("limits: limit sigpending" in str(refused), f"a session without its limits: {refused}")
    check(until(lambda: not [pid for pid in descendants(pool.process.pid) if "session" in comm_of(pid)], GONE_S),
          "nobody of them is left")
    check(pool.close() == 0, "the pool goes on")


def rights_of_the_keeper():
    """While it serves it holds four capabilities at most, can gain none, and is filtered where the build allows that."""
    pool = Pool(BUILD)
    pool.note_processes()
    with open(f"/proc/{pool.keeper_pid}/status") as f:
        status = dict(line.split(":", 1) for line in f)
    with open(f"/proc/{pool.keeper_pid}/exe", "rb") as f:
        program = f.read()
    held = int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapInh"], 16)
    check(held & ~KEEPER_CAPABILITIES == 0, f"the keeper's capabilities: {held:x}")
    check(status["NoNewPrivs"].strip() == "1" or os.getuid() != 0, "it can gain none")
    sanitized = b"__asan_init" in program or b"__tsan_init" in program
    check(status["Seccomp"].strip() == ("0" if sanitized else "2"), "it is filtered" if not sanitized else "sanitized, so not filtered")
    pool.close()


def burst(pool, count):
    for n in range(count):
        pool.tell(f"spawn s{n}")
    for n in range(count):
        pool.wait(lambda m: m.get("ready") == f"s{n}")


def death_of(victim):
    pool = Pool(BUILD)
    burst(pool, 20)
    pool.note_processes()
    named = {comm_of(pid): pid for pid, _ in pool.processes}
    target = {"keeper": pool.keeper_pid, "pool": pool.process.pid}.get(victim) or named[victim]
    begin = time.monotonic()
    os.kill(target, signal.SIGKILL)
    sessions = {p for p in pool.processes if p[0] != pool.keeper_pid}
    check(len(sessions) > 20 and until(lambda: all_gone(sessions), GONE_S),
          f"{len(sessions)} processes die with the {victim} in {time.monotonic() - begin:.2f} s")
    if victim in (ZYGOTE, "porters"):
        check("lost" in pool.wait(lambda m: "lost" in m), f"the pool hears that the {victim} died")
    if victim == "keeper":
        left = groups(pool.keeper_pid)
        pool.process.wait(20)
        again = Pool(BUILD)
        check(not groups(pool.keeper_pid), f"the next keeper removes {len(left)} groups of the dead one")
        again.close()
    else:
        check(until(lambda: not groups(pool.keeper_pid), GONE_S), "its groups are removed")
    if victim != "keeper":
        pool.process.wait(20)


if __name__ == "__main__":
    forbidden_messages()
    unknown_runtime()
    slots_and_reuse()
    stuck_sessions()
    rights_of_the_keeper()
    for name in ("keeper", "pool", ZYGOTE, "porters"):
        death_of(name)
    print("\n".join(FAILURES) or "all as expected")
    sys.exit(1 if FAILURES else 0)
