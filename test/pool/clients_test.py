# SPDX-License-Identifier: MIT
"""Clients of session pools from the public registries, unmodified, against a real pool (session-pool-api.md 11).

Usage: clients_test.py CLIENT FOLDER POOL_HOST ZYGOTE. FOLDER is where packages are installed. Exit 77 skips: the
registry does not answer, or what the client needs is missing. The names of the test classes are the clients.
"""
import asyncio
import base64
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

from pool_process import V1, V2, V3, V4, Pool, fresh, wait_until

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
CLOUD_PATH = "/subscriptions/s/resourceGroups/g/sessionPools/p"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()"
PNG = b"\x89PNG\r\n\x1a\n"
# What a cell is worth (session-pool-api.md 8.3): the code, the legacy result, and where it differs the current one.
VALUES = [
    ("4", 4), ("1 + 1", 2), ("118726350.28999999", 118726350.28999999), ("-0.5", -0.5),
    ("2**53 + 1", 2**53 + 1), ("-2**63", -2**63), ("2**70", str(2**70)),
    ("True", True), ("1 == 2", False), ("None", "", None),
    ("float('nan')", "nan"), ("float('inf')", "inf"), ("a = 'nan'\na", "'nan'"), ("'it\\'s'", '"it\'s"'),
    ("'\u00fc\u4e2d\\n'", "'\u00fc\u4e2d\\n'"), ("b'ab'", "b'ab'"), ("1 + 2j", "(1+2j)"),
    ("print(1)", ""), ("x = 3", ""), ("7;", ""), ("for i in range(3):\n    i", ""), ("# nothing", ""),
    ("(1, 'a')", "(1, 'a')"), ("{'a': 1, 'b': [1, 2]}", "{'a': 1, 'b': [1, 2]}"), ("{3}", "{3}"), ("[]", "[]"),
    ("[1, None]", "[1, None]"),
    ("list(range(30))", "[" + ",\n ".join(map(str, range(30))) + "]"),
    ("list(range(1001))", "[" + ",\n ".join(map(str, range(1000))) + ",\n ...]"),
    ("import numpy as np\nnp.float64(1.5)", 1.5), ("np.int32(3)", 3), ("np.bool_(True)", True),
    ("np.array([1, 2])", "array([1, 2])"), ("np.nan", "nan"),
    ("import pandas as pd\npd.DataFrame({'a': [1, 2]})", "   a\n0  1\n1  2"),
    ("class A:\n    def __repr__(self): return 'an A'\nA()", "an A"),
]


def total(numbers: list) -> int:
    """Adds. For the session; AutoGen takes the source."""
    return int(numpy.sum(numbers))  # noqa: F821


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = Pool()
        cls.addClassCleanup(cls.pool.close)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pool-client-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)

    def local(self, name, data=b""):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def assert_png(self, image):
        self.assertEqual((image["type"], image["format"]), ("image", "png"))
        self.assertTrue(base64.b64decode(image["base64_data"]).startswith(PNG))


class Credential:
    """What azure.identity's credentials look like to a client."""

    def get_token(self, *scopes, **_):
        from azure.core.credentials import AccessToken
        return AccessToken("a-token", 4102444800)


class AutoGen(ClientTest):
    """autogen-ext: ACADynamicSessionsCodeExecutor"""

    packages = "autogen-ext[azure]==0.7.5,aiohttp"  # its extra leaves aiohttp out

    def executor(self, **options):
        from autogen_ext.code_executors.azure import ACADynamicSessionsCodeExecutor
        options.setdefault("work_dir", self.folder)
        return ACADynamicSessionsCodeExecutor(self.pool.url + CLOUD_PATH, Credential(), **options)

    def with_executor(self, steps, **options):
        from autogen_core import CancellationToken

        async def run():
            executor = self.executor(**options)
            await executor.start()
            try:
                return await steps(executor, CancellationToken())
            finally:
                await executor.stop()

        return asyncio.run(run())

    def run_blocks(self, *codes, **options):
        from autogen_core.code_executor import CodeBlock

        async def steps(executor, token):
            blocks = [CodeBlock(code=code, language="python") for code in codes]
            return await executor.execute_code_blocks(blocks, token)

        return self.with_executor(steps, **options)

    def test_output_and_result(self):
        done = self.run_blocks("print('Hello world')")
        self.assertEqual((done.exit_code, done.output), (0, "Hello world\n"))
        self.assertEqual(self.run_blocks("x = 5", "print(x)", "x + 1").output, "5\n6")
        self.assertEqual(self.run_blocks("None").output, "")
        self.assertEqual(self.run_blocks("import sys\nprint('e', file=sys.stderr)\nprint('o')").output, "e\no\n")

    def test_values(self):
        from autogen_core.code_executor import CodeBlock

        async def steps(executor, token):
            return [await executor.execute_code_blocks([CodeBlock(code=code, language="python")], token)
                    for code, *_ in VALUES]

        for (code, value, *_), done in zip(VALUES, self.with_executor(steps)):
            with self.subTest(code):
                self.assertEqual((done.exit_code, done.output), (0, "1\n" if code == "print(1)" else str(value)))

    def test_failure(self):
        done = self.run_blocks("print('before')", "1/0", "print('after')")
        self.assertEqual(done.exit_code, 1)
        self.assertIn("ZeroDivisionError: division by zero", done.output)
        self.assertTrue(done.output.startswith("before\n"))

    def test_state_ends_with_restart(self):
        from autogen_core.code_executor import CodeBlock

        async def steps(executor, token):
            outputs = []
            for code in ("y = 1", "y", None, "y"):
                if code is None:
                    await executor.restart()
                else:
                    done = await executor.execute_code_blocks([CodeBlock(code=code, language="python")], token)
                    outputs.append((done.exit_code, done.output))
            return outputs

        first, second, third = self.with_executor(steps)
        self.assertEqual((first, second), ((0, ""), (0, "1")))
        self.assertEqual(third[0], 1)
        self.assertIn("NameError", third[1])

    def test_packages_sp42(self):
        async def steps(executor, token):
            executor._ensure_access_token()
            return await executor.get_available_packages(token)

        names = self.with_executor(steps)
        self.assertGreater(len(names), 5)
        self.assertLessEqual({"numpy", "pandas", "matplotlib"}, names)
        for name in names:
            self.assertRegex(name, r"^[A-Za-z0-9._-]+$")
        missing = self.run_blocks("! pip install no-such-package-anywhere")
        self.assertEqual(missing.exit_code, 1)
        self.assertIn("unavailable", missing.output)

    def test_functions(self):
        from autogen_core.code_executor import FunctionWithRequirementsStr
        double = FunctionWithRequirementsStr('def double(n: int) -> int:\n    """Doubles."""\n    return 2 * n\n',
                                             python_packages=["numpy"], global_imports=["numpy"])
        self.assertEqual(self.run_blocks("total([1, 2, double(2)])", functions=[total, double]).output, "7")

    def test_image(self):
        output = self.run_blocks(PLOT).output
        self.assertIn("'type': 'image'", output)

    def test_files(self):
        from autogen_core.code_executor import CodeBlock
        name = "in \u00fc 100%.csv"
        self.local(name, b"a,b\n1,2\n")

        async def steps(executor, token):
            before = await executor.get_file_list(token)
            await executor.upload_files([name], token)
            listed = await executor.get_file_list(token)
            code = f"data = open({name!r}).read()\nopen('out.bin', 'wb').write(bytes(range(256)))"
            done = await executor.execute_code_blocks([CodeBlock(code=code, language="python")], token)
            self.assertEqual(done.exit_code, 0, done.output)
            paths = await executor.download_files(["out.bin"], token)
            with self.assertRaises(FileNotFoundError):
                await executor.download_files(["nothing.txt"], token)
            return before, listed, paths

        before, listed, paths = self.with_executor(steps)
        self.assertEqual((before, listed), ([], [name]))
        self.assertEqual(pathlib.Path(paths[0]).read_bytes(), bytes(range(256)))

    def test_cancel(self):
        from autogen_core import CancellationToken
        from autogen_core.code_executor import CodeBlock

        async def run():
            executor, token = self.executor(), CancellationToken()
            sleep = [CodeBlock(code="import time\ntime.sleep(60)", language="python")]
            task = asyncio.create_task(executor.execute_code_blocks(sleep, token))
            await asyncio.sleep(1)
            token.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(run())


class SemanticKernel(ClientTest):
    """semantic-kernel (Python): SessionsPythonTool, which wants https"""

    packages = "semantic-kernel==1.45.0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_certificates(cls.folder)
        cls.proxy = TlsProxy(cls.folder, cls.pool.port)
        cls.addClassCleanup(cls.proxy.close)
        os.environ["SSL_CERT_FILE"] = str(cls.folder / "ca.pem")
        cls.url = f"https://localhost:{cls.proxy.port}{CLOUD_PATH}"

    def with_tool(self, steps, url=None):
        from semantic_kernel.core_plugins import SessionsPythonTool
        tool = SessionsPythonTool(auth_callback=lambda: "a-token", pool_management_endpoint=url or self.url,
                                  enable_dangerous_file_uploads=True, allowed_upload_directories={str(self.folder)})

        async def run():
            try:
                return await steps(tool)
            finally:
                await tool.http_client.aclose()

        return asyncio.run(run())

    def run_codes(self, *codes, url=None):
        async def steps(tool):
            return [parse_answer(await tool.execute_code(code)) for code in codes]

        return self.with_tool(steps, url)

    def test_output_result_state(self):
        answers = self.run_codes("print('Hello world')", "x = 5", "x + 1", "```python\nx * 2\n```")
        self.assertEqual(answers, [("Success", "", "Hello world\n", ""), ("Success", "", "", ""),
                                   ("Success", "6", "", ""), ("Success", "10", "", "")])

    def test_old_endpoint(self):
        self.assertEqual(self.run_codes("1 + 1", url=self.url + "/python/execute")[0][1], "2")

    def test_values(self):
        codes = [code for code, *_ in VALUES if "import" in code or "np." not in code]
        values = {code: value for code, value, *_ in VALUES}
        for code, answer in zip(codes, self.run_codes(*codes)):
            with self.subTest(code):
                self.assertEqual(answer[:2], ("Success", str(values[code])))

    def test_failure(self):
        status, result, stdout, stderr = self.run_codes("print('before')\n1/0")[0]
        self.assertEqual((status, result, stdout), ("Failure", "", "before\n"))
        self.assertIn("ZeroDivisionError: division by zero", stderr)

    def test_image(self):
        self.assertIn("'type': 'image'", self.run_codes(PLOT)[0][1])

    def test_files(self):
        """The upload that follows an execution goes out under application/json (5.3)."""
        path = self.local("in.csv", b"a,b\n1,2\n")

        async def steps(tool):
            first = await tool.upload_file(local_file_path=str(path))
            await tool.execute_code("1")
            self.assertEqual(tool.http_client.headers["content-type"], "application/json")
            second = await tool.upload_file(local_file_path=str(path), remote_file_path="again \u00fc.csv")
            third = await tool.upload_file(local_file_path=str(path), remote_file_path="sub/deep.csv")
            ran = await tool.execute_code("open('/mnt/data/sub/deep.csv').read() == open('in.csv').read()")
            listed = await tool.list_files()
            whole = await tool.download_file(remote_file_name="again \u00fc.csv")
            await tool.download_file(remote_file_name="sub/deep.csv", local_file_path=str(self.folder / "deep.csv"))
            return first, second, third, ran, listed, whole.read()

        first, second, third, ran, listed, whole = self.with_tool(steps)
        self.assertEqual((first.full_path, first.size_in_bytes), ("/mnt/data/in.csv", 8))
        self.assertEqual(second.full_path, "/mnt/data/again \u00fc.csv")
        self.assertEqual(third.full_path, "/mnt/data/sub/deep.csv")
        self.assertEqual(parse_answer(ran)[:2], ("Success", "True"))
        self.assertEqual({f.filename for f in listed}, {"in.csv", "again \u00fc.csv", "sub/deep.csv"})
        self.assertEqual((whole, (self.folder / "deep.csv").read_bytes()), (b"a,b\n1,2\n", b"a,b\n1,2\n"))

    def test_missing_file(self):
        from semantic_kernel.exceptions.function_exceptions import FunctionExecutionException

        async def steps(tool):
            with self.assertRaises(FunctionExecutionException) as caught:
                await tool.download_file(remote_file_name="nothing.txt")
            return str(caught.exception)

        text = self.with_tool(steps)
        self.assertIn("404", text)
        self.assertIn("FileNotFound", text)

    def test_as_a_plugin_of_a_kernel(self):
        from semantic_kernel import Kernel

        async def steps(tool):
            kernel = Kernel()
            kernel.add_plugin(tool, plugin_name="python")
            return str(await kernel.invoke(plugin_name="python", function_name="execute_code", code="6 * 7"))

        self.assertEqual(parse_answer(self.with_tool(steps))[:2], ("Success", "42"))


class LlamaIndex(ClientTest):
    """llama-index-tools-azure-code-interpreter: AzureCodeInterpreterToolSpec"""

    packages = "llama-index-tools-azure-code-interpreter==0.7.0"

    def tool(self, **options):
        from llama_index.tools.azure_code_interpreter import AzureCodeInterpreterToolSpec
        tool = AzureCodeInterpreterToolSpec(pool_management_endpoint=self.pool.url + CLOUD_PATH, **options)
        tool.access_token_provider = lambda: "a-token"
        return tool

    def test_output_result_state(self):
        tool = self.tool()
        said = tool.code_interpreter("print('Hello world')")["properties"]
        self.assertEqual([said[k] for k in ("status", "stdout", "stderr", "result")],
                         ["Success", "Hello world\n", "", ""])
        tool.code_interpreter("x = 5")
        self.assertEqual(tool.code_interpreter("```python\nx + 1\n```")["properties"]["result"], 6)
        self.assertIn("NameError", self.tool().code_interpreter("x")["properties"]["stderr"])

    def test_values(self):
        tool = self.tool()
        for code, value, *_ in VALUES:
            with self.subTest(code):
                answer = tool.code_interpreter(code)["properties"]
                self.assertEqual((answer["status"], answer["result"]), ("Success", value), answer["stderr"])
                self.assertIs(type(answer["result"]), type(value))

    def test_failure(self):
        answer = self.tool().code_interpreter("1/0")["properties"]
        self.assertEqual((answer["status"], answer["result"], answer["stdout"]), ("Failure", "", ""))
        self.assertIn("ZeroDivisionError", answer["stderr"])

    def test_image_is_saved(self):
        tool = self.tool(local_save_path=str(self.folder))
        result = tool.code_interpreter(PLOT)["properties"]["result"]
        self.assertTrue(result["saved_to_local_path"])
        saved = next(self.folder.glob(f"{tool.session_id}_*.png"))
        self.assertTrue(saved.read_bytes().startswith(PNG))

    def test_files(self):
        tool = self.tool()
        self.assertEqual(tool.list_files(), [])
        sent = tool.upload_file(local_file_path=str(self.local("in.csv", b"a,b\n1,2\n")))
        self.assertEqual([(f.filename, f.size_in_bytes, f.file_full_path) for f in sent],
                         [("in.csv", 8, "/mnt/data/in.csv")])
        tool.code_interpreter("import os\nos.makedirs('/mnt/data/sub')\nopen('/mnt/data/sub/o.txt', 'w').write('out')")
        self.assertEqual({f.filename for f in tool.list_files()}, {"in.csv", "sub/o.txt"})
        self.assertEqual(tool.download_file_to_local("/mnt/data/in.csv").read(), b"a,b\n1,2\n")
        tool.download_file_to_local("sub/o.txt", str(self.folder / "o.txt"))
        self.assertEqual((self.folder / "o.txt").read_bytes(), b"out")


class LlamaIndexTS(ClientTest):
    """@llamaindex/azure (npm): AzureDynamicSessionTool"""

    def test_all(self):
        folder = install_js(pathlib.Path(os.environ["CLIENTS_FOLDER"]))
        done = subprocess.run(["node", "llamaindex.mjs", self.pool.url + CLOUD_PATH], cwd=folder, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


class Shapes(ClientTest):
    """Requests as clients send them that cannot be installed here, written down from session-pool-api.md 11."""

    def cli(self, method, route, identifier, body=None, headers=None, **query):
        """The az CLI pastes the identifier raw."""
        target = f"{CLOUD_PATH}{route}?identifier={identifier}&api-version={V2}"
        target += "".join(f"&{k}={v}" for k, v in query.items())
        headers = {"Authorization": "Bearer a-token", "User-Agent": "AZURECLI/2.66.0", **(headers or {})}
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        return self.pool.request(method, target, body, headers)

    def test_az_cli(self):
        me = fresh()
        code = {"codeInputType": "inline", "executionType": "synchronous", "code": "print('Hello world')",
                "timeoutInSeconds": 60}
        for body in (code, {"properties": code}):  # of later and of earlier releases
            ran = self.cli("POST", "/executions", me, body)
            self.assertEqual(ran.status, 202)
            self.assertNotEqual(ran.status, 201)
            self.assertEqual((ran.json["status"], ran.json["executionType"]), ("Succeeded", "synchronous"))
            self.assertEqual(ran.json["result"]["stdout"], "Hello world\n")
            self.assertEqual((ran.json["$id"], ran.json["identifier"]), ("1", me))
        form, kind = form_of("file", "cert.txt", b"text\n")
        sent = self.cli("POST", "/files", me, form, {"Content-Type": kind}, path="/")
        self.assertEqual((sent.status, sent.json["name"], sent.json["type"]), (200, "cert.txt", "file"))
        listed = self.cli("GET", "/files", me, path="/")
        self.assertEqual([f["name"] for f in listed.json["value"]], ["cert.txt"])
        self.assertEqual(self.cli("GET", "/files", me, path="").json["value"], listed.json["value"])
        self.assertEqual(self.cli("GET", "/files/cert.txt/content", me, path="/").body, b"text\n")
        about = self.cli("GET", "/files/cert.txt", me, path="/").json
        self.assertEqual((about["name"], about["sizeInBytes"]), ("cert.txt", 5))
        self.assertEqual(self.cli("DELETE", "/files/cert.txt", me, path="/").status, 204)
        self.assertEqual(self.cli("GET", "/files", me, path="/").json["value"], [])

    def test_percent_signs_in_names(self):
        """aiohttp encodes them, others mean them."""
        for agent, stored in (("Python/3.11 aiohttp/3.13.2", "a b\u00fc%.txt"), ("x", "a%20b%C3%BC%25.txt")):
            me = fresh()
            form, kind = form_of("file", "a%20b%C3%BC%25.txt", b"text\n")
            for path, version in (("/files/upload", V1), ("/files", V4)):
                sent = self.pool.call("POST", path, me, version, form, {"Content-Type": kind, "User-Agent": agent})
                self.assertEqual(sent.status, 200)
            names = [f["name"] for f in self.pool.call("GET", "/files", me, V4).json["value"]]
            self.assertEqual(names, [stored])
        hostile, kind = form_of("file", "%2E%2E%2Fout%00.txt", b"text\n")
        headers = {"Content-Type": kind, "User-Agent": "Python/3.11 aiohttp/3.13.2"}
        self.assertEqual(self.pool.call("POST", "/files/upload", fresh(), V1, hostile, headers).status, 400)

    def test_az_cli_stop(self):
        me = fresh()
        self.pool.run(me, "1")
        stopped = self.pool.call("POST", "/.management/stopSession", me, V3)
        self.assertEqual(stopped.status, 200)
        self.assertIn(me, stopped.body.decode())
        self.assertEqual(self.pool.call("GET", "/session", me).status, 404)

    def test_ade(self):
        """It forwards x-ms-*, operation-id and Operation-Location, and reads message first from errors."""
        me = fresh()
        ran = self.pool.run(me, "import time\ntime.sleep(0.1)", V3)
        for name in ("x-ms-session-guid", "x-ms-new-allocation", "x-ms-allocation-time", "operation-id",
                     "x-ms-container-execution-duration", "Operation-Location"):
            self.assertTrue(ran.headers[name], name)
        legacy = self.pool.legacy(me, "1", V1)
        self.assertEqual(legacy.headers["x-ms-session-guid"], ran.headers["x-ms-session-guid"])
        self.assertEqual(legacy.headers["x-ms-new-allocation"], "false")
        self.assertEqual(self.pool.call("GET", "/metadata").status, 200)
        self.assertIn(me, [s["identifier"] for s in self.pool.call("GET", "/listSessions").json["sessions"]])
        bad = self.pool.call("POST", "/executions", me, V3, {"code": ""})
        self.assertEqual(bad.status, 400)
        self.assertEqual(bad.headers["x-ms-error-code"], bad.code)
        self.assertIn("code", bad.json["error"]["message"])

    def test_blank_code(self):
        """AutoGen sends "" after a restart, LlamaIndex "\\n"; the current contract refuses both (SP-25)."""
        me = fresh()
        for code in ("", "\n", " \t"):
            said = self.pool.legacy(me, code)
            self.assertEqual(said.status, 200)
            said = said.json["properties"]
            self.assertEqual([said[k] for k in ("status", "stdout", "stderr", "result")], ["Success", "", "", ""])
            refused = self.pool.run(me, code)
            self.assertEqual(refused.status, 400)
            self.assertIn("code", refused.json["error"]["message"])
        missing = self.pool.call("POST", "/code/execute", me, V1, {"properties": {}})
        self.assertEqual((missing.status, missing.code), (400, "InvalidRequestBody"))

    def test_learn_lab(self):
        """Asynchronous, polled at the id; a status other than Succeeded is a failure, then it reads the error."""
        me = fresh()
        begun = self.pool.run(me, "print('done')\n6 * 7", V4, executionType="Asynchronous",
                              outputStreamsMaxLength=65536, timeoutInSeconds=60)
        self.assertEqual(begun.status, 202)
        polled = self.polled(me, begun.json["id"])
        self.assertEqual(polled["status"], "Succeeded")
        self.assertEqual((polled["result"]["stdout"], polled["result"]["executionResult"]), ("done\n", 42))
        late = self.pool.run(me, "import time\ntime.sleep(60)", V4, executionType="Asynchronous", timeoutInSeconds=1)
        late = self.polled(me, late.json["id"])
        self.assertEqual(late["status"], "Failed")
        self.assertIn("Timeout", late["result"]["stderr"])
        self.assertEqual(late["error"]["error"]["code"], "Timeout")
        self.assertTrue(late["error"]["error"]["message"])

    def test_operation_location_behind_a_tls_proxy(self):
        """A token must not follow it over plain http."""
        body = {"code": "1", "executionType": "Asynchronous"}
        for sent, scheme in (("https", "https"), ("HTTPS", "https"), ("http", "http"), ("javascript", "http")):
            begun = self.pool.call("POST", "/executions", fresh(), V4, body,
                                   {"X-Forwarded-Proto": sent, "Host": "pool.example"}, prefix=CLOUD_PATH)
            where = begun.headers["Operation-Location"]
            self.assertTrue(where.startswith(f"{scheme}://pool.example{CLOUD_PATH}/executions/"), where)

    def polled(self, identifier, execution):
        found = {}

        def over():
            answer = self.pool.call("GET", f"/executions/{execution}", identifier, V4)
            self.assertEqual(answer.status, 200)
            found.update(answer.json)
            return found["status"] not in ("NotStarted", "Running")

        wait_until(over, what="the end of the execution")
        return found

    def test_sk_dotnet(self):
        agent = {"User-Agent": "Semantic-Kernel/1.66.0 (Language=dotnet)"}
        me = fresh()
        for code, legacy, *current in VALUES:
            value = current[0] if current else legacy
            with self.subTest(code):
                ran = self.pool.run(me, code, V2, agent, timeoutInSeconds=100)
                self.assertEqual((ran.status, ran.json["status"]), (202, "Succeeded"))
                text = ran.json["result"]["executionResult"]
                if isinstance(value, str) or value is None:
                    self.assertEqual(text, value)
                else:
                    self.assertIsInstance(text, str)
                    self.assertEqual(json.loads(text), value)
        self.assert_png(json.loads(self.pool.run(me, PLOT, V2, agent).json["result"]["executionResult"]))
        form, kind = form_of("file", "a b.txt", b"text\n")
        sent = self.pool.call("POST", "/files", me, V2, form, {"Content-Type": kind, **agent})
        self.assertLessEqual({"name", "type", "lastModifiedAt"}, sent.json.keys())
        self.assertEqual(self.pool.call("GET", "/files/a%20b.txt/content", me, V2, headers=agent).body, b"text\n")
        for entry in self.pool.call("GET", "/files", me, V2, headers=agent).json["value"]:
            self.assertLessEqual({"name", "type", "lastModifiedAt"}, entry.keys())

    def test_values_in_both_contracts(self):
        me = fresh()
        for code, legacy, *current in VALUES:
            with self.subTest(code):
                old = self.pool.legacy(me, code).json["properties"]
                new = self.pool.run(me, code).json["result"]
                expected = current[0] if current else legacy
                self.assertEqual((old["result"], old["executionResult"], new["executionResult"]),
                                 (legacy, legacy, expected), new["stderr"])
                self.assertIs(type(new["executionResult"]), type(expected))
        self.assert_png(self.pool.legacy(me, PLOT).json["properties"]["result"])
        self.assert_png(self.pool.run(me, PLOT).json["result"]["executionResult"])

    def test_the_first_previews_execute_route(self):
        """LlamaIndexTS posts to python/execute and reads the top level."""
        me = fresh()
        body = {"properties": {"identifier": me, "codeInputType": "inline", "executionType": "synchronous",
                               "pythonCode": "print('o')\n6 * 7"}}
        for path in ("/python/execute", "//python/execute"):
            ran = self.pool.call("POST", path, me, V1, body, prefix=CLOUD_PATH)
            self.assertEqual(ran.status, 200)
            self.assertEqual([ran.json[k] for k in ("status", "stdout", "stderr", "result")],
                             ["Success", "o\n", "", 42])
            self.assertNotIn("error", ran.json)
        body["properties"]["pythonCode"] = "1/0"
        ran = self.pool.call("POST", "/python/execute", me, V1, body).json
        self.assertEqual((ran["status"], ran["result"]), ("Failure", ""))
        self.assertIn("ZeroDivisionError", ran["stderr"])
        self.assertIn("error", ran)


class Notebook(ClientTest):
    """What programs written for a Jupyter kernel may take for granted (8.1)."""

    def setUp(self):
        self.me = fresh()

    def result(self, code, status="Succeeded", **members):
        ran = self.pool.run(self.me, code, **members).json
        self.assertEqual(ran["status"], status, ran["result"]["stderr"])
        return ran["result"]

    def test_shell_commands(self):
        said = self.result("print('a')\n!echo b; echo c >&2; exit 3\nprint('d')")
        self.assertEqual((said["stdout"], said["stderr"]), ("a\nb\nd\n", "c\n"))
        self.assertEqual(self.result("_exit_code")["executionResult"], 3)
        self.assertEqual(self.result("word = 'x y'\n!echo {word} $word")["stdout"], "x y x y\n")
        self.assertEqual(self.result("lines = !printf 'a\\nb\\n'\nlist(lines)")["executionResult"], "['a', 'b']")
        self.assertEqual(self.result("!ls -d /mnt/data")["stdout"], "/mnt/data\n")
        self.assertEqual(self.result("%%bash\necho $((1 + 1))")["stdout"], "2\n")
        self.assertEqual(self.result("def f(local):\n    !echo {local}\nf('here')")["stdout"], "here\n")
        self.result("!kill -9 $$")
        self.assertEqual(self.result("_exit_code")["executionResult"], -9)

    def test_shell_command_meets_the_timeout(self):
        late = self.result("!sleep 60", "Failed", timeoutInSeconds=1)
        self.assertIn("Timeout", late["stderr"])
        self.assertEqual(self.result("1")["executionResult"], 1)

    def test_no_input(self):
        for code in ("input('name?')", "import sys\nsys.stdin.readline()\ninput()"):
            said = self.result(code, "Failed")
            self.assertEqual(said["error"]["name"], "EOFError", said["stderr"])

    def test_exit_leaves_the_session_whole(self):
        for code in ("exit()", "quit(1)", "import sys\nsys.exit()"):
            self.assertEqual(self.result(code, "Failed")["error"]["name"], "SystemExit")
        self.assertIn("len(obj, /)", self.result("help(len)")["stdout"])
        self.assertEqual(self.result("sys.stdin.read()")["executionResult"], "''")

    def test_magics(self):
        self.assertEqual(self.result("%matplotlib inline\n%pwd")["executionResult"], "'/mnt/data'")
        self.assertIn("int(x, base=10)", self.result("int?")["stdout"])
        self.assertIn("Wall time", self.result("%%time\nx = 1")["stdout"])
        self.assertEqual(self.result("x")["executionResult"], 1)
        self.result("%%capture out\nprint('caught', x)")
        self.assertEqual(self.result("out.stdout")["executionResult"], repr("caught 1\n"))
        self.assertNotIn("np", self.result("%who")["stdout"])
        self.assertNotIn("out", self.result("%who", useEmptyKernel=True)["stdout"])
        self.assertIn("out", self.result("%who")["stdout"])
        self.result("%%writefile m.py\nmade = 5")
        self.assertEqual(self.result("%run m.py\nmade")["executionResult"], 5)
        self.assertEqual(self.result("from IPython import get_ipython as own\nown() is get_ipython()")
                         ["executionResult"], True)
        self.assertEqual(self.result("%nosuch", "Failed")["stderr"],
                         "UsageError: Line magic function `%nosuch` not found.\n")
        self.result("%cd /tmp")
        self.assertEqual(self.result("import os\nos.getcwd()")["executionResult"], "'/tmp'")

    def test_await_and_asyncio(self):
        self.assertEqual(self.result("import asyncio\nawait asyncio.sleep(0, 7)")["executionResult"], 7)
        self.assertEqual(self.result("asyncio.run(asyncio.sleep(0, 4))")["executionResult"], 4)
        self.assertEqual(self.result("await asyncio.sleep(0, 5)")["executionResult"], 5)

    def test_rich_objects(self):
        shown = self.result("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))")
        self.assertEqual(shown["outputs"][0]["text/html"], "<b>x</b>")
        shown = self.result("%%html\n<i>y</i>")
        self.assertEqual(shown["outputs"][0]["text/html"], "<i>y</i>\n")
        self.assertEqual(self.result("from IPython.display import clear_output\nclear_output()")["stdout"], "")
        self.result("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('p.png')\nplt.close()")
        for code in ("from IPython.display import Image\nImage('p.png')", "display(Image('p.png'))"):
            self.assert_png(self.result(code)["executionResult"])
        self.assert_png(self.result("from PIL import Image\nImage.new('RGB', (2, 2))")["executionResult"])
        self.assert_png(self.result("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nfig")
                        ["executionResult"])

    def test_modules_of_a_cell(self):
        self.assertEqual(self.result("import inspect\ndef g():\n    return 1\ninspect.getsource(g)")["executionResult"],
                         repr("def g():\n    return 1\n"))
        self.assertEqual(self.result("import pickle\nclass Q:\n    n = 4\npickle.loads(pickle.dumps(Q())).n")
                         ["executionResult"], 4)
        self.assertEqual(self.result("import multiprocessing as m\nwith m.Pool(2) as p:\n"
                                     "    print(p.map(abs, [-1, -2]))")["stdout"], "[1, 2]\n")


# --- helpers ----------------------------------------------------------------------------------------


def parse_answer(text):
    """(status, result, stdout, stderr) out of what SessionsPythonTool.execute_code returns."""
    status, rest = text.removeprefix("Status:\n").split("\nResult:\n", 1)
    result, rest = rest.split("\nStdout:\n", 1)
    stdout, stderr = rest.split("\nStderr:\n", 1)
    return status, result, stdout, stderr


def form_of(field, filename, data, boundary="b0undary"):
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n'
            "Content-Type: text/plain\r\n\r\n").encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def make_certificates(folder):
    """A throw-away authority (ca.pem) and its certificate for localhost (server.pem, server.key)."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "1", "-subj", "/CN=test authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
            "-extfile", "server.ext", "-out", "server.pem")


class TlsProxy:
    """Ends TLS on a port of loopback and passes the bytes on to `port`. It has a thread and a loop of its own."""

    def __init__(self, folder, port):
        self.target = port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(starting, self.loop).result(10)
        self.port = server.sockets[0].getsockname()[1]

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def _serve(self, reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self._pass(reader, inner_writer), self._pass(inner_reader, writer))

    @staticmethod
    async def _pass(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIP)


def install_js(folder):
    """clients_js with its packages, below `folder`."""
    place = folder / "clients_js"
    shutil.copytree(HERE / "clients_js", place, dirs_exist_ok=True)
    wanted, done = (place / "package.json").read_text(), place / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=place, check=True,
                       stdout=subprocess.DEVNULL, timeout=600)
        done.write_text(wanted)
    return place


def prepare(case, folder):
    """Has the client's packages in place, and goes on in their environment; ends with 77 if that cannot be."""
    if case is LlamaIndexTS:
        if not shutil.which("node") or not shutil.which("npm"):
            skip("node and npm are needed")
        try:
            install_js(folder)
        except (subprocess.SubprocessError, OSError) as error:
            skip(f"npm cannot install the client: {error}")
    packages = getattr(case, "packages", None)
    if packages and "CLIENTS_INSIDE" not in os.environ:
        os.environ["CLIENTS_INSIDE"] = "1"
        in_venv = [sys.executable, str(HERE.parent / "scenario" / "in_venv.py"),
                   str(folder / f"venv-pool-{case.__name__.lower()}"), packages]
        try:
            subprocess.run([*in_venv, "-c", ""], check=True)
        except subprocess.SubprocessError as error:
            skip(f"pip cannot install the client: {error}")
        os.execv(sys.executable, [*in_venv, *sys.argv])


def main():
    name, folder, host, zygote = sys.argv[1:]
    case = globals()[name]
    os.environ.update(POOL_HOST=host, POOL_ZYGOTE=zygote, CLIENTS_FOLDER=folder)
    prepare(case, pathlib.Path(folder))
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        os.environ.pop(variable, None)
    done = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    sys.exit(not done.wasSuccessful())


if __name__ == "__main__":
    main()
