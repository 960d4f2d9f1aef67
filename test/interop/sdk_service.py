# SPDX-License-Identifier: MIT
"""What a test of the official Python SDK talks to: a scheduler process of ours, or the SDK's own in-memory backend.

The second shows that a test asks for what the SDK's authors mean, and not for what we happen to do.
"""
import logging
import socket

from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.client import TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from scheduler_process import Host

QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


class Ours:
    def __init__(self):
        self.host = Host("default")

    def options(self, **more):
        return dict(host_address=f"http://localhost:{self.host.port}", secure_channel=False, taskhub="default",
                    token_credential=None, logger=QUIET, **more)

    def client(self, **more):
        return DurableTaskSchedulerClient(**self.options(**more))

    def worker(self, **more):
        return DurableTaskSchedulerWorker(**self.options(**more))

    def stop(self):
        assert self.host.stop() == 0


class Peer:
    def __init__(self):
        from durabletask.testing import InMemoryOrchestrationBackend
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.backend = InMemoryOrchestrationBackend(port=port)
        self.backend.start()
        self.address = f"localhost:{port}"

    def client(self, **more):
        return TaskHubGrpcClient(host_address=self.address, logger=QUIET, **more)

    def worker(self, **more):
        return TaskHubGrpcWorker(host_address=self.address, logger=QUIET, **more)

    def stop(self):
        self.backend.stop()
