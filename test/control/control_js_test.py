# SPDX-License-Identifier: MIT
"""@azure/arm-appcontainers from npm, unmodified, over TLS: makes a pool, in which code then runs, also after a restart.

If it fails, scripts on that SDK stop. Usage: control_js_test.py SALLYPORT FOLDER. Exit 77 skips: no node, or no registry.
"""
import json
import os
import pathlib
import ssl
import subprocess
import sys
import unittest
import urllib.parse

from control_case import Cloud

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import npm  # noqa: E402

PROGRAM, FOLDER = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


class Js(unittest.TestCase):
    def test_arm_appcontainers_makes_a_pool_that_runs_code(self):
        cloud = Cloud(PROGRAM)
        self.addCleanup(cloud.close)
        cloud.start()
        status, _, _ = cloud.server.ask("PUT", f"/subscriptions/{cloud.subscription()}/resourceGroups/js?api-version=2024-11-01",
                                        {"location": "eastus"})
        self.assertEqual(status, 201)
        done = subprocess.run(["node", "control.mjs", cloud.url, cloud.subscription(), "js"], cwd=FOLDER, capture_output=True, text=True,
                              timeout=120, env={**os.environ, "NODE_EXTRA_CA_CERTS": cloud.authority})
        self.assertEqual(done.returncode, 0, done.stderr)
        path = urllib.parse.urlsplit(json.loads(done.stdout)["endpoint"]).path
        cloud.server.tls = ssl.create_default_context(cafile=cloud.authority)
        for _ in range(2):
            status, _, answer = cloud.server.ask(
                "POST", f"{path}/executions?api-version=2025-02-02-preview&identifier=somebody",
                {"codeInputType": "Inline", "executionType": "Synchronous", "code": "6 * 7"})
            self.assertEqual((status, answer["result"]["executionResult"]), (200, 42))
            cloud.restart()


if __name__ == "__main__":
    missing = npm.fetch(HERE / "js", FOLDER)
    if missing:
        print(missing, flush=True)
        sys.exit(SKIPPED)
    unittest.main()
