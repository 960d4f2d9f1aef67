# SPDX-License-Identifier: MIT
"""A server with a control plane, over TLS, and clients of the cloud's SDKs for it."""
import base64
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402


class Credential:
    """What the SDKs ask for a token. This server has no sign-in: what they send is read by nobody."""

    def get_token(self, *scopes, **_):
        from azure.core.credentials import AccessToken

        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        expires = int(time.time()) + 3600
        return AccessToken(f"{part({'alg': 'none'})}.{part({'exp': expires, 'aud': scopes[0]})}.", expires)


class Cloud:
    """A running server and what a client needs of it."""

    def __init__(self, program, arguments=()):
        self.server = Server(program, arguments=["--tls", *arguments])

    def start(self):
        self.server.start()
        self.url = self.server.ready["url"]
        self.authority = self.server.ready["certificateAuthority"]
        return self

    def restart(self):
        self.server.stop()
        return self.start()

    def kill(self):
        self.server.kill()
        return self.start()

    def client(self, kind, *arguments, **options):
        return kind(Credential(), *arguments, base_url=self.url, credential_scopes=[self.url + "/.default"],
                    connection_verify=self.authority, retry_total=0, **options)

    def subscription(self):
        _, _, answer = self.server.ask("GET", "/subscriptions?api-version=2022-12-01")
        return answer["value"][0]["subscriptionId"]

    def close(self):
        self.server.close()
