# SPDX-License-Identifier: MIT
"""langchain-azure-dynamic-sessions from PyPI, unmodified, against our pool: only the endpoint and the token provider
are set (SP-90)."""
import base64
import io
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from langchain_azure_dynamic_sessions import SessionsPythonREPLTool  # noqa: E402

from pool_process import Pool  # noqa: E402

PREFIX = "/subscriptions/s/resourceGroups/g/sessionPools/p"


class LangChain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = Pool(max=10, ready=2)

    @classmethod
    def tearDownClass(cls):
        cls.pool.close()

    def tool(self, endpoint=None):
        return SessionsPythonREPLTool(pool_management_endpoint=endpoint or self.pool.url + PREFIX,
                                      access_token_provider=lambda: "any-token", session_id=str(uuid.uuid4()))

    def test_run_code(self):
        tool = self.tool()
        self.assertEqual(json.loads(tool.invoke("6 * 7"))["result"], 42)
        self.assertEqual(json.loads(tool.invoke("print('hi')"))["stdout"], "hi\n")
        self.assertIn("ZeroDivisionError", json.loads(tool.invoke("1/0"))["stderr"])

    def test_any_base_address(self):
        for base in (self.pool.url, self.pool.url + "/", self.pool.url + PREFIX + "/"):
            self.assertEqual(json.loads(self.tool(base).invoke("1+1"))["result"], 2)

    def test_state(self):
        tool = self.tool()
        tool.invoke("x = 5")
        self.assertEqual(json.loads(tool.invoke("x"))["result"], 5)
        self.assertIn("NameError", json.loads(self.tool().invoke("x"))["stderr"])

    def test_files(self):
        tool = self.tool()
        self.assertEqual(list(tool.list_files()), [])
        data = bytes(range(256)) * 40
        uploaded = tool.upload_file(data=io.BytesIO(data), remote_file_path="sub/data file.bin")
        self.assertEqual((uploaded.filename, uploaded.size_in_bytes), ("sub/data file.bin", len(data)))
        code = "import hashlib; hashlib.sha256(open('/mnt/data/sub/data file.bin', 'rb').read()).hexdigest()"
        import hashlib
        self.assertEqual(json.loads(tool.invoke(code))["result"], repr(hashlib.sha256(data).hexdigest()))
        tool.invoke("open('/mnt/data/made.txt', 'w').write('made inside')")
        self.assertEqual(sorted(f.filename for f in tool.list_files()), ["made.txt", "sub/data file.bin"])
        self.assertEqual(tool.download_file(remote_file_path="made.txt").read(), b"made inside")
        self.assertEqual(tool.download_file(remote_file_path="sub/data file.bin").read(), data)

    def test_image(self):
        tool = self.tool()
        result = tool.execute("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")["result"]
        self.assertEqual((result["type"], result["format"]), ("image", "png"))
        self.assertTrue(base64.b64decode(result["base64_data"]).startswith(b"\x89PNG"))


if __name__ == "__main__":
    unittest.main()
