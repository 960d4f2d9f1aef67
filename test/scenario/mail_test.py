# SPDX-License-Identifier: MIT
"""RP-43 and RP-42 through the front door: people are told by mail, through a mail server that is real sockets, and by ntfy. If one fails, a
text of a submitter adds a header or a recipient, a mail that nobody took counts as delivered, a password is sent or shown where it must
not be, or the mail server is a way into the network.

Usage: mail_test.py PROGRAM"""
import base64
import email
import email.policy
import email.utils
import functools
import json
import re
import subprocess
import tempfile
import time
import unittest

import confirm_test
from mail_server import MailServer
from policy_case import PROGRAM
from webhooks_test import Deliveries, Receiver, certificate, verify


class Told(Deliveries):
    """People are told by mail, through a server that wants TLS and a password, and by ntfy."""
    account = ("sally", "s3cret-of-mail")

    @classmethod
    def setUpClass(cls):
        path, tls = certificate(cls)
        cls.mail, cls.ntfy = MailServer(tls, account=cls.account), Receiver()
        cls.secret = tempfile.NamedTemporaryFile("w", prefix="password-")
        cls.addClassCleanup(cls.secret.close)
        print(cls.account[1], file=cls.secret, flush=True)
        cls.addClassCleanup(cls.mail.close)
        cls.addClassCleanup(cls.ntfy.close)
        cls.arguments = ("--webhook-hosts", f"localhost:{cls.mail.port},127.0.0.1:{cls.ntfy.port}", "--webhook-timeout", "5s",
                         "--ca-file", path, "--smtp-server", f"smtp://localhost:{cls.mail.port}", "--smtp-from", "sally@ex.example",
                         "--smtp-user", cls.account[0], "--smtp-password-file", cls.secret.name)
        super().setUpClass()

    def setUp(self):
        self.mail.mails.clear()
        self.mail.replies.clear()
        self.ntfy.forget()

    def mailbox(self, name="mina", **members):
        return self.good("POST", "/v1/webhooks", {"name": name, "url": "mailto:mina@people.example", "format": "email", **members}, "olga")

    def test_rp_43_a_mail_for_each_event(self):
        made = self.mailbox(events=["request.waiting", "request.rejected"])
        self.assertEqual((made["format"], "secret" in made), ("email", False))
        purpose = "Ümsätze\r\nBcc: all@evil.example\r\n\r\nDear all"
        self.request = self.submit("1", gate="before", purpose=purpose, labels={"env": "a\r\nTo: all@evil.example"})["id"]
        self.decide()
        first, second = self.mail.wait(2)
        self.assertEqual((first["from"], first["to"], first["user"], first["tls"], first["helo"]),
                         ("<sally@ex.example>", ["<mina@people.example>"], "sally", True, "ex.example"))
        read, later = (email.message_from_bytes(one["data"], policy=email.policy.default) for one in (first, second))
        self.assertEqual((read["From"], read["To"], read["Bcc"]), ("Sallyport <sally@ex.example>", "mina@people.example", None))
        self.assertEqual(len(read.get_all("To")), 1)
        self.assertRegex(read["Subject"], "^Waits for a decision: Ümsätze *Bcc: all@evil.example")
        self.assertRegex(later["Subject"], "^Rejected: ")
        self.assertEqual((read.get_content_type(), read["In-Reply-To"]), ("text/plain", later["In-Reply-To"]))
        self.assertIn(self.request, read["In-Reply-To"])
        text = read.get_content()
        self.assertIn(f"/#/confirm/{self.request}", text)
        self.assertIn(f"/#/requests/{self.request}", later.get_content())
        self.assertNotRegex(text, r"(?m)^(Bcc|To):|^Dear all")
        self.assertNotIn("yours alone", text)  # a link to the page, and to nobody's vote
        event = self.delivery(self.deliveries("mina")[0]["number"], "mina")["event"]
        self.assertEqual(later["Message-ID"], f"<{event['id']}@ex.example>")
        self.assertLess(abs(email.utils.parsedate_to_datetime(read["Date"]).timestamp() - time.time()), 300)

    def test_rp_43_the_log_has_what_the_mail_server_said(self):
        self.mailbox(events=["webhook.ping"])
        self.mail.replies["RCPT"] = "451 4.7.1 come back"
        self.ping("mina")
        tried = self.until_tried("mina")
        self.assertEqual((tried["state"], tried["tries"][0]["status"], tried["tries"][0]["via"]), ("due", 451, "smtp"))
        self.assertEqual(tried["tries"][0]["answer"], "451 4.7.1 come back")
        self.mail.replies.clear()
        self.mail.wait(1)
        done = self.until(lambda: (one := self.delivery(tried["number"], "mina"))["state"] == "delivered" and one)
        self.assertEqual((done["tries"][1]["status"], done["tries"][1]["answer"]), (250, "250 2.0.0 taken as 17"))
        self.assertEqual(self.command("webhook", "replay", "mina", str(tried["number"]), who="olga")[0], 0)
        one, other = (email.message_from_bytes(mail["data"]) for mail in self.mail.wait(2))
        self.assertEqual(one["Message-ID"], other["Message-ID"])
        code, out, _ = self.command("webhook", "delivery", "mina", str(tried["number"]), who="olga")
        self.assertEqual((code, "SMTP 250" in out), (0, True))
        self.assertEqual(self.good("GET", "/v1/webhooks/mina")["state"], "active")

    def test_rp_43_no_such_mailbox_is_given_up_at_once(self):
        self.mailbox(events=["webhook.ping"])
        self.mail.replies["RCPT"] = "550 5.1.1 nobody"
        self.ping("mina")
        tried = self.until_tried("mina")
        self.assertEqual((tried["state"], tried["tries"][0]["answer"]), ("failed", "550 5.1.1 nobody"))
        self.assertEqual(self.good("GET", "/v1/webhooks/mina")["state"], "active")

    def test_rp_43_a_mail_that_was_not_taken_is_not_delivered(self):
        """The server is good to every step but the last, and one that only greets."""
        self.mailbox(events=["webhook.ping"])
        for step, reply in ((".", "451 4.3.0 disk"), ("MAIL", "421 4.3.2 bye"), ("EHLO", "220 what")):
            self.mail.replies.clear()
            self.mail.replies[step] = reply
            self.ping("mina")
            tried = self.until_tried("mina")
            self.assertNotEqual(tried["state"], "delivered", step)
            self.assertTrue(tried["tries"][0]["error"])
        self.assertEqual(self.mail.mails, [])

    def test_rp_43_the_password_is_nowhere(self):
        self.mailbox(events=["webhook.ping"])
        self.mail.drop()
        self.mail.replies["AUTH"] = "535 5.7.8 no"
        self.ping("mina")
        tried = self.until_tried("mina")
        self.assertEqual(tried["tries"][0]["status"], 535)
        password = self.account[1]
        shown = [tried, self.good("GET", "/v1/webhooks"), self.server.tail(), self.entries(f"webhooks/{self.good('GET', '/v1/webhooks/mina')['id']}")]
        for text in map(json.dumps, shown):
            self.assertNotIn(password, text)
            self.assertNotIn(base64.b64encode(password.encode()).decode(), text)

    def test_rp_43_ntfy(self):
        url = f"http://127.0.0.1:{self.ntfy.port}/below/alerts-1"
        made = self.good("POST", "/v1/webhooks", {"name": "phone", "url": url, "format": "ntfy", "token": "tk_abc", "events": ["request.*"]}, "olga")
        self.assertEqual((made["hasToken"], "tk_abc" in json.dumps(made)), (True, False))
        self.hand_in()
        headers, body, _ = next(one for one in self.ntfy.wait(2) if b"Waits" in one[1])
        said = json.loads(body)
        self.assertEqual((headers["authorization"], said["topic"], said["title"], said["priority"]),
                         ("Bearer tk_abc", "alerts-1", "Waits for a decision", 4))
        self.assertTrue(verify(made["secret"], headers, body))
        self.assertEqual(self.ntfy.paths, {"/below/"})
        self.assertTrue(said["click"].endswith(f"/#/confirm/{self.request}"))
        self.assertNotIn("tk_abc", json.dumps([self.good("GET", "/v1/webhooks"), self.entries(f"webhooks/{made['id']}"), self.server.tail()]))

        # Another place is not shown what was for this one.
        self.ntfy.forget()
        status, _, changed = self.ask("PATCH", "/v1/webhooks/phone", {"url": url.replace("alerts-1", "other")}, "olga")
        self.assertEqual((status, "hasToken" in changed), (200, False))
        self.ping("phone")
        headers, body, _ = self.ntfy.wait(1)[0]
        self.assertEqual(("authorization" in headers, json.loads(body)["topic"]), (False, "other"))

    def test_rp_43_what_does_not_fit(self):
        web, topic = f"http://127.0.0.1:{self.ntfy.port}/", f"http://127.0.0.1:{self.ntfy.port}/topic"
        for members in ({"format": "email", "url": web}, {"format": "email", "url": "mailto:a@b@c"}, {"format": "email", "url": "mailto:a@b,c@d"},
                        {"format": "email", "url": "mailto:a@b\r\nBcc: c@d"}, {"format": "email", "url": "mailto:a@b?cc=c@d"},
                        {"url": "mailto:a@b"}, {"format": "ntfy", "url": web}, {"format": "ntfy", "url": topic + "?x=1"},
                        {"format": "ntfy", "url": topic, "token": "a b"}, {"format": "ntfy", "url": topic, "token": "a\r\nX: y"},
                        {"url": topic, "token": "x"}, {"format": "email", "url": "mailto:a@b", "secret": True},
                        {"format": "ntfy", "url": "https://10.0.0.1/topic"}):
            status, _, said = self.ask("POST", "/v1/webhooks", {"name": "bad", **members}, "olga")
            self.assertEqual(status, 400, (members, said))
        self.mailbox()
        for change in ({"format": "slack"}, {"url": topic}, {"secret": True}, {"token": "x"}):
            self.assertEqual(self.ask("PATCH", "/v1/webhooks/mina", change, "olga")[0], 400, change)
        self.assertEqual(self.ask("PATCH", "/v1/webhooks/mina", {"format": "ntfy", "url": topic, "token": "x"}, "olga")[0], 200)
        self.assertIn("email", self.good("GET", "/v1/webhooks")["formats"])

    def test_rp_43_by_commands(self):
        code, out, _ = self.command("webhook", "add", "mailto:noor@people.example", "--event", "webhook.ping", "--json", who="olga")
        made = json.loads(out)
        self.assertEqual((code, made["name"], made["format"]), (0, "noor", "email"))
        self.assertEqual(self.command("webhook", "ping", "noor", who="olga")[0], 0)
        self.assertEqual(self.mail.wait(1)[0]["to"], ["<noor@people.example>"])
        self.assertIn("A test: ", email.message_from_bytes(self.mail.mails[0]["data"], policy=email.policy.default)["Subject"])


class MailPlaces(unittest.TestCase):
    """RP-42 for the mail server."""

    @classmethod
    def setUpClass(cls):
        cls.path, tls = certificate(cls)
        cls.plain, cls.secure = MailServer(), MailServer(tls, at_once=True)
        cls.addClassCleanup(cls.plain.close)
        cls.addClassCleanup(cls.secure.close)

    def refused(self, *arguments):
        done = subprocess.run([PROGRAM, "dev", "--port", "0", *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def attempt(self, *arguments):
        from server import Server
        server = Server(PROGRAM, arguments=["--ready-sessions", "1", "--smtp-from", "sally@ex.example", *arguments])
        try:
            server.start()
            server.ask("POST", "/v1/webhooks", {"name": "m", "format": "email", "url": "mailto:mina@people.example"})
            number = server.ask("POST", "/v1/webhooks/m/ping", {})[2]["number"]
            deadline = time.monotonic() + 30
            while not (shown := server.ask("GET", f"/v1/webhooks/m/deliveries/{number}")[2])["tries"]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            return shown["tries"][0]
        finally:
            server.close()

    def test_rp_42_what_the_start_refuses(self):
        listed = ("--webhook-hosts", "localhost", "--smtp-from", "a@b.example")
        for words, arguments in (("smtp-server", ("--smtp-from", "a@b.example")),
                                 ("smtp-from", ("--smtp-server", "smtps://h.example")),
                                 ("smtp-from", ("--smtp-server", "smtps://h.example", "--smtp-from", "a@b\nc")),
                                 ("begins neither", ("--smtp-server", "https://h.example", "--smtp-from", "a@b.example")),
                                 ("names a user", ("--smtp-server", "smtps://u:p@h.example", "--smtp-from", "a@b.example")),
                                 ("public net", ("--smtp-server", "smtps://127.0.0.1", "--smtp-from", "a@b.example")),
                                 ("without TLS", ("--smtp-server", "smtp://h.example", "--smtp-starttls", "off", "--smtp-from", "a@b.example")),
                                 ("password", ("--smtp-server", "smtp://localhost", "--smtp-starttls", "off", "--smtp-user", "u",
                                               "--smtp-password", "p-of-mail", *listed)),
                                 ("go together", ("--smtp-server", "smtps://localhost", "--smtp-user", "u", *listed))):
            said = self.refused(*arguments)
            self.assertIn(words, said, arguments)
            self.assertNotIn("p-of-mail", said)

    def test_rp_42_a_mail_server_inside_is_for_the_list(self):
        tried = self.attempt("--smtp-server", f"smtps://localhost:{self.secure.port}", "--ca-file", self.path)
        self.assertIn("not of the public net", tried["error"])
        self.assertEqual((self.secure.connections, "status" in tried), (0, False))

    def test_rp_42_tls_is_verified_and_not_given_up(self):
        secure = ("--smtp-server", f"smtps://localhost:{self.secure.port}", "--webhook-hosts", "localhost")
        self.assertRegex(self.attempt(*secure)["error"], "(?i)certificate")
        self.assertEqual(self.attempt(*secure, "--ca-file", self.path)["status"], 250)
        plain = ("--smtp-server", f"smtp://localhost:{self.plain.port}", "--webhook-hosts", "localhost")
        tried = self.attempt(*plain)  # it offers no STARTTLS
        self.assertEqual((self.plain.mails, "status" in tried), ([], False))
        self.assertNotIn("MAIL", " ".join(self.plain.said))
        self.assertEqual(self.attempt(*plain, "--smtp-starttls", "off")["status"], 250)


class Links(Deliveries):
    """Each person's mail has a link of their own, by which they decide without signing in."""

    @classmethod
    def setUpClass(cls):
        path, tls = certificate(cls)
        cls.mail = MailServer(tls)
        cls.addClassCleanup(cls.mail.close)
        cls.arguments = ("--webhook-hosts", f"localhost:{cls.mail.port}", "--ca-file", path, "--smtp-server", f"smtp://localhost:{cls.mail.port}",
                         "--smtp-from", "sally@ex.example", "--mail-links")
        super().setUpClass()

    def mail_to(self, address, mails):
        mail = next(one for one in mails if one["to"] == [f"<{address}>"])
        return email.message_from_bytes(mail["data"], policy=email.policy.default).get_content()

    def test_rp_43_a_mail_has_a_link_of_whom_it_is_for(self):
        """RP-43: one person and one manifest, shown on GET, decided on POST, once; who is nobody here, or submitted it, gets the page's address."""
        for name, role in (("mina@people.example", "reviewer"), ("rita@people.example", "reviewer"), ("sue@people.example", "submitter")):
            self.server.change_directory("users", {"name": name})
            self.server.grant(role, name)
        key = self.server.change_directory("keys", {"name": "sue", "owner": "sue@people.example"})["key"]
        for name in ("mina", "rita", "sue", "stranger"):
            self.good("POST", "/v1/webhooks", {"name": name, "url": f"mailto:{name}@people.example", "format": "email",
                                               "events": ["request.waiting"]}, "olga")
        made = self.server.ask("POST", "/v1/requests", {"code": "1", "gate": "before"}, {"Authorization": f"Bearer {key}"})[2]
        mails = self.mail.wait(4)
        for name in ("sue", "stranger"):
            self.assertIn(f"/#/confirm/{made['id']}", self.mail_to(f"{name}@people.example", mails))
            self.assertNotRegex(self.mail_to(f"{name}@people.example", mails), "[^#]/confirm/")
        links = {}
        for name in ("mina", "rita"):
            text = self.mail_to(f"{name}@people.example", mails)
            self.assertIn("yours alone", text)
            links[name] = re.search(r"https?://[^/\s]+(/confirm/\S+)", text).group(1)
        self.assertNotEqual(links["mina"], links["rita"])
        status, _, page = self.server.ask("GET", links["mina"])
        self.assertEqual(status, 200, page)
        self.assertIn("mina@people.example", page)
        self.assertEqual(self.server.ask("HEAD", links["rita"])[0], 200)
        self.assertEqual(self.look(made["id"])["state"], "waiting")
        answer = functools.partial(confirm_test.Links.answer, self)
        self.assertEqual(answer(links["mina"], page)[0], 303)
        over = super(Deliveries, self).until(made["id"], "approved")
        self.assertEqual([(vote["by"]["name"], vote["via"]) for vote in over["votes"]], [("mina@people.example", "link")])
        self.assertNotEqual(answer(links["mina"], page)[0], 303)
        self.assertEqual(len(self.look(made["id"])["votes"]), 1)


if __name__ == "__main__":
    unittest.main()
