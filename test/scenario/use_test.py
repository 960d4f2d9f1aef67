# SPDX-License-Identifier: MIT
"""doc/use.md, typed as it stands: every block that needs only the server, curl and jq, in one shell, in order.

If this fails, a newcomer who copies the page fails. Usage: use_test.py PROGRAM SOURCE_ROOT
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from server import Server

PROGRAM, ROOT = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
# What a block must not have to be run here: the start, installing, registries, what is linked or runs elsewhere.
NOT_HERE = ("./tools/dev", "meson ", "pip ", "cc -o", "venv")


def blocks(port):
    page = (ROOT / "doc/use.md").read_text().replace("localhost:8080", f"localhost:{port}")
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```", page, re.S | re.M):
        if not language and not any(word in text for word in NOT_HERE):
            yield text


class Use(unittest.TestCase):
    def test_the_page_can_be_copied(self):
        with Server(PROGRAM, arguments=["--task-hubs", "default,mine,python"]) as server, \
                tempfile.TemporaryDirectory() as folder:
            # "curl -s" is silent about refusals; --fail-with-body makes them the end of the script.
            script = "\n".join(["set -euo pipefail", 'curl() { command curl --fail-with-body --max-time 60 "$@"; }',
                                *blocks(server.port)])
            self.assertGreater(script.count("curl -s"), 15)
            done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:] + server.tail())
            self.assertEqual(pathlib.Path(folder, "plot.png").read_bytes()[:4], b"\x89PNG")
            self.assertEqual(pathlib.Path(folder, "sum.csv").read_text(), ",0\na,1\nb,2\n")
            shown = json.loads(pathlib.Path(folder, "shown.json").read_text())
            self.assertEqual((shown["state"], shown["result"]["stdout"], shown["result"]["result"]), ("waiting", "rows: 3\n", 42))
            self.assertIn('"executionResult":21', done.stdout)
            self.assertIn('"executionResult":42', done.stdout)
            self.assertIn('"state":"approved"', done.stdout)


if __name__ == "__main__":
    unittest.main()
