// SPDX-License-Identifier: MIT
// @azure/arm-appcontainers from npm, unmodified: session pools, environments and apps. Usage: control.mjs URL SUBSCRIPTION GROUP;
// prints {"endpoint"} of a pool that stays.
import assert from "node:assert/strict";
import { ContainerAppsAPIClient } from "@azure/arm-appcontainers";

const [url, subscription, group] = process.argv.slice(2);
const credential = { getToken: async () => ({ token: "none", expiresOnTimestamp: Date.now() + 3600000 }) };
const client = new ContainerAppsAPIClient(credential, subscription, { endpoint: url, retryOptions: { maxRetries: 0 } });
const pools = client.containerAppsSessionPools;
const wish = {
  location: "eastus",
  poolManagementType: "Dynamic",
  containerType: "PythonLTS",
  scaleConfiguration: { maxConcurrentSessions: 3, readySessionInstances: 1 },
  dynamicPoolConfiguration: { lifecycleConfiguration: { lifecycleType: "Timed", cooldownPeriodInSeconds: 300 } },
  sessionNetworkConfiguration: { status: "EgressDisabled" },
};

async function all(list) {
  const names = [];
  for await (const item of list) names.push(item.name);
  return names;
}

const made = await pools.beginCreateOrUpdateAndWait(group, "mySessionPool", wish);
assert.equal(made.provisioningState, "Succeeded");
assert.ok(made.poolManagementEndpoint.endsWith("/sessionPools/mySessionPool"));
assert.equal((await pools.get(group, "mysessionpool")).name, "mySessionPool");
await pools.beginCreateOrUpdateAndWait(group, "second", wish);
assert.deepEqual((await all(pools.listByResourceGroup(group))).sort(), ["mySessionPool", "second"]);
const changed = await pools.beginUpdateAndWait(group, "second", { scaleConfiguration: { maxConcurrentSessions: 5 } });
assert.equal(changed.scaleConfiguration.maxConcurrentSessions, 5);
await pools.beginDeleteAndWait(group, "second");
await assert.rejects(pools.get(group, "second"), (error) => error.statusCode === 404 && error.code === "ResourceNotFound");
await assert.rejects(pools.beginCreateOrUpdateAndWait(group, "third", { ...wish, containerType: "CustomContainer" }),
  (error) => error.statusCode === 400 && error.code === "ContainerTypeNotSupported");

const environment = await client.managedEnvironments.beginCreateOrUpdateAndWait(group, "env1", { location: "eastus" });
assert.ok(environment.defaultDomain);
const app = await client.containerApps.beginCreateOrUpdateAndWait(group, "my-app", {
  location: "eastus", environmentId: environment.id,
  configuration: { ingress: { external: true, targetPort: 8080 } },
  template: { containers: [{ name: "main", image: "aca-dts:latest", env: [{ name: "A", value: "b" }] }] },
});
assert.equal(app.runningStatus, "NoEngine");
assert.equal(app.template.containers[0].env[0].value, "b");
assert.deepEqual(await all(client.containerApps.listByResourceGroup(group)), ["my-app"]);
await client.containerApps.beginDeleteAndWait(group, "my-app");
await client.managedEnvironments.beginDeleteAndWait(group, "env1");
console.log(JSON.stringify({ endpoint: made.poolManagementEndpoint }));
