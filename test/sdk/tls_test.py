# SPDX-License-Identifier: MIT
"""libdurabletask over TLS: the in-memory backend behind a certificate made for this run.

The right certificate works; a foreign one, one for another host, and a clear-text server are refused, each with its
reason. Usage: tls_test.py TLS_PROBE
"""
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent import futures

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb, Servicer  # noqa: E402


class Hello(Servicer):
    """Answers what the probe asks, and keeps what came with it."""

    def __init__(self):
        self.metadata = {}

    def GetInstance(self, request, context):
        self.metadata = dict(context.invocation_metadata())
        return pb.GetInstanceResponse(exists=False)


def certificate(folder, name, subject):
    key, crt = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", crt, "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={subject}"],
                   check=True, capture_output=True)
    return key, crt


def serve(credentials):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = Hello()
    service.add_to(server)
    port = server.add_secure_port("127.0.0.1:0", credentials) if credentials else server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, service, port


def probe(program, endpoint, ca_file, *pair):
    done = subprocess.run([program, endpoint, str(ca_file), *map(str, pair)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    return done.stdout.strip()


def expect(what, got, *parts):
    if not all(part in got for part in parts):
        sys.exit(f"{what}: {got!r} lacks one of {parts}")


program = sys.argv[1]
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    by_name = certificate(folder, "name", "DNS:localhost")
    by_address = certificate(folder, "address", "IP:127.0.0.1")
    foreign = certificate(folder, "foreign", "DNS:localhost")
    locked = folder / "locked.key"
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", by_name[0], "-out", locked, "-passout", "pass:word"], check=True,
                   capture_output=True)

    def credentials(pair):
        return grpc.ssl_server_credentials([(pair[0].read_bytes(), pair[1].read_bytes())])

    server, service, port = serve(credentials(by_name))
    expect("right certificate", probe(program, f"https://localhost:{port}", by_name[1]), "NOT_FOUND")
    expect("metadata", str(service.metadata), "'taskhub': 'hub'", "'authorization': 'Bearer secret-1'",
           "durabletask-c/", "(DurableTaskClient)")
    expect("unknown issuer", probe(program, f"https://localhost:{port}", foreign[1]), "FAILED_PRECONDITION", "certificate")
    expect("another host", probe(program, f"https://127.0.0.1:{port}", by_name[1]), "FAILED_PRECONDITION", "mismatch")
    server.stop(None)
    server, service, port = serve(credentials(by_address))
    expect("address", probe(program, f"https://127.0.0.1:{port}", by_address[1]), "NOT_FOUND")
    server.stop(None)
    server, service, port = serve(None)
    expect("clear text", probe(program, f"https://localhost:{port}", by_name[1]), "FAILED_PRECONDITION", "http://")
    server.stop(None)
    for what, pair, said in (("no certificate", (folder / "none.crt", by_name[0]), "certificate_file"),
                             ("no key", (by_name[1], folder / "none.key"), "key_file"),
                             ("no pair", (by_name[1], by_address[0]), "key_file"),
                             ("a pass phrase", (by_name[1], locked), "key_file")):
        expect(what, probe(program, "https://localhost:1", by_name[1], *pair), "INVALID_ARGUMENT", said)
    expect("no such file", probe(program, "https://localhost:1", folder / "none.crt"), "INVALID_ARGUMENT", "ca_file")
