# SPDX-License-Identifier: MIT
"""libdurabletask-azure, the command line and the app against token services that behave and that do not.

If this fails, programs cannot sign in, hang on a token service that is ill, sign in as somebody else, or tell secrets.
Usage: azure_test.py PROBE PROGRAM
"""
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent import futures

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc
from google.protobuf import empty_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from process import Process  # noqa: E402
from protocol import Servicer, pb  # noqa: E402
from server import Server  # noqa: E402
from token_service import TokenService, certificate, eventually, good, hang, refusal  # noqa: E402

PROBE, PROGRAM = sys.argv.pop(1), sys.argv.pop(1)
SCHEDULER, POOL = "https://durabletask.io/.default", "https://dynamicsessions.io/.default"
SECRET = "hunter2-is-the-secret"


def clean(**more):
    """The environment without anything that speaks of an identity, and without a proxy."""
    drop = ("AZURE_", "IDENTITY_", "DURABLE_TASK", "SALLYPORT_", "SSL_CERT_FILE")
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(drop) and not name.lower().endswith("_proxy")}
    return {**kept, **more}


class Case(unittest.TestCase):
    def setUp(self):
        self.service = self.enterContext(TokenService())
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def identity(self, service=None):
        return {"IDENTITY_ENDPOINT": f"{(service or self.service).url}/msi/token", "IDENTITY_HEADER": SECRET}

    def application(self, service=None, **more):
        return {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1", "AZURE_CLIENT_SECRET": SECRET,
                "AZURE_AUTHORITY_HOST": (service or self.service).url, **more}

    def probe(self, authentication, *scopes, ca_file=None, **environment):
        """(status, source, seconds left, token or text) for each scope."""
        line = [PROBE, f"Endpoint=https://h;TaskHub=t;Authentication={authentication}", *([str(ca_file)] if ca_file else [])]
        scopes = scopes or (SCHEDULER,)
        done = subprocess.run(line, input="".join(f"{scope}\n" for scope in scopes), env=clean(**environment), capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.stderr, "")
        self.assertNotIn(SECRET, done.stdout)
        answers = [line.split("\t") for line in done.stdout.splitlines()]
        return answers if len(scopes) > 1 else answers[0]


class Sources(Case):
    def test_each_kind_gives_a_token_for_each_audience(self):
        for kind, environment, source in (("ManagedIdentity", self.identity(), "managed identity"),
                                          ("Environment", self.application(), "environment"),
                                          ("DefaultAzure", self.application(), "environment"),
                                          ("DefaultAzure", self.identity(), "managed identity")):
            self.service.plan(good("tok-1"), good("tok-2", life=600))
            got = self.probe(kind, SCHEDULER, POOL, SCHEDULER, POOL, **environment)
            self.assertEqual([answer[3] for answer in got], ["tok-1", "tok-2"] * 2, got)
            self.assertEqual({answer[1] for answer in got}, {source})
            self.assertGreater(int(got[0][2]), 3000)
            self.assertEqual(len(self.service.asked), 2)

    def test_an_app_shows_its_header_and_names_the_identity(self):
        self.assertEqual(self.probe("ManagedIdentity;ClientID=id-7", **self.identity())[0], "OK")
        asked = self.service.asked[0]
        self.assertEqual((asked.method, asked.path, asked.headers["x-identity-header"]), ("GET", "/msi/token", SECRET))
        self.assertEqual(asked.query, {"api-version": "2019-08-01", "resource": "https://durabletask.io", "client_id": "id-7"})

    def test_a_machine_is_asked_at_the_address_that_is_given(self):
        self.assertEqual(self.probe("DefaultAzure", AZURE_POD_IDENTITY_AUTHORITY_HOST=self.service.url)[:2],
                         ["OK", "managed identity"])
        asked = self.service.asked[0]
        self.assertEqual((asked.path, asked.headers["metadata"]), ("/metadata/identity/oauth2/token", "true"))
        self.assertEqual(asked.query, {"api-version": "2018-02-01", "resource": "https://durabletask.io"})

    def test_a_federated_token_is_read_for_each_request(self):
        federated = self.folder / "token"
        federated.write_text("first.federated.token\n")
        kind = f"WorkloadIdentity;ClientId=client-2;TenantId=tenant-2;TokenFilePath={federated}"
        process = self.enterContext(Process([PROBE, f"Endpoint=https://h;Authentication={kind}"], stdin=subprocess.PIPE,
                                            env=clean(AZURE_AUTHORITY_HOST=self.service.url)))
        for scope, text in ((SCHEDULER, "first.federated.token"), (POOL, "second.federated.token")):
            federated.write_text(text)
            process.stdin.write(f"{scope}\n")
            process.stdin.flush()
            self.assertIn("tok-1", process.line())
            asked = self.service.asked[-1]
            self.assertEqual((asked.path, asked.form["client_assertion"]), ("/tenant-2/oauth2/v2.0/token", text))
            self.assertEqual(asked.form["scope"], scope)
        process.stdin.close()
        self.assertEqual(process.wait(), 0)

    def test_a_certificate_signs(self):
        key, crt = certificate(self.folder, "client", bits=2048)
        both = self.folder / "both.pem"
        both.write_bytes(key.read_bytes() + crt.read_bytes())
        environment = self.application()
        del environment["AZURE_CLIENT_SECRET"]
        self.assertEqual(self.probe("Environment", **environment, AZURE_CLIENT_CERTIFICATE_PATH=str(both))[0], "OK")
        form = self.service.asked[0].form
        self.assertEqual(form["client_assertion"].count("."), 2)
        self.assertNotIn("client_secret", form)
        said = self.probe("Environment", **environment, AZURE_CLIENT_CERTIFICATE_PATH=str(crt))
        self.assertEqual(said[0], "FAILED_PRECONDITION")
        self.assertIn("key cannot be read", said[3])

    def az(self, script):
        program = self.folder / "az"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}

    def test_az_is_asked_without_a_shell(self):
        path = self.az(f'echo "$@" > {self.folder}/said; echo \'{{"accessToken":"tok-az","expires_on":4000000000}}\'')
        self.assertEqual(self.probe("AzureCli", **path)[:2], ["OK", "Azure CLI"])
        self.assertEqual((self.folder / "said").read_text(),
                         "account get-access-token --output json --resource https://durabletask.io\n")
        for script, said in (("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "run az login"),
                             ("echo eyJhbGciOi >&2; exit 1", "az failed"),
                             ("echo nonsense", "no JSON object"),
                             ("head -c 100000 /dev/zero", "wrote more than")):
            got = self.probe("AzureCli", **self.az(script))
            self.assertNotEqual(got[0], "OK")
            self.assertIn(said, got[3])
            self.assertNotIn("eyJ", got[3])

    def test_an_authority_behind_tls_is_verified(self):
        pair = certificate(self.folder)
        with TokenService(pair) as service:
            environment = self.application(service)
            self.assertEqual(self.probe("Environment", **environment)[0], "UNAVAILABLE")
            self.assertEqual(service.asked, [])
            self.assertEqual(self.probe("Environment", ca_file=pair[1], **environment)[0], "OK")
            self.assertEqual(self.probe("Environment", SSL_CERT_FILE=str(pair[1]), **environment)[0], "OK")


class Faults(Case):
    """The service is ill."""

    def one(self, answer, **more):
        self.service.plan(answer)
        return self.probe("Environment", **self.application(**more))

    def test_it_stumbles_and_is_asked_again(self):
        self.service.plan((500, {}, "<html>"), refusal(429, "throttled", Retry_After="1"), good())
        self.assertEqual(self.probe("Environment", **self.application())[0], "OK")
        self.assertEqual(len(self.service.asked), 3)

    def test_what_it_says_is_told_and_nothing_else(self):
        for answer, status, said in (
                (refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret."), "UNAUTHENTICATED",
                 "no token: environment: HTTP 401 invalid_client: AADSTS7000215: Invalid client secret."),
                (refusal(400, "invalid_client", f"{SECRET} is wrong"), "UNAUTHENTICATED", "no token: environment: HTTP 400 invalid_client"),
                (refusal(429, "throttled", Retry_After="3600"), "UNAVAILABLE", "no token: environment: HTTP 429 throttled"),
                ((302, {"Location": "http://localhost:1/"}, ""), "UNAUTHENTICATED", "no token: environment: HTTP 302"),
                ((200, {}, "<html>"), "INTERNAL", "no token: environment: the answer is no JSON object"),
                ((200, {}, "[" * 60000), "INTERNAL", "no token: environment: the answer is no JSON object"),
                ((200, {}, "x" * 5_000_000), "INTERNAL", "no token: environment: the answer is larger than 65536 bytes"),
                ((200, {}, json.dumps({"access_token": ["tok-1"], "expires_in": 9})), "INTERNAL",
                 "no token: environment: the answer has no usable access_token"),
                (good("tok-1\r\nX-Evil: 1"), "INTERNAL", "no token: environment: the answer has no usable access_token"),
                (good(life="soon"), "INTERNAL", "no token: environment: the answer does not say when the token ends"),
                (good(life=0), "INTERNAL", "no token: environment: the token is over already: is this machine's clock right?")):
            got = self.one(answer)
            self.assertEqual((got[0], got[3]), (status, said))
            self.assertEqual(len(self.service.asked), 1)

    def test_it_hangs_and_holds_nobody_up_for_ever(self):
        got = self.one(hang(self.service))
        self.assertEqual((got[0], got[3]), ("DEADLINE_EXCEEDED", "no token: environment: no answer in time"))
        self.assertEqual(len(self.service.asked), 1)

    def test_all_that_were_tried_are_named(self):
        self.service.plan(refusal(400, "invalid_request", "Identity not found"))
        got = self.probe("DefaultAzure", **self.identity(), PATH=str(self.folder))
        self.assertEqual(got[0], "UNAUTHENTICATED")
        for part in ("environment: no AZURE_TENANT_ID", "workload identity: no AZURE_FEDERATED_TOKEN_FILE",
                     "managed identity: HTTP 400 invalid_request: Identity not found", "Azure CLI: az is not on the PATH"):
            self.assertIn(part, got[3])


class Scheduler(Servicer):
    """Takes one token only, and keeps what came with each call."""

    def __init__(self):
        self.takes, self.metadata, self.lock = "tok-1", [], threading.Lock()

    def check(self, context):
        sent = dict(context.invocation_metadata())
        with self.lock:
            self.metadata.append(sent)
        if sent.get("authorization") != f"Bearer {self.takes}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "another token is wanted")

    def Hello(self, request, context):
        self.check(context)
        return empty_pb2.Empty()

    def GetInstance(self, request, context):
        self.check(context)
        return pb.GetInstanceResponse(exists=False)

    def GetWorkItems(self, request, context):
        self.check(context)
        while context.is_active():
            yield pb.WorkItem(healthPing=pb.HealthPing())
            threading.Event().wait(0.2)


class Use(Case):
    """The token goes with each call of those who use it."""

    def setUp(self):
        super().setUp()
        self.scheduler = Scheduler()
        server = grpc.server(futures.ThreadPoolExecutor(8))
        self.scheduler.add_to(server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait(60))
        self.string = f"Endpoint=http://127.0.0.1:{port};TaskHub=hub-1;Authentication=ManagedIdentity"

    def instance(self, *more):
        return subprocess.run([PROGRAM, "instance", "show", "one", "--connection", self.string, *more], env=clean(**self.identity()),
                              capture_output=True, text=True, timeout=120)

    def test_the_command_line_signs_in(self):
        done = self.instance()
        self.assertEqual(done.returncode, 3, done.stderr)  # it was asked, and has no such instance
        sent = self.scheduler.metadata[-1]
        self.assertEqual((sent["taskhub"], sent["authorization"]), ("hub-1", "Bearer tok-1"))
        self.service.plan(refusal(400, "invalid_request", "Identity not found"))
        done = self.instance()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no token: managed identity: HTTP 400 invalid_request: Identity not found", done.stderr)

    def test_a_token_that_is_refused_twice_is_told(self):
        self.scheduler.takes = "tok-9"
        done = self.instance()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("another token is wanted", done.stderr)
        self.assertEqual(len(self.scheduler.metadata), 2)

    def test_the_app_signs_in_at_scheduler_and_pool_and_again_when_it_must(self):
        self.service.plan(lambda asked: good("tok-pool" if "dynamicsessions" in asked.query["resource"] else self.scheduler.takes, life=20))
        environment = clean(DURABLE_TASK_SCHEDULER_CONNECTION_STRING=self.string, SESSION_POOL_URL=f"{self.service.url}/pool",
                            **self.identity())
        with Server(PROGRAM, command="app", environment=environment) as app:
            eventually(lambda: any("workerid" in sent for sent in self.scheduler.metadata), "the worker has not come")
            self.assertEqual(app.stop(), 0)
            log = app.tail()
        for secret in ("tok-1", "tok-pool", SECRET):
            self.assertNotIn(secret, log)
        self.assertTrue(all(sent["taskhub"] == "hub-1" for sent in self.scheduler.metadata))

    def test_a_channel_goes_on_with_a_new_token(self):
        """The worker's stream is opened with one, and again with the next."""
        self.service.plan(lambda asked: good(self.scheduler.takes, life=20))
        environment = clean(DURABLE_TASK_SCHEDULER_CONNECTION_STRING=self.string, SESSION_POOL_URL="http://127.0.0.1:1",
                            SESSION_POOL_AUTHENTICATION="None", **self.identity())
        with Server(PROGRAM, command="app", environment=environment) as app:
            def submit():
                return app.ask("GET", "/v1/requests/6f9619ff-8b86-4d01-b42d-00cf4fc964ff")[0]
            self.assertEqual(submit(), 404)
            self.scheduler.takes = "tok-2"
            eventually(lambda: submit() == 404, "no call comes through with the new token")
            self.assertIn("Bearer tok-2", [sent["authorization"] for sent in self.scheduler.metadata])


if __name__ == "__main__":
    unittest.main(verbosity=2)
