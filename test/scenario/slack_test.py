# SPDX-License-Identifier: MIT
"""RP-44 through the front door: buttons in Slack. If one of these fails, somebody who is not Slack decides, a press that was overheard is
made again, or a message goes on offering what is decided.

Usage: slack_test.py PROGRAM"""
import hashlib
import hmac
import json
import threading
import time
import unittest
import urllib.parse

from policy_case import PEOPLE, Case
from webhooks_test import Receiver

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
USERS = {"U0MINA": "mina", "U0NOOR": "noor", "U0SAM": "sam", "U0OTTO": "otto", "U0GONE": "nobody-here"}


class Presses(Case):
    """What the tests of buttons do."""
    arguments = ("--slack-signing-secret", SECRET, "--slack-people", ", ".join(f"{user}={name}" for user, name in USERS.items()))
    people = PEOPLE

    def buttons(self, request_id, who="mina"):
        """The values of the buttons of a message, by their action."""
        message = self.good("GET", f"/v1/requests/{request_id}/slack-message", who=who)
        actions = next(block for block in message["blocks"] if block["type"] == "actions")["elements"]
        self.assertEqual([one["action_id"] for one in actions], ["sallyport.approve", "sallyport.reject", "sallyport.open"])
        return {one["action_id"]: one.get("value") for one in actions}

    def send(self, payload, at=None, secret=SECRET, signature=None, body=None):
        at = str(int(time.time()) if at is None else at)
        body = body or urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
        signature = signature or "v0=" + hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        return self.server.ask("POST", "/v1/slack/interactions", body, {
            "Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature})

    def payload(self, value, user="U0MINA", action="sallyport.approve", **more):
        return {"type": "block_actions", "user": {"id": user, "name": "anything"}, "trigger_id": str(time.monotonic_ns()),
                "actions": [{"action_id": action, "type": "button", "value": value}],
                **more}

    def press(self, value, user="U0MINA", action="sallyport.approve"):
        status, _, answer = self.send(self.payload(value, user, action))
        self.assertEqual(status, 200, answer)
        return answer


class Slack(Presses):
    """Presses without a URL for a reply: what is said to them is the answer."""

    def test_rp_44_a_press_decides_and_the_message_retires(self):
        shown = self.waiting(purpose="churn <!channel>")
        value = self.buttons(shown["id"])["sallyport.approve"]
        answer = self.press(value)
        self.assertEqual((answer["replace_original"], [block["type"] for block in answer["blocks"]].count("actions")), (True, 0))
        self.assertIn("Approved: churn &lt;!channel&gt;", answer["text"])
        self.assertIn("Decided by\nmina", json.dumps(answer, ensure_ascii=False).replace("\\n", "\n"))
        self.assertEqual(self.ask("GET", f"/v1/requests/{shown['id']}/slack-message", who="mina")[0], 409)
        over = self.look(shown["id"])
        self.assertEqual((over["state"], over["decision"]["by"], over["decision"]["via"]), ("approved", "mina", "slack"))
        again = self.press(value, "U0NOOR", "sallyport.reject")
        self.assertEqual((again["replace_original"], again["text"].startswith("Approved")), (True, True))
        self.assertEqual(len(self.look(shown["id"])["votes"]), 1)

    def test_rp_44_only_slack_presses(self):
        shown = self.waiting()
        payload = self.payload(self.buttons(shown["id"])["sallyport.approve"])
        now = int(time.time())
        for more in ({"secret": "another"}, {"at": now - 301}, {"at": now + 301}, {"signature": "v0=" + "0" * 64}, {"signature": "v1=x"},
                     {"signature": " "}, {"at": "soon"}):
            self.assertEqual(self.send(payload, **more)[0], 401, more)
        status, _, _ = self.server.ask("POST", "/v1/slack/interactions", b"payload={}", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 401)
        body = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
        signature = "v0=" + hmac.new(SECRET.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
        self.assertEqual(self.send(None, at=now, signature=signature, body=body + b"&x=y")[0], 401)
        self.assertEqual(self.server.ask("GET", "/v1/slack/interactions")[0], 405)
        self.assertEqual(self.look(shown["id"]).get("votes", []), [])

    def test_rp_44_a_press_that_is_repeated_is_refused(self):
        self.rule("defaults: { approvals: 2 }")
        shown = self.waiting()
        payload, at, done = self.payload(self.buttons(shown["id"])["sallyport.approve"]), int(time.time()), []
        threads = [threading.Thread(target=lambda: done.append(self.send(payload, at=at)[0])) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(done), [200] + [401] * 5)
        self.assertEqual(self.send(payload, at=at)[0], 401)

        # Signed anew it is a press, and the same person's second.
        answer = self.send(payload, at=at - 1)[2]
        self.assertEqual((answer["replace_original"], answer["text"]), (False, "Your vote was taken before; this one was not."))
        self.assertEqual([vote["by"]["name"] for vote in self.look(shown["id"])["votes"]], ["mina"])
        self.rule("defaults: {}")

    def test_rp_44_who_presses_is_who_votes(self):
        self.rule("defaults: { reviewers: [group:security] }")
        shown = self.waiting(who="mina")
        value = self.buttons(shown["id"], "noor")["sallyport.approve"]
        for user, words in (("U0MINA", "own request"), ("U0SAM", "not asked"), ("U0OTTO", "not asked"), ("U0GONE", "which person"),
                            ("U0NEW", "which person")):
            answer = self.press(value, user)
            self.assertEqual((answer["replace_original"], answer["response_type"]), (False, "ephemeral"))
            self.assertIn(words, answer["text"], user)
        self.assertEqual(self.look(shown["id"]).get("votes", []), [])
        self.assertEqual(self.press(value, "U0NOOR")["replace_original"], True)
        self.rule("defaults: {}")

    def test_rp_44_other_bytes_are_not_voted_on(self):
        shown = self.waiting("print(1)")
        value = self.buttons(shown["id"])["sallyport.approve"]
        self.assertEqual(self.vote(shown["id"], "noor", "changes", comment="again")[0], 200)
        self.good("POST", f"/v1/requests/{shown['id']}/revisions", {"code": "print(2)"}, "sam")
        self.until(shown["id"], "waiting")
        answer = self.press(value)
        self.assertTrue(answer["replace_original"])
        after = self.look(shown["id"])
        self.assertEqual((after["state"], [vote["counts"] for vote in after["votes"]]), ("waiting", [False]))

    def test_rp_44_what_is_no_press_of_ours(self):
        shown = self.waiting()
        value = self.buttons(shown["id"])["sallyport.approve"]
        link = urllib.parse.urlsplit(self.good("POST", f"/v1/requests/{shown['id']}/links", who="mina")["url"]).path
        for bad in (self.payload(value, type="view_submission"), self.payload(value, actions=[]), self.payload(value, action="other"),
                    self.payload(value, user="a b"), self.payload(value, user=""), self.payload(None), self.payload("x" * 600), [], "x"):
            self.assertEqual(self.send(bad)[0], 400, bad)
        self.assertEqual(self.send(None, body=b"nothing=1")[0], 400)
        forged = value[:-9] + ("A" if value[-9] != "A" else "B") + value[-8:]
        for other in ("x", forged, link.rsplit("/", 1)[1]):  # a person's link is no button
            self.assertIn("over", self.press(other)["text"])
        self.assertEqual(self.server.ask("GET", "/confirm/" + value)[0], 410)  # nor is a button a link
        self.assertEqual(self.look(shown["id"]).get("votes", []), [])

    def test_rp_44_a_comment_that_is_needed(self):
        self.rule("defaults: { comment: [reject] }")
        shown = self.waiting()
        answer = self.press(self.buttons(shown["id"])["sallyport.reject"], action="sallyport.reject")
        self.assertIn("wants a comment", answer["text"])
        self.assertEqual(self.look(shown["id"])["state"], "waiting")
        self.rule("defaults: {}")


class Replies(Presses):
    """Presses as Slack tells of them: what is said goes to the URL that came with it, from which the message retires."""

    @classmethod
    def setUpClass(cls):
        cls.slack, cls.other = Receiver(), Receiver()
        cls.addClassCleanup(cls.slack.close)
        cls.addClassCleanup(cls.other.close)
        cls.arguments = (*Presses.arguments, "--webhook-hosts", f"127.0.0.1:{cls.slack.port}")
        super().setUpClass()

    def setUp(self):
        self.slack.forget()
        self.url = f"http://127.0.0.1:{self.slack.port}/actions/x"

    def payload(self, value, user="U0MINA", action="sallyport.approve", **more):
        return super().payload(value, user, action, **{"response_url": self.url, **more})

    def press(self, value, user="U0MINA", action="sallyport.approve"):
        count = len(self.slack.got)
        status, headers, answer = self.send(self.payload(value, user, action))
        self.assertEqual((status, answer, headers.get("Content-Length")), (200, "", "0"))
        return json.loads(self.slack.wait(count + 1)[count][1])

    def test_rp_44_the_message_retires_when_others_decide(self):
        self.rule("defaults: { approvals: 2 }")
        shown = self.waiting(purpose="churn")
        said = self.press(self.buttons(shown["id"])["sallyport.approve"])
        self.assertEqual((said["replace_original"], said["text"]), (False, "Your vote was taken. Others have to answer, too."))
        self.assertEqual(self.vote(shown["id"], "noor", "reject", comment="no")[0], 200)
        retired = json.loads(self.slack.wait(2)[1][1])
        self.assertEqual((retired["replace_original"], retired["text"]), (True, "Rejected: churn"))
        self.assertEqual([block["type"] for block in retired["blocks"]].count("actions"), 0)
        self.rule("defaults: {}")

    def test_rp_42_replies_go_to_slack_and_to_the_list_alone(self):
        for url in (f"http://127.0.0.1:{self.other.port}/x", f"http://localhost:{self.other.port}/x", f"https://127.0.0.1:{self.other.port}/x",
                    f"https://hooks.slack.com@127.0.0.1:{self.other.port}/", "https://hooks.slack.com.evil.invalid/x", "x" * 600, 7):
            shown = self.waiting()
            value = self.buttons(shown["id"])["sallyport.approve"]
            answer = self.send(self.payload(value, response_url=url))[2]
            self.assertTrue(answer["replace_original"], url)  # as to a press without one
        self.assertEqual((self.other.connections, self.slack.got), (0, []))

    def test_rp_44_a_reply_is_tried_thrice(self):
        self.slack.answers += [500, 503]
        shown = self.waiting()
        self.press(self.buttons(shown["id"])["sallyport.approve"])
        self.assertEqual(len(self.slack.wait(3)), 3)


class WithoutSecret(Case):
    def test_rp_44_there_are_no_buttons(self):
        self.assertEqual(self.server.ask("POST", "/v1/slack/interactions", b"payload={}", {
            "Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": str(int(time.time())),
            "X-Slack-Signature": "v0=" + hmac.new(b"", b"", hashlib.sha256).hexdigest()})[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
