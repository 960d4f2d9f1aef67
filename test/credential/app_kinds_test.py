# SPDX-License-Identifier: MIT
"""Each kind of Authentication= and each key of a connection string in the app, as a server that has given up its rights: which
token its scheduler and its pool are shown, and what the token service was asked for it.

If this fails, a setting that doc/credentials.md promises does not reach the app, or a file that it names cannot be read.
Usage: app_kinds_test.py PROGRAM
"""
import os
import pathlib
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
from fake_pool import GOOD, FakePool  # noqa: E402
from protocol import Servicer, pb  # noqa: E402
from server import Server  # noqa: E402
from token_service import TokenService, certificate, eventually, good  # noqa: E402

PROGRAM = sys.argv.pop(1)
DROPPED = ("AZURE_", "IDENTITY_", "DURABLE_TASK", "SESSION_POOL", "SALLYPORT_", "SSL_CERT_FILE")
SECRET = "hunter2-is-the-secret"


class Scheduler(Servicer):
    """Takes any worker, and keeps what came with its call."""

    def __init__(self):
        self.shown = []

    def Hello(self, request, context):
        return empty_pb2.Empty()

    def GetWorkItems(self, request, context):
        self.shown.append(dict(context.invocation_metadata()))
        ended = threading.Event()
        context.add_callback(ended.set)
        while not ended.wait(0.2):
            yield pb.WorkItem(healthPing=pb.HealthPing())


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir="/tmp")))
        self.folder.chmod(0o755)  # the server becomes somebody else
        self.service = self.enterContext(TokenService())
        self.scheduler = Scheduler()
        server = grpc.server(futures.ThreadPoolExecutor(8))
        self.scheduler.add_to(server)
        self.port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait(60))

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def app(self, string, *arguments, **environment):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(DROPPED) and not name.lower().endswith("_proxy")}
        app = Server(PROGRAM, command="app", arguments=arguments, environment={
            **kept, "AZURE_AUTHORITY_HOST": self.service.url, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": string,
            "SESSION_POOL_URL": f"{self.service.url}/pool", **environment})
        self.addCleanup(app.close)
        return app

    def shown(self, tail, *arguments, endpoint="Endpoint=", **environment):
        """What the scheduler is shown by an app with such an end of its connection string, and what was asked for that."""
        app = self.app(f"{endpoint}http://127.0.0.1:{self.port};TaskHub=hub-1;{tail}", *arguments, **environment).start()
        eventually(lambda: self.scheduler.shown, f"the worker has not come:\n{app.tail()}")
        self.assertEqual(app.stop(), 0)
        self.assertNotIn(SECRET, app.tail())
        self.assertEqual(self.scheduler.shown[0]["taskhub"], "hub-1")
        return self.scheduler.shown[0].get("authorization"), self.service.asked[0] if self.service.asked else None

    def refusal(self, tail, **environment):
        app = self.app(f"Endpoint=http://127.0.0.1:{self.port};TaskHub=hub-1;{tail}", **environment)
        with self.assertRaises(AssertionError):
            app.start()
        self.assertEqual(app.process.returncode, 2, app.tail())
        return app.tail()


class Kinds(Case):
    application = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1"}

    def federated(self):
        return str(self.file("federated-token", "a.federated.token\n"))

    def identity(self):
        return {"IDENTITY_ENDPOINT": f"{self.service.url}/msi/token", "IDENTITY_HEADER": SECRET}

    def assert_federated(self, tail, client, tenant, **environment):
        token, asked = self.shown(tail, **environment)
        self.assertEqual((token, asked.path), ("Bearer tok-1", f"/{tenant}/oauth2/v2.0/token"))
        self.assertEqual((asked.form["client_id"], asked.form["client_assertion"]), (client, "a.federated.token"))
        self.assertEqual(asked.form["scope"], "https://durabletask.io/.default")

    def test_none(self):
        self.assertEqual(self.shown("Authentication=None"), (None, None))

    def test_environment_with_a_secret(self):
        token, asked = self.shown("Authentication=Environment", AZURE_CLIENT_SECRET=SECRET, **self.application)
        self.assertEqual((token, asked.path), ("Bearer tok-1", "/tenant-1/oauth2/v2.0/token"))
        self.assertEqual((asked.form["client_id"], asked.form["client_secret"]), ("client-1", SECRET))

    def test_environment_with_a_certificate(self):
        key, crt = certificate(self.folder, "client", bits=2048)
        both = self.file("both.pem", key.read_text() + crt.read_text())
        token, asked = self.shown("Authentication=Environment", AZURE_CLIENT_CERTIFICATE_PATH=str(both), **self.application)
        self.assertEqual((token, asked.form["client_assertion"].count(".")), ("Bearer tok-1", 2))

    def test_workload_identity_by_its_keys(self):
        self.assert_federated(f"Authentication=WorkloadIdentity;ClientId=c-2;TenantId=t-2;TokenFilePath={self.federated()}", "c-2", "t-2")

    def test_workload_identity_by_variables(self):
        self.assert_federated("Authentication=WorkloadIdentity", "client-1", "tenant-1",
                              AZURE_FEDERATED_TOKEN_FILE=self.federated(), **self.application)

    def test_a_key_counts_before_its_variable(self):
        self.assert_federated(f"Authentication=WorkloadIdentity;ClientId=c-2;TokenFilePath={self.federated()}", "c-2", "tenant-1",
                              AZURE_FEDERATED_TOKEN_FILE=str(self.file("other", "another.token")), **self.application)

    def test_keys_in_other_letters_and_keys_of_nobody(self):
        """AdditionallyAllowedTenants is the SDKs'; there is one tenant that a token is asked of."""
        self.assert_federated(f"authentication=workloadidentity;CLIENTID=c-2;tenantid=t-2;tokenfilepath={self.federated()};"
                              "AdditionallyAllowedTenants=*;Colour=blue", "c-2", "t-2")

    def test_managed_identity(self):
        token, asked = self.shown("Authentication=ManagedIdentity", **self.identity())
        self.assertEqual((token, asked.path), ("Bearer tok-1", "/msi/token"))
        self.assertEqual((asked.headers["x-identity-header"], asked.query.get("client_id")), (SECRET, None))

    def test_managed_identity_of_several(self):
        token, asked = self.shown("Authentication=ManagedIdentity;ClientID=id-7", **self.identity())
        self.assertEqual((token, asked.query["client_id"]), ("Bearer tok-1", "id-7"))

    def test_default_azure_from_the_environment(self):
        token, asked = self.shown("Authentication=DefaultAzure", AZURE_CLIENT_SECRET=SECRET, **self.application, **self.identity())
        self.assertEqual((token, asked.path), ("Bearer tok-1", "/tenant-1/oauth2/v2.0/token"))

    def test_default_azure_from_a_workload_identity(self):
        self.assert_federated("Authentication=DefaultAzure", "client-1", "tenant-1", AZURE_FEDERATED_TOKEN_FILE=self.federated(),
                              **self.application)

    def test_default_azure_from_a_managed_identity(self):
        token, asked = self.shown("Authentication=DefaultAzure", **self.identity())
        self.assertEqual((token, asked.path), ("Bearer tok-1", "/msi/token"))

    def test_the_bare_form_of_the_samples_readme(self):
        token, asked = self.shown("Authentication=DefaultAzure", endpoint="", **self.identity())
        self.assertEqual((token, asked.path), ("Bearer tok-1", "/msi/token"))

    def tools(self, text):
        """A folder with an `az` that does this, before the others on the PATH."""
        folder = self.folder / "tools"
        folder.mkdir()
        (folder / "az").write_text(f"#!/bin/sh\n{text}\n")
        (folder / "az").chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin"}

    def az(self):
        return self.tools(f"""echo "$*" >> {self.folder}/asked
echo '{{"accessToken": "tok-az", "expires_on": 4102444800, "tokenType": "Bearer"}}'""")

    def test_azure_cli(self):
        """The server itself may start no program by then."""
        self.assertEqual(self.shown("Authentication=AzureCli", **self.az()), ("Bearer tok-az", None))
        asked = (self.folder / "asked").read_text().splitlines()
        self.assertEqual(asked[0], "account get-access-token --output json --resource https://durabletask.io")

    def test_default_azure_from_azure_cli(self):
        """As a developer has it who ran `az login`; the part of the chain that asks no metadata service of this machine."""
        self.assertEqual(self.shown("Authentication=DefaultAzure", AZURE_TOKEN_CREDENTIALS="dev", **self.az())[0], "Bearer tok-az")

    def test_azure_cli_that_fails_is_told(self):
        app = self.app(f"Endpoint=http://127.0.0.1:{self.port};TaskHub=hub-1;Authentication=AzureCli",
                       **self.tools("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")).start(wait=False)
        eventually(lambda: "nobody is signed in: run az login" in app.tail(), f"it is not told:\n{app.tail()}")
        self.assertEqual(self.scheduler.shown, [])

    def helpers(self):
        """Processes that ask `az` for somebody."""
        found = []
        for name in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                if name.read_text() == "sallyport-az\n":
                    found.append(int(name.parent.name))
            except OSError:
                pass
        return set(found)

    def test_who_asks_az_ends_with_the_server_and_is_not_there_for_others(self):
        tools, before = self.az(), self.helpers()
        string = f"Endpoint=http://127.0.0.1:{self.port};TaskHub=hub-1;Authentication="
        app = self.app(string + "AzureCli", **tools).start()
        self.assertEqual(len(self.helpers() - before), 1)
        app.kill()
        eventually(lambda: not self.helpers() - before, "it outlives a server that was killed")
        other = self.app(string + "None", **tools).start()
        self.assertEqual(self.helpers() - before, set())
        self.assertEqual(other.stop(), 0)

    def test_what_does_not_work_says_what_to_use(self):
        for kind, instead in (("AzurePowerShell", "AzureCli"), ("VisualStudio", "AzureCli"), ("VisualStudioCode", "AzureCli"),
                              ("IntelliJ", "AzureCli"), ("InteractiveBrowser", "DefaultAzure"), ("Telepathy", "DefaultAzure")):
            with self.subTest(kind=kind):
                self.assertIn(instead, self.refusal(f"Authentication={kind}"))
        self.assertIn("TokenFilePath is given twice", self.refusal("Authentication=WorkloadIdentity;TokenFilePath=a;TokenFilePath=b"))
        self.assertIn("ClientID is empty", self.refusal("Authentication=ManagedIdentity;ClientID="))


class Authorities(Case):
    """A token service behind TLS that no authority of the system knows."""

    def secured(self):
        key, crt = certificate(self.folder, "service")
        crt.chmod(0o644)
        service = self.enterContext(TokenService((key, crt)))
        return crt, {"IDENTITY_ENDPOINT": f"{service.url}/msi/token", "IDENTITY_HEADER": SECRET}

    def test_by_ca_file(self):
        crt, identity = self.secured()
        self.assertEqual(self.shown("Authentication=ManagedIdentity", "--ca-file", str(crt), **identity)[0], "Bearer tok-1")

    def test_by_ssl_cert_file(self):
        crt, identity = self.secured()
        self.assertEqual(self.shown("Authentication=ManagedIdentity", SSL_CERT_FILE=str(crt), **identity)[0], "Bearer tok-1")


class Pool(Case):
    """Its own kind, or the scheduler's; each with a token for itself."""

    @classmethod
    def setUpClass(cls):
        cls.real = Server(PROGRAM, command="scheduler").start()
        cls.addClassCleanup(cls.real.close)

    def shown_to_pool(self, kind, pool_kind=None, **environment):
        """The token that the pool is shown, and the resource that was asked for."""
        pool = FakePool([GOOD])
        self.addCleanup(pool.close)
        string = self.real.ready["schedulerConnectionString"].replace("Authentication=None", f"Authentication={kind}")
        if pool_kind:
            environment["SESSION_POOL_AUTHENTICATION"] = pool_kind
        self.service.plan(lambda asked: good("tok-pool" if "dynamicsessions" in str((asked.query, asked.form)) else "tok-other"))
        app = self.app(string, **{**environment, "SESSION_POOL_URL": pool.url}).start()
        app.until(app.submit("print('hi')"), "waiting")
        self.assertEqual(app.stop(), 0)
        return pool.requests[0][1].get("Authorization")

    def federated(self):
        return f"ClientId=c;TenantId=t;TokenFilePath={self.file('token', 'a.federated.token')}"

    def test_as_the_scheduler(self):
        self.assertEqual(self.shown_to_pool(f"WorkloadIdentity;{self.federated()}"), "Bearer tok-pool")

    def test_a_kind_of_its_own(self):
        self.assertEqual(self.shown_to_pool("None", f"WorkloadIdentity;{self.federated()}"), "Bearer tok-pool")

    def test_none_of_its_own(self):
        self.assertIsNone(self.shown_to_pool(f"WorkloadIdentity;{self.federated()}", "None"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
