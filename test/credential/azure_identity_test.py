# SPDX-License-Identifier: MIT
"""What the official azure-identity sends, recorded, beside what libdurabletask-azure sends for the same settings.

If this fails, a token service that takes the SDKs' requests refuses ours. Usage: azure_identity_test.py PROBE
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

from azure.identity import (DefaultAzureCredential, EnvironmentCredential, ManagedIdentityCredential,
                            WorkloadIdentityCredential)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from token_service import TokenService, certificate, good, refusal  # noqa: E402

PROBE = sys.argv.pop(1)
SCOPE = "https://durabletask.io/.default"


def both_forms():
    """Good as a token service says it, and as a managed identity does."""
    return good(expires_on=str(int(time.time()) + 3600), resource="https://durabletask.io")


def decoded(assertion):
    """Header and claims of a JWT, without what differs from call to call."""
    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    header, claims, _ = assertion.split(".")
    claims = part(claims)
    assert claims["exp"] - claims.get("nbf", claims["exp"]) <= 600 and claims["jti"]
    return part(header), {name: claims[name] for name in ("aud", "iss", "sub")}


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.pair = certificate(cls.folder.name)
        key, crt = certificate(cls.folder.name, "client", bits=2048)
        cls.client = pathlib.Path(cls.folder.name, "client-both.pem")
        cls.client.write_bytes(key.read_bytes() + crt.read_bytes())
        der = subprocess.run(["openssl", "x509", "-in", crt, "-outform", "DER"], check=True, capture_output=True).stdout
        cls.thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
        cls.federated = pathlib.Path(cls.folder.name, "federated")
        cls.federated.write_text("a.federated.token")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.service = self.enterContext(TokenService(self.pair))
        self.plain = self.enterContext(TokenService())
        self.base = {name: value for name, value in os.environ.items()
                     if not name.startswith(("AZURE_", "IDENTITY_")) and not name.lower().endswith("_proxy")}
        self.base |= {"REQUESTS_CA_BUNDLE": str(self.pair[1]), "SSL_CERT_FILE": str(self.pair[1])}

    def theirs(self, make, service, environment):
        service.plan(both_forms())
        with mock.patch.dict(os.environ, {**self.base, **environment}, clear=True):
            with make() as credential:
                self.assertEqual(credential.get_token(SCOPE).token, "tok-1")
        return service.asked[-1]

    def ours(self, kind, service, environment):
        service.plan(both_forms())
        done = subprocess.run([PROBE, f"Endpoint=https://h;Authentication={kind}"], input=f"{SCOPE}\n", capture_output=True,
                              text=True, timeout=120, env={**self.base, **environment})
        self.assertEqual((done.stdout.split("\t")[0], done.stdout.split("\t")[-1]), ("OK", "tok-1\n"), done.stdout)
        return service.asked[-1]

    def compare(self, kind, make, service, environment, headers=()):
        one, other = self.ours(kind, service, environment), self.theirs(make, service, environment)
        self.assertEqual((one.method, one.path, one.query), (other.method, other.path, other.query))
        for name in headers:
            self.assertEqual(one.headers[name], other.headers[name])
        for name, value in one.form.items():
            if name == "client_assertion" and "federated" not in value:
                header, claims = decoded(value)
                self.assertEqual(claims, decoded(other.form[name])[1])
                # Their blocking client still signs in the old way; ours as their asynchronous one and the platform's pages do.
                self.assertEqual((header["alg"], header["x5t#S256"]), ("PS256", self.thumbprint))
            else:
                self.assertEqual(value, other.form[name].split(" ")[0] if name == "scope" else other.form[name], name)

    def test_managed_identity_of_an_app(self):
        environment = {"IDENTITY_ENDPOINT": f"{self.plain.url}/msi/token", "IDENTITY_HEADER": "header-1"}
        self.compare("ManagedIdentity", ManagedIdentityCredential, self.plain, environment, ["x-identity-header"])
        self.compare("ManagedIdentity;ClientID=id-7", lambda: ManagedIdentityCredential(client_id="id-7"), self.plain, environment)

    def test_managed_identity_of_a_machine(self):
        environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.plain.url}
        self.compare("ManagedIdentity", ManagedIdentityCredential, self.plain, environment, ["metadata"])

    def test_a_secret(self):
        environment = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1", "AZURE_CLIENT_SECRET": "s&=+1",
                       "AZURE_AUTHORITY_HOST": self.service.url}
        self.compare("Environment", lambda: EnvironmentCredential(disable_instance_discovery=True), self.service, environment)

    def test_a_certificate(self):
        environment = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1", "AZURE_AUTHORITY_HOST": self.service.url,
                       "AZURE_CLIENT_CERTIFICATE_PATH": str(self.client)}
        self.compare("Environment", lambda: EnvironmentCredential(disable_instance_discovery=True), self.service, environment)

    def test_a_federated_token(self):
        environment = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1", "AZURE_AUTHORITY_HOST": self.service.url,
                       "AZURE_FEDERATED_TOKEN_FILE": str(self.federated)}
        self.compare("WorkloadIdentity", lambda: WorkloadIdentityCredential(disable_instance_discovery=True), self.service, environment)

    def test_the_default_takes_the_same_one_of_several(self):
        """Theirs and ours, from an environment that speaks of two."""
        managed = {"IDENTITY_ENDPOINT": f"{self.plain.url}/msi/token", "IDENTITY_HEADER": "header-1", "AZURE_CLIENT_ID": "client-1"}
        secret = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_SECRET": "s-1", "AZURE_AUTHORITY_HOST": self.service.url}

        def make():
            return DefaultAzureCredential(disable_instance_discovery=True)
        self.compare("DefaultAzure", make, self.plain, managed, ["x-identity-header"])
        self.compare("DefaultAzure", make, self.service, {**managed, **secret})
        # The first is set up and refused: neither goes on to the second.
        self.plain.plan(good("tok-of-somebody-else"))
        self.service.plan(refusal(401, "invalid_client", "AADSTS7000215: no"))
        with mock.patch.dict(os.environ, {**self.base, **managed, **secret}, clear=True), make() as credential:
            with self.assertRaises(Exception):
                credential.get_token(SCOPE)
        done = subprocess.run([PROBE, "Endpoint=https://h;Authentication=DefaultAzure"], input=f"{SCOPE}\n", capture_output=True,
                              text=True, timeout=120, env={**self.base, **managed, **secret})
        self.assertEqual(done.stdout.split("\t")[0], "UNAUTHENTICATED")
        self.assertEqual(self.plain.asked, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
