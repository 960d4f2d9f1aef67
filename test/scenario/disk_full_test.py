# SPDX-License-Identifier: MIT
"""A full disk: writes are refused loudly, reads go on, nothing acknowledged is lost, and with room it goes on by itself.

The data folder is a small file system of memory in a mount namespace of this test's own. Exit code 77 (skipped) where that
is not permitted. Usage: disk_full_test.py PROGRAM [TEST...]
"""
import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import grpc

from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Stub  # noqa: E402

SIZE = "24m"
SIZE_WITH_RESERVE = "192m"  # a smaller disk has no reserve
RECOVERY_SECONDS_MAX = 60
SLOW = "import time\ntime.sleep(3)\nprint('done')"


class SmallDisk:
    """A file system of memory, and a file that fills it."""

    def __init__(self, directory, size):
        self.path = directory
        self.ballast = os.path.join(directory, "ballast")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", directory], check=True)

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for block in (1 << 16, 512):
                try:
                    while True:
                        file.write(b"\0" * block)
                except OSError:
                    pass

    def free(self):
        os.unlink(self.ballast)

    def leave(self, room):
        """Full but for so many bytes."""
        self.fill()
        os.truncate(self.ballast, os.path.getsize(self.ballast) - room)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=True)


class DiskServer(Server):
    """Its data folder is the small disk; what the test needs of it (log, ready file) is elsewhere."""

    def __init__(self, program, disk, directory):
        super().__init__(program, data=directory)
        self.disk = disk

    def start(self, wait=True):
        ready = pathlib.Path(self.data) / "ready.json"
        ready.unlink(missing_ok=True)
        self.launch([self.program, "dev", "--port", str(self.port), "--ready-file", str(ready), "--data", self.disk])
        return self.wait_ready() if wait else self


class Case(unittest.TestCase):
    size = SIZE

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(directory.cleanup)
        state, log = (os.path.join(directory.name, name) for name in ("state", "log"))
        os.mkdir(state)
        os.mkdir(log)
        self.disk = SmallDisk(state, self.size)
        self.addCleanup(self.disk.close)
        self.server = DiskServer(PROGRAM, state, log)
        self.addCleanup(self.server.close)
        self.server.start()
        self.acknowledged = {}  # request id: the state that it must reach or keep, None: any

    def submit(self, code="print(1)"):
        request_id = self.server.submit(code)
        self.acknowledged[request_id] = None
        return request_id

    def submit_until_refused(self):
        """Fills the disk, and submits until the server says no; every yes counts as acknowledged."""
        self.disk.fill()
        for n in range(3000):
            status, headers, answer = self.server.ask("POST", "/code/execute", f"print({n})\n#" + "x" * 2000)
            if status != 200:
                self.assertEqual(status, 503, answer)
                self.assertIn("problem+json", headers["Content-Type"])
                self.assertIn("disk full", str(answer), "the refusal does not name its cause")
                return
            self.acknowledged[answer["RequestId"]] = None
        self.fail("a full disk refuses nothing")

    def writes_again(self):
        began = time.monotonic()
        while True:
            status, _, answer = self.server.ask("POST", "/code/execute", "print('again')")
            if status == 200:
                self.acknowledged[answer["RequestId"]] = None
                return time.monotonic() - began
            self.assertEqual(status, 503, answer)
            self.assertLess(time.monotonic() - began, RECOVERY_SECONDS_MAX, answer)
            time.sleep(0.1)

    def get_instance(self, request_id):
        parts = dict(pair.split("=", 1) for pair in self.server.ready["schedulerConnectionString"].split(";"))
        with grpc.insecure_channel(parts["Endpoint"].removeprefix("http://")) as channel:
            return Stub(channel).GetInstance(
                pb.GetInstanceRequest(instanceId=request_id, getInputsAndOutputs=True), metadata=(("taskhub", parts["TaskHub"]),), timeout=60)

    def everything_is_there(self, over=True):
        """Every acknowledged request answers; if `over`, each has run and waits for a decision, or kept its own state."""
        for request_id, state in self.acknowledged.items():
            if state or over:
                self.server.until(request_id, state or "waiting", seconds=90)
            else:
                self.server.request(request_id)


class DiskFull(Case):
    def prepare(self):
        """A request of each kind from before the disk was full."""
        waiting, approved, rejected, failed = self.submit(), self.submit(), self.submit(), self.submit("1/0")
        for request_id in (waiting, approved, rejected):
            self.server.until(request_id, "waiting")
        self.assertEqual(self.server.review(approved, True)[0], 200)
        self.assertEqual(self.server.review(rejected, False)[0], 200)
        for request_id, state in ((approved, "approved"), (rejected, "rejected"), (failed, "failed")):
            self.server.until(request_id, state)
            self.acknowledged[request_id] = state
        return waiting, approved

    def test_full_and_free_again(self):
        waiting, approved = self.prepare()
        running = self.submit(SLOW)
        self.server.until(running, "running", "waiting")
        self.submit_until_refused()
        # Loud.
        status, _, health = self.server.ask("GET", "/healthz")
        self.assertEqual(status, 200)
        self.assertFalse(health["ok"])
        # Whichever of the two stores was first to find no room.
        causes = [item["cause"] for item in health["degraded"] if item["part"] in ("scheduler", "audit")]
        self.assertIn("disk full", " ".join(causes))
        self.assertIn("disk full", self.server.tail())
        # Refused, and nothing has changed.
        for method, path, body in (("POST", "/code/execute", "print(1)"), ("POST", "/v1/requests", {"code": "print(1)"})):
            with self.subTest(path=path.split("?")[0]):
                status, _, answer = self.server.ask(method, path, body)
                self.assertEqual(status, 503, answer)
                self.assertIn("disk full", str(answer))
        # A decision has the audit log's reserve; if that is spent it is refused, too. What is answered is so.
        status, _, answer = self.server.ask("POST", f"/v1/requests/{waiting}/decision", {"approve": True})
        self.assertIn(status, (200, 503), answer)
        decided = status == 200
        if decided:
            self.acknowledged[waiting] = "approved"
        else:
            self.assertIn("disk full", str(answer))
        # Reads go on, also while work that was running wants to be written.
        began = time.monotonic()
        while time.monotonic() < began + 4:
            self.assertEqual(self.server.request(waiting)["state"], "approved" if decided else "waiting")
            self.assertEqual(self.server.request(approved)["state"], "approved")
            self.assertEqual(self.server.ask("GET", "/v1/requests?limit=500")[0], 200)
            state = self.get_instance(approved)
            self.assertTrue(state.exists)
            self.assertEqual(state.orchestrationState.orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
            time.sleep(0.2)
        self.everything_is_there(over=False)
        # Room again.
        self.disk.free()
        took = self.writes_again()
        print(f"  writes work {took:.1f} s after there is room again; {len(self.acknowledged)} requests acknowledged", flush=True)
        self.assertEqual(self.server.review(waiting, True)[0], 409 if decided else 200)
        self.acknowledged[waiting] = "approved"
        self.everything_is_there()
        self.assertEqual(self.server.request(running)["result"]["stdout"], "done\n")
        health = self.server.ask("GET", "/healthz")[2]
        self.assertTrue(health["scheduler"]["writable"])
        self.assertEqual([item for item in health["degraded"] if item["part"] in ("scheduler", "audit")], [])

    def test_killed_while_full(self):
        waiting, _ = self.prepare()
        self.submit(SLOW)
        self.submit_until_refused()
        self.server.kill()
        # On a disk that is still full it comes up and reads, or says why it cannot.
        self.server.start(wait=False)
        try:
            self.server.wait_ready()
            self.everything_is_there(over=False)
            self.server.kill()
        except AssertionError:
            self.assertIsNotNone(self.server.process.poll(), self.server.tail())
            self.assertGreater(self.server.process.returncode, 0, self.server.tail())
            self.assertRegex(self.server.tail(), "(?i)disk full|no space left")
        self.disk.free()
        self.server.start()
        self.assertEqual(self.server.request(waiting)["state"], "waiting")
        self.everything_is_there()
        self.assertLess(self.writes_again(), RECOVERY_SECONDS_MAX)

    def test_full_again_and_again(self):
        for _ in range(3):
            self.submit_until_refused()
            self.disk.free()
            self.writes_again()
        self.everything_is_there()


class Files(Case):
    """Input files, and files that a run makes: all of them, or not yet."""

    def test_inputs_without_room_are_refused(self):
        before = self.server.ask("POST", "/v1/requests", {"code": "print(1)", "gate": "before", "files": [self.file("small", 1000)]})[2]["id"]
        self.disk.fill()
        body = {"code": "print(open('/mnt/data/large').read(3))", "files": [self.file("small", 1000), self.file("large", 2 << 20)]}
        status, _, answer = self.server.ask("POST", "/v1/requests", body)
        self.assertEqual(status, 503, answer)
        self.assertIn("disk full", str(answer))
        self.assertEqual([item["id"] for item in self.server.ask("GET", "/v1/requests")[2]["requests"]], [before])
        self.assertEqual(list(pathlib.Path(self.disk.path, "blobs").glob("new/*")), [])
        self.disk.free()
        status, _, answer = self.server.ask("POST", "/v1/requests", body)
        self.assertEqual(status, 201, answer)
        self.assertEqual(self.server.until(answer["id"], "waiting")["result"]["stdout"], "xxx\n")

    def test_what_a_run_made_is_shown_with_all_of_it(self):
        """A person is not asked about a result whose files have no room: it is run again once there is some."""
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": SLOW + "\nopen('/mnt/data/made', 'w').write('m' * (2 << 20))"})
        self.assertEqual(status, 201, answer)
        self.server.until_busy()
        self.disk.fill()
        began = time.monotonic()
        while time.monotonic() < began + 6:
            self.assertNotIn(self.server.request(answer["id"])["state"], ("waiting", "failed"))
            time.sleep(0.1)
        self.disk.free()
        seen = self.server.until(answer["id"], "waiting", seconds=RECOVERY_SECONDS_MAX)
        self.assertEqual([(item["path"], item["size"]) for item in seen["files"]], [("made", 2 << 20)])
        self.assertEqual(self.server.raw("GET", f"/v1/requests/{answer['id']}/files/made"), b"m" * (2 << 20))

    def test_a_run_whose_files_have_no_room_has_an_end(self):
        """Nobody is left with a run that seems to go on for ever, or that was lost with a server that never went away."""
        self.disk.leave(1 << 20)
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "open('/mnt/data/made', 'w').write('m' * (2 << 20))"})
        self.assertEqual(status, 201, answer)
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        while not (ended := [run for run in self.server.request(answer["id"])["runs"] if "ended" in run]):
            self.assertLess(time.monotonic(), deadline, self.server.request(answer["id"]))
            time.sleep(0.1)
        self.assertEqual((ended[0]["ended"], ended[0]["why"]), ("interrupted", "lost"), ended)
        self.assertRegex(ended[0]["words"], "could not be kept: .*(disk full|No space left)")
        self.disk.free()
        self.assertEqual(self.server.until(answer["id"], "waiting", seconds=RECOVERY_SECONDS_MAX)["files"][0]["path"], "made")

    def file(self, path, size):
        return {"path": path, "content": base64.b64encode(b"x" * size).decode()}


class Reserve(Case):
    """A full disk of a size at which there is a reserve: what makes room goes on."""
    size = SIZE_WITH_RESERVE

    def stub(self, method, request):
        parts = dict(pair.split("=", 1) for pair in self.server.ready["schedulerConnectionString"].split(";"))
        with grpc.insecure_channel(parts["Endpoint"].removeprefix("http://")) as channel:
            return getattr(Stub(channel), method)(request, metadata=(("taskhub", parts["TaskHub"]),), timeout=60)

    def until(self, what, condition):
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.1)
        return found

    def refusal(self):
        status, _, answer = self.server.ask("POST", "/code/execute", "print(1)\n#" + "x" * 200000)
        return str(answer) if status == 503 else None

    def purged(self, request_id):
        """The first write that finds the disk full gives the reserve up; the next one has its room."""
        try:
            return self.stub("PurgeInstances", pb.PurgeInstancesRequest(instanceId=request_id)).deletedInstanceCount == 1
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def test_a_purge_works_on_a_full_disk(self):
        reserve = pathlib.Path(self.disk.path, "scheduler.db.reserve")
        self.assertEqual(reserve.stat().st_size, 16 << 20)
        over, waiting = self.submit(), self.submit()
        for request_id in (over, waiting):
            self.server.until(request_id, "waiting")
        self.assertEqual(self.server.review(over, True)[0], 200)
        self.server.until(over, "approved")

        self.disk.fill()
        self.assertIn("nearly full", self.until("new work is refused", self.refusal))
        self.assertEqual(self.server.review(waiting, True)[0], 200)  # what is there goes on
        self.server.until(waiting, "approved")
        self.assertTrue(self.until("a purge works", lambda: self.purged(over)))

        self.disk.free()
        self.acknowledged = {waiting: "approved"}
        self.assertLess(self.writes_again(), RECOVERY_SECONDS_MAX)
        self.assertTrue(reserve.exists())
        self.everything_is_there()



def enter_namespace():
    """Starts this script again where its mounts are seen by nobody else."""
    if os.environ.get("SALLYPORT_TEST_NAMESPACE"):
        return
    command = ["unshare", "--mount", "--propagation", "private"]
    probe = [*command, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    if os.geteuid() != 0 or subprocess.run(probe, capture_output=True).returncode != 0:
        print("skipped: needs root and the right to mount, for a small file system of its own")
        sys.exit(77)
    os.environ["SALLYPORT_TEST_NAMESPACE"] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


if __name__ == "__main__":
    enter_namespace()
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
