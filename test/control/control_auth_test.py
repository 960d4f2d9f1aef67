# SPDX-License-Identifier: MIT
"""The control plane with sign-in: what Owner, Contributor, Reader and somebody without a role at a resource group may do with it,
with what was made in it, and with the data of that.

If it fails, somebody makes, sees or runs what nobody granted, or what was granted does not count.
Usage: control_auth_test.py SALLYPORT
"""
import contextlib
import json
import os
import pathlib
import re
import sqlite3
import sys
import time
import unittest
import urllib.parse
import uuid

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc

for folder in ("scenario", "lib"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / folder))
from protocol import pb, Stub  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
POOL, SCHEDULER = "https://dynamicsessions.io", "https://durabletask.io"
ROLES = {"Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
         "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "Executor": "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0",
         "HubContributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402"}
WHO = ("Owner", "Contributor", "Reader", "Nobody")
GROUP = {"location": "local"}
POOL_WISH = {"location": "local", "properties": {"scaleConfiguration": {"maxConcurrentSessions": 2, "readySessionInstances": 0}}}
SCHEDULER_WISH = {"location": "local", "properties": {"ipAllowlist": ["0.0.0.0/0"], "sku": {"name": "Consumption"}}}
AUTHORIZATION = "providers/Microsoft.Authorization"
WAIT_S = 60


class Signed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "0", "--manage-task-hubs"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.local = pathlib.Path(cls.server.data, "local.key").read_text()
        cls.subscription = cls.ask("GET", "/subscriptions", key=cls.local)[2]["value"][0]["id"]
        cls.group = f"{cls.subscription}/resourceGroups/team"
        status, _, answer = cls.ask("PUT", cls.group, GROUP, cls.local)
        assert status == 201, answer
        cls.made = {name: cls.application(name) for name in WHO}
        cls.keys = {name: cls.token(made, cls.server.ready["url"]) for name, made in cls.made.items()}
        for name in WHO[:3]:
            status, answer = cls.grant(ROLES[name], cls.made[name], cls.group)
            assert status == 201, answer

    @classmethod
    def ask(cls, method, path, body=None, key=None):
        mark = "&" if "?" in path else "?"
        version = "2022-04-01" if AUTHORIZATION in path else "2025-11-01"
        return cls.server.ask(method, f"{path}{mark}api-version={version}", body, {"Authorization": f"Bearer {key}"} if key else {})

    @classmethod
    def application(cls, name):
        status, _, made = cls.server.ask("POST", "/v1/directory/applications", {"name": name}, {"Authorization": f"Bearer {cls.local}"})
        assert status == 201, made
        return made

    @classmethod
    def token(cls, made, audience):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": made["clientId"], "client_secret": made["secret"],
                                       "scope": f"{audience}/.default"}).encode()
        status, _, answer = cls.server.ask("POST", "/common/oauth2/v2.0/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, answer
        return answer["access_token"]

    @classmethod
    def grant(cls, role, made, scope, key=None, name=None):
        body = {"properties": {"roleDefinitionId": f"{cls.subscription}/{AUTHORIZATION}/roleDefinitions/{role}", "principalId": made["id"]}}
        status, _, answer = cls.ask("PUT", f"{scope}/{AUTHORIZATION}/roleAssignments/{name or uuid.uuid4()}", body, key or cls.local)
        return status, answer

    def expect(self, status, method, path, body=None, key=None):
        got, headers, answer = self.ask(method, path, body, key)
        self.assertEqual(got, status, (method, path, answer))
        code = {401: "InvalidAuthenticationToken", 403: "AuthorizationFailed"}.get(status)
        if code:
            self.assertEqual((answer["error"]["code"], headers["x-ms-error-code"]), (code, code))
            self.assertTrue(answer["error"]["message"] and headers["x-ms-request-id"])
        return answer

    def make(self, path, body):
        """By the owner of the group."""
        status, _, answer = self.ask("PUT", path, body, self.keys["Owner"])
        self.assertIn(status, (200, 201), answer)
        self.addCleanup(self.ask, "DELETE", path, None, self.keys["Owner"])
        return answer["properties"]

    def test_programs_are_told_that_they_have_to_sign_in(self):
        string = self.server.ready["schedulerConnectionString"]
        self.assertEqual(string, f"Endpoint={self.server.ready['url']};TaskHub=default;Authentication=DefaultAzure")
        self.assertIn(string, pathlib.Path(self.server.data, "server.log").read_text())

    def test_nobody_and_a_token_that_is_none_are_not_known(self):
        for key in (None, "x", self.keys["Owner"][:-6] + "AAAAAA"):
            for method, body in (("GET", None), ("PUT", GROUP), ("PATCH", {}), ("DELETE", None)):
                self.expect(401, method, self.group, body, key)
            self.expect(401, "GET", "/subscriptions", key=key)
        self.expect(401, "GET", self.group, key=self.token(self.made["Owner"], POOL))  # for another place

    def test_who_makes_changes_sees_and_deletes(self):
        for name in WHO:
            writes, reads = name in ("Owner", "Contributor"), name != "Nobody"
            key = self.keys[name]
            app, tasks = f"{self.group}/providers/Microsoft.App", f"{self.group}/providers/Microsoft.DurableTask/schedulers/its-{name}"
            for path, body in ((f"{app}/sessionPools/its-{name}", POOL_WISH), (tasks, SCHEDULER_WISH), (f"{tasks}/taskHubs/hub", {})):
                with self.subTest(who=name, path=path):
                    got, _, answer = self.ask("PUT", path, body, key)
                    self.assertIn(got, (200, 201) if writes else (403,), answer)
                    if not writes:  # the command in it grants what was asked for, and no more
                        self.assertRegex(answer["error"]["message"], f'sallyport role create "Contributor" --to {name} --scope {path}')
                        self.expect(403, "PUT", path, body, key)
                    found = 200 if writes else 404
                    self.expect(found if reads else 403, "GET", path, key=key)
                    self.expect(200 if writes else 403, "PATCH", path, {"tags": {}} if "taskHubs" not in path else {}, key)
            self.expect(200 if writes else 403, "PATCH", self.group, {"tags": {"by": name}}, key)
            self.expect(200 if reads else 403, "GET", self.group, key=key)
            for path in (f"{self.subscription}/resourceGroups/else", f"{self.subscription}/resourceGroups/teams"):
                self.expect(403, "PUT", path, GROUP, key)
                self.expect(403, "GET", path, key=key)
            seen = self.expect(200, "GET", f"{self.subscription}/resourceGroups", key=key)["value"]
            self.assertEqual([group["name"] for group in seen], ["team"] if reads else [])
            got = self.ask("DELETE", tasks, key=key)[0]
            self.assertIn(got, (200, 204) if writes else (403,))
            self.ask("DELETE", f"{app}/sessionPools/its-{name}", key=key)
        self.expect(403, "DELETE", self.group, key=self.keys["Reader"])

    def test_only_an_owner_grants_and_it_counts_at_once(self):
        new = self.application("newcomer")
        key = self.token(new, self.server.ready["url"])
        for name in WHO[1:]:
            status, answer = self.grant(ROLES["Reader"], new, self.group, self.keys[name])
            self.assertEqual((status, answer["error"]["code"]), (403, "AuthorizationFailed"), name)
        for _ in range(3):
            guid = str(uuid.uuid4())
            self.expect(403, "GET", self.group, key=key)
            self.assertEqual(self.grant(ROLES["Reader"], new, self.group, self.keys["Owner"], guid)[0], 201)
            self.expect(200, "GET", self.group, key=key)
            path = f"{self.group}/{AUTHORIZATION}/roleAssignments/{guid}"
            for name in WHO[1:]:
                self.expect(403, "DELETE", path, key=self.keys[name])
            self.expect(200, "GET", path, key=self.keys["Reader"])
            self.expect(200, "DELETE", path, key=self.keys["Owner"])
        # What one owns is the group: not what is above it.
        for scope in ("", self.subscription, f"{self.subscription}/resourceGroups/local"):
            self.assertEqual(self.grant(ROLES["Reader"], new, scope, self.keys["Owner"])[0], 403)
        # A refusal names the grant that would do: at the scope, and not at the grant that was to be made there.
        for scope, who in (("/", "Owner"), (self.group, "Contributor")):
            message = self.grant(ROLES["Reader"], new, scope.rstrip("/"), self.keys[who])[1]["error"]["message"]
            self.assertRegex(message, rf'sallyport role create "Owner" --to \S+ --scope {re.escape(scope)}\.?$')

    def test_whoever_may_read_may_ask_what_somebody_may(self):
        path = f"{self.group}/{AUTHORIZATION}/checkAccess"
        actions = [{"Id": "Microsoft.App/sessionPools/read"}, {"Id": "Microsoft.App/sessionPools/write"},
                   {"Id": "Microsoft.Authorization/roleAssignments/write"}, {"Id": "*"}, {"Id": "*/write"}]
        allowed = {"Owner": 5, "Contributor": 2, "Reader": 1, "Nobody": 0}
        for name, count in allowed.items():
            body = {"Subject": {"ObjectId": self.made[name]["id"]}, "Actions": actions}
            for asker in WHO[:3]:
                answer = self.expect(200, "POST", path, body, self.keys[asker])
                self.assertEqual([row["accessDecision"] for row in answer], ["Allowed"] * count + ["NotAllowed"] * (5 - count), name)
            self.expect(403, "POST", path, body, self.keys["Nobody"])
            self.expect(401, "POST", path, body)

    def disable(self, *ids):
        """In what the directory keeps, while the server is down: no route does it."""
        self.server.kill()
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/directory.db")) as database, database:
            for id in ids:
                (body,) = database.execute("SELECT body FROM record WHERE id = ?", (id.encode(),)).fetchone()
                kept = json.dumps({**json.loads(body), "disabled": 1}).encode()
                database.execute("UPDATE record SET body = ? WHERE id = ?", (kept, id.encode()))
        self.server.start()
        type(self).local = self.server.local_key()

    def test_whoever_may_not_sign_in_or_is_gone_may_nothing(self):
        """checkAccess says of them what a call of theirs would come to, though their assignments are still there."""
        made, person = self.application("shut out"), self.server.change_directory("users", {"name": "shut@example.org"})
        for one in (made, person):
            self.assertEqual(self.grant(ROLES["Reader"], one, self.group)[0], 201)

        def decisions():
            return [self.expect(200, "POST", f"{self.group}/{AUTHORIZATION}/checkAccess", {
                "Subject": {"ObjectId": one["id"]}, "Actions": [{"Id": "Microsoft.App/sessionPools/read"}]}, self.local)[0]["accessDecision"]
                for one in (made, person)]
        self.assertEqual(decisions(), ["Allowed"] * 2)
        self.disable(made["id"], person["id"])
        self.assertEqual(decisions(), ["NotAllowed"] * 2)

    # --- the audit log ---

    def entries(self, after, last, seconds=WAIT_S):
        """What came behind the entry `after`, once `last` (an action and what its details hold) is there: nobody waits for these."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.server.raw("GET", f"/v1/audit?after={after}&limit=1000", headers={"Authorization": f"Bearer {self.local}"}).decode()
            found = [json.loads(line) for line in text.splitlines()]
            if any(entry["action"] == last[0] and last[1].items() <= entry["details"].items() for entry in found):
                return found
            self.assertLess(time.monotonic(), deadline, (last, text))
            time.sleep(0.05)

    def test_grants_keys_and_people_are_in_the_audit_log(self):
        def good(method, path, body=None):
            status, _, answer = self.server.ask(method, f"/v1/directory/{path}", body, {"Authorization": f"Bearer {self.local}"})
            self.assertIn(status, (200, 201, 204), answer)
            return answer
        owner, reader = self.made["Owner"], self.application("logged")
        start = self.entries(0, ("credential.created", {"ownerId": reader["id"]}))[-1]["seq"]
        path, guid = f"{self.group}/{AUTHORIZATION}/roleAssignments", str(uuid.uuid4())
        self.assertEqual(self.grant(ROLES["Reader"], reader, self.group, self.keys["Contributor"])[0], 403)
        self.assertEqual(self.grant(ROLES["Reader"], reader, self.group, self.keys["Owner"], guid)[0], 201)
        self.expect(200, "DELETE", f"{path}/{guid}", key=self.keys["Owner"])
        person = good("POST", "users", {"name": "audited@example.org"})
        good("POST", "groups", {"name": "audited"})
        good("POST", "groups/audited/members", {"member": "audited@example.org"})
        granted = good("POST", "assignments", {"role": "auditor", "principal": "audited", "scope": "/app"})
        good("DELETE", f"assignments/{granted['id']}")
        good("POST", "assignments", {"role": "reviewer", "principal": "audited@example.org", "scope": "/app"})
        key = good("POST", "keys", {"name": "audited", "owner": "audited@example.org", "roles": "reviewer"})
        good("DELETE", "keys/audited")
        self.assertEqual(self.server.ask("DELETE", "/v1/directory/keys/audited", None, {"Authorization": f"Bearer {self.local}"})[0], 404)
        good("DELETE", "groups/audited/members/audited@example.org")
        good("DELETE", "groups/audited")
        good("DELETE", "users/audited@example.org")
        scope = f"{self.group}/providers/Microsoft.App/containerApps/gone"
        self.make(scope, {"location": "local", "properties": {"template": {"containers": [{"image": "a", "name": "a"}]}}})
        self.assertEqual(self.grant(ROLES["Reader"], reader, scope, self.keys["Owner"])[0], 201)
        self.expect(200, "DELETE", scope, key=self.keys["Contributor"])

        found = [entry for entry in self.entries(start, ("role.revoked", {"scope": scope}))
                 if not entry["action"].startswith(("access.", "sign-in."))]
        by_owner, by_local = (owner["id"], "Owner"), ("local", "anonymous")
        role = {"role": "Reader", "principalId": reader["id"], "principal": "logged", "scope": self.group}
        seen = [(entry["action"], (entry["actor"]["id"], entry["actor"]["name"])) for entry in found]
        self.assertEqual([action for action, _ in seen], [
            "role.granted", "role.revoked", "person.created", "credential.created", "group.created", "member.added", "role.granted",
            "role.revoked", "role.granted", "key.created", "key.revoked", "member.removed", "group.deleted", "person.deleted",
            "role.revoked", "credential.deleted", "role.granted", "role.revoked"])
        self.assertEqual([actor[0] for _, actor in seen], [by_owner[0]] * 2 + [by_local[0]] * 14 + [by_owner[0], self.made["Contributor"]["id"]])
        self.assertEqual((found[0]["details"], found[1]["details"], found[0]["object"]), (role, role, f"assignments/{guid}"))
        self.assertEqual((seen[0][1], found[2]["object"], found[2]["details"]),
                         (by_owner, f"people/{person['id']}", {"name": "audited@example.org"}))
        self.assertEqual(found[9]["details"], {"name": "audited", "owner": "audited@example.org", "ownerId": person["id"],
                                               "roles": "Sallyport Reviewer", "scope": ""})
        for secret in (person["secret"], key["key"]):
            self.assertNotIn(secret, json.dumps(found))

    def test_secrets_are_for_those_who_may_write(self):
        path = f"{self.group}/providers/Microsoft.App/containerApps/secretive"
        self.make(path, {"location": "local", "properties": {
            "configuration": {"secrets": [{"name": "s", "value": "hidden!"}]}, "template": {"containers": [{"image": "a", "name": "a"}]}}})
        self.expect(200, "GET", path, key=self.keys["Reader"])
        for action in ("listSecrets", "start"):
            self.expect(403, "POST", f"{path}/{action}", key=self.keys["Reader"])
        self.expect(403, "POST", f"{self.subscription}/providers/Microsoft.App/register", key=self.keys["Reader"])
        self.expect(200, "POST", f"{path}/listSecrets", key=self.keys["Contributor"])

    def test_code_runs_in_a_pool_that_was_made_for_whom_it_was_granted(self):
        path = f"{self.group}/providers/Microsoft.App/sessionPools/runs"
        endpoint = urllib.parse.urlsplit(self.make(path, POOL_WISH)["poolManagementEndpoint"]).path

        def run(key):
            status, _, answer = self.server.ask(
                "POST", f"{endpoint}/executions?api-version=2025-02-02-preview&identifier=somebody",
                {"codeInputType": "Inline", "executionType": "Synchronous", "code": "6 * 7"}, {"Authorization": f"Bearer {key}"} if key else {})
            return status, answer["result"]["executionResult"] if status == 200 else None
        runner = self.application("runner")
        keys = {name: self.token(made, POOL) for name, made in {**self.made, "runner": runner}.items()}
        for key in keys.values():
            self.assertEqual(run(key)[0], 403)  # roles of the control plane do not reach data
        self.assertEqual(run(None)[0], 401)
        guid = str(uuid.uuid4())
        self.assertEqual(self.grant(ROLES["Executor"], runner, path, self.keys["Owner"], guid)[0], 201)
        self.assertEqual(run(keys["runner"]), (200, 42))
        self.assertEqual(run(keys["Owner"])[0], 403)
        self.expect(200, "DELETE", f"{path}/{AUTHORIZATION}/roleAssignments/{guid}", key=self.keys["Owner"])
        self.assertEqual(run(keys["runner"])[0], 403)

    def test_a_hub_of_a_deleted_ones_name_has_none_of_its_grants(self):
        """Of the server's own scheduler, where a grant may name the hub by its id and by its place."""
        path = f"{self.subscription}/resourceGroups/local/providers/Microsoft.DurableTask/schedulers/local/taskHubs/"
        header = {"Authorization": f"Bearer {self.local}"}
        names = {"by-place": lambda hub: f"/scheduler/{hub}", "by-place-in-capitals": lambda hub: f"/scheduler/{hub.upper()}/",
                 "by-id": lambda hub: path + hub}
        with grpc.insecure_channel(f"localhost:{self.server.port}") as channel:
            stub = Stub(channel)

            def start(key, hub):
                try:
                    stub.StartInstance(pb.CreateInstanceRequest(name="x"), metadata=[("taskhub", hub), ("authorization", f"Bearer {key}")],
                                       timeout=WAIT_S, wait_for_ready=True)
                except grpc.RpcError as error:
                    return error.code()
                return grpc.StatusCode.OK
            self.expect(201, "PUT", path + "again-2", {}, self.local)
            for name, scope in names.items():
                former = self.application(name)
                for hub in ("again", "again-2"):
                    status, _, answer = self.server.ask("POST", "/v1/directory/assignments", {
                        "role": "Durable Task Data Contributor", "principal": name, "scope": scope(hub)}, header)
                    self.assertEqual(status, 201, answer)
                self.expect(201, "PUT", path + "again", {}, self.local)
                key = self.token(former, SCHEDULER)
                self.assertEqual(start(key, "again"), grpc.StatusCode.OK, name)
                self.expect(204, "DELETE", path + "again", None, self.local)
                self.expect(201, "PUT", path + "again", {}, self.local)
                self.assertEqual(start(key, "again"), grpc.StatusCode.PERMISSION_DENIED, name)
                self.assertEqual(start(key, "again-2"), grpc.StatusCode.OK, name)  # whose name only begins so
                self.expect(204, "DELETE", path + "again", None, self.local)
            self.expect(204, "DELETE", path + "again-2", None, self.local)

    def test_a_hub_that_a_client_deletes_leaves_none_of_its_grants(self):
        """Over gRPC and over HTTP, by a client with a right over all hubs of a server that lets clients do it."""
        header = {"Authorization": f"Bearer {self.local}"}
        metadata = [("taskhub", "Clients"), ("authorization", header["Authorization"])]
        by_id = f"{self.subscription}/resourceGroups/local/providers/Microsoft.DurableTask/schedulers/local/taskHubs/clients"
        self.application("hub-runner")
        with grpc.insecure_channel(f"localhost:{self.server.port}") as channel:
            stub = Stub(channel)
            ways = {"gRPC": lambda: stub.DeleteTaskHub(pb.DeleteTaskHubRequest(), metadata=metadata, timeout=WAIT_S),
                    "HTTP": lambda: self.assertEqual(self.server.ask("DELETE", "/v1/hubs/clients", None, header)[0], 204)}
            for name, delete in ways.items():
                stub.CreateTaskHub(pb.CreateTaskHubRequest(), metadata=metadata, timeout=WAIT_S, wait_for_ready=True)
                for scope in ("/scheduler/CLIENTS", by_id, "/scheduler/clients-2"):
                    status, _, answer = self.server.ask("POST", "/v1/directory/assignments", {
                        "role": "Durable Task Data Reader", "principal": "hub-runner", "scope": scope}, header)
                    self.assertIn(status, (201, 409), answer)  # the last one is there the second time
                delete()
                listed = self.server.ask("GET", "/v1/directory/assignments", None, header)[2]
                scopes = [at["scope"] for at in listed["assignments"] if "clients" in at["scope"].lower()]
                self.assertEqual(scopes, ["/scheduler/clients-2"], name)

    def test_an_orchestration_starts_in_a_hub_that_was_made_for_whom_it_was_granted(self):
        path = f"{self.group}/providers/Microsoft.DurableTask/schedulers/tasks"
        endpoint = urllib.parse.urlsplit(self.make(path, SCHEDULER_WISH)["endpoint"])
        for hub in ("mine", "other"):
            self.make(f"{path}/taskHubs/{hub}", {})
        runner = self.application("orchestrator")
        keys = {name: self.token(made, SCHEDULER) for name, made in {**self.made, "runner": runner}.items()}
        with grpc.insecure_channel(f"localhost:{endpoint.port}") as channel:
            stub = Stub(channel)

            def start(key, hub="mine"):
                metadata = [("taskhub", hub)] + ([("authorization", f"Bearer {key}")] if key else [])
                try:
                    stub.StartInstance(pb.CreateInstanceRequest(name="x"), metadata=metadata, timeout=WAIT_S, wait_for_ready=True)
                except grpc.RpcError as error:
                    return error.code()
                return grpc.StatusCode.OK
            for name, key in keys.items():
                self.assertEqual(start(key), grpc.StatusCode.PERMISSION_DENIED, name)
            self.assertEqual(start(None), grpc.StatusCode.UNAUTHENTICATED)
            self.assertEqual(start(self.keys["Owner"]), grpc.StatusCode.UNAUTHENTICATED)  # a token for another place
            guid = str(uuid.uuid4())
            self.assertEqual(self.grant(ROLES["HubContributor"], runner, f"{path}/taskHubs/mine", self.keys["Owner"], guid)[0], 201)
            self.assertEqual(start(keys["runner"]), grpc.StatusCode.OK)
            self.assertEqual(start(keys["runner"], "other"), grpc.StatusCode.PERMISSION_DENIED)
            self.assertEqual(start(keys["Owner"]), grpc.StatusCode.PERMISSION_DENIED)
            self.expect(200, "DELETE", f"{path}/taskHubs/mine/{AUTHORIZATION}/roleAssignments/{guid}", key=self.keys["Owner"])
            self.assertEqual(start(keys["runner"]), grpc.StatusCode.PERMISSION_DENIED)


if __name__ == "__main__":
    unittest.main()
