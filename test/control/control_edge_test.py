#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The control plane beside the straight way: places where nothing can be, filters, names of the server, older forms. If one fails, a
request of a client of the cloud is taken for another one than was meant.

Usage: control_edge_test.py SALLYPORT
"""
import re
import unittest
import urllib.request

import control_test
from control_test import GUID, POOL, READER, SCHEDULER


class Places(control_test.Control):
    def test_cs22_a_resource_is_made_in_a_group_and_nowhere_else(self):  # CS-22
        group = self.group()
        self.pool(group, "around")
        for place in (self.subscription, f"{group}/providers/Microsoft.App/sessionPools/around"):
            for path, body in (("Microsoft.App/sessionPools/stray", POOL), ("Microsoft.DurableTask/schedulers/stray", SCHEDULER),
                               ("Microsoft.App/managedEnvironments/stray", {"location": "eastus"}),
                               ("Microsoft.ManagedIdentity/userAssignedIdentities/stray", {"location": "eastus"})):
                where = f"{place}/providers/{path}"
                self.assertIn("in a resource group", self.refused(400, "InvalidResourceId", "PUT", where, body))
                self.refused(404, "ResourceNotFound", "GET", where)
                self.expect(204, "DELETE", where)
        for place in (self.subscription, group):
            self.refused(400, "InvalidResourceId", "PUT", f"{place}/providers/Microsoft.Resources/resourceGroups/stray", {"location": "eastus"})
        self.assertEqual(len(self.expect(200, "GET", f"{group}/resources")["value"]), 1)

    def test_cs32_a_template_of_the_subscription_makes_no_resource_without_a_group(self):  # CS-32
        template = {"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
                    "contentVersion": "1.0.0.0", "resources": [{"type": "Microsoft.App/sessionPools", "apiVersion": "2025-07-01", "name": "stray", **POOL}]}
        path = f"{self.subscription}/providers/Microsoft.Resources/deployments/strays"
        answer = self.ask("PUT", path, {"location": "eastus", "properties": {"mode": "Incremental", "template": template}})
        self.assertGreaterEqual(answer[0], 400, answer)
        self.assertIn("in a resource group", str(answer[2]))
        self.refused(404, "ResourceNotFound", "GET", f"{self.subscription}/providers/Microsoft.App/sessionPools/stray")


class Root(control_test.Control):
    def assigned(self, scope, query=""):
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments{query}"
        return [row["name"] for row in self.expect(200, "GET", path)["value"]]

    def principal(self, group, name="me1"):
        return self.expect(201, "PUT", f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}", {"location": "eastus"})["properties"]["principalId"]

    def wish(self, principal, role=READER):
        return {"properties": {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}", "principalId": principal}}

    def test_cs26_a_role_is_granted_at_the_root(self):  # CS-26
        group = self.group()
        principal = self.principal(group)
        path = f"/providers/Microsoft.Authorization/roleAssignments/{GUID}"
        made = self.expect(201, "PUT", path, self.wish(principal))
        self.assertEqual((made["id"], made["properties"]["scope"]), (path, "/"))
        self.assertEqual(self.expect(200, "GET", path), made)
        self.assertIn(GUID, self.assigned(group, "?$filter=atScope()"))
        asked = {"Subject": {"ObjectId": principal}, "Actions": [{"Id": "Microsoft.App/sessionPools/read"}]}
        self.assertEqual(self.expect(200, "POST", "/providers/Microsoft.Authorization/checkAccess", asked)[0]["accessDecision"], "Allowed")
        self.expect(200, "DELETE", path)
        self.expect(204, "DELETE", path)
        # Nothing but a grant is made there.
        for what in ("Microsoft.App/sessionPools/stray", "Microsoft.Resources/deployments/stray", "Microsoft.Resources/resourceGroups/stray"):
            self.refused(400, "InvalidResourceId", "PUT", f"/providers/{what}", POOL)

    def test_cs26_a_grant_names_somebody(self):  # CS-26
        path = f"{self.group()}/providers/Microsoft.Authorization/roleAssignments/{GUID}"
        self.assertIn("principalId is required", self.refused(400, "InvalidRequestContent", "PUT", path, self.wish("")))

    def test_cs26_a_filter_that_is_not_understood_lists_nothing(self):  # CS-26, CS-27
        group = self.group()
        principal, other = self.principal(group), self.principal(group, "other")
        path = f"{group}/providers/Microsoft.Authorization"
        self.expect(201, "PUT", f"{path}/roleAssignments/{GUID}", self.wish(principal))
        for good in (f"principalId%20eq%20'{principal}'", f"atScope()%20and%20assignedTo('{principal}')", f"atscope()+AND+principalid+eq+'{principal.upper()}'"):
            self.assertEqual(self.assigned(group, f"?$filter={good}"), [GUID], good)
        self.assertEqual(self.assigned(group, f"?$filter=principalId%20eq%20'{other}'"), [])
        wrong = (f"principalId%20eq%20{principal}", f"principalId%20ne%20'{principal}'", f"principalName%20eq%20'{principal}'", "atScope", "asTarget()",
                 "atScope()%20or%20atScope()", "atScope()%20and", f"assignedTo('{principal}", "%20and%20".join(["atScope()"] * 5), "'", "eq%20'a'")
        for filter in wrong:
            self.refused(400, "InvalidFilterInQueryString", "GET", f"{path}/roleAssignments?$filter={filter}")
        for filter in ("roleName%20eq%20Reader", "name%20eq%20'Reader'", "roleName%20eq%20'O''Brien"):
            self.refused(400, "InvalidFilterInQueryString", "GET", f"{path}/roleDefinitions?$filter={filter}")
        for filter, count in (("type%20eq%20'CustomRole'", 0), ("roleName%20eq%20'O''Brien'", 0), ("roleName%20eq%20'reader'%20and%20type%20eq%20'BuiltInRole'", 1)):
            self.assertEqual(len(self.expect(200, "GET", f"{path}/roleDefinitions?$filter={filter}")["value"]), count, filter)
        self.assertGreater(len(self.expect(200, "GET", f"{path}/roleDefinitions?$filter=atScopeAndBelow()")["value"]), 5)

    def test_cs26_assigned_to_counts_groups(self):  # CS-26
        group = self.group()
        principal = self.principal(group)
        made = self.server.ask("POST", "/v1/directory/groups", {"name": "those-assigned"})
        self.assertEqual(made[0], 201, made)
        self.assertIn(self.server.ask("POST", "/v1/directory/groups/those-assigned/members", {"member": principal})[0], (200, 201, 204))
        self.expect(201, "PUT", f"{group}/providers/Microsoft.Authorization/roleAssignments/{GUID}", self.wish(made[2]["id"]))
        self.assertEqual(self.assigned(group, f"?$filter=assignedTo('{principal}')"), [GUID])
        self.assertEqual(self.assigned(group, f"?$filter=principalId%20eq%20'{principal}'"), [])


class Lists(control_test.Control):
    def names(self, path):
        return [row["name"] for row in self.expect(200, "GET", path)["value"]]

    def test_cs20_groups_and_resources_are_listed_by_tag(self):  # CS-20
        groups = [self.group() for _ in range(2)]
        for path, tags in zip(groups, ({"Team": "Blue"}, {"team": "red", "other": "Blue"})):
            self.expect(200, "PATCH", path, {"tags": tags})
        names = [path.rsplit("/", 1)[1] for path in groups]
        listed = f"{self.subscription}/resourceGroups"
        self.assertEqual(self.names(f"{listed}?$filter=tagName%20eq%20'TEAM'"), names)
        self.assertEqual(self.names(f"{listed}?$filter=tagname%20eq%20'team'%20and%20tagvalue%20eq%20'Blue'"), names[:1])
        self.assertEqual(self.names(f"{listed}?$filter=tagName%20eq%20'team'%20and%20tagValue%20eq%20'blue'"), [])
        self.expect(201, "PUT", f"{groups[0]}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/tagged", {"location": "eastus", "tags": {"a": "b"}})
        self.assertEqual(self.names(f"{groups[0]}/resources?$filter=tagName%20eq%20'a'%20and%20tagValue%20eq%20'b'"), ["tagged"])
        for wrong in ("tagName%20eq%20team", "substringof('a',name)", "tagName%20eq%20'a'%20and%20tagName%20eq%20'team'",
                      "resourceType%20eq%20'Microsoft.Nope/x'", "startswith(tagName,'a')"):
            self.refused(400, "InvalidFilterInQueryString", "GET", f"{listed}?$filter={wrong}")

    def test_a_list_goes_on_by_the_name_that_was_asked(self):
        group = self.group()
        for name in ("one", "two", "three"):
            self.expect(200, "PUT", f"{group}/providers/Microsoft.App/managedEnvironments/{name}", {"location": "eastus"})
        for host in (f"127.0.0.1:{self.server.port}", f"localhost:{self.server.port}"):
            page = self.expect(200, "GET", f"{group}/providers/Microsoft.App/managedEnvironments?$top=2", headers={"Host": host})
            self.assertEqual(page["nextLink"].split("/subscriptions/")[0], f"http://{host}")
            rest = self.server.ask("GET", page["nextLink"].removeprefix(f"http://{host}"))[2]
            self.assertEqual(sorted(row["name"] for row in page["value"] + rest["value"]), ["one", "three", "two"])


class Apps(control_test.Control):
    def test_cs30_an_app_is_put_into_an_environment_that_is_there(self):  # CS-30
        group = self.group()
        environment, pool = f"{group}/providers/Microsoft.App/managedEnvironments/env1", f"{group}/providers/Microsoft.App/sessionPools/env1"
        path = f"{group}/providers/Microsoft.App/containerApps/shop"
        self.pool(group, "env1")

        def app(where):
            return {"location": "eastus", "properties": {"environmentId": where, "template": {"containers": [{"image": "shop", "name": "shop"}]}}}
        for wrong in (environment, pool, "env1", group):
            self.assertIn("env create", self.refused(400, "ManagedEnvironmentNotFound", "PUT", path, app(wrong)))
        self.expect(200, "PUT", environment, {"location": "eastus"})
        self.expect(200, "PUT", path, app(environment.upper().replace("/SUBSCRIPTIONS", "/subscriptions")))
        self.expect(200, "PUT", path, app(environment))
        self.refused(400, "ManagedEnvironmentNotFound", "PATCH", path, {"properties": {"environmentId": environment + "x"}})
        self.expect(200, "DELETE", environment)
        self.assertEqual(self.expect(200, "PATCH", path, {"tags": {"a": "b"}})["tags"], {"a": "b"})
        self.expect(200, "DELETE", path)


class Older(control_test.Control):
    def test_cs22_the_cooldown_of_the_first_preview_changes_a_pool(self):  # CS-22
        path = f"{self.group()}/providers/Microsoft.App/sessionPools/older"
        body = {"location": "eastus", "properties": {"dynamicPoolConfiguration": {"executionType": "Timed", "cooldownPeriodInSeconds": 77}}}
        for method, seconds in (("PUT", 77), ("PATCH", 78)):
            body["properties"]["dynamicPoolConfiguration"]["cooldownPeriodInSeconds"] = seconds
            made = self.expect(200, method, path, body, version="2024-02-02-preview")["properties"]["dynamicPoolConfiguration"]
            self.assertEqual(made, {"lifecycleConfiguration": {"lifecycleType": "Timed", "cooldownPeriodInSeconds": seconds}})

    def test_cs24_the_dashboard_of_a_hub_is_its_scheduler_s(self):  # CS-24
        group = self.group()
        made = f"{group}/providers/Microsoft.DurableTask/schedulers/shown"
        own = f"{self.subscription}/resourceGroups/local/providers/Microsoft.DurableTask/schedulers/local"
        self.expect(201, "PUT", made, SCHEDULER)
        for scheduler in (made, own):
            endpoint = self.expect(200, "GET", scheduler)["properties"]["endpoint"]
            hub = self.expect(201, "PUT", f"{scheduler}/taskHubs/shown-hub", {})
            self.assertEqual(hub["properties"]["dashboardUrl"], f"{endpoint}/#/orchestrations?hub=shown-hub")
            page = urllib.request.urlopen(urllib.request.Request(endpoint, headers={"Accept": "text/html"})).read().decode()
            script = re.search(r'<script [^>]*src="(/assets/[^"]+)"', page)[1]
            self.assertEqual(urllib.request.urlopen(endpoint + script).status, 200)


if __name__ == "__main__":
    unittest.main()
