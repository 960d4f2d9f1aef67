#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks a receipt without any program of Sallyport's: needs Python and its package `cryptography`.

Usage: check_receipt.py RECEIPT PUBLIC_KEY"""
import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value):
    """RFC 8785, as far as a head needs it: names in ASCII, no fractions."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def signed_entry(pair, key):
    head = json.loads(pair["head"])
    signature = base64.urlsafe_b64decode(head.pop("signature") + "==")
    key.verify(signature, canonical(head).encode())  # raises InvalidSignature
    entry = json.loads(pair["line"])
    assert sha256(pair["line"]) == head["hash"] and entry["seq"] == head["seq"], "not the entry that was signed"
    return entry


receipt = json.load(open(sys.argv[1], encoding="utf-8"))
key = load_pem_public_key(open(sys.argv[2], "rb").read())
entries = [signed_entry(pair, key) for pair in receipt["entries"]]
assert all(entry["object"] == "requests/" + receipt["id"] for entry in entries), "entries of another request"
details = {entry["action"]: entry["details"] for entry in entries}
shown, decision = receipt["shown"], details.get("request.decided", {})
handed_in = details.get("request.revised", details["request.submitted"])["codeSha256"]
emptied = "code" not in shown and "request.emptied" in details  # its time was over: the manifest has the hashes
code = json.loads(shown["manifest"])["code"]["sha256"] if emptied else sha256(shown["code"])
assert code == handed_in, "another code was handed in"
if "sha256" in decision and not emptied:
    lacking = [name for name in shown["sha256Covers"] if name not in shown]
    assert not lacking, f"the receipt lacks {lacking}: what was not released its submitter does not get"
    parts = "\n".join(shown[name] for name in shown["sha256Covers"])
    assert sha256(parts) == decision["sha256"], "something else was decided about"
for part in {"effects", "files", "manifest" if emptied else "effects"} & set(shown):  # by the hash that the manifest has of it
    assert sha256(shown["manifest"]) in (decision.get("manifestSha256"), details["run.ended"].get("manifestSha256"))
    if part != "manifest":
        assert sha256(shown[part]) == json.loads(shown["manifest"])[part]["sha256"], f"other {part}"
if receipt["state"] in ("approved", "rejected"):
    assert decision["approved"] == (receipt["state"] == "approved"), "the state does not follow from the entries"
print(f"{receipt['id']} {receipt['state']}, decided by {decision.get('by', 'nobody')} at {decision.get('at', '-')}")
