# SPDX-License-Identifier: MIT
"""The control plane through the front door, statement by statement (cloud-shape.md section 3), and what a stranger tries.

If one fails, a script that was written for the cloud stops at that line. Usage: control_test.py SALLYPORT
"""
import collections
import concurrent.futures
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else None
GUID = "11111111-2222-4333-8444-555555555555"
VERSIONS = {"microsoft.durabletask": "2025-11-01", "microsoft.app": "2025-07-01", "microsoft.authorization": "2022-04-01",
            "microsoft.managedidentity": "2023-01-31"}
POOL = {"location": "eastus", "properties": {"scaleConfiguration": {"maxConcurrentSessions": 2, "readySessionInstances": 1}}}
SCHEDULER = {"location": "eastus", "properties": {"ipAllowlist": ["0.0.0.0/0"], "sku": {"name": "Consumption"}}}
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


class Control(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM).start()
        cls.addClassCleanup(cls.server.close)
        cls.subscription = cls.ask("GET", "/subscriptions")[2]["value"][0]["id"]
        cls.groups = 0

    @classmethod
    def ask(cls, method, path, body=None, headers=None, version=None):
        """The version is the one of the last namespace in the path."""
        space = [part for part in path.lower().split("/") if part in VERSIONS]
        mark = "&" if "?" in path else "?"
        path += f"{mark}api-version={version or (VERSIONS[space[-1]] if space else '2024-11-01')}"
        return cls.server.ask(method, path, body, headers)

    def expect(self, status, method, path, body=None, headers=None, version=None):
        got, _, answer = self.ask(method, path, body, headers, version)
        self.assertEqual(got, status, (method, path, answer))
        return answer

    def refused(self, status, code, method, path, body=None, headers=None, version=None):
        answer = self.expect(status, method, path, body, headers, version)
        self.assertEqual(answer["error"]["code"], code, answer)
        return answer["error"]["message"]

    def group(self):
        type(self).groups += 1
        path = f"{self.subscription}/resourceGroups/Group{self.groups}"
        self.expect(201, "PUT", path, {"location": "East US"})
        self.addCleanup(self.ask, "DELETE", path)
        return path

    def pool(self, group, name="MyPool", **scale):
        body = json.loads(json.dumps(POOL))
        body["properties"]["scaleConfiguration"].update(scale)
        return self.expect(200, "PUT", f"{group}/providers/Microsoft.App/sessionPools/{name}", body)["properties"]

    def run_code(self, endpoint, code, identifier="somebody"):
        path = urllib.parse.urlsplit(endpoint).path
        status, _, answer = self.server.ask(
            "POST", f"{path}/executions?api-version=2025-02-02-preview&identifier={identifier}",
            {"codeInputType": "Inline", "executionType": "Synchronous", "code": code})
        return status, answer["result"]["executionResult"] if status == 200 else answer["error"]["code"]


class Shape(Control):
    def test_cs07_one_subscription_one_tenant_and_locations(self):  # CS-07
        listed = self.expect(200, "GET", "/subscriptions", version="2022-12-01")["value"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["state"], "Enabled")
        self.assertEqual(self.expect(200, "GET", self.subscription)["tenantId"], listed[0]["tenantId"])
        self.assertEqual(self.expect(200, "GET", "/tenants")["value"][0]["tenantId"], listed[0]["tenantId"])
        names = {place["name"]: place["displayName"] for place in self.expect(200, "GET", self.subscription + "/locations")["value"]}
        self.assertEqual((names["local"], names["eastus"]), ("local", "East US"))
        self.refused(404, "SubscriptionNotFound", "GET", f"/subscriptions/{GUID}/resourceGroups")

    def test_the_version_is_required_and_checked(self):
        status, _, answer = self.server.ask("GET", "/subscriptions")
        self.assertEqual((status, answer["error"]["code"]), (400, "MissingApiVersionParameter"))
        for wrong in ("yesterday", "2024-1-1", "2024-11-01x", "2024-11-01" + "-x" * 40):
            self.refused(400, "InvalidApiVersionParameter", "GET", self.subscription, version=wrong)
        self.refused(400, "InvalidApiVersionParameter", "GET", self.subscription + "/resourceGroups/local", version="2019-01-01")
        self.expect(200, "GET", self.subscription + "/resourceGroups/local", version="2031-01-01-preview")

    def test_every_answer_has_ids_of_the_request(self):
        for path in ("/subscriptions?api-version=2022-12-01", "/subscriptions", self.subscription + "/nonsense?api-version=2022-12-01"):
            _, headers, _ = self.server.ask("GET", path, headers={"x-ms-client-request-id": "mine-1"})
            self.assertEqual(headers["x-ms-client-request-id"], "mine-1")
            self.assertEqual(len(headers["x-ms-request-id"]), 36)

    def test_ids_have_no_case_and_stay_as_first_written(self):
        group = self.group()
        made = self.expect(200, "PUT", f"{group.lower()}/Providers/microsoft.APP/SESSIONpools/MyPool", POOL)
        self.assertEqual(made["id"], f"{group}/providers/Microsoft.App/sessionPools/MyPool")
        again = self.expect(200, "PUT", f"{group.upper()}/PROVIDERS/MICROSOFT.APP/SESSIONPOOLS/MYPOOL".replace("/SUBSCRIPTIONS", "/subscriptions"), POOL)
        self.assertEqual(again["id"], made["id"])
        listed = self.expect(200, "GET", f"{group}/providers/Microsoft.App/sessionPools")["value"]
        self.assertEqual([pool["name"] for pool in listed], ["MyPool"])

    def test_abuse_ids_that_mean_two_things_reach_nothing(self):
        group = self.group()
        self.pool(group, "victim")
        path = f"{group}/providers/Microsoft.App/sessionPools"
        for name in ("a%2fvictim", "..%2fsessionPools%2fvictim", "%2e%2e/sessionPools/victim", "victim%00", "victim%0a", "victim%25",
                     "vic%5ctim", "%", "vi%ctim", "x" * 300, "victim%3Fx", "%C3%A4"):
            for method, body in (("GET", None), ("PUT", POOL), ("DELETE", None)):
                status, _, answer = self.ask(method, f"{path}/{name}", body)
                self.assertEqual((status, answer["error"]["code"]), (400, "InvalidResourceId"), (method, name))
        for path in ("/subscriptions/" + "a/" * 40, "/subscriptions/" + "a" * 300):
            self.assertEqual(self.ask("GET", path)[0], 400, path)
        self.expect(200, "GET", f"{group}/providers/Microsoft.App/sessionPools/%76ictim")  # an escape that hides nothing

    def test_bodies_that_are_no_resource_are_refused(self):
        path = self.subscription + "/resourceGroups/broken"
        for body in (b"", b"[]", b"{", b'{"location":1}', b'{"location":"a","location":"b"}', b'"x"', b"null",
                     b'{"location":"eastus","tags":[1]}', b'{"location":"eastus","tags":{"a":1}}', b'{"location":"e/u"}',
                     b'{"location":"eastus","properties":3}', b"[" * 2000, b'{"location":"eastus","x":"' + b"a" * 300000 + b'"}'):
            status, _, answer = self.ask("PUT", path, body, {"Content-Type": "application/json"})
            self.assertIn(status, (400, 413), body[:60])
            self.assertTrue(answer["error"]["code"] and answer["error"]["message"])
        self.refused(404, "ResourceGroupNotFound", "GET", path)

    def test_two_puts_at_once_make_one_resource(self):
        group = self.group()
        path = f"{group}/providers/Microsoft.DurableTask/schedulers/twice"
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: self.ask("PUT", path, SCHEDULER), range(8)))
        self.assertEqual(sorted(status for status, _, _ in answers), [200] * 7 + [201])
        self.assertEqual(len({answer["properties"]["endpoint"] for _, _, answer in answers}), 1)
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            tagged = list(threads.map(lambda tag: self.ask("PATCH", group, {"tags": {tag: "1"}})[0], ("a", "b")))
        self.assertEqual(tagged, [200, 200])
        self.assertEqual(self.expect(200, "GET", group)["tags"], {"a": "1", "b": "1"})

    def test_a_flood_of_the_control_plane_fails_nobody(self):
        group, over, flooded = self.group(), threading.Event(), collections.Counter()

        def flood(number):
            while not over.is_set():
                flooded[self.ask("PUT", group, {"location": "eastus", "tags": {"n": str(number)}})[0]] += 1
                flooded[self.ask("GET", group + "/resources")[0]] += 1
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            work = [threads.submit(flood, number) for number in range(4)]
            try:
                number, patience = 0, time.monotonic() + 120
                while number < 30 or (sum(flooded.values()) <= 100 and time.monotonic() < patience):
                    self.assertEqual(self.run_code(self.server.ready["sessionPoolUrl"], f"{number} * 2"), (200, number * 2))
                    self.assertEqual(self.server.ask("GET", "/v1/hubs")[0], 200)
                    number += 1
            finally:
                over.set()
            for one in work:
                one.result()
        self.assertEqual(set(flooded), {200})
        self.assertGreater(sum(flooded.values()), 100)

    def test_if_match_asks_for_a_state(self):
        group = self.group()
        tag = self.ask("GET", group)[1]["ETag"]
        self.refused(412, "PreconditionFailed", "PUT", group, {"location": "eastus"}, {"If-None-Match": "*"})
        self.expect(200, "PATCH", group, {"tags": {"a": "b"}}, {"If-Match": tag})
        self.refused(412, "PreconditionFailed", "PATCH", group, {"tags": {"a": "c"}}, {"If-Match": tag})
        self.refused(412, "PreconditionFailed", "DELETE", group, None, {"If-Match": tag})
        self.assertEqual(self.expect(200, "GET", group)["tags"], {"a": "b"})

    def test_a_list_comes_in_pages(self):
        names = [f"page{n}" for n in range(5)]
        for name in names:
            self.expect(201, "PUT", f"{self.subscription}/resourceGroups/{name}", {"location": "local"})
            self.addCleanup(self.ask, "DELETE", f"{self.subscription}/resourceGroups/{name}")
        found, path = [], f"{self.subscription}/resourceGroups?$top=2"
        status, _, answer = self.ask("GET", path)
        while True:
            self.assertLessEqual(len(answer["value"]), 2)
            found += [group["name"] for group in answer["value"]]
            if "nextLink" not in answer:
                break
            link = urllib.parse.urlsplit(answer["nextLink"])
            status, _, answer = self.server.ask("GET", f"{link.path}?{link.query}")
            self.assertEqual(status, 200)
        self.assertEqual([name for name in found if name.startswith("page")], names)
        self.assertEqual(len(found), len(set(found)))

    def test_what_is_not_known_is_told(self):
        group = self.group()
        self.refused(404, "InvalidResourceNamespace", "GET", f"{group}/providers/Microsoft.Nothing/things/a")
        self.refused(404, "InvalidResourceType", "GET", f"{group}/providers/Microsoft.App/things/a")
        self.refused(404, "ResourceNotFound", "GET", f"{group}/providers/Microsoft.App/sessionPools/none")
        self.refused(404, "ParentResourceNotFound", "PUT",
                     f"{group}/providers/Microsoft.DurableTask/schedulers/none/taskHubs/hub", {})
        self.refused(404, "ResourceGroupNotFound", "PUT",
                     f"{self.subscription}/resourceGroups/none/providers/Microsoft.App/sessionPools/p1", POOL)
        self.expect(204, "DELETE", f"{group}/providers/Microsoft.App/sessionPools/none")


class Resources(Control):
    def test_cs20_resource_groups(self):  # CS-20
        group = self.group()
        self.assertEqual(self.expect(200, "GET", group)["properties"]["provisioningState"], "Succeeded")
        self.expect(204, "HEAD", group)
        self.expect(404, "HEAD", group + "x")
        self.assertEqual(self.expect(200, "PATCH", group, {"tags": {"a": "b"}})["location"], "eastus")
        self.refused(409, "InvalidResourceLocation", "PUT", group, {"location": "westus"})
        self.refused(400, "InvalidResourceName", "PUT", self.subscription + "/resourceGroups/ends.", {"location": "local"})
        endpoint = self.pool(group)["poolManagementEndpoint"]
        self.expect(201, "PUT", f"{group}/providers/Microsoft.DurableTask/schedulers/inside", SCHEDULER)
        self.expect(201, "PUT", f"{group}/providers/Microsoft.DurableTask/schedulers/inside/taskHubs/hub", {})
        self.expect(200, "DELETE", group)
        self.refused(404, "ResourceGroupNotFound", "GET", group)
        self.assertEqual(self.run_code(endpoint, "1"), (404, "SessionPoolNotFound"))
        listed = self.expect(200, "GET", self.subscription + "/providers/Microsoft.DurableTask/schedulers")["value"]
        self.assertNotIn("inside", [scheduler["name"] for scheduler in listed])

    def test_cs21_providers(self):  # CS-21
        provider = self.expect(200, "POST", self.subscription + "/providers/microsoft.app/register")
        self.assertEqual((provider["namespace"], provider["registrationState"]), ("Microsoft.App", "Registered"))
        types = {row["resourceType"]: row for row in provider["resourceTypes"]}
        for name in ("sessionPools", "managedEnvironments", "containerApps"):
            self.assertIn("East US", types[name]["locations"])
            self.assertIn("2025-07-01", types[name]["apiVersions"])
        self.refused(404, "InvalidResourceNamespace", "GET", self.subscription + "/providers/Microsoft.Nothing")

    def test_cs22_a_pool_serves_with_limits_of_its_own(self):  # CS-22
        group = self.group()
        one, two = self.pool(group, "one"), self.pool(group, "two", maxConcurrentSessions=1)
        self.assertTrue(one["poolManagementEndpoint"].endswith(f"{group}/sessionPools/one"))
        self.assertEqual(self.run_code(one["poolManagementEndpoint"], "x = 1\nx"), (200, 1))
        self.assertEqual(self.run_code(two["poolManagementEndpoint"], "'x' in globals()"), (200, False))
        self.assertEqual(self.run_code(two["poolManagementEndpoint"], "1", "another"), (429, "SessionsCountExceedsLimit"))
        self.assertEqual(self.run_code(self.server.ready["sessionPoolUrl"], "'x' in globals()"), (200, False))

        path = f"{group}/providers/Microsoft.App/sessionPools/two"
        self.expect(200, "PATCH", path, {"properties": {"scaleConfiguration": {"maxConcurrentSessions": 2}}})
        self.assertEqual(self.run_code(two["poolManagementEndpoint"], "1", "another"), (200, 1))
        self.expect(200, "PATCH", path, {"properties": {"scaleConfiguration": {"maxConcurrentSessions": 1}}})
        self.assertEqual(self.run_code(two["poolManagementEndpoint"], "x = 5\nx", "another"), (200, 5))  # goes on

        self.expect(200, "DELETE", f"{group}/providers/Microsoft.App/sessionPools/one")
        self.assertEqual(self.run_code(one["poolManagementEndpoint"], "1"), (404, "SessionPoolNotFound"))
        self.pool(group, "one")
        self.assertEqual(self.run_code(one["poolManagementEndpoint"], "'x' in globals()"), (200, False))

    def test_cs22_defaults_and_what_there_is_not(self):  # CS-22
        path = f"{self.group()}/providers/Microsoft.App/sessionPools/p1"
        made = self.expect(200, "PUT", path, {"location": "eastus"})["properties"]
        self.assertEqual(made["scaleConfiguration"], {"maxConcurrentSessions": 10, "readySessionInstances": 5})
        self.assertEqual(made["dynamicPoolConfiguration"]["lifecycleConfiguration"],
                         {"lifecycleType": "Timed", "cooldownPeriodInSeconds": 300})
        self.assertEqual(made["sessionNetworkConfiguration"], {"status": "EgressDisabled"})
        older = {"dynamicPoolConfiguration": {"executionType": "Timed", "cooldownPeriodInSeconds": 77}}
        life = self.expect(200, "PUT", path, {"location": "eastus", "properties": older})["properties"]
        self.assertEqual(life["dynamicPoolConfiguration"]["lifecycleConfiguration"]["cooldownPeriodInSeconds"], 77)
        for properties, code in (
                ({"containerType": "NodeLTS"}, "ContainerTypeNotSupported"), ({"containerType": "Shell"}, "ContainerTypeNotSupported"),
                ({"containerType": "CustomContainer"}, "ContainerTypeNotSupported"), ({"containerType": "Perl"}, "InvalidRequestContent"),
                ({"sessionNetworkConfiguration": {"status": "EgressEnabled"}}, "EgressNotSupported"),
                ({"poolManagementType": "Manual"}, "PoolManagementTypeNotSupported"),
                ({"scaleConfiguration": {"maxConcurrentSessions": 0}}, "InvalidRequestContent"),
                ({"scaleConfiguration": {"maxConcurrentSessions": "5"}}, "InvalidRequestContent"),
                ({"scaleConfiguration": []}, "InvalidRequestContent")):
            self.refused(400, code, "PUT", path, {"location": "eastus", "properties": properties})
        self.refused(409, "QuotaExceeded", "PUT", path,
                     {"location": "eastus", "properties": {"scaleConfiguration": {"maxConcurrentSessions": 5000}}})
        self.assertEqual(self.expect(200, "GET", path)["properties"]["scaleConfiguration"]["maxConcurrentSessions"], 10)
        self.refused(400, "InvalidResourceName", "PUT", path[:-2] + "1p", {"location": "eastus"})

    def test_cs23_cs24_a_scheduler_has_hubs_of_its_own(self):  # CS-23, CS-24
        group = self.group()
        path = f"{group}/providers/Microsoft.DurableTask/schedulers"
        one, two = (self.expect(201, "PUT", f"{path}/{name}", SCHEDULER)["properties"] for name in ("one", "two"))
        self.assertNotEqual(one["endpoint"], two["endpoint"])
        self.assertEqual(one["sku"]["redundancyState"], "None")
        self.expect(201, "PUT", f"{path}/one/taskHubs/Hub1", {"properties": {}})
        self.assertEqual(self.hubs(f"{path}/one"), ["Hub1"])
        self.assertEqual(self.hubs(f"{path}/two"), [])
        self.assertEqual(self.hello(one["endpoint"], "hub1"), "")
        self.assertIn("Task hub not found", self.hello(two["endpoint"], "hub1"))
        self.expect(204, "DELETE", f"{path}/one/taskHubs/hub1")
        self.assertIn("Task hub not found", self.hello(one["endpoint"], "hub1"))
        self.expect(204, "DELETE", f"{path}/one")
        self.assertFalse(self.connects(one["endpoint"]))
        self.assertEqual([name for name in self.files() if ".one" in name], [])
        self.refused(400, "InvalidResourceName", "PUT", f"{path}/a_b", SCHEDULER)
        self.refused(400, "InvalidRequestContent", "PUT", f"{path}/one",
                     {"location": "eastus", "properties": {"ipAllowlist": ["localhost"]}})

    def test_cs23_the_allow_list_is_enforced(self):  # CS-23
        path = f"{self.group()}/providers/Microsoft.DurableTask/schedulers/guarded"

        def allow(*entries, status=200):
            return self.expect(status, "PUT", path, {"location": "eastus", "properties": {"ipAllowlist": entries}})["properties"]["endpoint"]
        endpoint = allow(status=201)
        self.assertFalse(self.answers(endpoint))
        self.assertEqual(allow("192.0.2.0/24"), endpoint)
        self.assertFalse(self.answers(endpoint))
        allow("192.0.2.0/24", "127.0.0.0/8", "::1")
        self.assertTrue(self.answers(endpoint))
        self.expect(200, "PATCH", path, {"properties": {"publicNetworkAccess": "Disabled"}})
        self.assertFalse(self.answers(endpoint))

    def test_cs23_the_allow_list_ends_open_connections(self):  # CS-23
        path = f"{self.group()}/providers/Microsoft.DurableTask/schedulers/narrowed"
        endpoint = self.expect(201, "PUT", path, SCHEDULER)["properties"]["endpoint"]
        port = urllib.parse.urlsplit(endpoint).port
        held = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(2)]
        held[0].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        self.assertTrue(held[0].recv(9))
        held[1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(held[1].recv(20).startswith(b"HTTP/1.1 200"))
        self.expect(200, "PUT", path, {"location": "eastus", "properties": {"ipAllowlist": ["192.0.2.0/24"]}})
        for one in held:
            with one:
                while one.recv(65536):  # to the end: it was let in, and is let out
                    pass
        self.assertFalse(self.answers(endpoint))

    def test_a_scheduler_that_was_made_has_the_http_api_too(self):
        path = f"{self.group()}/providers/Microsoft.DurableTask/schedulers/spoken"
        endpoint = self.expect(201, "PUT", path, SCHEDULER)["properties"]["endpoint"]
        self.expect(201, "PUT", f"{path}/taskHubs/spoken-hub", {})
        connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(endpoint).port, timeout=30)
        self.addCleanup(connection.close)

        def ask(method, path, body=None):
            connection.request(method, path, json.dumps(body) if body else None, {"x-taskhub": "spoken-hub", "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        self.assertEqual(ask("GET", "/v1/taskhubs/ping")[0], 200)
        self.assertIn("spoken-hub", json.dumps(ask("GET", "/v1/hubs")))
        self.assertEqual(ask("GET", "/v1/requests")[0], 404)  # the app is not there

    def test_cs24_hubs_of_the_settings_are_shown_and_stay(self):  # CS-24
        path = self.subscription + "/resourceGroups/local/providers/Microsoft.DurableTask/schedulers/local"
        self.assertIn("default", self.hubs(path))
        self.refused(409, "Conflict", "DELETE", path + "/taskHubs/default")
        self.refused(409, "Conflict", "DELETE", path)
        self.expect(201, "PUT", path + "/taskHubs/beside", {})
        self.assertEqual(self.hello(self.server.ready["url"], "beside"), "")
        self.expect(204, "DELETE", path + "/taskHubs/beside")
        self.assertNotIn("beside", self.hubs(path))

    def test_cs25_retention_policies(self):  # CS-25
        path = f"{self.group()}/providers/Microsoft.DurableTask/schedulers/kept"
        self.expect(201, "PUT", path, SCHEDULER)
        policies = [{"retentionPeriodInDays": 3}, {"retentionPeriodInDays": 30, "orchestrationState": "Canceled"}]
        self.expect(201, "PUT", path + "/retentionPolicies/default", {"properties": {"retentionPolicies": policies}})
        shown = self.expect(200, "GET", path + "/retentionPolicies/default")["properties"]
        self.assertEqual(shown["retentionPolicies"], policies)
        for wrong in ([{"retentionPeriodInDays": -1}], [{}], [{"retentionPeriodInDays": 1, "orchestrationState": "Running"}], {}):
            self.refused(400, "InvalidRequestContent", "PUT", path + "/retentionPolicies/default",
                         {"properties": {"retentionPolicies": wrong}})
        self.refused(400, "InvalidResourceName", "PUT", path + "/retentionPolicies/other", {})
        self.expect(204, "DELETE", path + "/retentionPolicies/default")

    def test_cs25_what_has_ended_is_purged_by_the_policy(self):  # CS-25
        path = f"{self.group()}/providers/Microsoft.DurableTask/schedulers/purged"
        endpoint = self.expect(201, "PUT", path, SCHEDULER)["properties"]["endpoint"]
        self.expect(201, "PUT", path + "/taskHubs/hub", {})

        def instance(*words):
            return subprocess.run([PROGRAM, "instance", *words, "--connection", f"Endpoint={endpoint};TaskHub=hub;Authentication=None"],
                                  capture_output=True, text=True, timeout=120)
        for name in ("over", "open"):
            self.assertEqual(instance("start", "Orch", "--id", name).returncode, 0)
        self.assertEqual(instance("terminate", "over").returncode, 0)
        self.assertIn("over", instance("ls", "--status", "terminated").stdout)
        policies = [{"retentionPeriodInDays": 0, "orchestrationState": "Terminated"}]
        self.expect(201, "PUT", path + "/retentionPolicies/default", {"properties": {"retentionPolicies": policies}})
        end = time.monotonic() + 120  # a sweep comes each minute
        while instance("show", "over").returncode != 3:
            self.assertLess(time.monotonic(), end, "it is still there")
            time.sleep(1)
        self.assertEqual(instance("show", "open").returncode, 0)

    def test_cs26_role_assignments(self):  # CS-26
        group = self.group()
        principal = self.identity(group)["principalId"]
        path = f"{group}/providers/Microsoft.Authorization/roleAssignments"
        body = {"properties": {"roleDefinitionId": f"{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{READER}",
                               "principalId": principal, "principalType": "ServicePrincipal"}}
        made = self.expect(201, "PUT", f"{path}/{GUID}", body)
        self.assertEqual((made["name"], made["properties"]["scope"]), (GUID, group))
        self.expect(200, "PUT", f"{path}/{GUID}", body)
        self.refused(409, "RoleAssignmentExists", "PUT", f"{path}/{GUID[:-1]}6", body)
        self.refused(400, "RoleDefinitionDoesNotExist", "PUT", f"{path}/{GUID[:-1]}7",
                     {"properties": {**body["properties"], "roleDefinitionId": GUID}})
        self.refused(400, "PrincipalNotFound", "PUT", f"{path}/{GUID[:-1]}7", {"properties": {**body["properties"], "principalId": GUID}})
        listed = self.expect(200, "GET", f"{path}?$filter=principalId%20eq%20'{principal}'")["value"]
        self.assertEqual([row["name"] for row in listed], [GUID])
        above = self.expect(200, "GET", f"{self.subscription}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()")["value"]
        self.assertEqual([row["name"] for row in above], [])
        self.assertEqual(self.expect(200, "DELETE", f"{path}/{GUID}")["name"], GUID)
        self.expect(204, "DELETE", f"{path}/{GUID}")
        # What was granted goes with the scope: a new group of the name has none of it.
        self.expect(201, "PUT", f"{path}/{GUID}", body)
        self.expect(200, "DELETE", group)
        self.expect(201, "PUT", group, {"location": "eastus"})
        self.assertEqual(self.expect(200, "GET", path)["value"], [])

    def test_cs27_role_definitions(self):  # CS-27
        path = self.subscription + "/providers/Microsoft.Authorization/roleDefinitions"
        found = self.expect(200, "GET", f"{path}?$filter=roleName%20eq%20'Durable%20Task%20Data%20Contributor'")["value"]
        self.assertEqual([role["name"] for role in found], ["0ad04412-c4d5-4796-b79c-f76d14c8d402"])
        self.assertEqual(self.expect(200, "GET", f"{path}/{READER}")["properties"]["roleName"], "Reader")
        self.refused(404, "RoleDefinitionDoesNotExist", "GET", f"{path}/{GUID}")
        self.assertGreaterEqual(len(self.expect(200, "GET", path)["value"]), 11)

    def test_cs28_check_access(self):  # CS-28
        group = self.group()
        principal = self.identity(group)["principalId"]
        self.expect(201, "PUT", f"{group}/providers/Microsoft.Authorization/roleAssignments/{GUID}", {"properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{READER}", "principalId": principal}})
        asked = {"Subject": {"ObjectId": principal}, "Actions": [
            {"Id": "Microsoft.App/sessionPools/read"}, {"Id": "Microsoft.App/sessionPools/write"},
            {"Id": "Microsoft.Authorization/roleAssignments/write"}]}
        for scope, expected in ((group, ["Allowed", "NotAllowed", "NotAllowed"]), (self.subscription, ["NotAllowed"] * 3)):
            answer = self.expect(200, "POST", f"{scope}/providers/Microsoft.Authorization/checkAccess", asked)
            self.assertEqual([row["accessDecision"] for row in answer], expected)
            self.assertEqual([row["actionId"] for row in answer], [action["Id"] for action in asked["Actions"]])

    def test_cs28_check_access_counts_groups_and_answers_each_of_many(self):  # CS-28
        group = self.group()
        principal = self.identity(group)["principalId"]
        made = self.server.ask("POST", "/v1/directory/groups", {"name": "those-who-read"})
        self.assertEqual(made[0], 201, made)
        check = f"{group}/providers/Microsoft.Authorization/checkAccess"
        many = [{"Id": f"Microsoft.App/{'read' if i % 3 == 0 else 'write'}{i}/{'read' if i % 3 == 0 else 'write'}"} for i in range(3000)]
        self.expect(201, "PUT", f"{group}/providers/Microsoft.Authorization/roleAssignments/{GUID}", {"properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{READER}", "principalId": made[2]["id"]}})
        asked = {"Subject": {"ObjectId": principal.upper()}, "Actions": many}
        before = self.expect(200, "POST", check, asked)
        self.assertEqual({row["accessDecision"] for row in before}, {"NotAllowed"})
        joined = self.server.ask("POST", "/v1/directory/groups/those-who-read/members", {"member": principal})
        self.assertIn(joined[0], (200, 201, 204), joined)
        answer = self.expect(200, "POST", check, asked)
        self.assertEqual([row["accessDecision"] == "Allowed" for row in answer], [i % 3 == 0 for i in range(3000)])

    def test_cs29_cs30_environments_and_apps_are_kept_and_shown(self):  # CS-29, CS-30
        group = self.group()
        environment = self.expect(200, "PUT", f"{group}/providers/Microsoft.App/managedEnvironments/env1", {"location": "eastus"})
        self.assertTrue(environment["properties"]["defaultDomain"])
        path = f"{group}/providers/Microsoft.App/containerApps/my-app"
        app = {"location": "eastus", "properties": {
            "environmentId": environment["id"],
            "configuration": {"ingress": {"external": True, "targetPort": 8080}, "secrets": [{"name": "s", "value": "hidden!"}]},
            "template": {"containers": [{"image": "aca-dts:latest", "name": "main", "env": [{"name": "A", "secretRef": "s"}]}]}}}
        # `az` waits for an operation behind a 201.
        shown = self.expect(200, "PUT", path, app)
        self.assertEqual(shown["properties"]["runningStatus"], "NoEngine")
        self.assertIn("runs no container engine", shown["properties"]["runningStatusDetails"])
        self.assertTrue(shown["properties"]["configuration"]["ingress"]["fqdn"])
        self.assertNotIn("hidden!", json.dumps(shown) + json.dumps(self.expect(200, "GET", path)))
        self.assertEqual(self.expect(200, "POST", path + "/listSecrets")["value"], [{"name": "s", "value": "hidden!"}])
        self.assertIn("runs no container engine", self.refused(409, "NoEngine", "POST", path + "/start"))
        self.refused(400, "InvalidRequestContent", "PUT", path, {"location": "eastus", "properties": {"template": {"containers": []}}})

    def test_cs30_the_own_image_does_not_ask_for_an_engine(self):  # CS-30
        path = f"{self.group()}/providers/Microsoft.App/containerApps"
        for name, images, runs in (("one", ["sallyport/app"], True), ("two", ["registry.example.org:5000/sallyport/app:1.0"], True),
                                   ("three", ["sallyport/apple"], False), ("four", ["notsallyport/app"], False),
                                   ("five", ["sallyport/app", "redis"], False)):
            containers = [{"image": image, "name": f"c{i}"} for i, image in enumerate(images)]
            app = self.expect(200, "PUT", f"{path}/{name}", {"location": "eastus", "properties": {"template": {"containers": containers}}})
            self.assertEqual(app["properties"]["runningStatus"] in ("Running", "Progressing"), runs, images)
            if runs:
                self.expect(200, "POST", f"{path}/{name}/start")
                self.expect(200, "DELETE", f"{path}/{name}")
            else:
                self.refused(409, "NoEngine", "POST", f"{path}/{name}/start")

    def test_cs31_identities_are_principals(self):  # CS-31
        group = self.group()
        made = self.identity(group)
        self.assertEqual({len(made[name]) for name in ("principalId", "clientId", "tenantId")}, {36})
        self.assertEqual(self.identity(group, status=200), made)
        self.expect(200, "DELETE", f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me1")
        self.assertNotEqual(self.identity(group)["principalId"], made["principalId"])

    def identity(self, group, status=201):
        return self.expect(status, "PUT", f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me1",
                           {"location": "eastus"})["properties"]

    def hubs(self, scheduler):
        return [hub["name"] for hub in self.expect(200, "GET", scheduler + "/taskHubs")["value"]]

    def files(self):
        return [path.name for path in pathlib.Path(self.server.data).iterdir()]

    def connects(self, endpoint):
        try:
            socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(endpoint).port), 10).close()
        except ConnectionRefusedError:
            return False
        return True

    def answers(self, endpoint):
        """True if a peer is let in: the server says its HTTP/2 settings; else it closes without a byte."""
        with socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(endpoint).port), 30) as peer:
            try:
                peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                return peer.recv(9) != b""
            except ConnectionError:
                return False

    def hello(self, endpoint, hub):
        """What `sallyport instance ls` says against that hub; "" when it went well."""
        done = subprocess.run([PROGRAM, "instance", "ls", "--connection",
                               f"Endpoint={endpoint};TaskHub={hub};Authentication=None"],
                              capture_output=True, text=True, timeout=120)
        return "" if done.returncode == 0 else done.stderr


class Restart(Control):
    def test_what_was_made_is_the_running_configuration_after_kill_9(self):
        group = self.group()
        pool = self.pool(group)["poolManagementEndpoint"]
        scheduler = f"{group}/providers/Microsoft.DurableTask/schedulers/lasting"
        before = self.expect(201, "PUT", scheduler, SCHEDULER)
        self.expect(201, "PUT", scheduler + "/taskHubs/Work", {})
        self.expect(201, "PUT", f"{group}/providers/Microsoft.DurableTask/schedulers/gone", SCHEDULER)
        self.expect(204, "DELETE", f"{group}/providers/Microsoft.DurableTask/schedulers/gone")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.ask("GET", "/subscriptions")[2]["value"][0]["id"], self.subscription)
        self.assertEqual(self.expect(200, "GET", scheduler), before)
        self.assertEqual(self.run_code(pool, "6 * 7"), (200, 42))
        self.assertEqual([hub["name"] for hub in self.expect(200, "GET", scheduler + "/taskHubs")["value"]], ["Work"])
        self.refused(404, "ResourceNotFound", "GET", f"{group}/providers/Microsoft.DurableTask/schedulers/gone")


if __name__ == "__main__":
    unittest.main()
