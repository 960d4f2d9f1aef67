# SPDX-License-Identifier: MIT
"""The pool comes back: keeper and zygote are killed, alone, again and again, and under load; descriptors run out.

If this fails, the death of one process ends the service until somebody restarts it, or it says that it is ready while
no session can run. Usage: isolation_test.py PROGRAM
"""
import os
import resource
import signal
import sys
import threading
import time
import unittest

from server import HELD, POOL, Server

PROGRAM = sys.argv.pop(1)
GONE_S = 20


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            found = [int(child) for child in file.read().split()]
    except OSError:
        return []
    return found


def below(pid):
    """Every descendant as (pid, start time), so that a pid that comes again is not taken for the old one."""
    found = []
    for child in children(pid):
        try:
            with open(f"/proc/{child}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found.append((child, fields[19]))
        found += below(child)
    return found


def victim(server, name):
    """keeper, zygote or warden of this server; waits for it, since a new one may be on its way."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for pid, _ in below(server.process.pid):
            if comm(pid).startswith({"keeper": "sallyport-keep", "zygote": "zygote", "warden": "sallyport-ward"}[name]):
                return pid
        time.sleep(0.02)
    raise AssertionError(f"there is no {name}")


def execute(server, identifier, code, timeout=120):
    """One synchronous execution; (HTTP status, result)."""
    body = {"codeInputType": "inline", "executionType": "synchronous", "code": code}
    status, _, answer = server.ask("POST", f"{POOL}/executions?api-version=2025-02-02-preview&identifier={identifier}",
                                   body, timeout=timeout)
    value = answer.get("result", {}).get("executionResult") if status == 200 else answer
    return status, value


def ready(server):
    status, _, answer = server.ask("GET", "/readyz")
    return status, answer


def losses(server):
    status, _, health = server.ask("GET", "/healthz")
    assert status == 200, (status, health)
    return health["pool"]["totals"]["isolationLosses"]


def wait_loss(server, count=1, seconds=60):
    """Until the server knows: a session that stood ready may serve one call more, before the kernel ends it."""
    deadline = time.monotonic() + seconds
    while losses(server) < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"no loss was seen\n{server.tail()}")
        time.sleep(0.005)


def wait_ready(server, seconds=60):
    deadline = time.monotonic() + seconds
    while ready(server)[0] != 200:
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready: {ready(server)}\n{server.tail()}")
        time.sleep(0.02)


class Comeback(unittest.TestCase):
    def start(self, *arguments, **rest):
        server = Server(PROGRAM, arguments=arguments, **rest)
        self.addCleanup(server.close)
        return server.start()

    def test_keeper_and_zygote_killed_again_and_again(self):
        """A call that comes while isolation is down waits and is answered with the right value."""
        server = self.start()
        for turn, name in enumerate(("keeper", "zygote", "keeper", "zygote")):
            self.assertEqual(execute(server, f"before-{turn}", "6 * 7"), (200, 42))
            former = {process for process in below(server.process.pid) if not comm(process[0]).startswith(("sallyport-ward", "sallyport-apps"))}
            os.kill(victim(server, name), signal.SIGKILL)
            wait_loss(server, turn + 1)  # what is sent to a session in this very moment may have run: an honest 503
            self.assertEqual(execute(server, f"after-{turn}", "6 * 7"), (200, 42), name)
            wait_ready(server)
            # Nothing of the dead one is left: no process, and nothing that a dead one would leave in our tree.
            deadline = time.monotonic() + GONE_S
            while former & set(below(server.process.pid)) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(former & set(below(server.process.pid)), set(), name)
        self.assertEqual(losses(server), 4)
        self.assertEqual(server.stop(), 0)

    def test_liveness_and_readiness_are_two_things(self):
        server = self.start()
        self.assertEqual(ready(server), (200, {"ready": True, "causes": []}))
        warden = victim(server, "warden")
        os.kill(warden, signal.SIGSTOP)  # nobody can start a keeper meanwhile
        try:
            os.kill(victim(server, "keeper"), signal.SIGKILL)
            deadline = time.monotonic() + 30
            while ready(server)[0] == 200 and time.monotonic() < deadline:
                time.sleep(0.02)
            status, answer = ready(server)
            self.assertEqual((status, answer["ready"]), (503, False))
            self.assertEqual([cause["part"] for cause in answer["causes"]], ["pool"])
            self.assertIn("isolation is not available", answer["causes"][0]["cause"])
            status, _, health = server.ask("GET", "/healthz")
            self.assertEqual((status, health["ok"]), (200, False))
        finally:
            os.kill(warden, signal.SIGCONT)
        wait_ready(server)
        self.assertEqual(execute(server, "after", "6 * 7"), (200, 42))

    def test_runs_wait_within_the_setting_and_then_fail(self):
        server = self.start("--isolation-wait", "1s")
        warden = victim(server, "warden")
        os.kill(warden, signal.SIGSTOP)
        try:
            os.kill(victim(server, "keeper"), signal.SIGKILL)
            wait_loss(server)
            status, answer = execute(server, "late", "6 * 7")
            self.assertEqual(status, 503, answer)
            self.assertIn("isolation is not available", answer["error"]["message"])
        finally:
            os.kill(warden, signal.SIGCONT)
        wait_ready(server)
        self.assertEqual(execute(server, "late", "6 * 7"), (200, 42))

    def test_seats_of_the_dead_are_free(self):
        """All sessions were in use and died at once: whoever comes next gets one, the former come back as others do."""
        server = self.start("--max-sessions", "8")
        for number in range(8):
            self.assertEqual(execute(server, f"former-{number}", "6 * 7"), (200, 42))
        self.assertEqual(execute(server, "one-too-many", "6 * 7")[0], 429)
        os.kill(victim(server, "zygote"), signal.SIGKILL)
        wait_loss(server)
        wait_ready(server)
        for number in range(8):
            self.assertEqual(execute(server, f"new-{number}", "6 * 7"), (200, 42))
        self.assertEqual(execute(server, "former-0", "6 * 7")[0], 429)
        self.assertIn(server.ask("DELETE", f"{POOL}/session?api-version=2025-02-02-preview&identifier=new-0")[0], (200, 204))
        self.assertEqual(execute(server, "former-0", "6 * 7"), (200, 42))

    def test_a_submission_outlives_the_keeper(self):
        """What runs when the keeper dies is run again, and counted as such."""
        server = self.start()
        request = server.submit(HELD + "print('through')")
        server.until_busy()
        os.kill(victim(server, "keeper"), signal.SIGKILL)
        wait_loss(server)
        server.let_go(lambda: server.request(request)["state"] == "waiting", seconds=120)
        answer = server.request(request)
        self.assertEqual(answer["result"]["stdout"], "through\n")
        self.assertEqual(answer["attempts"], 2)

    def test_kills_under_load(self):
        """Every answer is right or an honest 503 / 5xx; the last ones are all right; memory of the dead is swept."""
        server = self.start("--max-sessions", "20")
        stop, wrong, good = threading.Event(), [], []

        def drive(number):
            turn = 0
            while not stop.is_set():
                turn += 1
                try:
                    status, value = execute(server, f"load-{number}-{turn % 3}", f"{number} * {turn}")
                except OSError as error:
                    wrong.append(str(error))
                    return
                if status == 200 and isinstance(value, int):
                    (good if value == number * turn else wrong).append(value)

        threads = [threading.Thread(target=drive, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for name in ("keeper", "zygote", "zygote"):
            before = len(good)
            deadline = time.monotonic() + 60
            while len(good) == before and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertGreater(len(good), before, f"no answer before the {name}'s end\n{server.tail()}")
            os.kill(victim(server, name), signal.SIGKILL)
            time.sleep(0.5)
        try:
            wait_ready(server)
        except OSError:
            self.fail(f"the server ended: {server.process.poll()}\n{server.tail()}")
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)
        self.assertEqual(wrong, [])
        self.assertEqual(execute(server, "at-the-end", "6 * 7"), (200, 42))
        self.assertEqual(server.stop(), 0)

    def test_without_a_warden_it_fails_closed_and_says_so(self):
        server = self.start("--isolation-wait", "1s")
        os.kill(victim(server, "warden"), signal.SIGKILL)
        self.assertEqual(execute(server, "still", "6 * 7"), (200, 42))  # the keeper does not hang on it
        os.kill(victim(server, "keeper"), signal.SIGKILL)
        # A session that stood ready may serve one call more, before the kernel ends it with its keeper.
        deadline = time.monotonic() + 30
        number = 0
        while (answer := execute(server, f"none-{number}", "6 * 7"))[0] != 503:
            self.assertEqual(answer, (200, 42))
            self.assertLess(time.monotonic(), deadline, "sessions run on without a keeper")
            number += 1
        deadline = time.monotonic() + 30  # it is known at the next try to start a keeper
        while "restart the server" not in str(ready(server)[1]) and time.monotonic() < deadline:
            time.sleep(0.05)
        status, answer = ready(server)
        self.assertEqual(status, 503)
        self.assertIn("restart the server", answer["causes"][0]["cause"])
        self.assertEqual(server.stop(), 0)


class Ready(unittest.TestCase):
    def test_ready_is_said_only_when_a_session_has_run(self):
        """With few descriptors no session can be built: alive, not ready, no ready file, no banner."""
        server = Server(PROGRAM, arguments=["--max-sessions", "100"])
        self.addCleanup(server.close)
        command = [PROGRAM, "dev", "--port", "0", "--data", server.data, "--ready-file", os.path.join(server.data, "ready.json")]
        server.launch(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (NO_SESSION_FILES, NO_SESSION_FILES)))
        deadline = time.monotonic() + 60
        while "not ready yet" not in server.tail() and server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if server.process.poll() is not None:  # it may also refuse to start, in words
            self.assertNotEqual(server.process.returncode, 0)
            self.assertIn("sessions cannot be started", server.tail())
        else:
            self.assertIn("no session has run yet", server.tail())
        self.assertFalse(os.path.exists(os.path.join(server.data, "ready.json")))
        self.assertNotIn("is ready\n", server.tail())

    def test_256_descriptors(self):
        """What the machine gives by default to some services: it is ready, and then sessions do run."""
        server = Server(PROGRAM)
        self.addCleanup(server.close)
        ready_file = os.path.join(server.data, "ready.json")
        command = [PROGRAM, "dev", "--port", "0", "--data", server.data, "--ready-file", ready_file]
        server.launch(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        deadline = time.monotonic() + 60
        while not os.path.exists(ready_file) and server.process.poll() is None and time.monotonic() < deadline:
            if "not ready yet" in server.tail():
                return  # the truth, too
            time.sleep(0.05)
        self.assertIsNone(server.process.poll(), server.tail())
        server.wait_ready()
        self.assertEqual(execute(server, "with-256", "6 * 7"), (200, 42))


NO_SESSION_FILES = 60

if __name__ == "__main__":
    unittest.main(verbosity=2)
