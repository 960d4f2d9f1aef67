#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The task scheduler behind --auth, with tokens of an issuer that the test plays: who shows nothing, who has no role, and whose
token ends while a worker listens. If this fails, strangers reach the hubs, or workers are cut off every hour.
Usage: signed_in_scheduler_test.py SALLYPORT"""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

import grpc

from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from scheduler_process import PATIENCE_S, eventually  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from issuer import AUDIENCE, Issuer  # noqa: E402
from protocol import Stub, empty_pb2, pb  # noqa: E402

BOSS = "boss@example.org"  # of the directory; the issuer vouches for the address
LEEWAY_S = 60  # by which the server lets a token live longer: clocks differ


class SignedIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.issuer = Issuer()
        cls.addClassCleanup(cls.issuer.close)
        cls.server = Server(sys.argv[1], command="scheduler", arguments=[
            "--auth", "--oidc-issuer", cls.issuer.url, "--oidc-audience", AUDIENCE]).start()
        cls.addClassCleanup(cls.server.close)
        cls.everything = pathlib.Path(cls.server.data, "local.key").read_text().strip()
        headers = {"Authorization": "Bearer " + cls.everything}
        cls.server.ask("POST", "/v1/directory/users", {"name": BOSS}, headers)
        cls.server.ask("POST", "/v1/directory/assignments", {"role": "Durable Task Data Contributor", "principal": BOSS, "scope": "/"}, headers)

    def setUp(self):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.server.port}",
                                             options=[("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(self.channel.close)
        self.stub = Stub(self.channel)

    def metadata(self, token):
        return [("taskhub", "default"), *([("authorization", "Bearer " + token)] if token else [])]

    def code(self, token):
        """What Hello is answered with that token, or without one."""
        try:
            self.stub.Hello(empty_pb2.Empty(), metadata=self.metadata(token), timeout=PATIENCE_S)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def test_without_a_token_nothing_is_answered(self):  # DT-009
        self.assertEqual(self.code(None), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(self.code("nonsense"), grpc.StatusCode.UNAUTHENTICATED)
        ended = self.issuer.token(BOSS, time.time() - 2 * LEEWAY_S)
        self.assertEqual(self.code(ended), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(self.code(self.everything), grpc.StatusCode.OK)

    def test_a_token_without_a_role_is_denied(self):  # DT-010
        stranger = self.issuer.token("stranger@elsewhere", time.time() + 3600)
        eventually(lambda: self.code(stranger) == grpc.StatusCode.PERMISSION_DENIED, "the stranger is known, and denied")
        owner = self.issuer.token(BOSS, time.time() + 3600)
        self.assertEqual(self.code(owner), grpc.StatusCode.OK)

    def audited(self, action):
        """The details of the entries of that action, once there is one."""
        def seen():
            lines = self.server.raw("GET", "/v1/audit?limit=1000", headers={"Authorization": "Bearer " + self.everything})
            return [entry for entry in map(json.loads, lines.splitlines()) if entry["action"] == action]
        eventually(seen, f"{action} is in the audit log")
        return seen()

    def test_grants_and_refusals_are_in_the_audit_log_here_too(self):
        stranger = self.issuer.token("denied@elsewhere", time.time() + 3600)
        eventually(lambda: self.code(stranger) == grpc.StatusCode.PERMISSION_DENIED, "the stranger is known, and denied")
        self.assertIn(("denied@elsewhere", "/TaskHubSidecarService/Hello"),
                      {(entry["actor"]["name"], entry["details"]["how"]) for entry in self.audited("access.denied")})
        self.assertEqual(self.code("nonsense"), grpc.StatusCode.UNAUTHENTICATED)
        self.assertIn("bearer", {entry["details"].get("how") for entry in self.audited("sign-in.failed")})
        self.server.ask("POST", "/v1/directory/groups", {"name": "watched"}, {"Authorization": "Bearer " + self.everything})
        eventually(lambda: "watched" in [entry["details"]["name"] for entry in self.audited("group.created")], "the group is in the log")

    def good(self, method, path, body):
        status, _, answer = self.server.ask(method, path, body, {"Authorization": "Bearer " + self.everything})
        self.assertIn(status, (200, 201), answer)
        return answer

    def test_claims_of_an_outside_token_are_mapped_and_others_tokens_refused(self):
        later = time.time() + 3600
        owner = lambda **claims: self.issuer.token(BOSS, later, **claims)
        eventually(lambda: self.code(owner()) == grpc.StatusCode.OK, "the issuer's keys are there")
        key, published = self.issuer.new_key("two")
        for what, token in (("audience", owner(aud="https://elsewhere")), ("issuer", owner(iss="https://elsewhere")),
                            ("not before", owner(nbf=int(later))), ("a key of nobody's", owner(key=key)), ("unknown key", owner(key=key, name="two"))):
            self.assertEqual(self.code(token), grpc.StatusCode.UNAUTHENTICATED, what)
        # A group that the issuer vouches for is one of the directory, of the same name.
        self.good("POST", "/v1/directory/groups", {"name": "hub-readers"})
        self.good("POST", "/v1/directory/assignments", {"role": "Durable Task Worker", "principal": "hub-readers", "scope": "/scheduler/default"})
        for groups, code in ((["hub-readers", "x"], grpc.StatusCode.OK), ("hub-readers", grpc.StatusCode.OK), (["x"], grpc.StatusCode.PERMISSION_DENIED),
                             (7, grpc.StatusCode.PERMISSION_DENIED)):
            self.assertEqual(self.code(self.issuer.token("guest@elsewhere", later, groups=groups)), code, groups)
        # A key that the issuer publishes later is fetched when a token names it.
        self.issuer.pages["/keys"]["keys"].append(published)
        eventually(lambda: self.code(owner(key=key, name="two")) == grpc.StatusCode.OK, "the new key counts")

    def test_nobody_takes_anothers_name_at_the_issuer(self):
        """A mail address that was only typed there, the account of this server's own first owner, and names that look like others."""
        later = time.time() + 3600
        eventually(lambda: self.code(self.issuer.token(BOSS, later)) == grpc.StatusCode.OK, "the issuer's keys are there")
        for verified in (True, "true"):
            self.assertEqual(self.code(self.issuer.token(BOSS, later, email_verified=verified)), grpc.StatusCode.OK, verified)
        for verified in (False, "false", 0, "", []):
            self.assertEqual(self.code(self.issuer.token(BOSS, later, email_verified=verified)), grpc.StatusCode.UNAUTHENTICATED, verified)
        for name in ("owner@sallyport", "Owner@SALLYPORT", BOSS + "\0", BOSS + "\0x", "a\nb", "\x1b[1m" + BOSS):
            self.assertEqual(self.code(self.issuer.token(name, later)), grpc.StatusCode.UNAUTHENTICATED, repr(name))

    def test_an_application_signs_in_with_a_token_of_the_outside_issuer(self):  # CS-04
        audience, subject, later = "api://AzureADTokenExchange", "system:serviceaccount:shop:worker", time.time() + 3600
        made = self.good("POST", "/v1/directory/applications", {"name": "federated", "federation": {
            "issuer": self.issuer.url, "subject": subject, "audience": audience}})
        self.good("POST", "/v1/directory/assignments", {"role": "Durable Task Data Reader", "principal": "federated", "scope": "/scheduler/default"})
        file = pathlib.Path(self.server.data, "federated-token")

        def show(**claims):
            file.write_text(self.issuer.token("nobody@elsewhere", later, **{"aud": audience, "sub": subject, **claims}))
            string = (f"Endpoint=http://localhost:{self.server.port};TaskHub=default;Authentication=WorkloadIdentity;"
                      f"ClientId={made['clientId']};TenantId={made['tenantId']};TokenFilePath={file}")
            return subprocess.run([sys.argv[1], "instance", "show", "nobody's", "--connection", string], capture_output=True, text=True,
                                  timeout=120, env={"PATH": "/usr/bin:/bin", "AZURE_AUTHORITY_HOST": f"http://localhost:{self.server.port}"})
        eventually(lambda: "nobody's" in (done := show()).stderr and done.returncode == 3, "it has come in, and there is no such instance")
        for wrong in ({"aud": AUDIENCE}, {"sub": "system:serviceaccount:shop:other"}, {"iss": "https://elsewhere"}, {"exp": int(time.time()) - 3600}):
            refused = show(**wrong)
            self.assertEqual(refused.returncode, 1, (wrong, refused.stdout))
            self.assertIn("invalid_client", refused.stderr)

    def test_a_stream_outlives_its_token(self):  # DT-011
        lives = self.issuer.token(BOSS, time.time() + 3600)
        eventually(lambda: self.code(lives) == grpc.StatusCode.OK, "the issuer's keys are there")
        short = self.issuer.token(BOSS, time.time() - LEEWAY_S + 5)
        stream = self.stub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=self.metadata(short))
        self.addCleanup(stream.cancel)
        stream.initial_metadata()
        eventually(lambda: self.code(short) == grpc.StatusCode.UNAUTHENTICATED, "the token has ended")
        self.stub.StartInstance(pb.CreateInstanceRequest(name="Orch", instanceId="late"), metadata=self.metadata(lives),
                                timeout=PATIENCE_S)
        item = next(one for one in stream if one.WhichOneof("request") != "healthPing")
        self.assertEqual(item.orchestratorRequest.instanceId, "late")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
