# SPDX-License-Identifier: MIT
"""Deployments of templates (CS-32): what they make, in which order, with whose rights, and what is left when one fails.

If it fails, a template makes what it does not say or nobody may, or a team's Bicep does not come up here.
Usage: deployment_test.py SALLYPORT
"""
import http.client
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROGRAM = sys.argv.pop(1)
DEPLOYMENTS = "providers/Microsoft.Resources/deployments"
VERSION = "api-version=2024-11-01"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
POOL = {"type": "Microsoft.App/sessionPools", "apiVersion": "2025-07-01", "name": "[parameters('pool')]",
        "location": "[resourceGroup().location]", "properties": {"poolManagementType": "Dynamic", "containerType": "PythonLTS",
        "scaleConfiguration": {"maxConcurrentSessions": 2, "readySessionInstances": 0}}}
SCHEDULER = {"type": "Microsoft.DurableTask/schedulers", "apiVersion": "2025-11-01", "name": "work", "location": "local",
             "properties": {"ipAllowlist": ["0.0.0.0/0"], "sku": {"name": "Consumption"}}}
# What the sample's set-up block does, as a template: the hub before its scheduler, so that the order counts.
SAMPLE = {
    "$schema": SCHEMA, "contentVersion": "1.0.0.0",
    "parameters": {"pool": {"type": "string", "defaultValue": "[concat('pool-', uniqueString(resourceGroup().id))]"},
                   "word": {"type": "secureString"}, "principal": {"type": "string", "defaultValue": ""}},
    "variables": {"executor": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0')]"},
    "resources": [
        {"type": "Microsoft.DurableTask/schedulers/taskHubs", "apiVersion": "2025-11-01", "name": "work/hub",
         "dependsOn": ["[resourceId('Microsoft.DurableTask/schedulers', 'work')]"], "properties": {}},
        SCHEDULER, POOL,
        {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "condition": "[not(empty(parameters('principal')))]",
         "scope": "[format('Microsoft.App/sessionPools/{0}', parameters('pool'))]",
         "name": "[guid(resourceGroup().id, parameters('principal'), variables('executor'))]",
         "dependsOn": ["[resourceId('Microsoft.App/sessionPools', parameters('pool'))]"],
         "properties": {"roleDefinitionId": "[variables('executor')]", "principalId": "[parameters('principal')]"}}],
    "outputs": {"SESSION_POOL_URL": {"type": "string", "value": "[reference(resourceId('Microsoft.App/sessionPools', parameters('pool')), '2025-07-01').poolManagementEndpoint]"},
                "endpoint": {"type": "string", "value": "[reference('work').endpoint]"}}}


class Deployments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "0"]).start().sign_in()
        cls.addClassCleanup(cls.server.close)
        cls.subscription = cls.ask(200, "GET", "/subscriptions?api-version=2022-12-01")["value"][0]["id"]

    @classmethod
    def ask(cls, expected, method, path, body=None, key=None):
        mark = "&" if "?" in path else "?"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        status, _, answer = cls.server.ask(method, path if "api-version" in path else f"{path}{mark}{VERSION}", body, headers)
        assert status == expected, (method, path, status, answer, cls.server.tail()[-500:])
        return answer

    def setUp(self):
        self.group = f"{self.subscription}/resourceGroups/{self._testMethodName[:60]}"
        self.ask(201, "PUT", self.group, {"location": "eastus"})
        self.addCleanup(self.ask, 200, "DELETE", self.group)

    def deploy(self, template, expected=201, name="first", key=None, scope=None, action="", **parameters):
        body = {"properties": {"mode": "Incremental", "template": template,
                               "parameters": {one: {"value": value} for one, value in parameters.items()}}}
        method = "POST" if action else "PUT"
        return self.ask(expected, method, f"{scope or self.group}/{DEPLOYMENTS}/{name}{action}", body, key)

    def names(self):
        return sorted(one["name"] for one in self.ask(200, "GET", f"{self.group}/resources")["value"])

    def refusal(self, template, expected=400, **more):
        error = self.deploy(template, expected, **more)["error"]
        return error["details"][0] if "details" in error else error

    def template(self, *resources, **more):
        return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}

    def test_cs32_the_samples_set_up_as_a_template(self):  # CS-32
        person = self.ask(201, "POST", "/v1/directory/users", {"name": "ann@example.org"})
        validated = self.deploy(SAMPLE, 200, action="/validate", word="hush", pool="pool")
        self.assertEqual(len(validated["properties"]["validatedResources"]), 3)
        self.assertEqual(self.names(), [])
        made = self.deploy(SAMPLE, word="hush", pool="pool", principal=person["id"])
        properties = made["properties"]
        self.assertEqual(properties["provisioningState"], "Succeeded")
        self.assertEqual(self.names(), ["hub", "pool", "work"])
        self.assertNotIn("hush", json.dumps(made))
        url = properties["outputs"]["SESSION_POOL_URL"]["value"]
        self.assertIn("/sessionPools/pool", url)
        status, _, ran = self.server.ask("POST", url.removeprefix(self.server.ready["url"]) + "/code/execute?api-version=2024-02-02-preview&identifier=first",
                                         {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(6 * 7)"}})
        self.assertEqual((status, ran["properties"]["stdout"]), (200, "42\n"))
        self.assertTrue(properties["outputs"]["endpoint"]["value"].startswith("http://localhost:"))
        granted = self.ask(200, "GET", f"{self.group}/providers/Microsoft.App/sessionPools/pool/providers/Microsoft.Authorization/"
                           "roleAssignments?api-version=2022-04-01&$filter=atScope()")["value"]
        self.assertIn(person["id"], [one["properties"]["principalId"] for one in granted])

        # Again it changes nothing; it is kept, listed, and told of in parts; and there after a restart.
        self.assertEqual(self.deploy(SAMPLE, 200, word="hush", pool="pool", principal=person["id"])["properties"]["outputs"], properties["outputs"])
        self.assertEqual(self.server.stop(), 0)
        self.server.start().sign_in()
        shown = self.ask(200, "GET", f"{self.group}/{DEPLOYMENTS}/first")
        self.assertEqual(shown["properties"]["outputs"]["SESSION_POOL_URL"], properties["outputs"]["SESSION_POOL_URL"])
        self.assertEqual([one["name"] for one in self.ask(200, "GET", f"{self.group}/{DEPLOYMENTS}")["value"]], ["first"])
        parts = self.ask(200, "GET", f"{self.group}/{DEPLOYMENTS}/first/operations")["value"]
        self.assertEqual(len(parts), 4)
        self.assertEqual(self.ask(200, "GET", f"{self.group}/deployments/first/operations")["value"], parts)  # as the SDKs ask
        self.ask(200, "DELETE", f"{self.group}/{DEPLOYMENTS}/first")
        self.assertEqual(self.names(), ["hub", "pool", "work"])
        self.ask(404, "GET", f"{self.group}/{DEPLOYMENTS}/first")

    def test_cs32_one_that_fails_says_which_and_keeps_what_was_made(self):  # CS-32
        bad = {**POOL, "name": "bad", "dependsOn": ["work"], "properties": {"containerType": "NodeLTS"}}
        detail = self.refusal(self.template(bad, SCHEDULER))
        self.assertIn("Node.js", detail["message"])
        self.assertTrue(detail["target"].endswith("/sessionPools/bad"))
        self.assertEqual(self.names(), ["work"])
        shown = self.ask(200, "GET", f"{self.group}/{DEPLOYMENTS}/first")["properties"]
        self.assertEqual((shown["provisioningState"], shown["error"]["code"]), ("Failed", "DeploymentFailed"))
        self.assertEqual(len(shown["outputResources"]), 1)

    def test_cs32_a_template_that_cannot_be_makes_nothing(self):  # CS-32
        rows = [
            (self.template({**SCHEDULER, "type": "Microsoft.Web/sites"}), "is not known here"),
            (self.template({**SCHEDULER, "name": "[nothing()]"}), "'nothing' is not known"),
            (self.template({**SCHEDULER, "dependsOn": ["other"]}), "depends on 'other'"),
            (self.template({**SCHEDULER, "name": "a b"}), "name"),
            (self.template({**SCHEDULER, "name": "../up"}), "another number of parts"),
            (self.template({**SCHEDULER, "scope": "/subscriptions/other"}), "subscription"),
            (self.template(SCHEDULER, parameters={"n": {"type": "int"}}), "'n' has no value"),
            (None, "template is missing"),
        ]
        for template, said in rows:
            with self.subTest(said=said):
                status, _, answer = self.server.ask("PUT", f"{self.group}/{DEPLOYMENTS}/bad?{VERSION}",
                                                    {"properties": {"mode": "Incremental", **({"template": template} if template else {})}})
                self.assertIn(status, (400, 404), answer)
                self.assertIn(said, json.dumps(answer))
        complete = {"properties": {"mode": "Complete", "template": self.template(SCHEDULER)}}
        self.assertIn("Incremental", self.ask(400, "PUT", f"{self.group}/{DEPLOYMENTS}/bad", complete)["error"]["message"])
        self.assertEqual(self.names(), [])

    def test_cs32_as_the_clouds_az_sends_it(self):  # CS-32
        """Its own text around the template's, with a name without quotes; comments are the template's author's."""
        text = json.dumps(self.template(SCHEDULER)).replace('"resources"', '// what there is\n"resources"')
        body = '{"properties": {"parameters": {}, "mode": "incremental", template:' + text + "}}"
        made = self.ask(201, "PUT", f"{self.group}/{DEPLOYMENTS}/first", body.encode())
        self.assertEqual(made["properties"]["provisioningState"], "Succeeded")

    def test_cs32_a_circle_is_said(self):  # CS-32
        one = {**POOL, "name": "one", "tags": {"of": "[reference('two').poolManagementEndpoint]"}}
        two = {**POOL, "name": "two", "tags": {"of": "[reference('one').poolManagementEndpoint]"}}
        self.assertIn("circle", self.refusal(self.template(one, two))["message"])

    def test_cs32_what_is_referred_to_is_made_first(self):  # CS-32
        pool = {**POOL, "name": "pool", "tags": {"endpoint": "[reference('work').endpoint]"}}
        made = self.deploy(self.template(pool, SCHEDULER))
        self.assertEqual([one["id"].rsplit("/", 1)[1] for one in made["properties"]["outputResources"]], ["pool", "work"])
        shown = self.ask(200, "GET", f"{self.group}/providers/Microsoft.App/sessionPools/pool?api-version=2025-07-01")
        self.assertTrue(shown["tags"]["endpoint"].startswith("http://localhost:"))

    def test_cs32_loops(self):  # CS-32
        pools = {**POOL, "name": "[format('pool-{0}', copyIndex(1))]", "copy": {"name": "pools", "count": 3}}
        made = self.deploy(self.template(pools, outputs={"all": {"type": "array", "copy": {"count": 2, "input": 1}, "value": [1]}}))
        self.assertEqual(self.names(), ["pool-1", "pool-2", "pool-3"])
        self.assertEqual(made["properties"]["outputs"]["all"]["value"], [1])

    def test_cs32_a_module_is_a_deployment_within(self):  # CS-32
        """As Bicep writes one: its own parameters, and outputs for what is around it."""
        module = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "properties": {
            "expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental", "parameters": {"pool": {"value": "[variables('name')]"}},
            "template": self.template(POOL, parameters={"pool": {"type": "string"}},
                                      outputs={"name": {"type": "string", "value": "[parameters('pool')]"}})}}
        made = self.deploy(self.template(module, variables={"name": "deep"}, outputs={
            "inner": {"type": "string", "value": "[reference(resourceId('Microsoft.Resources/deployments', 'inner'), '2022-09-01').outputs.name.value]"}}))
        self.assertEqual(made["properties"]["outputs"]["inner"]["value"], "deep")
        self.assertEqual(self.names(), ["deep"])
        for _ in range(6):
            module = {**module, "name": "inner", "properties": {**module["properties"], "parameters": {}, "template": self.template(module)}}
        self.assertIn("too deep", self.refusal(self.template(module), expected=409, name="deep")["message"])

    def test_cs32_of_the_subscription(self):  # CS-32
        """As azd does it: the group first, then what is in it."""
        inner = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "in-it", "resourceGroup": "made-by-azd",
                 "dependsOn": ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'made-by-azd')]"], "properties": {
                     "expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental", "template": self.template(SCHEDULER)}}
        group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "made-by-azd", "location": "[deployment().location]"}
        path = f"{self.subscription}/{DEPLOYMENTS}/azd"
        made = self.ask(201, "PUT", path, {"location": "westus", "properties": {"mode": "Incremental", "template": self.template(inner, group)}})
        self.assertEqual(made["location"], "westus")
        self.addCleanup(self.ask, 200, "DELETE", path)
        self.ask(200, "GET", f"{self.subscription}/resourceGroups/made-by-azd/providers/Microsoft.DurableTask/schedulers/work?api-version=2025-11-01")
        self.ask(200, "DELETE", f"{self.subscription}/resourceGroups/made-by-azd")

    def test_cs32_nobody_gains_a_right_by_it(self):  # CS-32
        """A Contributor of one group makes nothing in another, and grants nothing in his own."""
        other = f"{self.subscription}/resourceGroups/others"
        self.ask(201, "PUT", other, {"location": "local"})
        self.addCleanup(self.ask, 200, "DELETE", other)
        person = self.ask(201, "POST", "/v1/directory/users", {"name": "bob@example.org"})
        self.ask(201, "POST", "/v1/directory/assignments", {"role": "Contributor", "principal": "bob@example.org", "scope": self.group})
        key = self.ask(201, "POST", "/v1/directory/keys", {"name": "bob", "owner": person["id"], "roles": "Contributor"})["key"]
        self.deploy(self.template(SCHEDULER), key=key)
        elsewhere = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "there", "resourceGroup": "others",
                     "properties": {"expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental", "template": self.template(SCHEDULER)}}
        self.assertEqual(self.refusal(self.template(elsewhere), expected=403, key=key)["code"], "AuthorizationFailed")
        self.ask(404, "GET", f"{other}/providers/Microsoft.DurableTask/schedulers/work?api-version=2025-11-01")
        role = f"{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        grant = {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid('bob')]",
                 "properties": {"roleDefinitionId": role, "principalId": person["id"]}}
        self.assertEqual(self.refusal(self.template(grant), expected=403, key=key)["code"], "AuthorizationFailed")
        # What he may not see he is not told of.
        self.ask(201, "PUT", f"{other}/providers/Microsoft.DurableTask/schedulers/secret?api-version=2025-11-01",
                 {key_: SCHEDULER[key_] for key_ in ("location", "properties")})
        peek = self.template(outputs={"o": {"type": "string", "value": f"[reference('{other}/providers/Microsoft.DurableTask/schedulers/secret').endpoint]"}})
        self.assertIn("is not found", self.refusal(peek, key=key)["message"])

    def test_cs32_who_leaves_takes_his_rights_with_him(self):  # CS-32
        pools = {**POOL, "name": "[format('pool-{0}', copyIndex(1))]", "copy": {"name": "pools", "count": 60}}
        body = json.dumps({"properties": {"mode": "Incremental", "template": self.template(pools)}}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("PUT", f"{self.group}/{DEPLOYMENTS}/left?{VERSION}", body, {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.server.token}"})
        deadline = time.monotonic() + 30
        while not self.names():
            self.assertLess(time.monotonic(), deadline)
        connection.close()
        while self.server.ask("GET", f"{self.group}/{DEPLOYMENTS}/left?{VERSION}")[0] != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        shown = self.ask(200, "GET", f"{self.group}/{DEPLOYMENTS}/left")["properties"]
        self.assertEqual(len(shown["outputResources"]), len(self.names()))
        self.assertIn(shown["provisioningState"], ("Failed", "Succeeded"))
        if shown["provisioningState"] == "Failed":
            self.assertIn("has left", shown["error"]["details"][0]["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
