# SPDX-License-Identifier: MIT
"""A mail server for tests, of sockets: it takes mails by SMTP (RFC 5321), with STARTTLS and AUTH PLAIN where it is told to, keeps them,
and answers the steps that `replies` names with what it is told."""
import base64
import socket
import threading


class MailServer:
    """`tls`: a context, for STARTTLS, or with `at_once` from the first byte. `account`: ("user", "password"), which is then asked for."""

    def __init__(self, tls=None, at_once=False, account=None):
        self.tls, self.at_once, self.account = tls, at_once, account
        self.mails, self.replies, self.said, self.connections = [], {}, [], 0
        self.sessions = set()
        self.changed = threading.Condition()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()

    def accept(self):
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            peer.settimeout(30)
            if self.at_once:
                peer = self.tls.wrap_socket(peer, server_side=True)
            session = Session(self, peer)
            self.sessions.add(session)
            try:
                session.run()
            finally:
                self.sessions.discard(session)
                session.peer.close()
        except (OSError, ValueError):
            peer.close()  # the other side has gone

    def drop(self):
        """Who is connected, and has signed in, is not any more."""
        for session in list(self.sessions):
            session.peer.shutdown(socket.SHUT_RDWR)

    def keep(self, mail):
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()

    def wait(self, count, seconds=30):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.mails) >= count, seconds), (count, self.said)
            return list(self.mails)


class Session:
    """One connection. A mail is {"from", "to", "data", "user", "tls", "helo"}."""

    def __init__(self, server, peer):
        self.server, self.peer, self.lines = server, peer, peer.makefile("rb")
        self.user, self.encrypted, self.mail, self.helo = None, server.at_once, {}, None

    def say(self, *lines):
        for number, line in enumerate(lines):
            self.peer.sendall(f"{line[:3]}{' ' if number == len(lines) - 1 else '-'}{line[4:]}\r\n".encode())

    def run(self):
        self.say("220 mail.test ready")
        while (line := self.lines.readline()):
            words = line.decode().rstrip("\r\n")
            self.server.said.append(words if not words.startswith("AUTH") else "AUTH")
            verb = words.split(" ")[0].upper()
            if verb in self.server.replies:
                self.say(self.server.replies[verb])
                continue
            if not getattr(self, f"do_{verb.lower()}", lambda _: self.say("500 what"))(words):
                return

    def do_ehlo(self, words):
        self.helo = words[5:]
        offers = ["250 mail.test"]
        if self.server.tls and not self.encrypted:
            offers.append("250 STARTTLS")
        if self.server.account and (self.encrypted or not self.server.tls):
            offers.append("250 AUTH PLAIN")
        self.say(*offers)
        return True

    def do_starttls(self, _):
        self.say("220 go on")
        self.peer = self.server.tls.wrap_socket(self.peer, server_side=True)
        self.lines, self.encrypted = self.peer.makefile("rb"), True
        return True

    def do_auth(self, words):
        given = words.split(" ")
        if len(given) == 2:
            self.say("334 ")
            given.append(self.lines.readline().decode().rstrip("\r\n"))
        _, user, password = base64.b64decode(given[2]).decode().split("\0")
        if (user, password) != self.server.account:
            self.say("535 5.7.8 no")
            return True
        self.user = user
        self.say("235 welcome")
        return True

    def do_mail(self, words):
        if self.server.account and not self.user:
            self.say("530 5.7.0 sign in")
            return True
        self.mail = {"from": words[10:].partition(" ")[0], "to": [], "user": self.user, "tls": self.encrypted, "helo": self.helo}
        self.say("250 ok")
        return True

    def do_rcpt(self, words):
        self.mail["to"].append(words[8:])
        self.say("250 ok")
        return True

    def do_data(self, _):
        self.say("354 go on")
        data = b""
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            data += line[1:] if line.startswith(b".") else line
        if line:
            if "." in self.server.replies:
                self.say(self.server.replies["."])
                return True
            self.server.keep({**self.mail, "data": data})
            self.say("250 2.0.0 taken as 17")
        return True

    def do_rset(self, _):
        self.say("250 ok")
        return True

    def do_quit(self, _):
        self.say("221 bye")
        return False
