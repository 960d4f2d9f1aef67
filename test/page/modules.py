# SPDX-License-Identifier: MIT
"""What the page is built and tested with: the packages of web/package-lock.json, fetched once into a folder of the build.

Exit 77 (skipped) without Node, or if the registry does not answer."""
import fcntl
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/interop"), str(ROOT / "test/scenario")]
from sdk_run import fetch, need  # noqa: E402

WEB = ROOT / "web"
OURS = shutil.ignore_patterns("node_modules", "build-test", "dist")
PACKAGES = ("package.json", "package-lock.json", ".npmrc")


def prepare(folder):
    """The folder with node_modules, which tests of the page share: they may start side by side, and nothing else is written there."""
    need("node", "npm")
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in PACKAGES:
            shutil.copy(WEB / name, folder)
        fetch(folder, [WEB / "package.json", WEB / "package-lock.json"],
              ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    return folder


def workplace(folder):
    """A copy of web/ as it is now, without what was built, with the packages of `folder`: for one test, which removes it."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="page-work-", dir=folder.parent))
    shutil.copytree(WEB, place, ignore=OURS, dirs_exist_ok=True)
    (place / "node_modules").symlink_to(folder / "node_modules")
    return place
