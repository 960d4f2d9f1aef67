# SPDX-License-Identifier: MIT
"""Credentials in C against our own token service, through TLS: from an application that was made to an instance that was run.

If this fails, the two halves of signing in do not fit each other. Usage: own_service_test.py PROGRAM EXAMPLE_WORKER
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import ssl

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402
from token_service import certificate, eventually  # noqa: E402

PROGRAM, WORKER = sys.argv.pop(1), sys.argv.pop(1)


class Case(unittest.TestCase):
    COMMAND, ARGUMENTS = "scheduler", ("--auth", "--tls", "--managed-identity", "worker")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, command=cls.COMMAND, arguments=list(cls.ARGUMENTS))
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.authority = cls.server.ready["certificateAuthority"]
        cls.server.tls = ssl.create_default_context(cafile=cls.authority)
        cls.key = pathlib.Path(cls.server.data, "local.key").read_text()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        drop = ("AZURE_", "IDENTITY_", "DURABLE_TASK", "SALLYPORT_")
        cls.base = {name: value for name, value in os.environ.items()
                    if not name.startswith(drop) and not name.lower().endswith("_proxy")} | {"SSL_CERT_FILE": cls.authority}

    def good(self, method, path, body):
        status, _, answer = self.server.ask(method, path, body, {"Authorization": f"Bearer {self.key}"})
        self.assertIn(status, (200, 201), answer)
        return answer

    def grant(self, role, to):
        self.good("POST", "/v1/directory/assignments", {"role": role, "principal": to, "scope": "/"})

    def application(self, name, **more):
        made = self.good("POST", "/v1/directory/applications", {"name": name, **more})
        tenant = self.server.ask("GET", "/common/v2.0/.well-known/openid-configuration")[2]["issuer"].split("/")[-2]
        return made, {"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": made["clientId"], "AZURE_AUTHORITY_HOST": f"https://localhost:{self.server.port}"}

    def string(self, kind):
        return f"Endpoint=https://localhost:{self.server.port};TaskHub=default;Authentication={kind}"

    def show(self, kind, environment):
        return subprocess.run([PROGRAM, "instance", "show", "nobody's", "--connection", self.string(kind)], capture_output=True, text=True,
                              timeout=120, env={**self.base, **environment})

    def come_in(self, name, kind, environment):
        """Known, but without a role; and with it within a moment."""
        without = self.show(kind, environment)
        self.assertEqual(without.returncode, 1, without.stderr)
        self.assertIn("Durable Task Data Reader", without.stderr)
        self.grant("Durable Task Data Reader", name)
        eventually(lambda: self.show(kind, environment).returncode == 3, "it may not, although it was granted")


class OwnService(Case):
    def test_with_a_secret(self):
        made, environment = self.application("with-secret")
        self.come_in("with-secret", "Environment", {**environment, "AZURE_CLIENT_SECRET": made["secret"]})
        other = made["secret"][:-1] + ("y" if made["secret"].endswith("x") else "x")
        wrong = self.show("DefaultAzure", {**environment, "AZURE_CLIENT_SECRET": other})
        self.assertEqual(wrong.returncode, 1, wrong.stdout)
        self.assertIn("environment: HTTP 401 invalid_client", wrong.stderr)
        self.assertNotIn(made["secret"][:-1], wrong.stderr)

    def test_with_a_certificate(self):
        key, crt = certificate(self.folder.name, "client", bits=2048)
        both = pathlib.Path(self.folder.name, "both.pem")
        both.write_bytes(key.read_bytes() + crt.read_bytes())
        _, environment = self.application("with-certificate", certificate=crt.read_text())
        self.come_in("with-certificate", "Environment", {**environment, "AZURE_CLIENT_CERTIFICATE_PATH": str(both)})

    def test_with_a_managed_identity(self):
        text = pathlib.Path(self.server.data, "identity", "worker.env").read_text()
        environment = dict(line.split("=", 1) for line in text.splitlines())
        self.come_in("worker", "ManagedIdentity", environment)

    def test_a_worker_in_c_runs_an_orchestration(self):
        made, environment = self.application("in-c")
        self.grant("Durable Task Data Contributor", "in-c")
        done = subprocess.run([WORKER, self.string("DefaultAzure")], capture_output=True, text=True, timeout=120,
                              env={**self.base, **environment, "AZURE_CLIENT_SECRET": made["secret"]})
        self.assertEqual((done.returncode, done.stdout), (0, "completed: hello\nsigned in by environment\n"), done.stderr)


class SignedInByAzAtASchedulerAlone(Case):
    """There is no subscription: an account of the tenant is enough for a token."""
    ARGUMENTS = ("--auth", "--tls")

    def test_a_token_from_sallyport_az(self):
        made, environment = self.application("alone-az")
        az = {"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": f"{self.folder.name}/state", "SALLYPORT_URL": f"https://localhost:{self.server.port}",
              "REQUESTS_CA_BUNDLE": self.authority}

        def run(*words):
            return subprocess.run([PROGRAM, "az", *words], capture_output=True, text=True, timeout=60, env={**self.base, **az})
        token = ("account", "get-access-token", "--resource", "https://durabletask.io", "--query", "accessToken", "-o", "tsv")
        self.assertIn("has no control plane", run(*token).stderr)
        wrong = run("login", "--service-principal", "-u", made["clientId"], "-p", "sps_wrong", "--tenant", environment["AZURE_TENANT_ID"])
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        done = run("login", "--service-principal", "-u", made["clientId"], "-p", made["secret"], "--tenant", environment["AZURE_TENANT_ID"])
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run(*token)
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = subprocess.run([PROGRAM, "instance", "show", "nobody's", "--connection", self.string("None"), "--token", done.stdout.strip()],
                               capture_output=True, text=True, timeout=60, env={**self.base, "SSL_CERT_FILE": self.authority})
        self.assertIn("Durable Task", shown.stderr)  # it is known, and has no role yet


class SignedInByAz(Case):
    """The sign-in is the whole server's, which has a subscription."""
    COMMAND, ARGUMENTS = "dev", ("--auth", "--tls")

    def test_with_the_sign_in_of_sallyport_az(self):
        """`az` on the PATH is `sallyport az`: the library asks it as it asks the cloud's."""
        made, environment = self.application("with-az")
        tools = pathlib.Path(self.folder.name, "tools")
        tools.mkdir()
        (tools / "az").write_text(f'#!/bin/sh\nexec {os.path.abspath(PROGRAM)} az "$@"\n')
        (tools / "az").chmod(0o755)
        az = {"PATH": f"{tools}:/usr/bin:/bin", "XDG_STATE_HOME": f"{self.folder.name}/state", "SALLYPORT_URL": f"https://localhost:{self.server.port}",
              "REQUESTS_CA_BUNDLE": self.authority}

        nobody = self.show("AzureCli", az)
        self.assertEqual(nobody.returncode, 1, nobody.stdout)
        self.assertIn("nobody is signed in: run az login", nobody.stderr)
        login = ["az", "login", "--service-principal", "-u", made["clientId"], "-p", made["secret"], "--tenant", environment["AZURE_TENANT_ID"]]
        done = subprocess.run(login, capture_output=True, text=True, timeout=60, env={**self.base, **az})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.come_in("with-az", "AzureCli", az)
        worker = subprocess.run([WORKER, self.string("AzureCli")], capture_output=True, text=True, timeout=120, env={**self.base, **az})
        self.assertIn("Durable Task", worker.stderr)  # it may read, not work
        self.grant("Durable Task Data Contributor", "with-az")
        done = subprocess.run([WORKER, self.string("DefaultAzure")], capture_output=True, text=True, timeout=120, env={**self.base, **az})
        self.assertEqual((done.returncode, done.stdout), (0, "completed: hello\nsigned in by Azure CLI\n"), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
