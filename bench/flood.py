# SPDX-License-Identifier: MIT
"""What a flood of the control plane costs those who use the data planes: latency of print('hi') in a used session and of a look at
a task hub, on an idle server and while clients ask the control plane as fast as it answers. Prints figures; never fails on a
slow one.

Usage: flood.py SALLYPORT [SECONDS] [FLOODERS]"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

from keep_alive import KeepAlive

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "scenario"))
from server import Server  # noqa: E402

API = "api-version=2024-02-02-preview"
CODE = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print('hi')"}})
# A process of its own: what it costs in Python is not taken from the measuring one's time.
FLOOD = """import sys, json
sys.path.insert(0, sys.argv[1])
from keep_alive import KeepAlive
port, group, asked = int(sys.argv[2]), sys.argv[3], 0
connection = KeepAlive(port)
version = "api-version=2024-11-01"
print("ready", flush=True)
while True:
    for method, path, body in (("PUT", group, json.dumps({"location": "eastus", "tags": {"n": str(asked)}})), ("GET", group, ""),
                               ("GET", group + "/resources", ""), ("GET", "/subscriptions", "")):
        connection.request(method, f"{path}?{version}", body)
        asked += 1
        if asked % 100 == 0:
            print(asked, flush=True)
"""


def measure(call, seconds):
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        status = call()[0]
        took.append((time.perf_counter() - began) * 1000)
        assert status == 200
    took.sort()
    return statistics.median(took), took[min(len(took) - 1, int(len(took) * 0.99))], len(took)


class Flooder:
    def __init__(self, port, group):
        self.asked = 0
        self.process = subprocess.Popen([sys.executable, "-c", FLOOD, str(pathlib.Path(__file__).parent), str(port), group],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.thread = threading.Thread(target=self.count, daemon=True)
        self.thread.start()

    def count(self):
        for line in self.process.stdout:
            self.asked = int(line)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def main():
    program = sys.argv[1]
    seconds, count = (float(sys.argv[2]) if len(sys.argv) > 2 else 5.0), (int(sys.argv[3]) if len(sys.argv) > 3 else 2)
    with Server(program, arguments=["--ready-sessions", "1"]) as server:
        connection = KeepAlive(server.port)
        pool = urllib.parse.urlsplit(server.ready["sessionPoolUrl"]).path
        subscription = json.loads(connection.request("GET", "/subscriptions?api-version=2022-12-01")[1])["value"][0]["subscriptionId"]
        calls = {
            "second print('hi')": lambda: connection.request("POST", f"{pool}/code/execute?{API}&identifier=used-one", CODE),
            "a look at a task hub": lambda: connection.request("GET", "/v1/hubs"),
        }
        for call in calls.values():
            status, answer = call()
            if status != 200:
                sys.exit(f"{status}: {answer}")
        idle = {what: measure(call, seconds) for what, call in calls.items()}
        flooders = [Flooder(server.port, f"/subscriptions/{subscription}/resourceGroups/flood{n}") for n in range(count)]
        began = time.monotonic()
        flooded = {what: measure(call, seconds) for what, call in calls.items()}
        rate = sum(flooder.asked for flooder in flooders) / (time.monotonic() - began)
        for flooder in flooders:
            flooder.end()
        connection.close()
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.2f}, {count} clients flood the control plane: {rate:.0f} requests/s\n")
    print("| | idle p50 | p99 | flooded p50 | p99 | p99 ratio |\n|---|---|---|---|---|---|")
    for what in calls:
        (p50, p99, _), (flood_50, flood_99, _) = idle[what], flooded[what]
        print(f"| {what} | {p50:.2f} ms | {p99:.2f} ms | {flood_50:.2f} ms | {flood_99:.2f} ms | {flood_99 / p99:.1f} |")


main()
