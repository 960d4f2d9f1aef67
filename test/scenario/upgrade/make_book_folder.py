# SPDX-License-Identifier: MIT
"""Makes a data folder whose requests stand in the book, in every state that lasts, for upgrade_test.py; README.md tells when
and how.

Usage: make_book_folder.py PROGRAM OUTPUT.tar.xz STORIES.json
"""
import hashlib
import json
import os
import pathlib
import sqlite3
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from server import HELD, Server

PROGRAM, OUTPUT, STORIES = sys.argv[1:]
LARGE = "text = '" + "x" * 100_000 + "'\nprint(len(text))"  # its blob is a file
DATABASES = ("scheduler.db", "audit.db")
KEPT = ("audit-key.pem", "audit-key.pub", "audit-heads.jsonl", "blobs")

stories = {}


def plain(entry):
    """As if nobody in particular had made it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o700 if entry.isdir() else 0o600
    return entry


def story(server, name, code, *states, **members):
    status, _, answer = server.ask("POST", "/v1/requests", {"code": code, **members})
    assert status == 201, answer
    stories[name] = {"id": answer["id"]}
    server.until(answer["id"], *states)
    return answer["id"]


def vote(server, request_id, answer, **members):
    assert server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer, **members})[0] == 200


with tempfile.TemporaryDirectory() as data:
    server = Server(PROGRAM, data=data, arguments=["--approval-timeout", "3650d", "--ready-sessions", "1"]).start()
    story(server, "waiting after", "print('one')", "waiting", purpose="to look at", labels={"env": "test"})
    story(server, "waiting after, large code", LARGE, "waiting")
    story(server, "waiting after, large result", "print('y' * 200_000)", "waiting")
    story(server, "waiting after, named session", "print('named')", "waiting", session="desk")
    story(server, "waiting before", "print('two')", "waiting", gate="before")
    asked = story(server, "changes requested", "print('three')", "waiting")
    vote(server, asked, "changes", comment="say what")
    server.until(asked, "changes-requested")
    approved = story(server, "approved", "print('four')", "waiting")
    vote(server, approved, "approve")
    server.until(approved, "approved")
    rejected = story(server, "rejected", "print('five')", "waiting")
    vote(server, rejected, "reject", comment="no")
    server.until(rejected, "rejected")
    story(server, "failed", "1/0", "failed")
    story(server, "running", HELD, "running")
    for one in stories.values():
        one["shown"] = server.request(one["id"])
        for name in ("code", "result"):  # long ones: their hash says enough
            text = json.dumps(one["shown"].pop(name, None), sort_keys=True)
            one[name + "Digest"] = hashlib.sha256(text.encode()).hexdigest()
    server.kill()

    for name in DATABASES:
        with sqlite3.connect(os.path.join(data, name)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.execute("VACUUM")
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
    with tarfile.open(OUTPUT, "w:xz") as archive:
        for name in (*DATABASES, *KEPT):
            if os.path.exists(os.path.join(data, name)):
                archive.add(os.path.join(data, name), name, filter=plain)
    pathlib.Path(STORIES).write_text(json.dumps(stories, indent=1) + "\n")
    print(os.listdir(data), os.path.getsize(OUTPUT))
