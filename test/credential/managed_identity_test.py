# SPDX-License-Identifier: MIT
"""The managed identity that we serve, with azure-identity and libdurabletask-azure as its programs.

If this fails, a program gets no token, gets another's, or somebody without the header gets one. Without azure-identity its tests
are left out; those of @azure/identity, which npm fetches once into NPM_FOLDER, without npm or its registry.
Usage: managed_identity_test.py PROBE PROGRAM NPM_FOLDER
"""
import base64
import http.client
import json
import os
import pathlib
import shutil
import ssl
import stat
import subprocess
import sys
import unittest
import urllib.parse
from unittest import mock

try:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import CredentialUnavailableError, DefaultAzureCredential, ManagedIdentityCredential
except ImportError:  # outside of the virtual environment the rest is tried
    ManagedIdentityCredential = None

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROBE, PROGRAM, NPM = sys.argv.pop(1), sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
NPM_PACKAGE = "@azure/identity@4.14.1"
SCHEDULER, POOL = "https://durabletask.io/.default", "https://dynamicsessions.io/.default"


needs_sdk = unittest.skipUnless(ManagedIdentityCredential, "azure-identity is not installed here")


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class Base(unittest.TestCase):
    """A scheduler that serves two identities, and what to ask it with."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, command="scheduler", arguments=["--auth", "--managed-identity", "one,two"])
        cls.server.start()
        cls.variables = {}
        for name in ("one", "two"):
            path = pathlib.Path(cls.server.data, "identity", f"{name}.env")
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
            cls.variables[name] = dict(line.split("=", 1) for line in path.read_text().splitlines())
        cls.base = {name: value for name, value in os.environ.items()
                    if not name.startswith(("AZURE_", "IDENTITY_")) and not name.lower().endswith("_proxy")}

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def token(self, name, scope=SCHEDULER, **more):
        with mock.patch.dict(os.environ, {**self.base, **self.variables[name]}, clear=True):
            with ManagedIdentityCredential(**more) as credential:
                return credential.get_token(scope)

    def ask(self, header, method="GET", path=None, host=None, **query):
        url = urllib.parse.urlsplit(self.variables["one"]["IDENTITY_ENDPOINT"])
        query = {"api-version": "2019-08-01", "resource": "https://durabletask.io", **query}
        connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=60)
        headers = {"X-IDENTITY-HEADER": header} if header is not None else {}
        connection.request(method, f"{path or url.path}?{urllib.parse.urlencode(query)}", headers={**headers, "Host": host or url.netloc})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, json.loads(body) if body.startswith("{") else body


class Served(Base):
    @needs_sdk
    def test_the_sdk_gets_the_identity_of_its_program(self):
        seen = {}
        for name in ("one", "two"):
            for scope in (SCHEDULER, POOL):
                token = claims(self.token(name, scope).token)
                self.assertEqual(token["aud"], scope.removesuffix("/.default"))
                seen.setdefault(name, set()).add((token["oid"], token.get("appid") or token.get("azp")))
        self.assertEqual([len(identities) for identities in seen.values()], [1, 1])
        self.assertNotEqual(seen["one"], seen["two"])
        with mock.patch.dict(os.environ, {**self.base, **self.variables["one"]}, clear=True), DefaultAzureCredential() as chain:
            self.assertEqual(claims(chain.get_token(SCHEDULER).token)["oid"], next(iter(seen["one"]))[0])

    def test_the_answer_has_the_form_of_the_cloud(self):
        status, answer = self.ask(self.variables["one"]["IDENTITY_HEADER"])
        self.assertEqual(status, 200)
        self.assertEqual(set(answer), {"access_token", "expires_on", "resource", "token_type", "client_id"})
        self.assertEqual((answer["resource"], answer["token_type"]), ("https://durabletask.io", "Bearer"))
        self.assertEqual(int(answer["expires_on"]), claims(answer["access_token"])["exp"])

    def test_nobody_is_somebody_else(self):
        """The confused deputy: one program asks for the identity of the other."""
        _, other = self.ask(self.variables["two"]["IDENTITY_HEADER"])
        mine = self.variables["one"]["IDENTITY_HEADER"]
        its = claims(other["access_token"])
        for query in ({"client_id": other["client_id"]}, {"principal_id": its["oid"]}, {"mi_res_id": "/subscriptions/s"},
                      {"client_id": "*"}, {"client_id": ""}):
            status, answer = self.ask(mine, **query)
            self.assertEqual(status, 400, query)
            self.assertNotIn("access_token", answer)
        status, answer = self.ask(self.variables["two"]["IDENTITY_HEADER"], client_id=other["client_id"].upper(),
                                  principal_id=its["oid"])
        self.assertEqual(status, 200)

    @needs_sdk
    def test_the_sdk_cannot_be_led_astray_either(self):
        _, other = self.ask(self.variables["two"]["IDENTITY_HEADER"])
        with self.assertRaises((ClientAuthenticationError, CredentialUnavailableError)):
            self.token("one", client_id=other["client_id"])

    def test_without_the_header_nothing_is_said(self):
        good = self.variables["one"]["IDENTITY_HEADER"]
        for wrong in (None, "", "spi_", good[:-1], good + "x", good.swapcase(), "Bearer " + good):
            status, answer = self.ask(wrong)
            self.assertEqual(status, 401, wrong)
            self.assertEqual(set(answer), {"statusCode", "message"})
            self.assertNotIn(good, str(answer))

    def test_strange_requests_are_refused(self):
        good = self.variables["one"]["IDENTITY_HEADER"]
        self.assertEqual(self.ask(good, **{"api-version": "2017-09-01"})[0], 400)
        self.assertEqual(self.ask(good, resource="")[0], 400)
        self.assertEqual(self.ask(good, resource="https://elsewhere.example")[0], 400)
        self.assertEqual(self.ask(good, method="POST")[0], 405)
        self.assertEqual(self.ask(good, path="/metadata/identity/oauth2/token")[0], 404)
        # A page of another site that has been given a name of loopback.
        self.assertEqual(self.ask(good, host="evil.example")[0], 421)

    def test_the_token_is_known_at_the_scheduler_and_may_nothing_yet(self):
        string = f"Endpoint=http://localhost:{self.server.port};TaskHub=default;Authentication=ManagedIdentity"
        done = subprocess.run([PROGRAM, "instance", "show", "one", "--connection", string], capture_output=True, text=True, timeout=120,
                              env={**self.base, **self.variables["one"]})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Durable Task Data Reader", done.stderr)  # what is lacking, so it is known who asks

    def test_a_program_in_c_gets_it_too(self):
        done = subprocess.run([PROBE, "Endpoint=https://h;Authentication=ManagedIdentity"], input=f"{SCHEDULER}\n{POOL}\n",
                              capture_output=True, text=True, timeout=120, env={**self.base, **self.variables["two"]})
        answers = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertEqual([answer[0] for answer in answers], ["OK", "OK"], done.stdout)
        _, answer = self.ask(self.variables["two"]["IDENTITY_HEADER"])
        self.assertEqual(claims(answers[0][3])["oid"], claims(answer["access_token"])["oid"])

    def test_secrets_are_in_no_log(self):
        said = self.server.tail() + pathlib.Path(f"/proc/{self.server.process.pid}/cmdline").read_text()
        for variables in self.variables.values():
            self.assertNotIn(variables["IDENTITY_HEADER"], said)
        self.assertNotIn("eyJ", said)


class Dotnet(unittest.TestCase):
    """No .NET is here: the requests that its packages make (MSAL.NET's AppServiceManagedIdentitySource beneath Azure.Identity, and the channel of
    Microsoft.DurableTask.*.AzureManaged), byte for byte where it matters, against the hub that it may use and the one that it may not."""

    @classmethod
    def setUpClass(cls):
        try:
            import grpc
            sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
            import protocol
        except ImportError:
            raise unittest.SkipTest("grpcio is not installed here") from None
        cls.grpc, cls.protocol = grpc, protocol
        cls.server = Server(PROGRAM, command="scheduler", arguments=["--auth", "--tls", "--managed-identity", "worker", "--task-hubs", "mine,theirs"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.server.tls = ssl.create_default_context(cafile=cls.server.ready["certificateAuthority"])
        cls.server.grant("Durable Task Data Contributor", "worker", "/scheduler/mine")
        text = pathlib.Path(cls.server.data, "identity", "worker.env").read_text()
        cls.variables = dict(line.split("=", 1) for line in text.splitlines())

    def identity(self, **more):
        """GET, query in the order of MSAL.NET's dictionary; what it adds for its own statistics and for revocation means nothing here."""
        url = urllib.parse.urlsplit(self.variables["IDENTITY_ENDPOINT"])
        query = urllib.parse.urlencode({"api-version": "2019-08-01", "resource": "https://durabletask.io", **more})
        connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", f"{url.path}?{query}", headers={
            "Host": url.netloc, "X-IDENTITY-HEADER": self.variables["IDENTITY_HEADER"], "x-client-SKU": "MSAL.CoreCLR", "x-client-Ver": "4.78.0.0",
            "x-client-OS": "linux", "client-request-id": "0b1ef5bc-0000-4000-8000-000000000001", "return-client-request-id": "true"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_each_way_to_name_an_identity(self):
        status, answer = self.identity()
        self.assertEqual((status, answer["token_type"], answer["resource"]), (200, "Bearer", "https://durabletask.io"))
        self.assertTrue(answer["expires_on"].isdigit())  # it is read as a text
        its = claims(answer["access_token"])
        for named in ({"client_id": its["appid"]}, {"object_id": its["oid"]}, {"xms_cc": "cp1", "token_sha256_to_refresh": "0" * 64}):
            status, answer = self.identity(**named)
            self.assertEqual((status, claims(answer["access_token"])["oid"]), (200, its["oid"]), named)
        for named in ({"client_id": its["oid"]}, {"mi_res_id": "/subscriptions/s/nobody"}):
            status, answer = self.identity(**named)
            self.assertEqual((status, set(answer)), (400, {"statusCode", "message"}), named)

    def metadata(self, hub, role="Worker"):
        """Of CallCredentials.FromInterceptor; names are written small on the wire."""
        token = self.identity()[1]["access_token"]
        return [("taskhub", hub), ("x-user-agent", f"durabletask-dotnet/1.16.2 ({role})"), ("workerid", "HOST,4711,0b1ef5bc0000400080000000000000ff"),
                ("authorization", f"Bearer {token}")]

    def channel(self, scheme="https"):
        roots = pathlib.Path(self.server.ready["certificateAuthority"]).read_bytes()
        target, options = f"localhost:{self.server.port}", [("grpc.primary_user_agent", "grpc-dotnet/2.71.0 (.NET 8.0.20; CLR 8.0.20; net8.0; linux; x64)")]
        channel = self.grpc.insecure_channel(target, options) if scheme == "http" else self.grpc.secure_channel(
            target, self.grpc.ssl_channel_credentials(roots), options)
        self.addCleanup(channel.close)
        return self.protocol.Stub(channel)

    def test_a_worker_and_a_client_at_the_hub_that_was_granted_and_no_other(self):
        pb, stub = self.protocol.pb, self.channel()
        mine = self.metadata("mine")
        stub.Hello(self.protocol.empty_pb2.Empty(), metadata=mine, timeout=60)
        items = stub.GetWorkItems(pb.GetWorkItemsRequest(maxConcurrentOrchestrationWorkItems=10), metadata=mine, timeout=60)
        items.initial_metadata()
        stub.StartInstance(pb.CreateInstanceRequest(name="Orch", instanceId="net-1"), metadata=self.metadata("mine", "DurableTaskClient"), timeout=60)
        item = next(one for one in items if one.WhichOneof("request") == "orchestratorRequest")
        stub.CompleteOrchestratorTask(pb.OrchestratorResponse(
            instanceId="net-1", completionToken=item.completionToken, actions=[pb.OrchestratorAction(
                id=0, completeOrchestration=pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED))]),
            metadata=mine, timeout=60)
        shown = stub.WaitForInstanceCompletion(pb.GetInstanceRequest(instanceId="net-1"), metadata=mine, timeout=60)
        self.assertEqual(shown.orchestrationState.orchestrationStatus, pb.ORCHESTRATION_STATUS_COMPLETED)
        items.cancel()
        for call, message in ((stub.StartInstance, pb.CreateInstanceRequest(name="Orch")), (stub.Hello, self.protocol.empty_pb2.Empty())):
            with self.assertRaises(self.grpc.RpcError) as refused:
                call(message, metadata=self.metadata("theirs"), timeout=60)
            self.assertEqual(refused.exception.code(), self.grpc.StatusCode.PERMISSION_DENIED)
            self.assertIn("sallyport role create", refused.exception.details())

    def test_in_clear_text_it_sends_nothing_of_that_and_is_told_why(self):
        with self.assertRaises(self.grpc.RpcError) as refused:
            self.channel("http").Hello(self.protocol.empty_pb2.Empty(), timeout=60)
        self.assertEqual(refused.exception.code(), self.grpc.StatusCode.UNAUTHENTICATED)
        self.assertIn("https endpoint", refused.exception.details())
        with self.assertRaises(self.grpc.RpcError) as refused:
            self.channel().Hello(self.protocol.empty_pb2.Empty(), metadata=[("taskhub", "mine")], timeout=60)
        self.assertNotIn("https", refused.exception.details())


class Javascript(Base):
    """The other official package."""

    @classmethod
    def setUpClass(cls):
        if not ManagedIdentityCredential:
            raise unittest.SkipTest("outside of the virtual environment no package is fetched")
        if not shutil.which("npm") or not shutil.which("node"):
            raise unittest.SkipTest("node and npm are needed")
        if not (NPM / "node_modules" / "@azure" / "identity").exists():
            NPM.mkdir(parents=True, exist_ok=True)
            got = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", NPM_PACKAGE], cwd=NPM, capture_output=True,
                                 timeout=300)
            if got.returncode:
                raise unittest.SkipTest(f"npm cannot fetch {NPM_PACKAGE}")
        super().setUpClass()

    def node(self, name, kind, scope=SCHEDULER):
        script = pathlib.Path(__file__).with_name("identity.js")
        done = subprocess.run(["node", script, NPM, kind, scope], capture_output=True, text=True, timeout=120,
                              env={**self.base, **self.variables[name]})
        return done.stdout.strip()

    def test_it_gets_the_identity_of_its_program_and_no_other(self):
        seen = {name: claims(self.ask(self.variables[name]["IDENTITY_HEADER"])[1]["access_token"]) for name in ("one", "two")}
        for name in ("one", "two"):
            for kind in ("ManagedIdentity", "DefaultAzure"):
                token = claims(self.node(name, kind, POOL))
                self.assertEqual((token["oid"], token["aud"]), (seen[name]["oid"], "https://dynamicsessions.io"))
        its = seen["two"].get("appid") or seen["two"]["azp"]
        self.assertIn("No Managed Identity found", self.node("one", f"ManagedIdentity:{its}"))


class Again(unittest.TestCase):
    def test_a_restart_keeps_the_identity_and_changes_the_header(self):
        server = Server(PROGRAM, command="scheduler", arguments=["--auth", "--managed-identity", "one"])
        self.addCleanup(server.close)

        def seen():
            server.start()
            text = pathlib.Path(server.data, "identity", "one.env").read_text()
            variables = dict(line.split("=", 1) for line in text.splitlines())
            done = subprocess.run([PROBE, "Endpoint=https://h;Authentication=ManagedIdentity"], input=f"{SCHEDULER}\n", text=True,
                                  capture_output=True, timeout=120, env={**os.environ, **variables})
            oid = claims(done.stdout.split("\t")[-1])["oid"]
            self.assertEqual(server.stop(), 0, server.tail())
            return oid, variables["IDENTITY_HEADER"]
        (first, header), (second, other) = seen(), seen()
        self.assertEqual(first, second)
        self.assertNotEqual(header, other)


if __name__ == "__main__":
    unittest.main(verbosity=2)
