# SPDX-License-Identifier: MIT
"""Makes a data folder with requests in every state, for upgrade_test.py; README.md tells when and how.

Usage: make_folder.py PROGRAM OUTPUT.tar.xz STORIES.json   (needs PyPI's durabletask and durabletask.azuremanaged)
"""
import json
import os
import pathlib
import sqlite3
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from server import Server

PROGRAM, OUTPUT, STORIES = sys.argv[1:]
WAIT = ["--approval-timeout", "3650d", "--ready-sessions", "1"]
LONG = "import time\nprint('begin')\ntime.sleep(8)\nprint('end')"


def foreign(server, code):
    """Starts the orchestration as the unmodified sample does: by the SDK, without tags or version."""
    client = DurableTaskSchedulerClient(host_address=f"127.0.0.1:{server.port}", taskhub="default", token_credential=None,
                                        secure_channel=False)
    return client.schedule_new_orchestration("CodeExecutionOrchestrator", input=code)


def submit(server, code):
    answer = server.ask("POST", "/code/execute", code)[2]
    return answer.get("RequestId") or answer["requestId"]


stories = {}


def story(name, request_id, state, **more):
    stories[name] = {"id": request_id, "state": state, **more}


with tempfile.TemporaryDirectory() as data:
    server = Server(PROGRAM, data=data, arguments=[*WAIT, "--compat", "sample"]).start()
    story("sample waiting", submit(server, "print('one')"), "waiting")
    story("sample failed code waits", submit(server, "1/0"), "waiting")
    story("sample failed code waits, to be rejected", submit(server, "2/0"), "waiting")
    story("foreign waiting", foreign(server, "print('foreign')"), "waiting")
    story("foreign failed code waits", foreign(server, "3/0"), "waiting")
    story("sample approved", submit(server, "print('two')"), "approved")
    for one in stories.values():
        server.until(one["id"], "waiting")
    server.review(stories["sample approved"]["id"], True)
    server.until(stories["sample approved"]["id"], "approved")
    server.stop()

    server = Server(PROGRAM, data=data, arguments=WAIT).start()
    story("waiting", submit(server, "print('three')\n6 * 7"), "waiting")
    story("waiting, to time out never", submit(server, "print('four')"), "waiting")
    story("foreign of the plain mode", foreign(server, "print('five')"), "waiting")
    story("failed", submit(server, "1/0"), "failed")
    story("rejected", submit(server, "print('six')"), "rejected")
    for name in ("waiting", "waiting, to time out never", "foreign of the plain mode", "rejected"):
        server.until(stories[name]["id"], "waiting")
    server.until(stories["failed"]["id"], "failed")
    server.review(stories["rejected"]["id"], False)
    server.until(stories["rejected"]["id"], "rejected")
    created = server.ask("POST", "/v1/requests", {"code": "print('seven')", "submittedBy": "ann",
                                                  "approvalTimeoutSeconds": 0.2})[2]
    story("timed out", created["id"], "timed-out")
    server.until(created["id"], "timed-out")
    story("running", submit(server, LONG), "running")
    story("running, decided before its result", submit(server, LONG), "running")
    story("running, will fail", submit(server, LONG + "\n1/0"), "running")
    for name in ("running", "running, decided before its result", "running, will fail"):
        server.until(stories[name]["id"], "running")
    server.review(stories["running, decided before its result"]["id"], True)
    story("foreign running", foreign(server, LONG), "running")
    server.until(stories["foreign running"]["id"], "running")
    for one in stories.values():
        shown = server.request(one["id"])
        assert shown["state"] == one["state"], (one, shown)
        one["sha256"] = shown.get("sha256")
        one["deadline"] = shown.get("deadline")
        one["result"] = shown.get("result")
    server.kill()

    path = os.path.join(data, "scheduler.db")
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.execute("VACUUM")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    with tarfile.open(OUTPUT, "w:xz") as archive:
        archive.add(path, "scheduler.db")
    pathlib.Path(STORIES).write_text(json.dumps(stories, indent=1) + "\n")
    print(os.path.getsize(path), os.path.getsize(OUTPUT), time.strftime("%F"))
