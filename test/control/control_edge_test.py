#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The control plane beside the straight way: places where nothing can be, filters, names of the server, older forms. If one fails, a
request of a client of the cloud is taken for another one than was meant.

Usage: control_edge_test.py SALLYPORT
"""
import unittest

import control_test
from control_test import POOL, READER, SCHEDULER


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


if __name__ == "__main__":
    unittest.main()
