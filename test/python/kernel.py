# SPDX-License-Identifier: MIT
"""What a real Jupyter kernel answers. Debian's python3-ipykernel and python3-jupyter-client."""
import os
import shutil
import subprocess
import tempfile

from jupyter_client.manager import KernelManager

ANSWER_S = 120


class Kernel:
    """One fresh kernel in a folder of its own; a context manager."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-kernel-")
        self.manager = KernelManager(kernel_name="python3")
        environment = {**os.environ, "IPYTHONDIR": self.folder + "/ipython", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        self.manager.start_kernel(cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=ANSWER_S)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, code):
        """The same members that pool.py gives."""
        seen = {"value": "", "stdout": "", "stderr": "", "error": "", "html": "", "shown": [], "image": False}
        # Behind a cell that failed a kernel drops for a moment whatever comes, unless it is told not to.
        self.client.execute_interactive(code, timeout=ANSWER_S, output_hook=lambda m: note(seen, m), allow_stdin=False,
                                        stop_on_error=False)
        return seen


def note(seen, message):
    content, kind = message["content"], message["msg_type"]
    if kind == "stream":
        seen[content["name"]] += content["text"]
    elif kind == "error":
        seen["error"] = content["ename"]
    elif kind in ("execute_result", "display_data", "update_display_data"):
        data = content["data"]
        if kind == "execute_result":
            seen["value"] = data.get("text/plain", "")
        else:
            seen["shown"].append(data.get("text/plain", ""))
        seen["html"] += data.get("text/html", "")
        seen["image"] |= "image/png" in data
