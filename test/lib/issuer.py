# SPDX-License-Identifier: MIT
"""An outside issuer of tokens, as far as a server needs one: where its keys are, the keys, and tokens that it signs."""
import base64
import http.server
import json
import subprocess
import tempfile
import threading

AUDIENCE = "https://durabletask.io"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer(http.server.ThreadingHTTPServer):
    """OpenID Connect as far as it is needed: where the keys are, the keys, and tokens."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-issuer-")
        self.key, published = self.new_key("one")
        self.pages = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": self.url + "/keys"},
            "/keys": {"keys": [published]}}
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()
        self.folder.cleanup()

    def new_key(self, name):
        """A key, and how it is published."""
        path = f"{self.folder.name}/{name}.pem"
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
        told = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-modulus"], check=True, capture_output=True, text=True)
        modulus = bytes.fromhex(told.stdout.strip().removeprefix("Modulus="))
        return path, {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": encoded(modulus), "e": "AQAB"}

    def token(self, email, ends, key=None, name="one", **claims):
        head = encoded(json.dumps({"alg": "RS256", "kid": name, "typ": "JWT"}).encode())
        body = encoded(json.dumps({"iss": self.url, "aud": AUDIENCE, "sub": email, "email": email, "exp": int(ends),
                                   "iat": int(ends) - 3600, **claims}).encode())
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key or self.key], input=f"{head}.{body}".encode(),
                                check=True, capture_output=True).stdout
        return f"{head}.{body}.{encoded(signed)}"


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = self.server.pages.get(self.path)
        body = json.dumps(page).encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
