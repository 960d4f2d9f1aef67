# SPDX-License-Identifier: MIT
"""A start happens once, although its answer is lost (performance.md section 3, invariant 5).

Between a C client and our scheduler stands a proxy that swallows what the service says on its next connection, or drops
what the client says, and cuts the connection. If this fails, work runs twice, or a client is told that somebody else has
the id that it has just used itself. Usage: lost_answers_test.py PEER SCHEDULER_HOST
"""
import os
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

import grpc

import services

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Stub  # noqa: E402
from process import Process  # noqa: E402

PEER, HOST = sys.argv[1:3]
del sys.argv[1:3]
WAIT_S = 60
SWALLOW, DROP = "swallow what the service says", "drop what the client says"


class Proxy:
    """Passes bytes on. `fate` is what happens to the next connection; `cut` ends it."""

    def __init__(self, port):
        self.port_behind = port
        self.fate = None
        self.doomed = []
        self.heard = threading.Event()  # something of a doomed connection's client has arrived
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            service = socket.create_connection(("127.0.0.1", self.port_behind))
            fate, self.fate = self.fate, None
            if fate:
                self.doomed += [client, service]
            threading.Thread(target=self.pump, args=(client, service, fate == DROP, fate), daemon=True).start()
            threading.Thread(target=self.pump, args=(service, client, fate == SWALLOW, None), daemon=True).start()

    def pump(self, source, target, silent, fate):
        # The preface and settings of HTTP/2 must pass for a client to send its call.
        try:
            while data := source.recv(65536):
                if not silent:
                    target.sendall(data)
                if fate and len(data) > 100:
                    self.heard.set()
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for end in self.doomed:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.doomed.clear()
        self.heard.clear()

    def close(self):
        self.listener.close()
        self.cut()


class LostAnswers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.service = self.enterContext(services.scheduler(HOST, pathlib.Path(folder.name, "store.db")))
        self.proxy = Proxy(self.service.port)
        self.addCleanup(self.proxy.close)
        self.channel = self.enterContext(grpc.insecure_channel(f"127.0.0.1:{self.service.port}"))
        self.stub = Stub(self.channel)

    def call(self, method, request):
        return getattr(self.stub, method)(request, metadata=(("taskhub", "default"),), timeout=WAIT_S)

    def state(self, instance_id):
        answer = self.call("GetInstance", pb.GetInstanceRequest(instanceId=instance_id))
        return answer.orchestrationState if answer.exists else None

    def worker(self):
        worker = Process([PEER, self.service.connection, "worker"])
        self.addCleanup(worker.stop)

    def start(self, *words):
        """A client whose connection goes through the proxy."""
        connection = f"Endpoint=http://127.0.0.1:{self.proxy.port};Authentication=None;TaskHub=default"
        return Process([PEER, connection, "start", *words])

    def until(self, what, condition):
        deadline = time.monotonic() + WAIT_S
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)
        return found

    def end(self, client):
        code = client.wait()
        return code, client.rest().strip(), client.said().strip()

    def test_an_ended_instance_is_not_run_again(self):
        self.worker()
        self.proxy.fate = SWALLOW
        client = self.start("sequence", '"London"', "ended")
        self.until("the instance has ended", lambda: (found := self.state("ended")) and
                   found.orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED)
        first = self.state("ended").createdTimestamp
        self.proxy.cut()
        self.assertEqual(self.end(client), (0, "ended", ""))
        self.assertEqual(self.state("ended").createdTimestamp, first)

    def test_a_live_instance_is_known_as_its_own(self):
        for words, given in ((("nobody_runs_this", "1", "live"), True), (("nobody_runs_this", "1"), False)):
            with self.subTest(given=given):
                self.proxy.fate = SWALLOW
                client = self.start(*words)
                everything = pb.QueryInstancesRequest(query=pb.InstanceQuery(maxInstanceCount=100))
                known = set() if given else {"live"}
                found = self.until("the instance is there", lambda: {
                    state.instanceId for state in self.call("QueryInstances", everything).orchestrationState} - known)
                self.proxy.cut()
                self.assertEqual(self.end(client), (0, found.pop(), ""))

    def test_a_start_that_never_arrived_is_sent_again(self):
        self.proxy.fate = DROP
        client = self.start("nobody_runs_this", "1", "dropped")
        time.sleep(0.5)  # the client has written, or will find the connection gone: both must end well
        self.proxy.cut()
        self.assertEqual(self.end(client), (0, "dropped", ""))
        self.assertIsNotNone(self.state("dropped"))

    def test_somebody_elses_instance_is_not_taken_for_ones_own(self):
        self.call("StartInstance", pb.CreateInstanceRequest(instanceId="taken", name="nobody_runs_this"))
        theirs = self.state("taken").executionId.value
        self.proxy.fate = SWALLOW
        client = self.start("nobody_runs_this", "1", "taken")
        self.proxy.heard.wait(WAIT_S)
        time.sleep(0.3)
        self.proxy.cut()
        code, _, err = self.end(client)
        self.assertEqual(code, 1)
        self.assertIn("may or may not", err)
        self.assertEqual(self.state("taken").executionId.value, theirs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
