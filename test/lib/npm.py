# SPDX-License-Identifier: MIT
"""Packages from npm for a test: those of a folder's package.json, fetched once into a folder of the build."""
import fcntl
import pathlib
import shutil
import subprocess

PATIENCE_S = 300


def fetch(source, folder):
    """Copies `source`, with its package.json, to `folder` and installs there. The reason why that cannot be, or None: a test is
    then skipped, for nothing of ours is wrong."""
    folder = pathlib.Path(folder)
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are needed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:  # tests of several builds may start side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copytree(source, folder, dirs_exist_ok=True)
        wanted, done = (folder / "package.json").read_text(), folder / "installed.json"
        if done.exists() and done.read_text() == wanted:
            return None
        try:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
        except (subprocess.SubprocessError, OSError) as error:
            return f"npm cannot install the packages: {error}"
        done.write_text(wanted)
    return None
