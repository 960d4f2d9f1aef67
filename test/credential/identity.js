// SPDX-License-Identifier: MIT
// Asks @azure/identity for a token and prints it. Usage: node identity.js FOLDER KIND SCOPE; KIND: ManagedIdentity, DefaultAzure, or
// ManagedIdentity:CLIENT_ID. FOLDER has node_modules.
"use strict";
const { createRequire } = require("module");
const path = require("path");

const [folder, kind, scope] = process.argv.slice(2);
const { DefaultAzureCredential, ManagedIdentityCredential } = createRequire(path.join(path.resolve(folder), "x.js"))("@azure/identity");
const [name, clientId] = kind.split(":");
const credential =
  name === "DefaultAzure" ? new DefaultAzureCredential() : new ManagedIdentityCredential(clientId ? { clientId } : {});

credential.getToken(scope).then(
  (token) => console.log(token.token),
  (error) => {
    console.log(`${error.name}: ${error.message}`);
    process.exitCode = 1;
  },
);
