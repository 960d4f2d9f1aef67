# SPDX-License-Identifier: MIT
"""What a session of our pool answers to the same cells, through its HTTP API."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pool"))
from pool_process import Pool, fresh  # noqa: E402,F401


class Session:
    """One fresh session; a context manager."""

    def __init__(self, pool):
        self.pool, self.id = pool, fresh()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.call("DELETE", "/session", self.id)

    def answer(self, code, **more):
        answer = self.pool.run(self.id, code, **more)
        if answer.status != 200:
            raise RuntimeError(f"the pool answered {answer}")
        return answer.json

    def run(self, code):
        result = self.answer(code)["result"]
        outputs = result.get("outputs", [])
        error = result.get("error") or {}
        value = result["executionResult"]
        image = isinstance(value, dict) and value.get("type") == "image"
        plain = [o["text/plain"] for o in outputs if "text/plain" in o and "image/png" not in o]
        if image:  # the value made room for the picture
            value = plain[-1] if plain else ""
        return {"value": text_of(value), "stdout": result["stdout"], "stderr": result["stderr"],
                "error": error.get("name", ""), "hint": error.get("hint", ""),
                "trace": "\n".join(error.get("traceback", [])), "html": "".join(o.get("text/html", "") for o in outputs),
                "shown": plain, "image": image or any("image/png" in o for o in outputs)}


def text_of(value):
    """A JSON value as IPython's text/plain has it; texts come quoted."""
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)
