# SPDX-License-Identifier: MIT
"""What sessions may make the server hold, and how much of its loop they may take. Measured at a real process: its
resident memory, and the calls of a neighbour. No time is asserted, only ratios of one run."""
import concurrent.futures
import glob
import json
import os
import socket
import statistics
import threading
import time
import unittest

from pool_case import FORGE
from pool_process import V4, Pool, fresh, wait_until

MIB = 1 << 20
# A sanitizer keeps what is freed for a while; here that would hide what the server itself gives back.
SANITIZER = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:allocator_release_to_os_interval_ms=100"}

# A frame of 7 MiB, all but its end.
HALF_A_RESULT = FORGE + """
answer = frame_of(b'"ok":true,"duration_us":1,"value":"' + b"x" * (7 << 20) + b'"', cell_id())
send(answer[:-100])
time.sleep(60)
"""
FLOOD = "import os\nfor fd in (1, 2):\n    for _ in range(40): os.write(fd, b'y' * (1 << 20))"
LARGE = "'z' * (7 << 20)"
CRUMBS = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        end = time.monotonic() + 8
        while time.monotonic() < end: os.write(1, b"x")
        os._exit(0)
for _ in range(6): os.wait()
"""
FORGED_LARGE = FORGE + """
answer = frame_of(b'"ok":true,"duration_us":1,"value":"' + b"x" * (7 << 20) + b'"', cell_id())
send(answer)
time.sleep(60)
"""


def resident(pool):
    with open(f"/proc/{pool.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def waits_of(pool):
    """How often the process has waited for something, all in all."""
    with open(f"/proc/{pool.process.pid}/status") as status:
        return int(next(line for line in status if line.startswith("voluntary_ctxt_switches")).split()[1])


class Peak:
    """The most resident memory while it is open."""

    def __init__(self, pool):
        self.pool, self.most, self.over = pool, 0, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, resident(self.pool))

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def run_all(pool, code, sessions, **members):
    """The code in that many sessions at once; the answers. The sessions are ended."""
    names = [fresh() for _ in range(sessions)]
    with concurrent.futures.ThreadPoolExecutor(sessions) as threads:
        answers = list(threads.map(lambda name: pool.run(name, code, **members), names))
    for name in names:
        pool.call("DELETE", "/session", name)
    return answers


class Memory(unittest.TestCase):
    def test_a_storm_is_bounded_and_leaves_nothing(self):
        """Half-sent results, floods and large results of a dozen sessions: the server holds at most what its setting says
        (a copy more while it answers), and has it back to the system when they are gone."""
        with Pool(max=16, ready=2, pool_memory_max=24 * MIB, env=SANITIZER) as pool:
            for code in ("1", LARGE, FLOOD):
                run_all(pool, code, 2)  # what every process needs once
            before = resident(pool)
            with Peak(pool) as peak:
                halves = run_all(pool, HALF_A_RESULT, 12, timeoutInSeconds=4)
                run_all(pool, FLOOD, 12)
                run_all(pool, LARGE, 12)
            self.assertEqual({a.json["error"]["error"]["reason"] for a in halves}, {"time-limit"})
            self.assertLess(peak.most - before, 3 * 24 * MIB, "while the storm lasts")
            wait_until(lambda: pool.report()["memory"]["heldBytes"] < MIB, what="nothing is held")
            wait_until(lambda: resident(pool) < 1.3 * before + 8 * MIB, what="memory is given back")

    def test_a_result_over_the_budget_is_refused_with_its_reason(self):
        with Pool(max=8, ready=1, pool_memory_max=10 * MIB) as pool, concurrent.futures.ThreadPoolExecutor(1) as threads:
            holder, victim = fresh(), fresh()
            held = threads.submit(pool.run, holder, HALF_A_RESULT, timeoutInSeconds=30)
            wait_until(lambda: pool.report()["memory"]["heldBytes"] > 7 * MIB, what="half a result is held")
            body = pool.run(victim, FORGED_LARGE).json
            self.assertEqual((body["error"]["error"]["code"], body["error"]["error"]["reason"]), ("ResultRefused", "server-memory"))
            small = pool.run(fresh(), "'x' * 1000").json
            self.assertEqual(small["status"], "Succeeded")  # small results are never refused
            pool.call("DELETE", "/session", holder)
            held.result()

    def test_a_result_over_its_limit_is_refused_with_its_reason(self):
        with Pool(max=4, ready=1, result_max=MIB) as pool:
            name = fresh()
            body = pool.run(name, FORGE + """
send(frame_of(b'"ok":true,"duration_us":1,"value":"' + b"x" * (2 << 20) + b'"', cell_id()))
time.sleep(60)""").json
            self.assertEqual((body["error"]["error"]["code"], body["error"]["error"]["reason"]), ("ResultRefused", "result-too-large"))


# Without root no group of the kernel's limits memory, so nobody but the server can be charged.
ROOTLESS = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []


def charges_sessions(pool):
    return "cgroup-memory" not in pool.report()["isolation"]["degraded"]


def own_group():
    """The directory of this process's memory group on v1, or None."""
    with open("/proc/self/cgroup") as f:
        paths = [line.strip().split(":", 2)[2] for line in f if line.split(":")[1] == "memory"]
    return f"/sys/fs/cgroup/memory{paths[0]}" if paths and os.path.isdir(f"/sys/fs/cgroup/memory{paths[0]}") else None


class OwnGroup:
    """A memory group of v1 for the server alone: a pool that is started inside is charged there, its sessions below."""

    def __enter__(self):
        self.home = own_group()
        self.path = f"{self.home}/uploads-test-{os.getpid()}"
        os.mkdir(self.path)
        self.move(self.path)
        return self

    @staticmethod
    def move(group):
        with open(f"{group}/cgroup.procs", "w") as f:
            f.write(str(os.getpid()))

    def members(self):
        with open(f"{self.path}/cgroup.procs") as f:
            return f.read()

    def leave(self):
        """The server stays."""
        self.move(self.home)

    def __exit__(self, *_):
        self.move(self.home)
        wait_until(lambda: not self.members(), what="the group is empty")
        for below in glob.glob(f"{self.path}/*/"):
            os.rmdir(below)
        os.rmdir(self.path)

    @staticmethod
    def files(group):
        """Bytes of files in memory that it is charged for, those below not counted."""
        with open(f"{group}/memory.stat") as f:
            return sum(int(line.split()[1]) for line in f if line.startswith("shmem "))

    def of_sessions(self):
        return sum(self.files(group) for group in glob.glob(f"{self.path}/sallyport.*/s*"))


class Uploads(unittest.TestCase):
    """The kernel charges the pages of a file to who writes them: the session, where it can be charged at all."""

    def put(self, pool, name, file, size):
        return pool.upload(name, file, b"u" * size, "/files", V4)

    def test_uploads_are_charged_to_their_session(self):
        if not own_group() or os.getuid() != 0:
            self.skipTest("needs root and a memory group of v1 to tell the server's from the sessions'")
        with OwnGroup() as group, Pool(max=8, ready=2) as pool:
            group.leave()
            name = fresh()
            pool.run(name, "1")
            server, sessions = group.files(group.path), group.of_sessions()
            for n in range(3):
                self.assertEqual(self.put(pool, name, f"f{n}", 20 * MIB).status, 200)
            self.assertGreaterEqual(group.of_sessions() - sessions, 60 * MIB)
            self.assertLess(group.files(group.path) - server, MIB)
            self.assertEqual(pool.report()["memory"]["uploadedBytes"], 0)
            pool.call("DELETE", "/session", name)
            wait_until(lambda: group.of_sessions() - sessions < MIB, what="they go with their session")

    def test_an_upload_over_the_memory_limit_is_refused_and_the_session_lives(self):
        with Pool(max=8, ready=1, memory_mb=96) as pool:
            if not charges_sessions(pool):
                self.skipTest("no session is charged on this machine")
            name, other = fresh(), fresh()
            pool.run(name, "x = bytearray(60 << 20)")
            refused = self.put(pool, name, "f", 50 * MIB)
            self.assertEqual((refused.status, refused.code), (507, "SessionStorageFull"))
            self.assertIn("memory limit", refused.json["error"]["message"])
            self.assertEqual(pool.run(name, "x[5]").json["result"]["executionResult"], 0)
            self.assertEqual(self.put(pool, name, "f", MIB).status, 200)
            self.assertEqual(self.put(pool, other, "f", 50 * MIB).status, 200)
            listed = pool.call("GET", "/files", name).json["value"]
            self.assertEqual([f["name"] for f in listed], ["f"], "nothing is left of the refused one")

    def test_a_session_that_ends_under_an_upload_says_why(self):
        """It takes the memory while the file is carried: either is refused or ends with the session, with the cause."""
        with Pool(max=8, ready=1, memory_mb=96) as pool, concurrent.futures.ThreadPoolExecutor(1) as threads:
            if not charges_sessions(pool):
                self.skipTest("no session is charged on this machine")
            seen = set()
            for _ in range(4):
                name = fresh()
                pool.run(name, "1")
                run = threads.submit(pool.run, name, "x = [bytearray(1 << 20) for _ in range(200)]")
                answer = self.put(pool, name, "f", 60 * MIB)
                while answer.status == 200 and not run.done():
                    answer = self.put(pool, name, "f", 60 * MIB)
                self.assertEqual(run.result().json["error"]["error"]["reason"], "memory-limit")
                if answer.status == 409:
                    self.assertIn("memory limit", answer.json["error"]["message"])
                seen.add(answer.status)
            self.assertLessEqual(seen, {200, 409, 507})
            self.assertEqual(self.put(pool, fresh(), "f", MIB).status, 200, "the pool goes on")

    def test_files_of_one_session_wait_for_each_other(self):
        with Pool(max=8, ready=1) as pool, concurrent.futures.ThreadPoolExecutor(8) as threads:
            name = fresh()
            pool.run(name, "1")
            answers = list(threads.map(lambda n: self.put(pool, name, f"f{n}", 5 * MIB + n), range(16)))
            self.assertEqual({a.status for a in answers}, {200})
            sizes = pool.run(name, "import os; sorted(os.path.getsize(f'/mnt/data/f{n}') for n in range(16))").json
            self.assertEqual(json.loads(sizes["result"]["executionResult"]), [5 * MIB + n for n in range(16)])

    def test_a_caller_who_leaves_and_a_session_that_is_deleted(self):
        with Pool(max=8, ready=1) as pool, concurrent.futures.ThreadPoolExecutor(4) as threads:
            name = fresh()
            pool.run(name, "1")
            for _ in range(10):
                head = (f"POST /files?identifier={name}&api-version={V4} HTTP/1.1\r\nHost: localhost\r\n"
                        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {20 * MIB + 91}\r\n\r\n"
                        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"left\"\r\n\r\n")
                with socket.create_connection(("127.0.0.1", pool.port)) as connection:
                    connection.sendall(head.encode() + b"l" * (20 * MIB + 91 - 93) + b"\r\n--b--\r\n")
            self.assertEqual(self.put(pool, name, "f", MIB).status, 200)
            uploads = [threads.submit(self.put, pool, name, f"g{n}", 20 * MIB) for n in range(4)]
            time.sleep(0.05)
            pool.call("DELETE", "/session", name)
            self.assertLessEqual({u.result().status for u in uploads}, {200, 409})
            self.assertEqual(self.put(pool, fresh(), "f", MIB).status, 200)

    def test_uploads_that_the_server_is_charged_for_share_one_limit(self):
        with Pool(max=8, ready=2, uploads_memory_max=5 * MIB, prefix=ROOTLESS) as pool:
            if charges_sessions(pool):
                self.skipTest("this machine charges sessions without root too")
            first, second = fresh(), fresh()

            def put(name, file, size):
                return self.put(pool, name, file, size).status

            self.assertEqual(put(first, "a", 3 * MIB), 200)
            self.assertEqual(put(second, "b", 3 * MIB), 507)
            self.assertEqual(put(second, "b", MIB), 200)
            pool.run(first, "import os; os.remove('/mnt/data/a')")
            self.assertEqual(put(first, "c", 3 * MIB), 200)  # what is gone does not count
            self.assertEqual(put(second, "d", 3 * MIB), 507)
            pool.call("DELETE", "/session", first)
            self.assertEqual(put(second, "d", 3 * MIB), 200)  # nor what has gone with its session
            self.assertEqual(pool.report()["memory"]["uploadedBytes"], 4 * MIB)


class Neighbours(unittest.TestCase):
    """One neighbour calls on and on while others attack the loop."""

    def calls(self, pool, name, until, least=30):
        spans = []
        while len(spans) < least or not until.is_set():
            begin = time.monotonic()
            self.assertEqual(pool.run(name, "1").json["status"], "Succeeded")
            spans.append(time.monotonic() - begin)
        return statistics.median(spans)

    def slowdown(self, attack):
        """How much longer the neighbour's median call takes while `attack(pool)` runs."""
        with Pool(max=16, ready=2) as pool, concurrent.futures.ThreadPoolExecutor(1) as threads:
            name, over = fresh(), threading.Event()
            over.set()
            pool.run(name, "1")
            quiet = self.calls(pool, name, over, 60)
            over.clear()
            attacked = threads.submit(attack, pool)
            attacked.add_done_callback(lambda _: over.set())
            busy = self.calls(pool, name, over)
            attacked.result()
            print(f"{attack.__name__}: {quiet * 1e3:.2f} ms alone, {busy * 1e3:.2f} ms under attack", flush=True)
            return busy / quiet

    def test_crumbs_cost_the_loop_few_turns(self):
        """A turn for each byte would be a hundred thousand of them; the pipes are looked at every 2 ms at most."""
        sessions = 4
        with Pool(max=8, ready=2) as pool:
            run_all(pool, "1", sessions)
            begin, waits = time.monotonic(), waits_of(pool)
            run_all(pool, CRUMBS, sessions)
            turns, span = waits_of(pool) - waits, time.monotonic() - begin
        self.assertLess(turns, 1.5 * sessions * span / 0.002)

    def test_output_in_crumbs(self):
        def crumbs(pool):
            run_all(pool, CRUMBS, 4)

        self.assertLess(self.slowdown(crumbs), 15)

    def test_large_results(self):
        def large_results(pool):
            for _ in range(4):
                run_all(pool, FORGED_LARGE, 4)

        self.assertLess(self.slowdown(large_results), 15)


if __name__ == "__main__":
    unittest.main(verbosity=1)
