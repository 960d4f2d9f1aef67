# SPDX-License-Identifier: MIT
"""The official Python SDK, unmodified, through TLS: client and worker, told of the server's own authority by gRPC's variable.

If this fails, users of that SDK cannot use a server on a network. Usage: python_sdk_tls_test.py SALLYPORT
"""
import logging
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


def plus_one(ctx, value):
    return value + 1


def sequence(ctx, start):
    for _ in range(5):
        start = yield ctx.call_activity(plus_one, input=start)
    return start


class Tls(unittest.TestCase):
    def test_client_and_worker_come_through_and_trust_no_other(self):
        with Server(PROGRAM, command="scheduler", arguments=["--tls"]) as server:
            os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = server.ready["certificateAuthority"]
            from durabletask.azuremanaged.client import DurableTaskSchedulerClient  # gRPC reads the variable once
            from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
            where = dict(host_address=f"localhost:{server.port}", secure_channel=True, taskhub="default", token_credential=None)
            with DurableTaskSchedulerWorker(**where) as worker:
                worker.add_orchestrator(sequence)
                worker.add_activity(plus_one)
                worker.start()
                client = DurableTaskSchedulerClient(**where)
                for start in range(3):
                    done = client.wait_for_orchestration_completion(client.schedule_new_orchestration(sequence, input=start),
                                                                    timeout=60)
                    self.assertEqual(done.serialized_output, str(start + 5))
            # By another name than the certificate has, nothing is sent.
            import grpc
            with grpc.secure_channel(f"localhost:{server.port}", grpc.ssl_channel_credentials(),
                                     options=(("grpc.ssl_target_name_override", "pool.example"),)) as channel:
                with self.assertRaises(grpc.FutureTimeoutError):
                    grpc.channel_ready_future(channel).result(timeout=5)


if __name__ == "__main__":
    unittest.main()
