# SPDX-License-Identifier: MIT
"""The in-memory scheduler of the official Python SDK (PyPI durabletask), as a server of its own.

Prints port=N and serves until its standard input ends. Usage: memory_backend.py [PORT]
"""
import os
import socket
import sys

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
from durabletask.testing import create_test_backend


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


port = int(sys.argv[1]) if len(sys.argv) > 1 else free_port()
backend = create_test_backend(port=port)
print(f"port={port}", flush=True)
sys.stdin.read()
backend.stop()
