# SPDX-License-Identifier: MIT
"""What sign-in costs, and what it does not protect from: tokens issued and checked, each with the server's processor time, and the
latency of a quiet tenant beside one who floods the same server with requests of his own. Prints figures; never fails on a slow one.

Usage: access_bench.py SALLYPORT [SECONDS] [FLOODERS]"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

from keep_alive import KeepAlive

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "scenario"))
from server import Server  # noqa: E402

POOL_AUDIENCE, HUB_AUDIENCE = "https://dynamicsessions.io", "https://durabletask.io"
API = "api-version=2024-02-02-preview"
CODE = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print('hi')"}})
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# A process of its own: what it costs in Python is not taken from the measuring one's time.
FLOOD = """import sys
sys.path.insert(0, sys.argv[1])
from keep_alive import KeepAlive
connection, asked = KeepAlive(int(sys.argv[2]), token=sys.argv[3]), 0
print(0, flush=True)
while True:
    connection.request("POST", sys.argv[4], sys.argv[5])
    asked += 1
    if asked % 100 == 0:
        print(asked, flush=True)
"""


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def measure(call, seconds, pid=None):
    """(p50 ms, p99 ms, calls a second, us of the server's processor time for each)."""
    took, began, before = [], time.monotonic(), cpu_s(pid) if pid else 0
    while time.monotonic() < began + seconds:
        start = time.perf_counter()
        status, answer = call()
        took.append((time.perf_counter() - start) * 1000)
        assert status == 200, answer[:300]
    spent = (cpu_s(pid) - before if pid else 0) / len(took) * 1e6
    rate = len(took) / (time.monotonic() - began)
    took.sort()
    return statistics.median(took), took[min(len(took) - 1, int(len(took) * 0.99))], rate, spent


class Tenant:
    """An application that may use the pool and look at hubs."""

    def __init__(self, server, name):
        self.server = server
        made = server.ask("POST", "/v1/directory/applications", {"name": name})[2]
        for role in ("Durable Task Data Reader", "Azure ContainerApps Session Executor"):
            server.ask("POST", "/v1/directory/assignments", {"role": role, "principal": name, "scope": "/"})
        self.key = server.ask("POST", "/v1/directory/keys", {"name": name, "owner": made["id"], "roles": "Durable Task Data Reader"})[2]["key"]
        self.form = {"grant_type": "client_credentials", "client_id": made["clientId"], "client_secret": made["secret"]}

    def token(self, audience):
        form = urllib.parse.urlencode({**self.form, "scope": f"{audience}/.default"}).encode()
        return self.server.ask("POST", "/common/oauth2/v2.0/token", form, {"Content-Type": "application/x-www-form-urlencoded"})[2]["access_token"]


class Asking(KeepAlive):
    """The same client with a form as its body."""

    def request(self, method, path, body="", kind="application/json"):
        if kind == "application/json":
            return super().request(method, path, body)
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, data = data.partition(b"\r\n\r\n")
        size = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")).split(b":")[1])
        while len(data) < size:
            data += self.receive()
        return int(head.split()[1]), data


def costs(server, tenant, seconds):
    pid, port = server.process.pid, server.port
    form = urllib.parse.urlencode({**tenant.form, "scope": f"{HUB_AUDIENCE}/.default"})
    rows = {
        "a request that needs no sign-in": (None, "GET", "/common/v2.0/.well-known/openid-configuration"),
        "a token is issued (client secret)": (None, "POST", "/common/oauth2/v2.0/token", form, "application/x-www-form-urlencoded"),
        "a look at the hubs, token checked": (tenant.token(HUB_AUDIENCE), "GET", "/v1/hubs"),
        "a look at the hubs, API key checked": (tenant.key, "GET", "/v1/hubs"),
    }
    print("| one client, call upon call | a second | p50 | p99 | server CPU each |\n|---|---|---|---|---|")
    for what, (token, *request) in rows.items():
        connection = Asking(port, token=token)
        p50, p99, rate, spent = measure(lambda: connection.request(*request), seconds, pid)
        connection.close()
        print(f"| {what} | {rate:.0f} | {p50:.2f} ms | {p99:.2f} ms | {spent:.0f} us |")


def neighbours(server, seconds, count):
    pool = urllib.parse.urlsplit(server.ready["sessionPoolUrl"]).path
    quiet, loud = Tenant(server, "quiet"), Tenant(server, "loud")
    connection = KeepAlive(server.port, token=quiet.token(POOL_AUDIENCE))
    hubs = KeepAlive(server.port, token=quiet.token(HUB_AUDIENCE))
    calls = {"second print('hi') of the quiet one": lambda: connection.request("POST", f"{pool}/code/execute?{API}&identifier=quiet-one", CODE),
             "his look at the hubs": lambda: hubs.request("GET", "/v1/hubs")}
    for call in calls.values():
        call()
    idle = {what: measure(call, seconds) for what, call in calls.items()}
    token = loud.token(POOL_AUDIENCE)
    words = [[sys.executable, "-c", FLOOD, str(pathlib.Path(__file__).parent), str(server.port), token,
              f"{pool}/code/execute?{API}&identifier=loud-{n}", CODE] for n in range(count)]
    flooders = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for line in words]
    for flooder in flooders:
        flooder.stdout.readline()
    flooded = {what: measure(call, seconds) for what, call in calls.items()}
    for flooder in flooders:
        flooder.kill()
        flooder.wait()
    asked = sum(int(flooder.stdout.read().split()[-1]) for flooder in flooders)
    print(f"\n{count} clients of a loud tenant run code as fast as it is answered: {asked / (len(calls) * seconds):.0f}/s\n")
    print("| | alone p50 | p99 | beside the flood p50 | p99 | p99 ratio |\n|---|---|---|---|---|---|")
    for what in calls:
        print(f"| {what} | {idle[what][0]:.2f} ms | {idle[what][1]:.2f} ms | {flooded[what][0]:.2f} ms | {flooded[what][1]:.2f} ms | "
              f"{flooded[what][1] / idle[what][1]:.1f} |")


def main():
    program = sys.argv[1]
    seconds, count = (float(sys.argv[2]) if len(sys.argv) > 2 else 5.0), (int(sys.argv[3]) if len(sys.argv) > 3 else 2)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.2f}\n")
    with Server(program, arguments=["--auth", "--ready-sessions", "4"]) as server:
        server.sign_in()
        costs(server, Tenant(server, "bench"), seconds)
        neighbours(server, seconds, count)


main()
