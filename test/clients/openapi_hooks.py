# SPDX-License-Identifier: MIT
"""What schemathesis cannot read out of a document: texts of the formats that it names, and ids of requests that are there.
Loaded by schemathesis for openapi_test.py."""
import base64
import json
import os
import time
import uuid

import schemathesis
from hypothesis import strategies as st

IDS = json.loads(os.environ["OPENAPI_IDS"])

FORMATS = {
    "byte": st.binary(max_size=30).map(lambda data: base64.b64encode(data).decode()),
    "cursor": st.sampled_from(["asc:0:" + str(uuid.UUID(int=0))]),
    "future": st.integers(1, 300).map(lambda days: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))),
    "past": st.just("2026-01-01T00:00:00Z"),
    "principal": st.just("mina"),
    "other-principal": st.just("noor"),
    "date-time": st.integers(2000, 2100).map(lambda year: f"{year}-06-30T12:00:00Z"),
    "known-principal": st.sampled_from(["one-person", "two-person", "three-application"]),
    "pem-certificate": st.just(os.environ.get("OPENAPI_CERTIFICATE")),
    "role": st.sampled_from(["submitter", "Sallyport Reviewer", "Reader"]),
    "roles": st.sampled_from(["submitter", "Sallyport Reviewer,Reader"]),
    "file-path": st.uuids().map(lambda name: f"in/{name}.csv"),
    "label": st.sampled_from(["env:test", "env:", "a:b:c"]),
    "task-hub": st.just("default"),
    "webhook-secret": st.binary(min_size=24, max_size=64).map(lambda data: "whsec_" + base64.b64encode(data).decode()),
    "webhook-url": st.integers(1, 99).map(lambda number: f"https://hooks{number}.invalid/x"),
    "wait": st.integers(0, 300).map(lambda ms: f"{ms}ms"),
}
# What openapi_test.py has made, in each kind.
DIRECTORY_KINDS = {"users": "-person", "secrets": "-person", "groups": "-group", "applications": "-application", "keys": "-key"}

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.deserializer("application/jsonl")
def read_lines(context, response):
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Most of the time a request that is there, so that more than 404 is seen."""
    if path_parameters and "id" in path_parameters and context.operation.path.startswith("/v1/requests"):
        text = str(path_parameters["id"])
        if len(text) % 4:
            path_parameters["id"] = IDS[len(text) % len(IDS)]
    if path_parameters and context.operation.path.startswith("/v1/webhooks/{id}") and context.operation.method.upper() != "DELETE":
        text = str(path_parameters["id"])
        if len(text) % 4:
            path_parameters["id"] = ("one", "two")[len(text) % 2]
    kind = context.operation.path.removeprefix("/v1/directory/").split("/")[0]
    if path_parameters and kind in DIRECTORY_KINDS and "name" in path_parameters:
        text = str(path_parameters["name"])
        if len(text) % 4:
            path_parameters["name"] = ("one", "two", "three")[len(text) % 3] + DIRECTORY_KINDS[kind]
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """A cursor is of one order, and nobody decides on what is waited for."""
    if query and "after" in query:
        query.pop("order", None)
    if query and "mode" in query:
        query["wait"] = "100ms"
    return query


def small(value):
    """JSON has numbers of any size, and U+0000 in names; those of 64 bits are read, and names without."""
    if isinstance(value, dict):
        return {name.replace("\0", ""): small(member) for name, member in value.items()}
    if isinstance(value, list):
        return [small(member) for member in value]
    return value % 2**53 if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63 else value


@schemathesis.hook
def map_body(context, body):
    """Of a form only the part that the document names: names of others are lines of a head."""
    return {"request": small(body["request"])} if isinstance(body, dict) and "request" in body else small(body)
