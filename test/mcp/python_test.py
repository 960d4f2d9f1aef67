# SPDX-License-Identifier: MIT
"""Agents at /mcp: the official Python SDK's client, unmodified, over HTTP and over `sallyport mcp`.

If this fails, an agent that is written in Python cannot submit code, or gets what nobody has approved yet.
Usage: in_venv.py ... python_test.py PROGRAM, in an environment that has `mcp`
"""
import asyncio
import pathlib
import re
import sys
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "scenario")]
from mcp import Client, MCPError, StdioServerParameters  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
TOOLS = ["run_code", "get_request", "list_requests", "get_file", "cancel_request"]
CODE = "print('from a model'); open('out.txt', 'w').write('held'); 6 * 7"
PATIENCE_S = 120


def text_of(result):
    return "".join(block.text for block in result.content)


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.url = cls.server.ready["url"]

    def drive(self, server):
        asyncio.run(asyncio.wait_for(self.submit_and_decide(server), PATIENCE_S))

    async def submit_and_decide(self, server):
        async with Client(server) as client:
            self.assertEqual(client.server_info.name, "sallyport")
            self.assertEqual([tool.name for tool in (await client.list_tools()).tools], TOOLS)
            request = await self.submit(client)
            await self.held_back(client, request)

            under_way = asyncio.create_task(client.call_tool("get_request", {"id": request, "wait_seconds": 50}))
            status, _, answer = await asyncio.to_thread(
                self.server.ask, "POST", f"/v1/requests/{request}/decision",
                {"approve": True, "by": "mina", "comment": "fine"})
            self.assertEqual(status, 200, answer)
            await self.handed_over(client, request, await under_way)
            await self.refused(client)

    async def submit(self, client):
        submitted = await client.call_tool("run_code", {"code": CODE, "purpose": "multiply", "wait_seconds": 0})
        self.assertFalse(submitted.is_error, text_of(submitted))
        request = submitted.structured_content["id"]
        await asyncio.to_thread(self.server.until, request, "waiting")
        return request

    async def held_back(self, client, request):
        """What nobody has approved yet is not in any answer."""
        waiting = await client.call_tool("get_request", {"id": request})
        self.assertEqual(waiting.structured_content["state"], "waiting")
        self.assertIn("A person decides", text_of(waiting))
        self.assertNotRegex(waiting.model_dump_json(), r"from a model|out\.txt")
        early = await client.call_tool("get_file", {"id": request, "path": "out.txt"})
        self.assertTrue(early.is_error)
        self.assertNotIn("held", text_of(early))
        self.assertIn(request, text_of(await client.call_tool("list_requests", {"state": "waiting"})))
        resource = await client.read_resource(f"sallyport://requests/{request}")
        self.assertNotIn("from a model", resource.contents[0].text)

    async def handed_over(self, client, request, after):
        self.assertEqual(after.structured_content["state"], "approved")
        self.assertRegex(text_of(after), re.compile("approved.*by: mina.*comment: fine.*from a model.*42", re.DOTALL))
        file = await client.call_tool("get_file", {"id": request, "path": "out.txt"})
        self.assertEqual(text_of(file), "held")

    async def refused(self, client):
        failed = await client.call_tool("run_code", {"code": "1 / 0", "wait_seconds": 50})
        self.assertTrue(failed.is_error)
        self.assertIn("ZeroDivisionError", text_of(failed))
        with self.assertRaises(MCPError):
            await client.call_tool("no_such_tool", {})

    def test_rp65_the_official_client_over_http(self):
        """RP-65: submit, status and result, and nothing before the approval."""
        self.drive(f"{self.url}/mcp")

    def test_rp65_the_official_client_over_standard_input_and_output(self):
        """RP-65: the same by `sallyport mcp`."""
        self.drive(StdioServerParameters(command=PROGRAM, args=["mcp"], env={"SALLYPORT_URL": self.url}))


if __name__ == "__main__":
    unittest.main()
