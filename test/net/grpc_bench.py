#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CPU of the gRPC server per call, under h2load. Not a test: it prints numbers, of a release build at best.

The server runs on one core, h2load on the other; CPU time is the server's own (user and system), so a busy machine
disturbs it little. Usage: grpc_bench.py SERVER [CALLS]
"""
import os
import re
import subprocess
import sys
import tempfile

server_path = sys.argv[1]
calls = int(sys.argv[2]) if len(sys.argv) > 2 else 300000


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(name, method, message, count, messages_per_call, connections, streams):
    server = subprocess.Popen(["taskset", "-c", "0", server_path], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"\0" + len(message).to_bytes(4, "big") + message)
        body.flush()
        before = cpu_seconds(server.pid)
        out = subprocess.run(["taskset", "-c", "1", "h2load", "-n", str(count), "-c", str(connections), "-m", str(streams),
                              "-d", body.name, "-H", "content-type: application/grpc", "-H", "te: trailers",
                              f"http://127.0.0.1:{port}/test.Echo/{method}"], capture_output=True, text=True, check=True)
        used = cpu_seconds(server.pid) - before
    server.terminate()
    server.wait()
    rate = float(re.search(r"([\d.]+) req/s", out.stdout).group(1))
    failed = re.search(r"(\d+) failed", out.stdout).group(1)
    per = used / count / messages_per_call * 1e6
    print(f"{name:42} {rate * messages_per_call:12,.0f}/s  {per:6.2f} us CPU each  failed {failed}", flush=True)


run("unary 100 bytes, 10 x 100", "Unary", b"x" * 100, calls, 1, 10, 100)
run("unary 100 bytes, 100 x 10", "Unary", b"x" * 100, calls, 1, 100, 10)
run("unary 100 bytes, one at a time", "Unary", b"x" * 100, calls // 10, 1, 1, 1)
run("stream of 100 messages of 20 bytes", "Stream", b"100 20", calls // 30, 100, 10, 10)
