# SPDX-License-Identifier: MIT
"""The lists of the web API but for that of requests: their order, their pages, and a copy that need not be sent again. If this fails, a
program that reads a list page by page misses something or reads it twice, or one that looks again and again keeps what is not so any more.

Usage: lists_test.py PROGRAM"""
import re
import sys
import unittest
import urllib.parse

from server import Server

PROGRAM = sys.argv.pop(1)
POLICY = "rules: [{{ name: rule {number}, do: ask, when: {{ labels.env: prod }} }}]\n"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1", "--webhook-hosts", "localhost"]).start().sign_in()
        cls.addClassCleanup(cls.server.close)

    def good(self, method, path, body=None, headers=None):
        status, headers, answer = self.server.ask(method, path, body, headers)
        self.assertIn(status, (200, 201, 202, 204), (path, answer))
        return headers, answer

    def apply(self, number):
        self.good("PUT", "/v1/policy", POLICY.format(number=number).encode(), {"Content-Type": "application/yaml", "If-Match": "*"})


class Pages(Case):
    """RP-60: cursor paging with `limit`, `after` and `Link`, in the order of time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number in range(5):
            cls.server.change_directory("users", {"name": f"u{number}"})
            cls.server.change_directory("groups", {"name": f"g{number}"})
            cls.server.change_directory("applications", {"name": f"a{number}"})
            cls.server.change_directory("keys", {"name": f"k{number}", "owner": f"u{number}"})
            cls.server.grant("Reader", f"u{number}")

    def walk(self, path, member, limit, order):
        """What all pages hold, by Link alone; each but the last is full, and `next` says the same."""
        found, following = [], f"{path}?{urllib.parse.urlencode({'limit': limit, 'order': order})}"
        while following:
            headers, answer = self.good("GET", following)
            found += answer[member]
            link = re.fullmatch(r"<(\S+)>; rel=next", headers["Link"]) if "Link" in headers else None
            self.assertEqual(bool(link), "next" in answer, following)
            if link:
                self.assertEqual(len(answer[member]), limit)
                self.assertEqual(urllib.parse.parse_qs(urllib.parse.urlsplit(link[1]).query)["after"], [str(answer["next"])])
            following = link and link[1]
        return found

    def holds(self, path, member, key, oldest_first=True):
        whole = [one[key] for one in self.good("GET", path)[1][member]]
        whole = whole if oldest_first else whole[::-1]
        self.assertGreaterEqual(len(whole), 5)
        for limit in (1, 2, len(whole), len(whole) + 1):
            self.assertEqual([one[key] for one in self.walk(path, member, limit, "asc")], whole, (path, limit))
            self.assertEqual([one[key] for one in self.walk(path, member, limit, "desc")], whole[::-1], (path, limit))
        for query in ("limit=0", "limit=1000", "limit=x", "order=up", "after=-1", "after=x"):
            self.assertEqual(self.server.ask("GET", f"{path}?{query}")[0], 400, (path, query))

    def test_rp_60_the_directory_is_read_page_by_page(self):
        for kind, key in (("users", "name"), ("groups", "name"), ("applications", "name"), ("keys", "name"), ("assignments", "id")):
            self.holds(f"/v1/directory/{kind}", kind, key)

    def test_rp_60_a_page_goes_on_where_somebody_was_deleted(self):
        for name in "xyz":
            self.server.change_directory("groups", {"name": name})
        names = [one["name"] for one in self.good("GET", "/v1/directory/groups")[1]["groups"]]
        after = self.good("GET", f"/v1/directory/groups?limit={len(names) - 1}")[1]["next"]
        self.good("DELETE", "/v1/directory/groups/y")
        self.assertEqual([one["name"] for one in self.good("GET", f"/v1/directory/groups?after={after}")[1]["groups"]], ["z"])
        for name in "xz":
            self.good("DELETE", f"/v1/directory/groups/{name}")
        self.assertEqual(self.good("GET", f"/v1/directory/groups?after={after}")[1]["groups"], [])

    def test_rp_60_a_cursor_is_of_one_order(self):
        after = self.good("GET", "/v1/directory/users?limit=1")[1]["next"]
        self.assertEqual(self.server.ask("GET", f"/v1/directory/users?order=desc&after={after}")[0], 400)

    def test_rp_60_versions_of_the_policy_are_read_page_by_page(self):
        for number in range(5):
            self.apply(number)
        self.holds("/v1/policy/versions", "versions", "version", oldest_first=False)
        self.assertEqual(self.good("GET", "/v1/policy/standing?order=asc&limit=1")[1], {"standing": []})

    def test_rp_60_deliveries_are_read_page_by_page(self):
        self.good("POST", "/v1/webhooks", {"name": "told", "url": "http://localhost:1/", "events": ["webhook.ping"]})
        for _ in range(5):
            self.good("POST", "/v1/webhooks/told/ping")
        path = "/v1/webhooks/told/deliveries"
        numbers = [one["number"] for one in self.good("GET", path)[1]["deliveries"]]
        self.assertEqual(len(numbers), 5)
        self.assertEqual([one["number"] for one in self.walk(path, "deliveries", 2, "desc")], numbers)
        self.assertEqual([one["number"] for one in self.walk(path, "deliveries", 5, "asc")], numbers[::-1])
        self.assertEqual(self.server.ask("GET", f"{path}?order=up")[0], 400)

    def lines(self, query):
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/audit?{query}", None, {"Authorization": f"Bearer {self.server.token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        self.assertEqual(answer.status, 200, text)
        return text.splitlines(), answer.headers["Link"]

    def test_rp_60_the_audit_log_is_read_from_either_end(self):
        whole, link = self.lines("limit=1000&object=server")
        self.assertIsNone(link)
        self.assertEqual(self.lines("limit=1000&object=server&order=desc")[0], whole[::-1])
        first, link = self.lines("limit=2&order=desc")
        self.assertRegex(link, r"^</v1/audit\?limit=2&order=desc&after=\d+>; rel=next$")
        second, _ = self.lines(re.search(r"\?(.*)>", link)[1])
        four, _ = self.lines("limit=4&order=desc")
        self.assertEqual(first + second, four)
        last, _ = self.lines("limit=1&order=desc&heads=true")
        self.assertEqual((len(last), last[0]), (2, four[0]))


class Copies(Case):
    """An answer that whoever asks has already is 304 (RFC 9110 section 13.1.2)."""

    def tag(self, path):
        headers, answer = self.good("GET", path)
        self.assertRegex(headers["ETag"], r'^"[\w.:-]+"$', path)
        status, again, body = self.server.ask("GET", path, None, {"If-None-Match": f'"other", W/{headers["ETag"]}'})
        self.assertEqual((status, again["ETag"], body, again["Content-Type"]), (304, headers["ETag"], "", None), path)
        self.assertEqual(self.server.ask("HEAD", path, None, {"If-None-Match": headers["ETag"]})[0], 304, path)
        self.assertEqual(self.server.ask("GET", path, None, {"If-None-Match": '"other"'})[2], answer, path)
        return headers["ETag"]

    def test_rp_60_a_list_that_has_not_changed_is_not_sent_again(self):
        lists = {"/v1/directory/users": lambda: self.server.change_directory("users", {"name": "new"}),
                 "/v1/policy/versions": lambda: self.apply(1),
                 "/v1/webhooks": lambda: self.good("POST", "/v1/webhooks", {"name": "new", "url": "http://localhost:1/"}),
                 "/v1/requests": lambda: self.good("POST", "/v1/requests?wait=30s&until=result", {"code": "print(1)"})}
        for path, change in lists.items():
            before = self.tag(path)
            change()
            self.assertNotEqual(self.tag(path), before, path)
        for path in ("/v1/policy", "/v1/policy/versions/1", "/v1/policy/rules", "/v1/policy/standing", "/v1/absences", "/v1/me",
                     "/v1/directory/groups", "/v1/directory/keys?limit=1", "/v1/webhooks/new"):
            self.tag(path)

    def test_rp_60_a_request_is_another_for_whoever_may_see_more(self):
        """The tag is that of what is sent, so that nobody keeps what is held back when it is released."""
        sam = {"Authorization": f"Bearer {self.server.key_of('sam', 'submitter')}"}
        request = self.good("POST", "/v1/requests?wait=30s&until=result", {"code": "print(2)"}, sam)[1]["id"]
        held = self.good("GET", f"/v1/requests/{request}", None, sam)[0]["ETag"]
        shown = self.tag(f"/v1/requests/{request}")
        self.assertNotEqual(held, shown)
        self.assertEqual(self.server.ask("GET", f"/v1/requests/{request}", None, {**sam, "If-None-Match": held})[0], 304)
        self.good("POST", f"/v1/requests/{request}/votes", {"answer": "approve"})
        status, _, released = self.server.ask("GET", f"/v1/requests/{request}", None, {**sam, "If-None-Match": held})
        self.assertEqual((status, released["result"]["stdout"]), (200, "2\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
