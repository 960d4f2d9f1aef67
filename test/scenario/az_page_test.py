#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whoever comes from the cloud: the set-up block of the sample's README as it is printed, and the commands of
doc/migrate-from-azure.md, run by bash with `sallyport az` as `az` against a running `sallyport dev`. If this fails, somebody with
that README in hand gets no further here.
Usage: az_page_test.py SALLYPORT SOURCE_ROOT"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from server import Server

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(sys.argv.pop(1))
PERSON = "ann@example.org"
GROUP, SCHEDULER, HUB = "myResourceGroup", "myDurableScheduler", "myTaskHub"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        state = pathlib.Path(cls.folder.name)
        (state / "sallyport").mkdir()
        tools = state / "bin"
        tools.mkdir()
        (tools / "sallyport").symlink_to(PROGRAM)
        # The SDKs' DefaultAzure asks the az on the PATH.
        (tools / "az").write_text('#!/bin/sh\nexec sallyport az "$@"\n')
        (tools / "az").chmod(0o755)
        cls.environment = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": "/nowhere", "XDG_STATE_HOME": str(state)}
        cls.environment.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
        # No SALLYPORT_URL: az finds the server by what it leaves in the folder of its state.
        cls.server = Server(str(PROGRAM), data=str(state / "sallyport"), environment={**os.environ, "XDG_STATE_HOME": str(state)}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.folder.cleanup()

    def bash(self, script):
        """The script's output; every command of it must succeed."""
        done = subprocess.run(["bash", "--norc", "-euo", "pipefail", "-c", script], capture_output=True, text=True, env=self.environment,
                              stdin=subprocess.DEVNULL, timeout=300, cwd=self.folder.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{done.stdout}\n{done.stderr}")
        return done.stdout

    def az(self, *words):
        done = subprocess.run([PROGRAM, "az", *words], capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return json.loads(done.stdout) if done.stdout else None

    def submit_to_the_app(self):
        """Code goes to the app at the address that `show` tells, and is approved there; the id of the request."""
        fqdn = self.bash(f"az containerapp show -n my-app -g {GROUP} --query properties.configuration.ingress.fqdn -o tsv").strip()
        app = Server(str(PROGRAM), data=self.server.data)
        self.addCleanup(app.close)
        app.port = int(fqdn.removeprefix("localhost:"))
        app.until_ready()
        request = app.submit("print(6 * 7)")
        self.assertEqual(app.until(request, "waiting", "failed")["state"], "waiting", app.request(request))
        status, _, answer = app.review(request, True)
        self.assertEqual((status, answer), (200, {"message": "Code execution approved."}))
        self.assertEqual(app.until(request, "approved", "failed")["state"], "approved")
        # By its name below the environment's domain, at the server's own port; curl takes names below localhost for loopback.
        name = self.bash(f"az containerapp show -n my-app -g {GROUP} --query properties.latestRevisionFqdn -o tsv").strip()
        domain = self.bash(f"az containerapp env show -n myContainerEnv -g {GROUP} --query properties.defaultDomain -o tsv").strip()
        self.assertEqual(name, f"my-app.{domain}:{self.server.port}")
        self.assertIn(request, self.bash(f"curl -fsS --noproxy '*' http://{name}/v1/requests/{request}"))
        log = self.bash(f"az containerapp logs show -n my-app -g {GROUP} --format text --tail 300")
        self.assertIn("sallyport 0.", log)
        self.assertIn('"Log": "', self.bash(f"az containerapp logs show -n my-app -g {GROUP}").replace('"Log":"', '"Log": "'))
        return request

    def test_the_page(self):
        page = (ROOT / "doc/migrate-from-azure.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", page, re.S | re.M)
        self.assertGreater(len(blocks), 3)
        out = self.bash("\n".join(blocks))
        self.assertIn('"stdout":"42\\n"', re.sub(r'": "', '":"', out))
        self.assertIn(f"\n{HUB}\n", out)
        self.assertRegex(out, r"(?m)^Name +Location +ResourceGroup\n-+ +-+ +-+\nmySessionPool +westus2 +myResourceGroup$")
        self.assertEqual(self.az("group", "exists", "-n", GROUP), False)

    def test_the_block(self):
        """The block, its one typing error mended, and then a submission through what it made, with what it exports."""
        self.az("rest", "-m", "post", "-u", "/v1/directory/users", "-b", json.dumps({"name": PERSON}))
        block = (ROOT / "test/az/block.sh").read_text()
        mended, count = re.subn(r"(?m)^ENTRAID_USERNAME =.*$", f"ENTRAID_USERNAME={PERSON}", block)
        self.assertEqual(count, 1)
        out = self.bash(f'az() {{ sallyport az "$@"; }}\n{mended}')
        exports = dict(re.findall(r'^export (\w+)="(.*)"$', out, re.M))
        self.assertEqual(exports.keys(), {"SESSION_POOL_URL", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"})
        self.assertTrue(exports["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"].endswith(f";Authentication=DefaultAzure;TaskHub={HUB}"))

        person = self.az("ad", "user", "show", "--id", PERSON)["id"]
        endpoint = self.az("durabletask", "scheduler", "show", "-n", SCHEDULER, "-g", GROUP)["properties"]["endpoint"]
        scope = self.az("durabletask", "scheduler", "show", "-n", SCHEDULER, "-g", GROUP)["id"]
        grants = self.az("role", "assignment", "list", "--scope", scope)
        self.assertEqual([(grant["principalId"], grant["roleDefinitionName"]) for grant in grants], [(person, "Durable Task Data Contributor")])

        # The app as the README has it, by its image; its identity is what DefaultAzure finds.
        self.environment.update(exports)
        self.bash(f"""az containerapp env create -n myContainerEnv -g {GROUP} -l westus2 --logs-destination none -o none
            az containerapp create -n my-app -g {GROUP} --environment myContainerEnv --image sallyport/app:latest --ingress external \
                --target-port 8080 --system-assigned -o none --env-vars SESSION_POOL_URL="$SESSION_POOL_URL" \
                DURABLE_TASK_SCHEDULER_CONNECTION_STRING="$DURABLE_TASK_SCHEDULER_CONNECTION_STRING" """)
        request = self.submit_to_the_app()
        listed = json.loads(self.bash(f"sallyport instance ls --url {endpoint} --hub {HUB} --json"))
        self.assertEqual([(row["instanceId"], row["orchestrationStatus"]) for row in listed["orchestrations"]],
                         [(request, "ORCHESTRATION_STATUS_COMPLETED")])
        self.bash(f"sallyport az group delete -n {GROUP} -y")
        self.assertEqual(self.az("group", "exists", "-n", GROUP), False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
