# SPDX-License-Identifier: MIT
"""Somebody else's worker, of the official Python SDK, on the task hub of the app.

If this fails, a stranger's worker takes the app's requests and fails them. Usage: neighbours_test.py PROGRAM
"""
import logging
import os
import sys
import unittest

from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenario"))
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


class Neighbours(unittest.TestCase):
    """Somebody else's worker on the task hub of the app: each gets what is its own."""

    def test_an_sdk_worker_and_the_app_share_a_hub(self):
        def double(_, number):
            return 2 * number

        def twice_doubled(context, number):
            once = yield context.call_activity(double, input=number)
            return (yield context.call_activity(double, input=once))

        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            address = dict(host_address=f"127.0.0.1:{server.port}", taskhub="default", token_credential=None, secure_channel=False,
                           logger=QUIET)
            client = DurableTaskSchedulerClient(**address)
            ids = [client.schedule_new_orchestration("twice_doubled", input=number) for number in range(20)]
            with DurableTaskSchedulerWorker(**address) as worker:
                worker.add_orchestrator(twice_doubled)
                worker.add_activity(double)
                worker.start()
                for number, instance_id in enumerate(ids):
                    state = client.wait_for_orchestration_completion(instance_id, timeout=60)
                    self.assertEqual((state.runtime_status.name, state.serialized_output), ("COMPLETED", str(4 * number)))
                requests = [server.submit("print(1)") for _ in range(20)]  # none goes to the worker that takes everything
                for request_id in requests:
                    server.until(request_id, "waiting")
            self.assertEqual(len(server.ask("GET", "/v1/requests")[2]["requests"]), len(requests))


if __name__ == "__main__":
    unittest.main(verbosity=2)
