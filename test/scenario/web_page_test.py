#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A web page does not drive a local server: said byte by byte, then by a real browser with pages of other sites.

Each attack is judged by what the server has afterwards: a request that still waits, a session that was never made.
Usage: web_page_test.py SALLYPORT"""
import http.server
import json
import socket
import sys
import threading
import unittest

import browser
from server import Server

POOL = "/subscriptions/local/resourceGroups/local/sessionPools/default"
VERSION = "api-version=2025-10-02-preview"
IDENTIFIER = "web-page-victim"
JSON = "Content-Type: application/json"
FORM = "Content-Type: multipart/form-data; boundary=b"
UPLOAD = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"planted\"\r\n\r\nx\r\n--b--\r\n"
NAVIGATION = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sys.argv[1], arguments=["--host-names", "sallyport.example"]).start()
        cls.submitted = set()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.request = self.server.submit("print('sec' + 'ret')")
        self.submitted.add(self.request)
        self.server.until(self.request, "waiting")

    def pool(self, route):
        return f"{POOL}/{route}?identifier={IDENTIFIER}&{VERSION}"

    def assertNothingHappened(self):
        """Nobody decided, nobody submitted, and the pool made no session for the attacker's name."""
        self.assertEqual(self.server.request(self.request)["state"], "waiting")
        status, _, listed = self.server.ask("GET", "/v1/requests")
        self.assertEqual((status, {r["id"] for r in listed["requests"]}), (200, self.submitted))
        status, _, answer = self.server.ask("GET", self.pool("session"))
        self.assertEqual((status, answer["error"]["code"]), (404, "NoSessionFoundError"))


class Bytes(Case):
    def say(self, method, target, headers, body="", host=None, version="HTTP/1.1"):
        lines = [f"{method} {target} {version}", "Connection: close", *headers]
        if host is not False:
            lines.append(f"Host: {host or f'localhost:{self.server.port}'}")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        with socket.create_connection(("127.0.0.1", self.server.port), 60) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, _, content = answer.partition("\r\n\r\n")
        return int(head.split()[1]), head, content

    def acts(self):
        """What a page would like to do on each service, with a body that would do it."""
        return [("POST", f"/code/review?requestId={self.request}&approve=true", [], ""),
                ("POST", f"/v1/requests/{self.request}/decision", [JSON], '{"approve":true}'),
                ("POST", "/code/execute", [JSON], '"print(1)"'),
                ("POST", "/v1/requests", [JSON], '{"code":"print(1)"}'),
                ("POST", self.pool("code/execute"), [JSON], '{"properties":{"code":"1"}}'),
                ("POST", self.pool("executions"), [JSON], '{"code":"1"}'),
                ("POST", self.pool("files"), [FORM], UPLOAD),
                ("POST", self.pool("files/upload"), [FORM], UPLOAD),
                ("POST", self.pool("files"), [JSON], UPLOAD),
                ("POST", self.pool(".management/stopSession"), [], ""),
                ("DELETE", self.pool("session"), [], "")]

    def looks(self):
        return ["/v1/requests", f"/v1/requests/{self.request}", "/healthz", self.pool("files"), self.pool("session"),
                f"{POOL}/listSessions?{VERSION}", f"{POOL}/metadata?{VERSION}", "/nothing"]

    def test_other_host_names_are_misdirected(self):
        for host in ("evil.example", f"evil.example:{self.server.port}", "localhost.evil.example", "127.0.0.1.evil.example",
                     "evil.localhost", "", "user@localhost", "0.0.0.0"):
            for method, target, headers, body in [*self.acts(), *(("GET", t, [], "") for t in self.looks())]:
                with self.subTest(host=host, target=target):
                    status, _, content = self.say(method, target, headers, body, host=host or " ")
                    self.assertIn(status, (400, 421) if "@" in host else (421,))
                    self.assertNotIn("secret", content)
        status, _, _ = self.say("GET", "http://evil.example/v1/requests", [])
        self.assertEqual(status, 421)
        status, _, _ = self.say("GET", "/v1/requests", [], host="evil.example", version="HTTP/1.0")
        self.assertEqual(status, 421)
        self.assertNothingHappened()

    def test_own_names_are_served(self):
        port = self.server.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", f"[::1]:{port}", "localhost:1",
                     "sallyport.example", "Sallyport.Example:443"):
            self.assertEqual(self.say("GET", f"/v1/requests/{self.request}", [], host=host)[0], 200, host)
        self.assertEqual(self.say("GET", "/healthz", [], host=False, version="HTTP/1.0")[0], 200)
        self.assertEqual(self.say("GET", f"http://localhost:{port}/healthz", [], host="evil.example")[0], 200)

    def test_requests_of_other_sites_are_refused(self):
        port = self.server.port
        marks = [["Origin: http://evil.example"], ["Origin: null"], [f"Origin: http://127.0.0.1:{port}"],
                 ["Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"], [f"Origin: https://localhost:{port}"],
                 ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: cross-site, same-origin"],
                 ["Origin: http://evil.example", "Sec-Fetch-Site: none"],
                 [f"Origin: http://localhost:{port}", "Origin: http://evil.example"],  # what a proxy appends hides nothing
                 ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"]]
        for mark in marks:
            for method, target, headers, body in [*self.acts(), *(("GET", t, [], "") for t in self.looks())]:
                with self.subTest(mark=mark, target=target):
                    status, head, content = self.say(method, target, [*headers, *mark], body)
                    self.assertEqual(status, 403, content)
                    self.assertNotIn("Access-Control-Allow", head)
                    self.assertNotIn("secret", content)
        self.assertNothingHappened()

    def test_refusals_have_the_shape_of_the_service(self):
        _, _, content = self.say("GET", "/v1/requests", ["Origin: null"])
        self.assertEqual(json.loads(content)["status"], 403)
        _, _, content = self.say("GET", self.pool("session"), ["Origin: null"])
        self.assertEqual(json.loads(content)["error"]["code"], "CrossSiteRequest")
        _, _, content = self.say("GET", self.pool("session"), [], host="evil.example")
        self.assertEqual(json.loads(content)["error"]["code"], "MisdirectedRequest")

    def test_a_followed_link_gets_no_data(self):
        for target in self.looks():
            self.assertEqual(self.say("GET", target, NAVIGATION)[0], 403, target)

    def test_a_preflight_is_refused(self):
        for target in ("/code/execute", self.pool("executions")):
            status, head, _ = self.say("OPTIONS", target, ["Origin: http://evil.example", "Access-Control-Request-Method: POST",
                                                           "Access-Control-Request-Headers: content-type"])
            self.assertEqual(status, 403)
            self.assertNotIn("Access-Control", head)

    def test_bodies_need_their_type(self):
        simple = ([], ["Content-Type: text/plain"], ["Content-Type: text/plain;application/json"],
                  ["Content-Type: application/x-www-form-urlencoded"], ["Content-Type: application/grpc-web+proto"])
        for method, target, _, body in self.acts():
            if not body or "files" in target:
                continue
            for kind in simple:
                with self.subTest(target=target, kind=kind):
                    self.assertEqual(self.say(method, target, kind, body)[0], 415)
        for target in ("files", "files/upload", ".management/stopSession"):
            self.assertEqual(self.say("POST", self.pool(target), [], UPLOAD)[0], 415)
        self.assertNothingHappened()

    def test_a_client_that_sends_a_form_as_json_is_served(self):
        """Semantic Kernel for Python does."""
        target = f"{POOL}/files?identifier=form-as-json&{VERSION}"
        status, _, content = self.say("POST", target, [JSON], UPLOAD)
        self.assertEqual((status, json.loads(content)["name"]), (200, "planted"))


class Attacker(http.server.BaseHTTPRequestHandler):
    """The web server of evil.example."""

    def do_GET(self):
        page = b"<!doctype html><title>evil</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
class RealBrowser(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.attacker = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
        threading.Thread(target=cls.attacker.serve_forever, daemon=True).start()
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.attacker.shutdown()
        cls.attacker.server_close()
        super().tearDownClass()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.server.port}{path}"

    def open_evil(self, host):
        self.browser.open(f"http://{host}:{self.attacker.server_port}/")
        self.assertEqual(self.browser.run("return document.title"), "evil")

    def attacks(self, host="127.0.0.1"):
        return {
            "review": (self.url(f"/code/review?requestId={self.request}&approve=true", host), "undefined"),
            "decision": (self.url(f"/v1/requests/{self.request}/decision", host),
                         "new Blob(['{\"approve\":true}'], {type: 'text/plain'})"),
            "untyped code": (self.url(self.pool("executions"), host), "new Blob(['{\"code\":\"1\"}'])"),
            "plain code": (self.url(self.pool("code/execute"), host), "'{\"properties\":{\"code\":\"1\"}}'"),
            "upload": (self.url(self.pool("files"), host),
                       "(() => { const f = new FormData(); f.append('file', new Blob(['x']), 'planted'); return f; })()"),
            "stop": (self.url(self.pool(".management/stopSession"), host), "undefined"),
        }

    def attack(self, host):
        """Fetches without CORS, fetches with it, forms in a frame and beacons, each of them with each act."""
        for name, (url, body) in self.attacks(host).items():
            with self.subTest(name, host=host):
                self.browser.run(f"""
                    const url = {json.dumps(url)}, body = () => {body};
                    await fetch(url, {{method: 'POST', mode: 'no-cors', body: body()}}).catch(() => 0);
                    await fetch(url, {{method: 'POST', body: body()}}).catch(() => 0);
                    await fetch(url, {{method: 'POST', body: JSON.stringify({{approve: true, code: '1'}}),
                                       headers: {{'Content-Type': 'application/json'}}}}).catch(() => 0);
                    navigator.sendBeacon(url, body());
                    for (const sandbox of [null, 'allow-forms allow-scripts']) {{
                        const frame = document.createElement('iframe');
                        if (sandbox) frame.sandbox = sandbox;
                        frame.name = 'f' + Math.random();
                        document.body.append(frame);
                        const form = document.createElement('form');
                        Object.assign(form, {{method: 'post', action: url, target: frame.name}});
                        if (sandbox) frame.srcdoc = form.outerHTML + '<script>document.forms[0].target = "_self";' +
                                                    'document.forms[0].submit()</' + 'script>';
                        document.body.append(form);
                        const loaded = new Promise(done => {{ frame.onload = done; setTimeout(done, 1000); }});
                        if (!sandbox) form.submit();
                        await loaded;
                    }}
                """)
                self.assertNothingHappened()

    def test_a_page_of_another_site_decides_and_runs_nothing(self):
        self.open_evil("evil.example")
        self.attack("127.0.0.1")
        self.attack("localhost")

    def test_a_page_on_another_port_of_this_machine_decides_and_runs_nothing(self):
        self.open_evil("127.0.0.1")
        self.attack("127.0.0.1")

    def test_a_form_in_the_whole_window_approves_nothing(self):
        self.open_evil("evil.example")
        self.browser.events.clear()
        self.browser.run(f"""
            const form = document.createElement('form');
            Object.assign(form, {{method: 'post',
                                  action: {json.dumps(self.attacks()['review'][0])}}});
            document.body.append(form);
            form.submit();""")
        self.browser.await_event("Page.loadEventFired")
        self.assertIn("403", self.browser.run("return document.body.innerText"))
        self.assertNothingHappened()

    def test_a_page_of_another_site_reads_nothing(self):
        for host in ("evil.example", "127.0.0.1"):
            self.open_evil(host)
            for path in ("/v1/requests", f"/v1/requests/{self.request}", "/healthz", f"{POOL}/listSessions?{VERSION}"):
                read = self.browser.run(f"""
                    const url = {json.dumps(self.url(path))};
                    const text = await fetch(url).then(a => a.text(), e => 'refused');
                    const opaque = await fetch(url, {{mode: 'no-cors'}}).then(a => a.type + a.status, e => 'refused');
                    const script = await new Promise(done => {{
                        const s = document.createElement('script');
                        Object.assign(s, {{src: url, onload: () => done('ran'), onerror: () => done('refused')}});
                        document.body.append(s);
                    }});
                    return [text, opaque, script];""")
                self.assertEqual(read[0], "refused")
                self.assertIn(read[1], ("opaque0", "refused"))
                self.assertEqual(read[2], "refused")

    def test_a_rebinding_name_reads_and_decides_nothing(self):
        """The page is of one origin with what it asks, since its own name resolves to the server: it may read all."""
        self.browser.open(self.url("/", "evil.example"))
        answers = self.browser.run(f"""
            const answers = [];
            for (const path of ['/v1/requests', '/v1/requests/{self.request}', '/healthz', '/'])
                answers.push(await fetch(path).then(async a => [a.status, await a.text()]));
            answers.push(await fetch('/code/review?requestId={self.request}&approve=true', {{method: 'POST'}})
                         .then(async a => [a.status, await a.text()]));
            answers.push(await fetch({json.dumps(self.pool('executions'))}, {{method: 'POST', body: '{{"code":"1"}}',
                         headers: {{'Content-Type': 'application/json'}}}}).then(async a => [a.status, await a.text()]));
            return answers;""")
        for status, text in answers:
            self.assertEqual(status, 421, text)
            self.assertNotIn("secret", text)
        self.assertNothingHappened()

    def test_a_link_leads_to_the_first_page_and_no_further(self):
        for path, wanted in (("/", "Sallyport"), ("/v1/requests", "cross-site-request")):
            self.open_evil("evil.example")
            self.browser.events.clear()
            self.browser.run(f"""
                const link = document.createElement('a');
                link.href = {json.dumps(self.url(path))};
                document.body.append(link);
                link.click();""")
            self.browser.await_event("Page.loadEventFired")
            self.assertIn(wanted, self.browser.run(f"""
                for (let turn = 0; turn < 600 && !document.body.innerText.includes({json.dumps(wanted)}); turn++)
                    await new Promise(done => setTimeout(done, 50));
                return document.body.innerText;"""))
        self.open_evil("evil.example")
        framed = self.browser.run(f"""
            const frame = document.createElement('iframe');
            frame.src = {json.dumps(self.url("/"))};
            const loaded = new Promise(done => frame.onload = done);
            document.body.append(frame);
            await loaded;
            try {{ return frame.contentDocument.body.innerText; }} catch (e) {{ return 'another origin'; }}""")
        self.assertNotIn("Sallyport", framed)

    def test_a_person_and_a_page_of_our_own_are_served(self):
        for host in ("127.0.0.1", "localhost", "sallyport.example"):
            self.browser.open(self.url(f"/v1/requests/{self.request}", host))
            self.assertIn("secret", self.browser.run("return document.body.innerText"))
        status, state = self.browser.run(f"""
            const a = await fetch('/v1/requests/{self.request}/decision', {{method: 'POST', body: '{{"approve":false}}',
                                  headers: {{'Content-Type': 'application/json'}}}});
            return [a.status, (await a.json()).state];""")
        self.assertEqual((status, state), (200, "rejected"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
