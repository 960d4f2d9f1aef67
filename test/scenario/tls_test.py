# SPDX-License-Identifier: MIT
"""TLS as clients and attackers meet it: `openssl s_client`, Python's ssl, gRPC, libdurabletask, and the app.

If this fails, clients cannot trust the server, a weak connection is agreed to, a certificate is not taken up, or one peer's
handshakes keep others out. Usage: tls_test.py PROGRAM TLS_PROBE
"""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from protocol import pb, Stub  # noqa: E402
from server import Server  # noqa: E402

PROGRAM, PROBE = sys.argv.pop(1), sys.argv.pop(1)
HALF_A_HELLO = b"\x16\3\1\2\0\1\0\1\xfc\3\3"
LOOK_S = 10  # between two looks of the server whether a file has changed


def run(*line, text="", **more):
    return subprocess.run([str(part) for part in line], input=text, capture_output=True, text=True, timeout=60, errors="replace", **more)


class Authority:
    """Certificates for any purpose and time, signed by an authority of the test's own."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = pathlib.Path(folder), name
        self.key, self.file = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
            "-out", self.file, "-days", "2", "-subj", f"/CN={name}", check=True)

    def sign(self, name, subject="DNS:localhost,IP:127.0.0.1", begin="20200101000000Z", end="20990101000000Z"):
        key, crt, csr = (self.folder / f"{name}.{end_}" for end_ in ("key", "crt", "csr"))
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr,
            "-subj", f"/CN={name}", check=True)
        with tempfile.TemporaryDirectory() as books:
            config = pathlib.Path(books, "config")
            config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={books}/index\nnew_certs_dir={books}\nrand_serial=yes\n"
                              f"default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n"
                              f"[e]\nsubjectAltName={subject}\n")
            pathlib.Path(books, "index").touch()
            run("openssl", "ca", "-batch", "-notext", "-config", config, "-cert", self.file, "-keyfile", self.key, "-in", csr,
                "-out", crt, "-startdate", begin, "-enddate", end, check=True)
        return key, crt


def put(source, target):
    """As certificate managers do it: a reader sees the old file or the new one."""
    fresh = target.with_suffix(".fresh")
    fresh.write_bytes(source.read_bytes())
    os.replace(fresh, target)


class Case(unittest.TestCase):
    def server(self, *arguments, command="scheduler", environment=None):
        server = Server(PROGRAM, command=command, arguments=arguments, environment=environment)
        self.addCleanup(server.close)
        return server

    def s_client(self, server, *options, text="", ca=None):
        """What openssl says of a connection; it trusts the server's own authority."""
        ca = ca or server.ready["certificateAuthority"]
        done = run("openssl", "s_client", "-connect", f"localhost:{server.port}", "-servername", "localhost", "-CAfile", ca,
                   "-verify_return_error", "-verify_hostname", "localhost", *options, text=text)
        return done.stdout + done.stderr

    def serial(self, server, ca):
        context = ssl.create_default_context(cafile=str(ca))
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
                return wrapped.getpeercert()["serialNumber"]

    def presented(self, server):
        """The server's certificate as it is, trusted or not."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain:
            with context.wrap_socket(plain) as wrapped:
                return wrapped.getpeercert(binary_form=True)

    def eventually(self, condition, what, patience=60):
        end = time.monotonic() + patience
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.1)


class Own(Case):
    """`--tls` alone."""

    def test_everything_is_served_through_tls(self):
        with self.server("--tls", "--ready-sessions", "1", command="dev") as server:
            authority = server.ready["certificateAuthority"]
            self.assertTrue(server.ready["url"].startswith("https://localhost:"))
            self.assertIn("Endpoint=https://localhost:", server.ready["schedulerConnectionString"])
            told = server.tail()
            for word in (authority, "tls/server.pem", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
                self.assertIn(word, told)
            self.assertNotIn("PRIVATE KEY", pathlib.Path(authority).read_text())

            server.tls = ssl.create_default_context(cafile=authority)
            request = server.submit("print(6 * 7)")
            self.assertEqual(server.until(request, "waiting")["result"]["stdout"], "42\n")
            self.assertEqual(server.review(request, True)[0], 200)
            server.until(request, "approved")
            self.assertIn("https://localhost", server.ask("GET", "/")[2])

            pool = run("curl", "-sS", "--cacert", authority, f"{server.ready['sessionPoolUrl']}/code/execute?identifier=over-tls&"
                       "api-version=2024-02-02-preview", "-H", "Content-Type: application/json", "-d",
                       json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "1+1"}}),
                       "-w", "%{http_version}")
            self.assertIn('"Success"', pool.stdout, pool.stderr)
            self.assertTrue(pool.stdout.endswith("2"), pool.stdout)

            self.commands_trust_what_the_banner_names(server, authority)

            server.tls = None  # beside it, clear text on this machine
            self.assertEqual(server.ask("GET", "/readyz")[0], 200)

    def commands_trust_what_the_banner_names(self, server, authority):
        """What asks by libcurl, by gRPC and for files, each by the variable, by the option, and by neither."""
        named = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "SALLYPORT_URL": f"https://localhost:{server.port}"}

        def command(*words, **more):
            return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, env={**named, **more})
        for words in (("ls",), ("hub", "ls"), ("instance", "ls")):
            for done in (command(*words, SSL_CERT_FILE=authority), command(*words, "--ca-file", authority),
                         command(*words, "--ca-file", authority, SSL_CERT_FILE="/nowhere.pem")):
                self.assertEqual(done.returncode, 0, done.stderr)
            refused = command(*words)
            self.assertEqual(refused.returncode, 1, words)
            self.assertIn("certificate", refused.stderr)
            self.assertIn("tls/authority.pem", refused.stderr)
            self.assertNotIn("nothing answers", refused.stderr)

    def test_an_app_reaches_pool_and_scheduler_through_tls_and_trusts_no_other(self):
        with self.server("--tls", "--ready-sessions", "1", "--app-hub", "elsewhere", command="dev") as server, \
                tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, SESSION_POOL_URL=server.ready["sessionPoolUrl"],
                               DURABLE_TASK_SCHEDULER_CONNECTION_STRING=f"Endpoint={server.ready['url']};TaskHub=default;"
                                                                        "Authentication=None",
                               SSL_CERT_FILE=server.ready["certificateAuthority"])
            with self.server(command="app", environment=environment) as app:
                request = app.submit("print('through tls')")
                self.assertEqual(app.until(request, "waiting")["result"]["stdout"], "through tls\n")
                self.assertEqual(app.stop(), 0)
            # A pool that is somebody else's is not sent any code.
            environment["SSL_CERT_FILE"] = str(Authority(folder).file)
            environment["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = (
                f"Endpoint=http://localhost:{server.port};TaskHub=default;Authentication=None")
            with self.server(command="app", environment=environment) as app:
                failed = app.until(app.submit("print('for nobody')"), "failed")
                self.assertIn("certificate", json.dumps(failed))

    def test_the_authority_stays_and_a_lost_or_outgrown_certificate_is_made_anew(self):
        server = self.server("--tls")
        server.start()
        authority = pathlib.Path(server.ready["certificateAuthority"])
        own = authority.parent / "server.pem"
        trusted, serial = authority.read_bytes(), self.serial(server, authority)
        for path in (own, authority.parent / "authority-key.pem"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

        def again(*arguments):
            self.assertEqual(server.stop(), 0, server.tail())
            server.arguments = ["--tls", *arguments]
            server.start()
            self.assertEqual(authority.read_bytes(), trusted)
            return self.serial(server, authority)

        self.assertEqual(again(), serial)
        other = again("--host-names", "pool.example")
        self.assertNotEqual(other, serial)
        self.assertIn("Verification: OK", self.s_client(server, "-verify_hostname", "pool.example"))
        self.assertEqual(again("--host-names", "pool.example"), other)
        own.write_text("half a certi")
        self.assertNotEqual(again("--host-names", "pool.example"), other)
        authority.unlink()  # what clients are given can be had again
        again("--host-names", "pool.example")


    def test_messages_name_files_as_people_do(self):
        with self.server("--tls") as server:
            broken = pathlib.Path(server.data, "tls", "server.pem")
            broken.write_text("no certificate")
            server.process.send_signal(signal.SIGHUP)
            self.eventually(lambda: "the certificate stays as it was" in server.tail(), "said")
            self.assertIn(f"the certificate in {broken} cannot be used", server.tail())
            self.assertEqual(server.stop(), 0)
            pathlib.Path(server.data, "local.key").mkdir()
            done = run(PROGRAM, "scheduler", "--port", "0", "--data", server.data, "--auth")
            self.assertEqual((done.returncode, f"cannot write {server.data}/local.key: " in done.stderr), (1, True), done.stderr)
            self.assertNotIn("/proc/self", server.tail() + done.stderr)

    def test_who_breaks_a_handshake_off_is_named(self):
        with self.server("--tls") as server:
            with socket.create_connection(("127.0.0.1", server.port)) as peer:
                name = "127.0.0.1:%d" % peer.getsockname()[1]
                peer.sendall(HALF_A_HELLO)
                time.sleep(0.2)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset: then it has no name any more
            self.eventually(lambda: f"no handshake peer={name} " in server.tail(), "named")


class Agreed(Case):
    """What the server agrees to, as testssl would ask."""

    @classmethod
    def setUpClass(cls):
        cls.it = Server(PROGRAM, command="scheduler", arguments=["--tls"])
        cls.it.start()

    @classmethod
    def tearDownClass(cls):
        cls.it.close()

    def ask(self, *options, text=""):
        return self.s_client(self.it, *options, text=text)

    def test_old_versions_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            said = self.ask(version, "-cipher", "ALL:@SECLEVEL=0")
            self.assertRegex(said, "alert protocol version|no protocols available|unsupported protocol", version)
            self.assertIn("(NONE)", said)
        # OpenSSL has no SSL 3 any more: its ClientHello by hand.
        hello = b"\x16\3\0\0\x2f\1\0\0\x2b\3\0" + bytes(32) + b"\0\0\4\0\x2f\0\x35\1\0"
        with socket.create_connection(("127.0.0.1", self.it.port)) as plain:
            plain.sendall(hello)
            answer = plain.recv(100)
        self.assertTrue(answer == b"" or answer[0] == 21, answer)
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            said = self.ask(version)
            self.assertIn(f"New, {name}, Cipher is ", said)
            self.assertIn("Verification: OK", said)

    def test_weak_ciphers_are_refused(self):
        weak = ["NULL", "aNULL", "LOW", "RC4", "3DES", "PSK", "DHE", "kRSA", "CAMELLIA", "ARIA", "AESCCM",
                "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"]
        for cipher in weak:
            said = self.ask("-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
            self.assertRegex(said, r"handshake failure|no cipher match|no ciphers available", cipher)
            self.assertNotRegex(said, r"New, TLSv1\.2, Cipher is [A-Z]", cipher)
        for cipher in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"):
            self.assertIn(f"Cipher is {cipher}", self.ask("-tls1_2", "-cipher", cipher))
        for group in ("X448", "P-521", "ffdhe2048"):
            self.assertNotIn("Cipher is TLS_", self.ask("-tls1_3", "-groups", group))

    def test_nothing_is_compressed_or_negotiated_again(self):
        said = self.ask("-tls1_2", text="R\n")
        self.assertIn("Compression: NONE", said)
        self.assertRegex(said, "RENEGOTIATING[^$]*(no renegotiation|handshake failure|no_renegotiation)")

    def test_sessions_are_resumed(self):
        for version in ("-tls1_2", "-tls1_3"):
            with tempfile.TemporaryDirectory() as folder:
                kept = pathlib.Path(folder, "session")
                # A request is answered, so the tickets of TLS 1.3 have come.
                text = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                first = self.ask(version, "-sess_out", kept, "-ign_eof", text=text)
                self.assertIn("New, ", first)
                self.assertIn("200 OK", first)
                self.assertIn("Reused, ", self.ask(version, "-sess_in", kept, "-ign_eof", text=text), version)

    def test_the_protocol_is_agreed_on(self):
        for offered, chosen in (("h2", "h2"), ("http/1.1", "http/1.1"), ("http/1.1,h2", "h2"), ("http/1.0,http/1.1", "http/1.1")):
            self.assertIn(f"ALPN protocol: {chosen}\n", self.ask("-alpn", offered))
        self.assertIn("no application protocol", self.ask("-alpn", "spdy/3"))
        for version, option in (("2", "--http2"), ("1.1", "--http1.1")):
            done = run("curl", "-sS", option, "--cacert", self.it.ready["certificateAuthority"], "-w", " %{http_version}",
                       f"https://localhost:{self.it.port}/readyz")
            self.assertEqual(done.stdout, '{"ready":true,"causes":[]}\n ' + version, done.stderr)

    def test_an_official_grpc_client_comes_through(self):
        authority = pathlib.Path(self.it.ready["certificateAuthority"]).read_bytes()
        with grpc.secure_channel(f"localhost:{self.it.port}", grpc.ssl_channel_credentials(authority)) as channel:
            stub, hub = Stub(channel), (("taskhub", "default"),)
            started = stub.StartInstance(pb.CreateInstanceRequest(instanceId="one", name="nobody's"), metadata=hub, timeout=60)
            self.assertEqual(started.instanceId, "one")
            large = "x" * 900_000  # many records
            request = pb.CreateInstanceRequest(instanceId="two", name="nobody's")
            request.input.value = json.dumps(large)
            stub.StartInstance(request, metadata=hub, timeout=60)
            got = stub.GetInstance(pb.GetInstanceRequest(instanceId="two", getInputsAndOutputs=True), metadata=hub, timeout=60)
            self.assertEqual(json.loads(got.orchestrationState.input.value), large)
        with grpc.secure_channel(f"localhost:{self.it.port}", grpc.ssl_channel_credentials()) as channel:
            with self.assertRaises(grpc.RpcError) as refused:
                Stub(channel).Hello(empty(), timeout=60)
            self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_a_page_in_clear_text_may_not_act_through_tls(self):
        context = ssl.create_default_context(cafile=self.it.ready["certificateAuthority"])
        for origin, status in ((f"https://localhost:{self.it.port}", 200), (f"http://localhost:{self.it.port}", 403)):
            connection = http.client.HTTPSConnection("localhost", self.it.port, context=context, timeout=60)
            connection.request("GET", "/healthz", headers={"Origin": origin})
            self.assertEqual(connection.getresponse().status, status, origin)
            connection.close()


def empty():
    from google.protobuf import empty_pb2
    return empty_pb2.Empty()


class Given(Case):
    """Certificates from files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        os.chmod(self.folder, 0o755)
        self.authority = Authority(self.folder)

    def given(self, key, crt, *more):
        shown = self.folder / "shown.crt", self.folder / "shown.key"
        put(crt, shown[0])
        put(key, shown[1])
        os.chmod(shown[1], 0o644)  # a server that was root reads it again as another user
        return self.server("--tls-certificate", str(shown[0]), "--tls-key", str(shown[1]), *more), shown

    def probe(self, endpoint, ca, *pair):
        return run(PROBE, endpoint, ca, *pair).stdout

    def test_libdurabletask_trusts_the_right_one_only(self):
        server, shown = self.given(*self.authority.sign("good"), "--task-hubs", "hub")
        with server:
            url = f"https://localhost:{server.port}"
            self.assertIn("NOT_FOUND", self.probe(url, self.authority.file))
            self.assertIn("NOT_FOUND", self.probe(f"https://127.0.0.1:{server.port}", self.authority.file))
            foreign = self.probe(url, Authority(self.folder, "foreign").file)
            self.assertRegex(foreign, "FAILED_PRECONDITION.*certificate")

            def change(*pair):
                put(pair[1], shown[0])
                put(pair[0], shown[1])
                os.chmod(shown[1], 0o644)
                server.process.send_signal(signal.SIGHUP)
                wanted = ssl.PEM_cert_to_DER_cert(pair[1].read_text())
                self.eventually(lambda: self.presented(server) == wanted, "the new pair is shown")

            change(*self.authority.sign("elsewhere", "DNS:pool.example"))
            self.assertRegex(self.probe(url, self.authority.file), "FAILED_PRECONDITION.*mismatch")
            change(*self.authority.sign("old", end="20200201000000Z"))
            self.assertRegex(self.probe(url, self.authority.file), "FAILED_PRECONDITION.*expired")
            self.assertIn("has expired", server.tail())
            change(*self.authority.sign("later", begin="20980101000000Z"))
            self.assertRegex(self.probe(url, self.authority.file), "FAILED_PRECONDITION.*not yet valid")
            change(*self.authority.sign("again"))
            self.assertIn("NOT_FOUND", self.probe(url, self.authority.file))

    def test_a_changed_file_is_taken_up_without_a_signal_and_a_broken_one_is_not(self):
        server, shown = self.given(*self.authority.sign("one"))
        with server:
            before = self.serial(server, self.authority.file)
            context = ssl.create_default_context(cafile=str(self.authority.file))
            old = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=60)
            old.request("GET", "/readyz")
            self.assertEqual(old.getresponse().read(), b'{"ready":true,"causes":[]}\n')
            key, crt = self.authority.sign("two")
            put(key, shown[1])
            os.chmod(shown[1], 0o644)
            put(crt, shown[0])
            self.eventually(lambda: self.serial(server, self.authority.file) != before, "the new one is shown", 3 * LOOK_S)
            shown[0].write_text("-----BEGIN CERTIFICATE-----\nnothing\n")
            self.eventually(lambda: "stays as it was" in server.tail(), "the operator is told", 3 * LOOK_S)
            self.assertNotEqual(self.serial(server, self.authority.file), before)
            old.request("GET", "/readyz")  # a connection of before goes on
            self.assertEqual(old.getresponse().status, 200)
            old.close()

    def test_an_end_that_is_near_is_told_at_the_start_and_to_monitors(self):
        soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 3 * 86400 + 3600))
        for name, end, words in (("soon", soon, "the certificate expires in 3 days"),
                                 ("over", "20210101000000Z", "the certificate has expired"), ("good", "20990101000000Z", None)):
            key, crt = self.authority.sign(name, end=end)
            with self.given(key, crt)[0] as server:
                told = [one["cause"] for one in server.ask("GET", "/healthz")[2]["degraded"] if one["part"] == "tls"]
                self.assertEqual([cause.startswith(words or "?") for cause in told], [True] if words else [])
                self.assertEqual(words is not None and words in server.tail(), words is not None)

    def test_a_pipe_in_place_of_a_file_stops_nobody(self):
        """It would hold up the loop until somebody writes into it."""
        server, shown = self.given(*self.authority.sign("one"))
        with server:
            before = self.serial(server, self.authority.file)
            for path in shown:
                kept = path.read_bytes()
                path.unlink()
                os.mkfifo(path)
                seen = len(server.tail())
                server.process.send_signal(signal.SIGHUP)
                self.eventually(lambda: f"{path} is no file" in server.tail(), "the operator is told")
                self.assertEqual(self.serial(server, self.authority.file), before)
                self.assertGreater(len(server.tail()), seen)
                path.unlink()
                path.write_bytes(kept)
                os.chmod(path, 0o644)

    def test_clients_must_show_theirs_if_that_is_wanted(self):
        server, _ = self.given(*self.authority.sign("good"), "--tls-client-ca", str(self.authority.file), "--tls-only")
        client_key, client_crt = self.authority.sign("client")
        foreign_key, foreign_crt = Authority(self.folder, "foreign").sign("stranger")
        server.start(wait=False)
        self.eventually(lambda: os.path.exists(os.path.join(server.data, "ready.json")), "it starts")
        server.wait_ready()
        url = f"https://localhost:{server.port}/readyz"
        curl = ["curl", "-sS", "--cacert", self.authority.file, url]
        self.assertIn('"ready":true', run(*curl, "--cert", client_crt, "--key", client_key).stdout)
        endpoint = f"https://localhost:{server.port}"
        self.assertIn("NOT_FOUND", self.probe(endpoint, self.authority.file, client_crt, client_key))
        for pair in ((), (foreign_crt, foreign_key)):
            self.assertNotIn("NOT_FOUND", self.probe(endpoint, self.authority.file, *pair))
        for line in (curl, [*curl, "--cert", foreign_crt, "--key", foreign_key]):
            refused = run(*line)
            self.assertNotEqual(refused.returncode, 0)
            self.assertNotIn("ready", refused.stdout)

    def test_clear_text_is_told_where_only_tls_is_spoken(self):
        server, _ = self.given(*self.authority.sign("good"), "--tls-only", "--task-hubs", "hub")
        with server:
            done = run("curl", "-sS", "-i", f"http://localhost:{server.port}/readyz")
            self.assertIn("400 Bad Request", done.stdout)
            self.assertIn("write https://", done.stdout)
            self.assertNotIn("ready", done.stdout.replace("/readyz", ""))
            with grpc.insecure_channel(f"localhost:{server.port}") as channel, self.assertRaises(grpc.RpcError):
                Stub(channel).Hello(empty(), timeout=10)
            self.assertIn("write https://", server.tail())
            self.assertIn("NOT_FOUND", self.probe(f"https://localhost:{server.port}", self.authority.file))

    def test_settings_that_do_not_go_together_are_said(self):
        key, crt = self.authority.sign("good")
        cases = ((("pool", "--tls"), "--tls-certificate"), (("scheduler", "--tls-certificate", crt), "--tls-key is needed"),
                 (("scheduler", "--tls-key", key), "--tls-certificate is needed"),
                 (("scheduler", "--tls-only"), "without --tls"), (("scheduler", "--tls-client-ca", crt), "without --tls"),
                 (("scheduler", "--tls-certificate", crt, "--tls-key", "/nowhere/key"), "/nowhere/key"),
                 (("scheduler", "--tls-certificate", crt, "--tls-key", self.authority.key), "key values mismatch"))
        for line, words in cases:
            with tempfile.TemporaryDirectory() as data:
                more = ["--data", data] if line[0] == "scheduler" else []
                done = run(PROGRAM, *line, "--port", "0", *more)
                self.assertIn(done.returncode, (1, 2), line)
                self.assertIn(words, done.stderr, line)


class Abuse(Case):
    def test_neither_slow_nor_many_handshakes_keep_others_out(self):
        with self.server("--tls") as server:
            authority = server.ready["certificateAuthority"]
            server.tls = ssl.create_default_context(cafile=authority)
            self.assertEqual(server.ask("GET", "/readyz")[0], 200)

            def memory():
                return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text())[1])

            before = memory()
            slow = []
            for _ in range(800):
                peer = socket.create_connection(("127.0.0.1", server.port))
                peer.sendall(HALF_A_HELLO)
                slow.append(peer)
            begin = time.monotonic()
            self.assertEqual(server.ask("GET", "/readyz")[0], 200)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertLess(memory() - before, 64 << 10)

            stop = threading.Event()
            made = [0]

            def flood():
                context = ssl.create_default_context(cafile=authority)
                context.options |= ssl.OP_NO_TICKET
                while not stop.is_set():
                    try:
                        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
                            context.wrap_socket(plain, server_hostname="localhost").close()
                            made[0] += 1
                    except OSError:
                        pass

            threads = [threading.Thread(target=flood) for _ in range(8)]
            for thread in threads:
                thread.start()
            longest = 0
            server.tls = None
            for _ in range(100):  # who works in clear text meanwhile does not notice
                begin = time.monotonic()
                self.assertEqual(server.ask("GET", "/readyz")[0], 200)
                longest = max(longest, time.monotonic() - begin)
                time.sleep(0.02)
            stop.set()
            for thread in threads:
                thread.join()
            for peer in slow:
                peer.close()
            self.assertGreater(made[0], 20)
            self.assertLess(longest, 2)
            self.assertIsNone(server.process.poll())


if __name__ == "__main__":
    unittest.main()
