# SPDX-License-Identifier: MIT
"""azure-mgmt-resource, azure-mgmt-durabletask and azure-mgmt-authorization from PyPI, unmodified, over TLS with the server's own
authority: make, show, list, change, delete; then the official Durable Task SDK in the hub that they made, before and after a restart.

If one fails, scripts on these SDKs stop. Usage: control_sdk_test.py SALLYPORT
"""
import os
import sys
import unittest

from control_case import Cloud

PROGRAM = sys.argv.pop(1)
GUID = "11111111-2222-4333-8444-555555555555"
SCHEDULER = {"location": "eastus", "properties": {"ipAllowlist": ["0.0.0.0/0"], "sku": {"name": "Consumption"}}}


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from azure.mgmt.authorization import AuthorizationManagementClient
        from azure.mgmt.durabletask import DurableTaskMgmtClient
        from azure.mgmt.resource.resources import ResourceManagementClient
        cls.cloud = Cloud(PROGRAM).start()
        cls.addClassCleanup(cls.cloud.close)
        cls.subscription = cls.cloud.subscription()
        cls.resource, cls.tasks, cls.roles = (cls.cloud.client(kind, cls.subscription) for kind in (
            ResourceManagementClient, DurableTaskMgmtClient, AuthorizationManagementClient))

    def setUp(self):
        self.group = self.resource.resource_groups.create_or_update(self._testMethodName, {"location": "eastus"})
        self.addCleanup(lambda: self.resource.resource_groups.begin_delete(self._testMethodName).result())

    def test_resource_groups_and_providers(self):
        groups = self.resource.resource_groups
        self.assertEqual(self.group.name, self._testMethodName)
        self.assertTrue(groups.check_existence(self._testMethodName.upper()))
        self.assertFalse(groups.check_existence("none"))
        self.assertEqual(groups.update(self._testMethodName, {"tags": {"a": "b"}}).tags, {"a": "b"})
        self.assertIn(self._testMethodName, [group.name for group in groups.list()])
        self.assertEqual(self.resource.providers.register("Microsoft.App").registration_state, "Registered")

    def test_schedulers_and_hubs(self):
        name = self._testMethodName
        made = self.tasks.schedulers.begin_create_or_update(name, "mine", SCHEDULER).result()
        self.assertEqual((made.name, made.properties.provisioning_state, made.properties.sku.name), ("mine", "Succeeded", "Consumption"))
        hub = self.tasks.task_hubs.begin_create_or_update(name, "mine", "Hub", {"properties": {}}).result()
        self.assertTrue(hub.properties.dashboard_url)
        self.assertEqual([hub.name for hub in self.tasks.task_hubs.list_by_scheduler(name, "MINE")], ["Hub"])
        self.assertEqual([one.name for one in self.tasks.schedulers.list_by_resource_group(name)], ["mine"])
        self.assertEqual(self.tasks.schedulers.begin_update(name, "mine", {"tags": {"x": "y"}}).result().tags, {"x": "y"})
        policies = [{"retentionPeriodInDays": 3, "orchestrationState": "Completed"}]
        self.tasks.retention_policies.begin_create_or_replace(name, "mine", {"properties": {"retentionPolicies": policies}}).result()
        kept = self.tasks.retention_policies.get(name, "mine").properties.retention_policies
        self.assertEqual([(policy.retention_period_in_days, policy.orchestration_state) for policy in kept], [(3, "Completed")])
        self.tasks.retention_policies.begin_delete(name, "mine").result()
        self.tasks.task_hubs.begin_delete(name, "mine", "hub").result()
        self.tasks.schedulers.begin_delete(name, "mine").result()
        self.assertEqual(list(self.tasks.schedulers.list_by_resource_group(name)), [])

    def test_errors_are_the_exceptions_of_the_sdk(self):
        from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
        name = self._testMethodName
        with self.assertRaises(ResourceNotFoundError) as raised:
            self.tasks.schedulers.get(name, "none")
        self.assertEqual(raised.exception.error.code, "ResourceNotFound")
        with self.assertRaises(ResourceNotFoundError):
            self.resource.resource_groups.get("none")
        with self.assertRaises(HttpResponseError) as raised:
            self.tasks.schedulers.begin_create_or_update(name, "a", SCHEDULER).result()
        self.assertEqual((raised.exception.status_code, raised.exception.error.code), (400, "InvalidResourceName"))
        with self.assertRaises(ResourceExistsError):
            self.resource.resource_groups.create_or_update(name, {"location": "westus"})

    def test_role_assignments(self):
        from azure.core.exceptions import ResourceExistsError
        roles = list(self.roles.role_definitions.list(self.group.id, filter="roleName eq 'Durable Task Data Contributor'"))
        self.assertEqual(len(roles), 1)
        identity = self.resource.resources.begin_create_or_update(
            self._testMethodName, "Microsoft.ManagedIdentity", "", "userAssignedIdentities", "me1", parameters={"location": "eastus"},
            api_version="2023-01-31").result()
        principal = (identity.properties or {})["principalId"]
        wish = {"role_definition_id": roles[0].id, "principal_id": principal, "principal_type": "ServicePrincipal"}
        made = self.roles.role_assignments.create(self.group.id, GUID, wish)
        self.assertEqual((made.principal_id, made.scope), (principal, self.group.id))
        with self.assertRaises(ResourceExistsError) as raised:
            self.roles.role_assignments.create(self.group.id, GUID[:-1] + "6", wish)
        self.assertEqual(raised.exception.error.code, "RoleAssignmentExists")
        listed = list(self.roles.role_assignments.list_for_scope(self.group.id, filter=f"principalId eq '{principal}'"))
        self.assertEqual([one.name for one in listed], [GUID])
        self.roles.role_assignments.delete(self.group.id, GUID)
        self.assertEqual(list(self.roles.role_assignments.list_for_scope(self.group.id)), [])

    def test_an_orchestration_in_the_hub_before_and_after_a_restart(self):
        os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = self.cloud.authority
        from durabletask.azuremanaged.client import DurableTaskSchedulerClient  # gRPC reads the variable once
        from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

        def plus_one(ctx, value):
            return value + 1

        def sequence(ctx, start):
            return (yield ctx.call_activity(plus_one, input=start))
        name = self._testMethodName
        endpoint = self.tasks.schedulers.begin_create_or_update(name, "mine", SCHEDULER).result().properties.endpoint
        self.tasks.task_hubs.begin_create_or_update(name, "mine", "hub", {"properties": {}}).result()
        for start in (1, 2):
            where = dict(host_address=endpoint, secure_channel=True, taskhub="hub", token_credential=None)
            with DurableTaskSchedulerWorker(**where) as worker:
                worker.add_orchestrator(sequence)
                worker.add_activity(plus_one)
                worker.start()
                client = DurableTaskSchedulerClient(**where)
                done = client.wait_for_orchestration_completion(client.schedule_new_orchestration(sequence, input=start), timeout=60)
                self.assertEqual(done.serialized_output, str(start + 1))
            self.cloud.restart()
            self.assertEqual(self.tasks.schedulers.get(name, "mine").properties.endpoint, endpoint)


if __name__ == "__main__":
    unittest.main()
