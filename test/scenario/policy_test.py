# SPDX-License-Identifier: MIT
"""Policies through the front door: a real server with sign-in and several people. Each test names its statement (RP-…). If one
fails, code counts that fewer people have looked at than the policy demands, or nobody can say why it did.

Usage: policy_test.py PROGRAM"""
import concurrent.futures
import hashlib
import http.client
import json
import pathlib
import tempfile
import threading
import time
import unittest

from policy_case import PEOPLE, PROGRAM, Case
from server import HELD, Server


class Versions(Case):
    """RP-32: a file is refused whole with its place; versions are kept, shown and in the audit log."""

    people = {"olga": (["operator"], []), "rita": (["reviewer"], []), "sam": (["submitter"], [])}

    def test_who_may(self):
        for who, read, write in (("olga", 200, 200), ("rita", 200, 403), ("sam", 403, 403)):
            self.assertEqual(self.ask("GET", "/v1/policy", who=who)[0], read, who)
            self.assertEqual(self.apply("defaults: { timeout: 7h }", who=who)[0], write, who)

    def test_a_bad_one_is_refused_whole(self):
        """RP-32."""
        version = self.rule("defaults: { timeout: 8h }")
        status, _, answer = self.apply("defaults:\n  gate: after\n  aprovals: 2\n")
        self.assertEqual((status, answer["type"], answer["line"], answer["column"]),
                         (422, "urn:sallyport:problem:policy-refused", 3, 3))
        self.assertIn('did you mean "approvals"?', answer["detail"])
        shown = self.good("GET", "/v1/policy")
        self.assertEqual((shown["version"], shown["text"]), (version, "defaults: { timeout: 8h }"))
        big = self.apply("# " + "x" * (300 << 10))
        self.assertEqual(big[0], 413)
        self.assertEqual(self.ask("PUT", "/v1/policy", b"defaults: {}", If_Match="*")[0], 415)

    def test_an_empty_body_is_no_policy(self):
        """A file that was cut to nothing must not take all rules away; who means that says so."""
        version = self.rule("defaults: { approvals: 2 }")
        for text in ("", " \n"):
            status, _, answer = self.apply(text)
            self.assertEqual((status, "defaults: {}" in answer["detail"]), (400, True))
        self.assertEqual(self.good("GET", "/v1/policy")["version"], version)

    def test_nobody_undoes_anothers_unseen(self):
        version = self.rule("defaults: { timeout: 9h }")
        self.assertEqual(self.ask("GET", "/v1/policy")[1]["ETag"], f'"{version}"')
        for match, expected in ((f'"{version - 1}"', 412), ("9", 428), ('""', 428), ('"x"', 428), (f'"{version}"', 200)):
            status, _, answer = self.apply("defaults: { timeout: 10h }", match)
            self.assertEqual(status, expected, (match, answer))
        self.assertEqual(self.ask("PUT", "/v1/policy", b"{}", Content_Type="application/yaml")[0], 428)
        self.assertEqual(self.good("GET", f"/v1/policy/versions/{version}")["text"], "defaults: { timeout: 9h }")
        self.assertEqual(self.ask("GET", "/v1/policy/versions/12345")[0], 404)
        self.assertEqual(self.ask("GET", "/v1/policy/versions/x")[0], 404)

    def test_history_and_the_log(self):
        """RP-50."""
        first = self.rule("defaults: { timeout: 11h }")
        self.assertEqual(self.rule("defaults: { timeout: 11h }"), first)  # the same is no other version
        self.assertEqual(self.command("policy", "apply", "-", "-m", "shorter", who="olga",
                                      given="defaults: { timeout: 1h }")[0], 0)
        page = self.good("GET", "/v1/policy/versions?limit=1")
        self.assertEqual((page["versions"][0]["version"], page["versions"][0]["comment"], page["versions"][0]["by"]["name"], page["next"]),
                         (first + 1, "shorter", "olga", first + 1))
        self.assertEqual(self.good("GET", f"/v1/policy/versions?limit=1&after={page['next']}")["versions"][0]["version"], first)
        code, out, _ = self.command("policy", "history")
        self.assertEqual((code, out.splitlines()[1].split()[0]), (0, str(first + 1)))
        self.assertIn("shorter", out)
        self.assertEqual(self.command("policy", "show", "--number", str(first))[1], "defaults: { timeout: 11h }")
        self.assertEqual([(entry["action"], entry["actor"]["name"], entry["details"]["comment"])
                          for entry in self.entries(f"policy/{first + 1}")],
                         [("policy.applied", "olga", "shorter")])

    def test_the_command_tells_the_place(self):
        """RP-32."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bad.yaml")
            path.write_text("rules:\n- { name: a, do: alow, when: { language: python } }\n")
            code, out, err = self.command("policy", "apply", str(path))
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"{path}:2:18: ", err)
            self.assertIn('did you mean "allow"?', err)
            self.assertEqual(self.command("policy", "apply", str(path) + ".gone")[0], 1)
            self.assertEqual(self.command("policy", "apply", str(path), who="rita")[0], 7)


class Ruling(Case):
    """What a policy demands, and of whom."""
    people = PEOPLE

    # --- RP-30 ---

    def test_a_rule_denies_before_anything_runs(self):
        """RP-30: deny over ask over allow, wherever the rules stand; the message is told, and nothing ran."""
        version = self.rule("""
rules:
  - { name: harmless, do: allow, when: { language: python } }
  - { name: look, do: ask, when: { code.size: "> 1" }, approvals: 3 }
  - { name: nobody deletes, do: deny, when: { code_matches: 'rmtree' }, message: Ask the data team first. }
""")
        answer = self.submit("import shutil; shutil.rmtree('x')")
        self.assertEqual(answer["state"], "rejected")
        shown = self.look(answer["id"], "sam")
        policy, decision = shown["policy"], shown["decision"]
        self.assertEqual((policy["version"], policy["settled"], policy["settledBy"], policy["message"]),
                         (version, "deny", "nobody deletes", "Ask the data team first."))
        self.assertEqual([rule["name"] for rule in policy["rules"]], ["harmless", "look", "nobody deletes"])
        self.assertEqual((decision["approved"], decision["via"], decision["rule"], decision["policy"]),
                         (False, "policy", "nobody deletes", version))
        self.assertEqual((shown["runs"], shown["released"]), ([], False))
        self.assertEqual([entry["action"] for entry in self.entries(f"requests/{shown['id']}")],
                         ["request.submitted", "request.decided"])
        self.assertEqual(self.vote(shown["id"], "mina")[0], 404)  # nobody was asked
        self.submit("print(1)")
        listed = self.good("GET", "/v1/requests?rule=nobody%20deletes&order=desc", who="ada")["requests"]
        self.assertEqual({one["policy"]["settledBy"] for one in listed}, {"nobody deletes"})
        self.assertEqual(listed[0]["id"], shown["id"])
        self.assertEqual(self.good("GET", "/v1/requests?rule=nobody", who="ada")["requests"], [])
        out = self.command("show", shown["id"], "--why", who="sam")[1]
        for text in ("deny: nobody deletes (settles it)", "ask: look", "allow: harmless", "Ask the data team first."):
            self.assertIn(text, out)

    def test_how_often_a_rule_matched(self):
        """RP-30: who may read the policy sees in how many requests each rule matched, and what it did."""
        version = self.rule("""
rules:
  - { name: counted sums, do: allow, when: { code_matches: '^1 [+] 1' } }
  - { name: counted in production, do: ask, when: { labels.env: prod } }
  - { name: counted deletes, do: deny, when: { code_matches: 'rmtree' } }
""")
        self.assertEqual(self.ask("GET", "/v1/policy/rules", who="sam")[0], 403)
        self.until(self.submit("1 + 1")["id"], "approved")
        self.waiting("1 + 1", labels={"env": "prod"})
        self.submit("1 + 1; rmtree()")
        told = self.good("GET", "/v1/policy/rules", who="rita")
        self.assertEqual((told["version"], told["days"]), (version, 30))
        self.assertRegex(told["since"], r"^\d{4}-\d\d-\d\dT")
        expected = [{"name": "counted sums", "do": "allow", "matched": 3, "allowed": 1, "asked": 0, "denied": 0},
                    {"name": "counted in production", "do": "ask", "matched": 1, "allowed": 0, "asked": 1, "denied": 0},
                    {"name": "counted deletes", "do": "deny", "matched": 1, "allowed": 0, "asked": 0, "denied": 1}]
        self.assertEqual(told["rules"], expected)
        out = self.command("policy", "rules", who="rita")[1].splitlines()
        self.assertEqual(out[0].split(), ["DO", "MATCHED", "ALLOWED", "ASKED", "DENIED", "RULE"])
        self.assertEqual(out[1].split(), ["allow", "3", "1", "0", "0", "counted", "sums"])

    def test_an_allowed_request_goes_through_by_itself(self):
        """RP-30: allow needs nobody; it is decided once, in the log, and released."""
        self.rule("""
rules:
  - { name: arithmetic, do: allow, when: { code_matches: '^print' } }
  - { name: in production, do: ask, when: { labels.env: prod }, reviewers: [group:data] }
""")
        over = self.until(self.submit("print(6 * 7)")["id"], "approved")
        self.assertEqual((over["released"], over["decision"]["via"], over["decision"]["rule"], over["votes"]),
                         (True, "policy", "arithmetic", []))
        self.assertEqual(self.look(over["id"], "sam")["result"]["stdout"], "42\n")
        self.assertEqual([entry["action"] for entry in self.entries(f"requests/{over['id']}")],
                         ["request.submitted", "run.ended", "request.decided", "request.released"])
        asked = self.waiting("print(6 * 7)", labels={"env": "prod"})  # ask over allow
        self.assertEqual((asked["policy"]["settledBy"], asked["asked"]), ("in production", ["anyone", "group:data"]))

    def test_among_asks_the_demands_add_up(self):
        """RP-30: two rules with two groups want both; who is in both counts in both."""
        self.rule("""
defaults: { reviewers: [role:reviewer], timeout: 24h }
rules:
  - { name: one, do: ask, when: { labels.env: prod }, approvals: 2, reviewers: [group:security], timeout: 4h }
  - { name: two, do: ask, when: { language: python }, reviewers: [group:data], comment: [approve] }
""")
        seen = self.waiting(labels={"env": "prod"})
        self.assertEqual(seen["policy"]["due"], "1 of role:reviewer and 2 of group:security and 1 of group:data")
        self.assertEqual(seen["approvalTimeoutSeconds"], 4 * 3600)
        status, _, answer = self.vote(seen["id"], "mina")
        self.assertEqual((status, answer["type"]), (422, "urn:sallyport:problem:comment-needed"))
        self.assertEqual(self.vote(seen["id"], "mina", comment="  ")[0], 422)
        self.assertEqual(self.vote(seen["id"], "mina", comment="fine")[2]["state"], "waiting")
        shown = self.look(seen["id"])
        self.assertEqual([(track.get("rule"), track["approvals"], track["needed"], track["complete"]) for track in shown["progress"]],
                         [(None, 1, 1, True), ("one", 1, 2, False), ("two", 0, 1, False)])
        self.assertEqual(self.vote(seen["id"], "mina", comment="once more")[2]["state"], "waiting")
        over = self.vote(seen["id"], "priya", comment="both")[2]
        self.assertEqual((over["state"], over["decision"]["by"]), ("approved", "priya"))
        self.assertEqual([(vote["weight"], vote["counts"]) for vote in self.look(seen["id"])["votes"]],
                         [("counts", True), ("replaced", False), ("counts", True)])

    def test_a_rule_on_what_the_run_did(self):
        """RP-31: effects decide after the run: what tried the network wants people, what made files is denied."""
        self.rule("""
rules:
  - { name: trusted, do: allow, when: { language: python } }
  - { name: network, do: ask, when: { effects.network.attempts: "> 0" }, approvals: 2, reviewers: [group:security] }
  - { name: no files, do: deny, when: { files.paths: "*.so" }, message: Build it in the pipeline. }
""")
        self.until(self.submit("print('quiet')")["id"], "approved")
        code = "import socket\ntry: socket.socket()\nexcept OSError: pass\n"
        seen = self.until(self.submit(code)["id"], "waiting", "approved")
        self.assertEqual((seen["state"], seen["policy"]["settledBy"], seen["policy"]["phase"]), ("waiting", "network", "after"))
        self.assertEqual(self.approve(seen["id"], "mina", "noor")["state"], "approved")
        over = self.until(self.submit("open('/mnt/data/a.so', 'w').write('x')")["id"], "rejected", "approved")
        self.assertEqual((over["state"], over["decision"]["rule"], over["released"]), ("rejected", "no files", False))
        self.assertEqual(self.ask("GET", f"/v1/requests/{over['id']}/result", who="sam")[0], 403)

    def test_a_waiting_request_keeps_its_version(self):
        """RP-30: each request shows the version that ruled it, and goes on by it."""
        first = self.rule("defaults: { approvals: 2, reviewers: [group:security] }")
        seen = self.waiting("print('kept')")
        second = self.rule("defaults: { approvals: 1, reviewers: [group:data] }")
        self.assertEqual(self.approve(seen["id"], "mina")["state"], "waiting")
        self.assertEqual(self.ask("GET", f"/v1/requests/{seen['id']}", who="otto")[0], 404)
        over = self.approve(seen["id"], "noor")
        self.assertEqual((over["state"], over["policy"]["version"], over["decision"]["policy"]), ("approved", first, first))
        later = self.waiting("print('later')")
        self.assertEqual(later["policy"]["version"], second)
        self.assertEqual(self.approve(later["id"], "otto")["state"], "approved")
        manifest = json.loads(self.server.raw("GET", f"/v1/requests/{later['id']}/manifest", headers={"Authorization": f"Bearer {self.local}"}))
        self.assertEqual(manifest["policy"], str(second))

    # --- RP-33 ---

    def test_a_rehearsal_changes_nothing(self):
        """RP-33: a draft over past requests: was, would be, by which rule; of what whoever asks may see."""
        version = self.rule("defaults: { reviewers: [group:security] }")
        quiet = self.waiting("print('rehearsed quietly')", purpose="quiet")
        loud = self.waiting("import socket\ntry: socket.socket()\nexcept OSError: pass\n", purpose="loud")
        deletes = self.until(self.submit("rmtree = print; rmtree('rehearsed')", gate="before")["id"], "waiting")
        before = [self.look(one["id"]) for one in (quiet, loud, deletes)]
        draft = """
defaults: { reviewers: [group:security] }
rules:
  - { name: network, do: ask, when: { effects.network.attempts: "> 0" }, approvals: 2, reviewers: [group:data] }
  - { name: nobody deletes, do: deny, when: { code_matches: rmtree }, message: Ask first. }
"""
        answer = self.good("POST", "/v1/policy/rehearse?last=3", draft.encode(), "ada", Content_Type="application/yaml")
        self.assertEqual((answer["changed"], answer["of"], len(answer["policy"]["rules"])), (2, 3, 2))
        rows = {row["id"]: row for row in answer["rows"]}
        self.assertEqual([row["id"] for row in answer["rows"]], [deletes["id"], loud["id"], quiet["id"]])
        self.assertEqual((rows[quiet["id"]]["changed"], rows[quiet["id"]]["was"]["version"]), (False, version))
        self.assertEqual(rows[loud["id"]]["would"], {"settled": "ask", "settledBy": "network",
                                                     "due": "1 of group:security and 2 of group:data"})
        self.assertEqual(rows[deletes["id"]]["would"], {"settled": "deny", "settledBy": "nobody deletes", "due": "denied", "message": "Ask first."})
        self.assertEqual([self.look(one["id"]) for one in (quiet, loud, deletes)], before)
        self.assertEqual(self.good("GET", "/v1/policy")["version"], version)

        # A reviewer rehearses over what they see; a submitter not at all; a draft with a fault is told with its place.
        for who, seen in (("mina", True), ("otto", False)):
            ids = [row["id"] for row in self.good("POST", "/v1/policy/rehearse?last=1000", draft.encode(), who, Content_Type="application/yaml")["rows"]]
            self.assertEqual(quiet["id"] in ids, seen, who)
        self.assertEqual(self.ask("POST", "/v1/policy/rehearse", b"{}", "sam", Content_Type="application/yaml")[0], 403)
        status, _, answer = self.ask("POST", "/v1/policy/rehearse", b"rules: 7", "ada", Content_Type="application/yaml")
        self.assertEqual((status, answer["type"], answer["line"]), (422, "urn:sallyport:problem:policy-refused", 1))
        self.assertEqual(self.ask("POST", "/v1/policy/rehearse?last=1001", b"{}", "ada", Content_Type="application/yaml")[0], 400)
        self.assertEqual(self.good("POST", "/v1/policy/rehearse?last=0", b"{}", "ada", Content_Type="application/yaml")["rows"], [])
        code, out, _ = self.command("policy", "test", "-", "--last", "3", who="ada", given=draft)
        self.assertEqual((code, out.splitlines()[0]), (0, "2 of 3 requests would change"))
        self.assertRegex(out, r"nobody deletes")
        self.assertNotIn(quiet["id"], out)
        self.assertIn(quiet["id"], self.command("policy", "test", "-", "--last", "3", "--all", given=draft)[1])
        self.assertEqual(self.command("policy", "test", "-", given="rules: 7")[0], 1)

    # --- RP-34 ---

    def test_so_many_of_these(self):
        """RP-34, RP-23: N of M named people and groups; nobody twice, by a second key either; never one's own."""
        self.rule("defaults: { approvals: 2, reviewers: [group:security, user:rita] }")
        seen = self.waiting("print('mine')", who="mina")
        second = self.server.change_directory("keys", {"name": "second key of noor", "owner": "noor"})["key"]
        self.assertEqual(self.vote(seen["id"], "mina")[2]["type"], "urn:sallyport:problem:own-request")
        self.assertEqual(self.vote(seen["id"], "otto")[0], 404)
        self.assertEqual(self.vote(seen["id"], "noor")[2]["state"], "waiting")
        status, _, answer = self.server.ask("POST", f"/v1/requests/{seen['id']}/votes", {"answer": "approve"},
                                            {"Authorization": f"Bearer {second}"})
        self.assertEqual((status, answer["state"]), (200, "waiting"))
        self.assertEqual(self.vote(seen["id"], "rita")[2]["state"], "approved")

    def test_a_vote_that_decides_nothing_is_not_called_an_approval(self):
        """The sample's route has the sample's words only where they are true."""
        self.rule("defaults: { approvals: 2 }")
        seen = self.waiting("print('two of them')")
        path = f"/code/review?approve=true&requestId={seen['id']}"
        self.assertEqual(self.good("POST", path, who="mina"), {"message": "The vote was taken; the request waits for others."})
        self.assertEqual(self.good("POST", path, who="noor"), {"message": "Code execution approved."})

    def test_stages_in_order(self):
        """RP-34: in a later stage counts who approved when the earlier ones were complete."""
        self.rule("""
defaults:
  stages:
    - { name: the owner of the data, reviewers: [group:data] }
    - { name: two of security, reviewers: [group:security], approvals: 2 }
""")
        seen = self.waiting("print('stages')")
        self.assertEqual(self.approve(seen["id"], "mina")["state"], "waiting")
        shown = self.look(seen["id"])
        self.assertEqual((shown["votes"][0]["weight"], shown["progress"][0]["stage"], shown["progress"][0]["name"]),
                         ("too-early", 1, "the owner of the data"))
        self.approve(seen["id"], "otto", "noor")
        shown = self.look(seen["id"])
        self.assertEqual((shown["progress"][0]["stage"], shown["progress"][0]["approvals"]), (2, 1))
        self.assertEqual(self.approve(seen["id"], "mina")["state"], "approved")

    def voted_on_by(self, name):
        """What a list finds by the votes of that person."""
        listed = self.good("GET", f"/v1/requests?limit=500&reviewer={name}", who="sam")
        return [one["id"] for one in listed["requests"]]

    def test_votes_are_blind(self):
        """RP-34: nobody sees what others said until it is decided: not in the request, a list, an event or the receipt."""
        self.rule("defaults: { approvals: 2, reviewers: [group:security], blind: true }")
        seen = self.waiting("print('blind')")
        self.assertEqual(self.vote(seen["id"], "mina", comment="between us")[0], 200)
        for who, votes in (("mina", 1), ("noor", 0), ("sam", 0)):
            shown = self.look(seen["id"], who)
            self.assertEqual((len(shown["votes"]), "voteCounts" in shown, "progress" in shown), (votes, False, False), who)
            listed = [one for one in self.good("GET", "/v1/requests?limit=500", who=who)["requests"] if one["id"] == seen["id"]][0]
            self.assertFalse({"voteCounts", "progress", "votes"} & set(listed), listed)
            receipt = json.dumps(self.good("GET", f"/v1/requests/{seen['id']}/receipt", who=who))
            self.assertEqual("between us" in receipt, who == "mina", who)
        self.assertNotIn(seen["id"], self.voted_on_by("mina"))
        over = self.vote(seen["id"], "noor", "reject", comment="no")[2]
        self.assertEqual((over["state"], over["voteCounts"]), ("rejected", {"approve": 1, "changes": 0, "reject": 1}))
        self.assertEqual(len(self.look(seen["id"], "sam")["votes"]), 2)
        self.assertIn(seen["id"], self.voted_on_by("mina"))
        self.assertNotIn(seen["id"], self.voted_on_by("priya"))
        self.assertIn("between us", json.dumps(self.good("GET", f"/v1/requests/{seen['id']}/receipt", who="sam")))

    def test_fifty_decide_and_two_are_asked_for(self):
        """RP-02, RP-34: of many who vote at once exactly one vote decides; each is told how it stands."""
        self.rule("defaults: { approvals: 3, reviewers: [group:security] }")
        seen = self.waiting("print('race')")
        deciders = ["mina", "noor", "priya"]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda n: self.vote(seen["id"], deciders[n % 3]), range(50)))
        good = [answer for status, _, answer in answers if status == 200]
        late = [answer for status, _, answer in answers if status != 200]
        self.assertEqual({answer["status"] for answer in late}, {409})
        self.assertEqual([answer["state"] for answer in good].count("approved"), 1)
        over = self.look(seen["id"])
        self.assertEqual(over["voteCounts"]["approve"], 3)
        decided = [entry for entry in self.entries(f"requests/{seen['id']}") if entry["action"] == "request.decided"]
        self.assertEqual(len(decided), 1)
        for answer in late:
            self.assertEqual(answer["decision"], over["decision"])

    # --- the other demands ---

    def test_before_and_after(self):
        """The gate of a policy and the submitter's come together; rules on the run are looked at after an approval before it."""
        self.rule("""
defaults: { gate: before }
rules:
  - { name: failed, do: ask, when: { output.size: "> 100" }, reviewers: [group:data] }
""")
        seen = self.waiting("print('short')")
        self.assertEqual((seen["stage"], seen["gate"], seen["runs"]), ("before", "before", []))
        self.assertEqual(self.approve(seen["id"], "rita")["state"], "queued")
        over = self.until(seen["id"], "approved")
        self.assertEqual((over["decision"]["by"], over["decision"]["manifestSha256"]), ("rita", seen["manifestSha256"]))
        longer = self.waiting("print('x' * 200)")
        self.approve(longer["id"], "rita")
        again = self.until(longer["id"], "waiting")
        self.assertEqual((again["stage"], again["policy"]["settledBy"], again["asked"]), ("after", "failed", ["anyone", "group:data"]))
        both = self.waiting("print('both')", gate="after")
        self.assertEqual((both["stage"], both["gate"]), ("before", "both"))

    def test_what_becomes_of_time_and_failure(self):
        self.rule("""
defaults: { timeout: 1500ms, on_timeout: fail, on_failure: ask }
rules:
  - { name: longer is not to be had, do: ask, when: { labels.long: "1" }, timeout: 24h }
""")
        seen = self.waiting("1/0", labels={"long": "1"}, approvalTimeoutSeconds=3600)
        self.assertEqual((seen["runs"][0]["ended"], seen["approvalTimeoutSeconds"]), ("failed", 1.5))
        over = self.until(seen["id"], "failed")
        self.assertEqual(over["error"]["type"], "TimedOut")
        self.rule("defaults: { timeout: 24h }")
        self.assertEqual(self.until(self.submit("1/0")["id"], "failed", "waiting")["error"]["type"], "CodeFailed")
        short = self.waiting("print(1)", approvalTimeoutSeconds=1)
        self.assertEqual(self.until(short["id"], "timed-out")["approvalTimeoutSeconds"], 1)

    def test_nobody_decides_from_outside(self):
        """RP-03: a policy refuses HumanApproval of another client: the request waits on, and the log has the attempt."""
        self.rule("defaults: { allow_outside_events: false }")
        seen = self.waiting("print('outside')")
        for approve in (True, False):
            self.raise_event(seen["id"], approve)
        deadline = time.monotonic() + 30
        while len(refused := [entry for entry in self.entries(f"requests/{seen['id']}") if entry["action"] == "request.outside-refused"]) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual([entry["details"]["approved"] for entry in refused], [True, False])
        self.assertEqual((self.look(seen["id"])["state"], self.look(seen["id"])["votes"]), ("waiting", []))
        self.assertEqual(self.approve(seen["id"], "rita")["state"], "approved")  # our own event says nothing new
        time.sleep(0.5)
        self.assertEqual(len([entry for entry in self.entries(f"requests/{seen['id']}") if "outside" in entry["action"]]), 2)

    def raise_event(self, request_id, approve):
        """As another client of the scheduler, which knows nothing of votes."""
        code, _, err = self.command("instance", "raise", request_id, "HumanApproval", json.dumps(approve))
        self.assertEqual(code, 0, err)

    # --- RP-22 ---

    def test_a_reviewer_sees_what_the_policy_gives_them(self):
        """RP-22: and what they decided; others' are as those that are not there, whatever is asked of them."""
        self.rule("""
defaults: { reviewers: [group:security] }
rules:
  - { name: data, do: ask, when: { labels.team: data }, reviewers: [group:data] }
""")
        plain = self.waiting("print('plain secret')")
        both = self.waiting("print('both')", labels={"team": "data"})
        for who, seen in (("mina", [True, True]), ("otto", [False, True]), ("rita", [False, False]), ("ada", [True, True])):
            listed = [one["id"] for one in self.good("GET", "/v1/requests?limit=500", who=who)["requests"]]
            for request, visible in zip((plain, both), seen):
                path = f"/v1/requests/{request['id']}"
                self.assertEqual(request["id"] in listed, visible, who)
                for part in ("", "/result", "/manifest", "/receipt", "/revisions/1/code"):
                    self.assertEqual(self.ask("GET", path + part, who=who)[0], 200 if visible else 404, (who, part))
        for answer in ("approve", "reject", "changes"):
            self.assertEqual(self.vote(plain["id"], "rita", answer)[0], 404)
        self.assertEqual(self.ask("POST", f"/v1/requests/{plain['id']}/decision", {"approve": True}, "rita")[0], 404)
        self.assertEqual(self.ask("POST", f"/code/review?approve=true&requestId={plain['id']}", who="rita")[0], 404)
        self.assertEqual(self.look(plain["id"])["state"], "waiting")
        # What they decided stays theirs, although they are in the group no more.
        self.approve(plain["id"], "noor")
        self.ask("DELETE", "/v1/directory/groups/security/members/noor")
        self.addCleanup(self.server.change_directory, "groups/security/members", {"member": "noor"})
        self.assertEqual(self.look(plain["id"], "noor")["state"], "approved")
        self.assertEqual(self.ask("GET", f"/v1/requests/{both['id']}", who="noor")[0], 404)


class Crash(unittest.TestCase):
    """kill -9 at any moment: a policy rules whole or not at all, and what it decides is decided once."""

    def setUp(self):
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "2"]).start()
        self.addCleanup(self.server.close)

    def entries(self, thing):
        return [json.loads(line) for line in self.server.raw("GET", f"/v1/audit?limit=1000&object={thing}").splitlines()]

    def apply(self, text):
        return self.server.ask("PUT", "/v1/policy", text.encode(), {"Content-Type": "application/yaml", "If-Match": "*"})

    def test_killed_while_it_is_applied(self):
        """RP-32: what was acknowledged is there, nothing else is half there, and each version has its entry."""
        acknowledged = 0
        for round_ in range(4):
            stop = threading.Event()

            def go_on():
                nonlocal acknowledged
                for number in range(10000):
                    if stop.is_set():
                        return
                    try:
                        status, _, answer = self.apply(f"defaults: {{ timeout: {number + 1}h }}\n# {round_}" + " " * 20000)
                    except (OSError, http.client.HTTPException):
                        return
                    if status == 200:
                        acknowledged = answer["version"]
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                done = pool.submit(go_on)
                time.sleep(0.2 + 0.13 * round_)
                self.server.kill()
                stop.set()
                done.result()
            self.server.start()
            shown = self.server.ask("GET", "/v1/policy")[2]
            self.assertIn(shown["version"], (acknowledged, acknowledged + 1))  # the last may be on disk without its answer
            self.assertEqual(hashlib.sha256(shown["text"].encode()).hexdigest(), shown["sha256"])
            self.assertEqual([entry["details"]["sha256"] for entry in self.entries(f"policy/{shown['version']}")], [shown["sha256"]])
            self.assertEqual(self.entries(f"policy/{shown['version'] + 1}"), [])
            acknowledged = shown["version"]
        self.assertGreater(acknowledged, 4)

    def test_killed_when_the_run_ends(self):
        """RP-30, RP-51: a run that a rule allows, asks about or denies comes to one decision, whenever the server dies."""
        self.apply("""
rules:
  - { name: allowed, do: allow, when: { labels.do: allow } }
  - { name: denied, do: deny, when: { labels.do: deny, duration: ">= 0s" } }
""")
        wanted = {"allow": "approved", "deny": "rejected", "ask": "waiting"}
        for round_ in range(5):
            ids = {what: self.server.ask("POST", "/v1/requests", {"code": HELD, "labels": {"do": what}})[2]["id"] for what in wanted}
            self.server.until_busy(2)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                killed = threading.Event()
                done = pool.submit(self.let_go_until, killed)
                time.sleep(0.03 * round_ * round_)
                self.server.kill()
                killed.set()
                done.result()
            self.server.start()
            self.server.let_go(lambda: all(self.server.request(id_)["state"] in wanted.values() for id_ in ids.values()))
            for what, id_ in ids.items():
                shown = self.server.request(id_)
                actions = [entry["action"] for entry in self.entries(f"requests/{id_}")]
                self.assertEqual((shown["state"], actions.count("request.decided")), (wanted[what], 0 if what == "ask" else 1), what)
                self.assertEqual((actions[0], actions.count("run.ended")), ("request.submitted", 1))
                self.assertEqual(shown["released"], what == "allow")

    def let_go_until(self, killed):
        try:
            self.server.let_go(killed.is_set)
        except (OSError, http.client.HTTPException, KeyError, TypeError):
            pass


class AtTheStart(unittest.TestCase):
    """RP-32: the file of the setting."""

    def start(self, *arguments):
        server = Server(PROGRAM, arguments=["--ready-sessions", "0", *arguments])
        self.addCleanup(server.close)
        return server

    def test_the_file_rules_from_the_start(self):
        server = self.start()
        path = pathlib.Path(server.data, "policy.yaml")
        path.write_text("defaults: { timeout: 3h }\n")
        server.arguments += ["--policy", str(path)]
        server.start()
        shown = server.ask("GET", "/v1/policy")[2]
        self.assertEqual((shown["version"], shown["via"], shown["by"]["id"], shown["text"]),
                         (1, "file", "server", "defaults: { timeout: 3h }\n"))
        put = {"Content-Type": "application/yaml", "If-Match": '"1"'}
        self.assertEqual(server.ask("PUT", "/v1/policy", b"defaults: { timeout: 4h }", put)[0], 200)
        server.stop()
        server.start()  # the file counts again
        self.assertEqual(server.ask("GET", "/v1/policy")[2]["version"], 3)
        server.stop()
        server.arguments = server.arguments[:-2]
        server.start()  # without it what was applied last
        self.assertEqual(server.ask("GET", "/v1/policy")[2]["text"], "defaults: { timeout: 3h }\n")

    def test_a_bad_file_and_the_server_does_not_start(self):
        """RP-32."""
        server = self.start()
        path = pathlib.Path(server.data, "policy.yaml")
        for text, place in (("defaults:\n  gate: befor\n", ":2:9: gate: expected one of: after before both; did you mean \"before\"?"),
                            (None, "cannot be read")):
            path.unlink() if text is None else path.write_text(text)
            server.arguments = ["--ready-sessions", "0", "--policy", str(path)]
            with self.assertRaises(AssertionError) as failed:
                server.start()
            self.assertIn(place, str(failed.exception))
        server.arguments = ["--ready-sessions", "0", "--policy", str(path), "--compat", "sample"]
        with self.assertRaises(AssertionError) as failed:
            server.start()
        self.assertIn("knows no policy", str(failed.exception))

    def test_a_server_that_answers_as_the_sample_takes_none(self):
        server = self.start("--compat", "sample").start()
        status, _, answer = server.ask("PUT", "/v1/policy", b"{}", {"Content-Type": "application/yaml", "If-Match": "*"})
        self.assertEqual((status, answer["type"]), (409, "urn:sallyport:problem:not-now"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
