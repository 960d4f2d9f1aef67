# SPDX-License-Identifier: MIT
"""Latency of print('hi') over HTTP keep-alive: the first in a fresh session from the ready pool, the second in the
same session, and those after it; beside Jupyter's kernel on the same machine in the same run. Ratios count, not the
figures alone.

Usage: session_bench.py POOL_HOST ZYGOTE [ROUNDS]      (in a virtual environment with ipykernel and jupyter_client
for the peer; without them the peer is left out)
"""
import json
import statistics
import subprocess
import sys
import time
import uuid

from keep_alive import KeepAlive

V1 = "2024-02-02-preview"
CODE = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print('hi')"}})
SPARES = 8


def describe(name, seconds):
    ms = sorted(s * 1e3 for s in seconds)
    p99 = ms[min(len(ms) - 1, int(len(ms) * 0.99))]
    print(f"{name:<44} n={len(ms):<5} p50 {statistics.median(ms):8.3f} ms   p99 {p99:8.3f} ms   min {ms[0]:8.3f} ms",
          flush=True)
    return statistics.median(ms)


class Pool:
    def __init__(self, host, zygote):
        self.process = subprocess.Popen([host, f"zygote={zygote}", "max=100", f"ready={SPARES}"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline().strip().partition("=")[2])
        if self.process.stdout.readline().strip() != "up":
            raise SystemExit("the pool did not come up")
        self.connection = KeepAlive(self.port)
        self.request = self.connection.request

    def run(self, identifier):
        begin = time.perf_counter()
        status, data = self.request("POST", f"/code/execute?identifier={identifier}&api-version={V1}", CODE)
        took = time.perf_counter() - begin
        answer = json.loads(data)
        assert status == 200 and answer["properties"]["stdout"] == "hi\n", answer
        return took

    def wait_ready(self):
        while json.loads(self.request("GET", "/healthz")[1])["sessions"]["ready"] < SPARES:
            time.sleep(0.002)

    def close(self):
        self.connection.close()
        self.process.stdin.close()
        self.process.wait(30)


def bench_pool(pool, rounds):
    first, second, later = [], [], []
    for i in range(rounds):
        identifier = str(uuid.uuid4())
        pool.wait_ready()
        first.append(pool.run(identifier))
        second.append(pool.run(identifier))
        for _ in range(4):
            later.append(pool.run(identifier))
        pool.request("DELETE", f"/session?identifier={identifier}&api-version={V1}")
    return first, second, later


def bench_jupyter(rounds):
    from jupyter_client.manager import KernelManager
    first, second = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        manager = KernelManager()
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        run_jupyter(client)
        first.append(time.perf_counter() - begin)
        for _ in range(50):
            second.append(run_jupyter(client))
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return first, second


def run_jupyter(client):
    begin = time.perf_counter()
    text = []
    client.execute_interactive("print('hi')", output_hook=lambda m: text.append(m["content"].get("text")), timeout=30)
    took = time.perf_counter() - begin
    assert "".join(t or "" for t in text) == "hi\n", text
    return took


def main():
    host, zygote = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    pool = Pool(host, zygote)
    try:
        pool.run("warm-up-1")
        first, second, later = bench_pool(pool, rounds)
        ours_first = describe("sallyport: fresh session from the ready pool", first)
        ours_second = describe("sallyport: second call in the session", second)
        describe("sallyport: calls after it", later)
    finally:
        pool.close()
    try:
        first, second = bench_jupyter(max(3, rounds // 40))
    except ImportError:
        print("jupyter: not installed, left out")
        return
    theirs_first = describe("jupyter: kernel start to first output", first)
    theirs_second = describe("jupyter: second call in the kernel", second)
    print(f"ratio: first call {theirs_first / ours_first:.0f}x, second call {theirs_second / ours_second:.1f}x")


if __name__ == "__main__":
    main()
