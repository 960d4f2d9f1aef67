# SPDX-License-Identifier: MIT
"""The cloud's own sign-in library, unmodified, against our token service over TLS with our authority: a secret, a certificate, a
workload identity, a device code, a managed identity, the default, `sallyport az` as az; and with what it gets, the official Durable Task
client at the hub it may use and at the one it may not.

If this fails, programs written for the cloud cannot sign in here. Usage: azure_identity_test.py PROGRAM
"""
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
import urllib.parse
import urllib.request

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from issuer import Issuer  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
ISSUER = Issuer()
SERVER = Server(PROGRAM, command="scheduler", arguments=["--auth", "--tls", "--task-hubs", "mine,theirs", "--oidc-issuer", ISSUER.url,
                                                        "--managed-identity", "worker"])
SERVER.start()
AUTHORITY = SERVER.ready["certificateAuthority"]
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = AUTHORITY

import grpc  # noqa: E402  (it reads the variable above when it is loaded)
from azure.core.exceptions import ClientAuthenticationError  # noqa: E402
from azure.identity import (AzureCliCredential, CertificateCredential, ChainedTokenCredential, ClientSecretCredential,  # noqa: E402
                            DefaultAzureCredential, DeviceCodeCredential, EnvironmentCredential, ManagedIdentityCredential,
                            CredentialUnavailableError, WorkloadIdentityCredential)
from durabletask.azuremanaged.client import DurableTaskSchedulerClient  # noqa: E402

URL = f"https://localhost:{SERVER.port}"
SCOPE = "https://durabletask.io/.default"


def ask(method, path, body=None, form=None):
    """One request as the local user."""
    headers = {"Authorization": "Bearer " + pathlib.Path(SERVER.data, "local.key").read_text()}
    data = urllib.parse.urlencode(form).encode() if form else None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    context = ssl.create_default_context(cafile=AUTHORITY)
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        text = answer.read()
        return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


class AzureIdentity(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        SERVER.close()
        ISSUER.close()

    def credential(self, kind, made, *more, **options):
        return kind(made["tenantId"], made["clientId"], *more, authority=URL, disable_instance_discovery=True, **options)

    def application(self, name, **more):
        return ask("POST", "/v1/directory/applications", {"name": name, **more})

    def test_a_secret_opens_the_hub_that_was_granted_and_no_other(self):
        made = self.application("secretive")
        self.grant("secretive")
        credential = self.credential(ClientSecretCredential, made, made["secret"])
        self.assertGreater(len(credential.get_token(SCOPE).token), 100)
        self.assert_one_hub(credential)

    def grant(self, name):
        ask("POST", "/v1/directory/assignments", {"role": "Durable Task Data Contributor", "principal": name, "scope": "/scheduler/mine"})

    def assert_one_hub(self, credential):
        def client(hub):
            return DurableTaskSchedulerClient(host_address=URL, secure_channel=True, taskhub=hub, token_credential=credential)
        instance = client("mine").schedule_new_orchestration("nobody_runs_it", input=1)
        self.assertEqual(client("mine").get_orchestration_state(instance).instance_id, instance)
        with self.assertRaises(grpc.RpcError) as refused:
            client("theirs").schedule_new_orchestration("nobody_runs_it")
        self.assertEqual(refused.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        self.assertIn("sallyport role create", refused.exception.details())

    def test_the_environment(self):
        made = self.application("environmental")
        self.grant("environmental")
        with unittest.mock.patch.dict(os.environ, AZURE_TENANT_ID=made["tenantId"], AZURE_CLIENT_ID=made["clientId"], AZURE_CLIENT_SECRET=made["secret"],
                                      AZURE_AUTHORITY_HOST=URL):
            self.assert_one_hub(EnvironmentCredential(disable_instance_discovery=True))

    def test_a_managed_identity_by_itself_and_as_the_default(self):
        self.grant("worker")
        text = pathlib.Path(SERVER.data, "identity", "worker.env").read_text()
        with unittest.mock.patch.dict(os.environ, dict(line.split("=", 1) for line in text.splitlines())):
            for kind in (ManagedIdentityCredential, DefaultAzureCredential):
                with self.subTest(kind.__name__):
                    self.assert_one_hub(kind())

    def test_our_az_is_asked_as_the_clouds(self):
        made = self.application("by-az")
        self.grant("by-az")
        with tempfile.TemporaryDirectory() as folder:
            az = pathlib.Path(folder, "az")
            az.write_text(f'#!/bin/sh\nexec {os.path.abspath(PROGRAM)} az "$@"\n')
            az.chmod(0o755)
            with unittest.mock.patch.dict(os.environ, PATH=f"{folder}:/usr/bin:/bin", XDG_STATE_HOME=folder, SALLYPORT_URL=URL):
                with self.assertRaises(CredentialUnavailableError):
                    AzureCliCredential().get_token(SCOPE)  # nobody is signed in
                subprocess.run([az, "login", "--service-principal", "-u", made["clientId"], "-p", made["secret"], "--tenant", made["tenantId"]],
                               check=True, capture_output=True, timeout=60)
                self.assert_one_hub(AzureCliCredential())

    def test_a_wrong_secret_is_the_librarys_own_exception(self):
        made = self.application("wrong")
        credential = self.credential(ClientSecretCredential, made, "sps_wrong")
        with self.assertRaises(ClientAuthenticationError) as refused:
            credential.get_token(SCOPE)
        self.assertIn("no such application", str(refused.exception))

    def test_a_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            key, crt, both = (f"{folder}/{name}.pem" for name in ("key", "crt", "both"))
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt,
                            "-days", "2", "-subj", "/CN=x"], check=True, capture_output=True)
            pathlib.Path(both).write_text(pathlib.Path(key).read_text() + pathlib.Path(crt).read_text())
            made = self.application("certified", certificate=pathlib.Path(crt).read_text())
            credential = self.credential(CertificateCredential, made, both)
            self.assertGreater(len(credential.get_token(SCOPE).token), 100)

    def test_a_workload_identity_at_the_end_of_a_chain(self):
        """A token of the outside issuer in a file, as Kubernetes mounts it; those before it in the chain have nothing."""
        audience, subject = "api://AzureADTokenExchange", "system:serviceaccount:shop:worker"
        made = self.application("federated", federation={"issuer": ISSUER.url, "subject": subject, "audience": audience})
        ask("POST", "/v1/directory/assignments", {"role": "Durable Task Data Contributor", "principal": "federated", "scope": "/scheduler/mine"})
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "token")
            file.write_text(ISSUER.token("nobody@elsewhere", time.time() + 3600, aud=audience, sub=subject))
            identity = WorkloadIdentityCredential(tenant_id=made["tenantId"], client_id=made["clientId"], token_file_path=str(file), authority=URL,
                                                  disable_instance_discovery=True)
            chain = ChainedTokenCredential(EnvironmentCredential(), identity)
            client = DurableTaskSchedulerClient(host_address=URL, secure_channel=True, taskhub="mine", token_credential=chain)
            instance = client.schedule_new_orchestration("nobody_runs_it")
            self.assertEqual(client.get_orchestration_state(instance).instance_id, instance)
            # The file is read again for each token; one that is for somebody else opens nothing.
            file.write_text(ISSUER.token("nobody@elsewhere", time.time() + 3600, aud=audience, sub=subject + "-2"))
            other = WorkloadIdentityCredential(tenant_id=made["tenantId"], client_id=made["clientId"], token_file_path=str(file), authority=URL,
                                               disable_instance_discovery=True)
            with self.assertRaises(ClientAuthenticationError):
                other.get_token(SCOPE)

    def test_a_device_code(self):
        person = ask("POST", "/v1/directory/users", {"name": "alice@example.org"})
        tenant = self.application("for-the-tenant")["tenantId"]

        def confirm(uri, user_code, expires):
            self.assertEqual(uri, URL + "/device")
            form = {"user_code": user_code, "name": "alice@example.org", "secret": person["secret"], "answer": "yes"}
            threading.Thread(target=ask, args=("POST", "/device"), kwargs={"form": form}).start()
        credential = DeviceCodeCredential(tenant_id=tenant, authority=URL, disable_instance_discovery=True,
                                          prompt_callback=confirm)
        first = credential.get_token(SCOPE)
        self.assertGreater(len(first.token), 100)
        # The second audience comes by the refresh token, without a person.
        self.assertNotEqual(credential.get_token("https://dynamicsessions.io/.default").token, first.token)


if __name__ == "__main__":
    unittest.main()
