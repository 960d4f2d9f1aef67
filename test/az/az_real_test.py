#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The cloud's own `az`, unmodified, against `sallyport dev --tls --auth`: it registers us as a cloud, signs in as a program, and
does what of the sample's set-up block its core has. If this fails, whoever has the real az cannot use it here. In tools/check
--long only: the package is 734 MB.
Usage: in_venv.py VENV azure-cli==VERSION az_real_test.py SALLYPORT"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
AZ = pathlib.Path(sys.executable).with_name("az")
PERSON = "ann@example.org"
CONTRIBUTOR = "0ad04412-c4d5-4796-b79c-f76d14c8d402"
GROUP = "myResourceGroup"


class RealAz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.server = Server(str(PROGRAM), arguments=["--tls", "--auth"])
        cls.addClassCleanup(cls.server.close)
        cls.server.start().sign_in()
        cls.environment = {"PATH": "/usr/bin:/bin", "HOME": cls.folder.name, "AZURE_CONFIG_DIR": f"{cls.folder.name}/azure", "LANG": "C.UTF-8",
                           "REQUESTS_CA_BUNDLE": cls.server.ready["certificateAuthority"], "AZURE_CORE_INSTANCE_DISCOVERY": "false",
                           "AZURE_CORE_COLLECT_TELEMETRY": "false", "AZURE_CORE_NO_COLOR": "true", "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
                           "AZURE_CORE_LOGIN_EXPERIENCE_V2": "false"}
        key = {"Authorization": f"Bearer {cls.server.token}"}
        assert cls.server.ask("POST", "/v1/directory/users", {"name": PERSON}, key)[0] == 201
        status, _, cls.made = cls.server.ask("POST", "/v1/directory/applications", {"name": "builder"}, key)
        assert status == 201, cls.made
        cls.tenant = cls.server.ask("GET", "/tenants?api-version=2022-12-01", None, key)[2]["value"][0]["tenantId"]
        grant = {"role": "Owner", "principal": cls.made["id"], "scope": "/"}
        assert cls.server.ask("POST", "/v1/directory/assignments", grant, key)[0] == 201

    def az(self, *words):
        done = subprocess.run([AZ, *words, "-o", "json"], capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL, timeout=240)
        self.assertEqual(done.returncode, 0, f"az {' '.join(words)}\n{done.stdout}\n{done.stderr}\n{self.server.tail()[-1500:]}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def test_the_block(self):
        self.az("cloud", "register", "-n", "Sallyport", "--endpoint-resource-manager", self.server.ready["url"])
        self.az("cloud", "set", "-n", "Sallyport")
        signed = self.az("login", "--service-principal", "-u", self.made["clientId"], "-p", self.made["secret"], "--tenant", self.tenant)
        self.assertEqual((signed[0]["state"], signed[0]["user"]["type"]), ("Enabled", "servicePrincipal"))

        self.az("group", "create", "--name", GROUP, "--location", "westus2")
        self.assertTrue(self.az("group", "exists", "--name", GROUP))
        self.assertIn(GROUP, [group["name"] for group in self.az("group", "list")])
        person = self.az("ad", "user", "show", "--id", PERSON)["id"]

        # Of the block, what the core of az has; pools, schedulers and hubs are extensions of it, so they are asked for by rest.
        scope = self.az("group", "show", "--name", GROUP)["id"]
        hub = self.az("rest", "--method", "put", "--url", f"{scope}/providers/Microsoft.DurableTask/schedulers/mine?api-version=2025-11-01",
                      "--body", json.dumps({"location": "westus2", "properties": {"ipAllowlist": ["0.0.0.0/0"], "sku": {"name": "Consumption"}}}))
        self.assertEqual(hub["properties"]["provisioningState"], "Succeeded")
        made = self.az("role", "assignment", "create", "--assignee", person, "--role", CONTRIBUTOR, "--scope", hub["id"])
        self.assertEqual((made["principalId"], made["roleDefinitionId"].rsplit("/", 1)[1]), (person, CONTRIBUTOR))
        self.assertEqual([one["principalId"] for one in self.az("role", "assignment", "list", "--scope", hub["id"])], [person])

        self.az("containerapp", "env", "create", "-n", "env1", "-g", GROUP, "-l", "westus2", "--logs-destination", "none")
        app = self.az("containerapp", "create", "-n", "my-app", "-g", GROUP, "--environment", "env1", "--image", "sallyport/app", "--ingress", "external",
                      "--target-port", "8080", "--system-assigned", "--env-vars", "SESSION_POOL_URL=http://localhost:1/")
        self.assertEqual(app["properties"]["provisioningState"], "Succeeded")
        shown = self.az("containerapp", "show", "-n", "my-app", "-g", GROUP)
        self.assertRegex(shown["properties"]["configuration"]["ingress"]["fqdn"], r"^localhost:\d+$")
        self.assertEqual(shown["identity"]["principalId"], app["identity"]["principalId"])
        self.az("containerapp", "update", "-n", "my-app", "-g", GROUP, "--set-env-vars", "SALLYPORT_LOG_LEVEL=debug")
        # A template, as whoever has Bicep deploys it.
        template = pathlib.Path(self.folder.name, "main.json")
        template.write_text(json.dumps({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
            "parameters": {"pool": {"type": "string"}},
            "resources": [{"type": "Microsoft.App/sessionPools", "apiVersion": "2025-07-01", "name": "[parameters('pool')]",
                           "location": "[resourceGroup().location]", "properties": {"poolManagementType": "Dynamic", "containerType": "PythonLTS"}}],
            "outputs": {"url": {"type": "string", "value": "[reference(parameters('pool')).poolManagementEndpoint]"}}}))
        words = ("-g", GROUP, "-f", str(template), "-p", "pool=templatePool")
        self.assertIsNone(self.az("deployment", "group", "validate", *words)["error"])
        made = self.az("deployment", "group", "create", *words)
        self.assertEqual(made["properties"]["provisioningState"], "Succeeded")
        self.assertIn("/sessionPools/templatePool", made["properties"]["outputs"]["url"]["value"])
        self.assertEqual(self.az("deployment", "group", "show", "-g", GROUP, "-n", "main")["name"], "main")
        self.assertEqual([one["name"] for one in self.az("deployment", "group", "list", "-g", GROUP)], ["main"])
        self.assertEqual(len(self.az("deployment", "operation", "group", "list", "-g", GROUP, "-n", "main")), 1)
        self.az("containerapp", "delete", "-n", "my-app", "-g", GROUP, "--yes")
        self.az("group", "delete", "--name", GROUP, "--yes")
        self.assertFalse(self.az("group", "exists", "--name", GROUP))


if __name__ == "__main__":
    unittest.main(verbosity=2)
