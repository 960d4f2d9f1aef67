# SPDX-License-Identifier: MIT
"""What the page is built and tested with: the packages of web/package-lock.json, fetched once into a folder of the build.

Exit 77 (skipped) without Node, or if the registry does not answer."""
import fcntl
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/interop"), str(ROOT / "test/scenario")]
from sdk_run import fetch, need  # noqa: E402

WEB = ROOT / "web"
OURS = shutil.ignore_patterns("node_modules", "build-test", "dist")


def prepare(folder):
    """The folder with web/ as it is now, without what was built, and its node_modules; tests of several builds may start
    side by side."""
    need("node", "npm")
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in ("src", "dist"):
            shutil.rmtree(folder / left, ignore_errors=True)
        shutil.copytree(WEB, folder, ignore=OURS, dirs_exist_ok=True)
        fetch(folder, [WEB / "package.json", WEB / "package-lock.json"],
              ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    return folder
