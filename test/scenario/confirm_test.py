# SPDX-License-Identifier: MIT
"""RP-43 through the front door: links by which one person decides about one manifest. If one of these fails, a program that only opens a
link decides, a link counts for longer than its person, or somebody votes on what they did not see.

Usage: confirm_test.py PROGRAM"""
import email
import email.policy
import html
import pathlib
import re
import threading
import time
import unittest
import urllib.parse

from policy_case import PEOPLE, Case

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def field(page, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return html.unescape(found.group(1)) if found else None


class Links(Case):
    """People with sign-in."""
    people = PEOPLE

    def link(self, request_id, who):
        status, _, answer = self.ask("POST", f"/v1/requests/{request_id}/links", who=who)
        self.assertEqual(status, 201, answer)
        return urllib.parse.urlsplit(answer["url"]).path

    def open(self, link, method="GET"):
        """As a browser, a scanner of mails, a preview: without any credentials."""
        status, headers, page = self.server.ask(method, link)
        return status, headers, page

    def answer(self, link, page, vote="approve", comment=None, headers=None, **more):
        fields = {"token": field(page, "token") or "", "manifest": field(page, "manifest") or "", "vote": vote, **more}
        if comment is not None:
            fields["comment"] = comment
        body = urllib.parse.urlencode(fields).encode()
        return self.server.ask("POST", link, body, {**FORM, **(headers or {})})

    def test_a_link_shows_and_its_form_decides(self):
        """RP-43: GET shows, POST decides, and once decided it says so."""
        shown = self.waiting("print('<b>hello</b>')", purpose="churn <script>alert(1)</script>")
        link = self.link(shown["id"], "mina")
        status, headers, page = self.open(link)
        self.assertEqual(status, 200, page)
        for text in ("for <b>mina</b>", "&#60;b&#62;hello", "churn &#60;script&#62;", "Waiting for you", "Opening this page decided nothing"):
            self.assertIn(text, page)
        self.assertNotIn("<script", page)
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        self.assertEqual((headers["X-Frame-Options"], headers["Referrer-Policy"], headers["Cache-Control"]),
                         ("DENY", "same-origin", "no-store"))
        status, headers, _ = self.answer(link, page, comment="fine")
        self.assertEqual((status, headers["Location"]), (303, link))
        over = self.look(shown["id"])
        self.assertEqual((over["state"], over["decision"]["by"], over["decision"]["via"], over["votes"][0]["comment"]),
                         ("approved", "mina", "link", "fine"))
        status, _, page = self.open(link)
        self.assertEqual(status, 200)
        status, _, answer = self.ask("POST", f"/v1/requests/{shown['id']}/links", who="mina")
        self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:not-now"))
        self.assertIn("You approved this at", page)
        self.assertNotIn("<form", page)
        voted = [entry for entry in self.entries(f"requests/{shown['id']}") if entry["action"] == "request.voted"]
        self.assertEqual([(entry["actor"]["name"], entry["details"]["via"]) for entry in voted], [("mina", "link")])

    def test_what_only_opens_a_link_decides_nothing(self):
        """GET, HEAD, prefetch, link preview, and methods that nobody uses."""
        shown = self.waiting()
        link = self.link(shown["id"], "mina")
        before = self.look(shown["id"])
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            for query in ("", "?vote=approve", "?vote=approve&token=x"):
                self.server.ask(method, link + query, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch", "User-Agent": "Slackbot-LinkExpanding 1.0"})
        page = self.open(link)[2]
        for fields, expected in (({"token": ""}, 403), ({"token": "AAAA"}, 403), ({"token": link.rsplit("/", 1)[1]}, 403),
                                 ({"manifest": "0" * 64}, 403), ({"vote": "maybe"}, 403), ({"vote": ""}, 403)):
            self.assertEqual(self.answer(link, page, **fields)[0], expected, fields)
        self.assertEqual(self.server.ask("POST", link, b"", FORM)[0], 403)
        self.assertEqual(self.server.ask("POST", link, b"vote=approve", {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.answer(link, page, headers={"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(self.look(shown["id"]), before)
        self.assertEqual(before["state"], "waiting")

    def test_a_page_is_of_its_own_link(self):
        one, other = self.waiting("print(11)"), self.waiting("print(12)")
        links = [self.link(request["id"], "mina") for request in (one, other)]
        pages = [self.open(link)[2] for link in links]
        self.assertEqual(self.answer(links[0], pages[1])[0], 403)
        self.assertEqual(self.answer(links[0], pages[1], manifest=field(pages[0], "manifest"))[0], 403)
        noor = self.link(one["id"], "noor")
        self.assertEqual(self.answer(noor, pages[0])[0], 403)

    def test_a_link_that_was_changed_is_none(self):
        link = self.link(self.waiting()["id"], "mina")
        head, token = link.rsplit("/", 1)
        for at in range(0, len(token), 7):
            other = "A" if token[at] != "A" else "B"
            self.assertEqual(self.open(f"{head}/{token[:at]}{other}{token[at + 1:]}")[0], 404, at)
        for bad in ("x", token[:-1], token + "A", "%00", "A" * 5000):
            self.assertIn(self.open(f"{head}/{bad}")[0], (400, 404))

    def test_a_replayed_form_votes_once(self):
        self.rule("defaults: { approvals: 2 }")
        shown = self.waiting()
        link = self.link(shown["id"], "mina")
        page = self.open(link)[2]
        done = []
        threads = [threading.Thread(target=lambda: done.append(self.answer(link, page, comment="once")[0])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(done), [303] + [409] * 7)
        status, _, text = self.answer(link, page, vote="reject", comment="changed my mind")
        self.assertEqual(status, 409)
        self.assertIn("Your vote was taken before", text)
        after = self.look(shown["id"])
        self.assertEqual([(vote["by"]["name"], vote["answer"]) for vote in after["votes"]], [("mina", "approve")])
        self.assertEqual(after["state"], "waiting")
        self.assertIn("Others have to answer, too", self.open(link)[2])
        self.rule("defaults: {}")

    def test_decided_by_somebody_else(self):
        shown = self.waiting()
        link = self.link(shown["id"], "mina")
        page = self.open(link)[2]
        self.approve(shown["id"], "noor")
        status, _, text = self.answer(link, page, vote="reject", comment="no")
        self.assertEqual(status, 409)
        self.assertIn("It was approved by noor", text)
        self.assertNotIn("<form", text)
        self.assertNotIn("<form", self.open(link)[2])

    def test_another_manifest_is_told_and_not_voted_on(self):
        shown = self.waiting("print(1)", who="sam")
        link = self.link(shown["id"], "mina")
        page = self.open(link)[2]
        self.assertEqual(self.vote(shown["id"], "noor", "changes", comment="again")[0], 200)
        self.good("POST", f"/v1/requests/{shown['id']}/revisions", {"code": "print(2)"}, "sam")
        self.until(shown["id"], "waiting")
        status, _, text = self.open(link)
        self.assertEqual(status, 200)
        self.assertRegex(text, r"It differs in: [^.]*code[^.]*revision")
        self.assertNotIn("<form", text)
        status, _, text = self.answer(link, page)
        self.assertEqual(status, 409)
        self.assertIn("It has changed since", text)
        after = self.look(shown["id"])
        self.assertEqual((after["state"], [vote["counts"] for vote in after["votes"]]), ("waiting", [False]))
        self.assertIn("<form", self.open(self.link(shown["id"], "mina"))[2])

    def test_rights_are_those_of_this_moment(self):
        self.server.change_directory("users", {"name": "tina"})
        role = self.server.grant("reviewer", "tina")
        keys = [self.server.change_directory("keys", {"name": f"tina-{number}", "owner": "tina"}) for number in range(2)]
        self.keys["tina"] = keys[0]["key"]
        shown = self.waiting()
        links = [self.link(shown["id"], "tina")]
        self.keys["tina"] = keys[1]["key"]
        links.append(self.link(shown["id"], "tina"))
        pages = [self.open(link)[2] for link in links]
        self.assertIn("for <b>tina</b>", pages[0])

        # A key that is revoked takes its links with it, and only its own.
        self.good("DELETE", f"/v1/directory/keys/{keys[0]['id']}")
        self.assertEqual((self.open(links[0])[0], self.answer(links[0], pages[0])[0]), (410, 410))
        self.assertEqual(self.open(links[1])[0], 200)

        # So does a role.
        self.good("DELETE", f"/v1/directory/assignments/{role}")
        self.assertEqual((self.open(links[1])[0], self.answer(links[1], pages[1])[0]), (410, 410))
        self.server.grant("reviewer", "tina")
        self.assertEqual(self.open(links[1])[0], 200)

        # And the person.
        self.good("DELETE", "/v1/directory/users/tina")
        self.assertEqual((self.open(links[1])[0], self.answer(links[1], pages[1])[0]), (410, 410))
        self.assertEqual(self.look(shown["id"]).get("votes", []), [])

    def test_who_is_not_asked_has_no_link(self):
        self.rule("defaults: { reviewers: [group:data] }")
        shown = self.waiting()
        self.assertEqual(self.ask("POST", f"/v1/requests/{shown['id']}/links", who="mina")[0], 404)
        link = self.link(shown["id"], "otto")
        self.rule("defaults: {}")
        self.assertEqual(self.ask("POST", f"/v1/requests/{shown['id']}/links", who="sam")[0], 403)
        self.assertEqual(self.ask("POST", f"/v1/requests/{shown['id']}/links", who="ada")[0], 403)
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{shown['id']}/links")[0], 401)
        self.assertEqual(self.ask("POST", f"/v1/requests/{shown['id']}/links")[0], 403)  # the key of the data folder is nobody's
        self.assertEqual(self.answer(link, self.open(link)[2])[0], 303)

    def test_nobody_decides_on_their_own(self):
        shown = self.waiting(who="mina")
        link = self.link(shown["id"], "mina")
        page = self.open(link)[2]
        self.assertIn("Nobody decides on their own request", page)
        self.assertNotIn("<form", page)
        noor = self.open(self.link(shown["id"], "noor"))[2]
        self.assertEqual(self.answer(link, noor)[0], 403)
        self.assertEqual(self.look(shown["id"])["state"], "waiting")

    def test_a_comment_that_is_needed_is_asked_for(self):
        self.rule("defaults: { comment: [reject] }")
        shown = self.waiting()
        link = self.link(shown["id"], "mina")
        status, _, page = self.answer(link, self.open(link)[2], vote="reject")
        self.assertEqual(status, 422)
        self.assertIn("The policy wants a comment", page)
        self.assertEqual(self.answer(link, page, vote="reject", comment="no & <never>")[0], 303)
        after = self.look(shown["id"])
        self.assertEqual((after["state"], after["votes"][0]["comment"]), ("rejected", "no & <never>"))
        self.rule("defaults: {}")

    def test_an_earlier_manifest_is_only_shown_with_its_request(self):
        one, other = self.waiting("print(21)"), self.waiting("print(22)")
        path = f"/v1/requests/{one['id']}/manifest?sha256="
        self.assertEqual(self.good("GET", path + one["manifestSha256"], who="mina")["request"], one["id"])
        self.assertEqual(self.ask("GET", path + other["manifestSha256"], who="mina")[0], 404)
        self.assertEqual(self.ask("GET", path + "../x", who="mina")[0], 400)

    def test_a_message_leads_to_the_link(self):
        """RP-43: for Slack, Teams, ntfy and as a mail, whatever the purpose says."""
        shown = self.waiting(purpose="<!channel> [churn](https://evil.example)\r\nBcc: all@example.org")
        path = f"/v1/requests/{shown['id']}/links?format="
        made = {kind: self.good("POST", path + kind, who="mina") for kind in ("slack", "teams", "ntfy&topic=reviews")}
        slack, teams, ntfy = (answer["message"] for answer in made.values())
        self.assertNotIn("<", slack["text"])
        self.assertEqual(slack["blocks"][-1]["elements"][0]["url"], made["slack"]["url"])
        card = teams["attachments"][0]["content"]
        self.assertEqual((card["type"], card["actions"][0]["url"]), ("AdaptiveCard", made["teams"]["url"]))
        self.assertEqual((ntfy["topic"], ntfy["click"]), ("reviews", made["ntfy&topic=reviews"]["url"]))
        for kind, text in (("fax", "format"), ("ntfy&topic=a/b", "topic"), ("email", "address")):
            status, _, answer = self.ask("POST", path + kind, who="mina")
            self.assertEqual((status, text in answer["detail"]), (400, True), answer)

        self.keys["mail"] = self.server.key_of("mina.m@example.org", "reviewer")
        answer = self.good("POST", path + "email", who="mail")
        mail = email.message_from_string(answer["message"], policy=email.policy.default)
        self.assertEqual(mail.keys(), ["From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Subject", "MIME-Version",
                                       "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted"])
        self.assertEqual([address.addr_spec for address in mail["To"].addresses], ["mina.m@example.org"])
        self.assertEqual(mail["Subject"], "Waits for a decision: <!channel> [churn](https://evil.example) Bcc: all@example.org")
        self.assertIn(answer["url"], mail.get_content().splitlines())
        self.assertIn("for <b>mina.m@example.org</b>", self.open(urllib.parse.urlsplit(answer["url"]).path)[2])

    def test_a_loan_is_no_key(self):
        """What the server lends itself never leaves it: the token of a link opens nothing as credentials."""
        shown = self.waiting()
        token = self.link(shown["id"], "mina").rsplit("/", 1)[1]
        for text in (token, "person/x", "spl_" + "A" * 49):
            self.assertEqual(self.server.ask("GET", "/v1/me", headers={"Authorization": f"Bearer {text}"})[0], 401)


class Short(Case):
    """Links that are soon over, and a server that starts anew."""
    arguments = ("--link-lifetime", "60s")
    people = {"sam": PEOPLE["sam"], "mina": PEOPLE["mina"]}
    link, open, answer = Links.link, Links.open, Links.answer

    def test_a_link_ends_with_its_request_and_survives_a_restart(self):
        self.rule("defaults: { timeout: 25s, on_timeout: fail }")
        shown = self.waiting()
        link = self.link(shown["id"], "mina")
        page = self.open(link)[2]
        self.server.kill()
        self.server.start()
        type(self).local = self.server.local_key()
        self.assertEqual(self.open(link)[0], 200)
        deadline = time.monotonic() + 60
        while self.open(link)[0] != 410:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        status, _, text = self.answer(link, page)
        self.assertEqual(status, 410)
        self.assertIn("This link is over", text)
        self.assertEqual(self.until(shown["id"], "failed").get("votes", []), [])
        self.rule("defaults: {}")

    def test_a_new_key_ends_every_link(self):
        link = self.link(self.waiting()["id"], "mina")
        self.server.kill()
        path = pathlib.Path(self.server.data, "links.key")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        path.unlink()
        self.server.start()
        type(self).local = self.server.local_key()
        self.assertEqual(self.open(link)[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
