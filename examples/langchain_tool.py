# SPDX-License-Identifier: MIT
"""A LangChain tool that runs code after a person approved it. Needs langchain-core, and clients/python/sallyport.py beside it.

    from langchain_tool import run_code
    agent = create_react_agent(model, [run_code])
"""
from langchain_core.tools import tool

import sallyport

WAIT_S = 300  # then the agent goes on, and may look again


@tool
def run_code(code: str, purpose: str) -> str:
    """Run Python code without network, after a person looked at what it did. Say in one sentence what it is for.

    Returns what the code printed. If nobody has decided yet, returns the id to look at later with look_at_request: tell the
    user, and do not submit the same code again. A rejection is final: read the comment.
    """
    client = sallyport.Client()
    request_id = client.submit(code, purpose=purpose)["id"]
    return _told(client, request_id, WAIT_S)


@tool
def look_at_request(request_id: str) -> str:
    """Look at code that was submitted earlier: whether a person has decided, and after an approval what it printed."""
    return _told(sallyport.Client(), request_id, 0.001)


def _told(client, request_id, wait_s):
    try:
        result = client.wait(request_id, wait_s)["result"]
        return result["stdout"] + result["stderr"] + (str(result["result"]) if result.get("result") is not None else "")
    except TimeoutError:
        return f"Request {request_id} waits for a person. Tell the user; look again later."
    except sallyport.Ended as end:
        return f"Request {request_id} is {end.request['state']}: {end}"
