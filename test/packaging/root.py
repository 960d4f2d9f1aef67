# SPDX-License-Identifier: MIT
"""A root folder of our own: this machine's, with all that changes in it kept in memory and gone with the last process.

`apart` starts the test again in a mount namespace, `enter` makes the folder the root of that process and of what it starts.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)


def apart(folder, arguments):
    """Runs this script again with these arguments where its mounts are seen by nobody else; its exit code."""
    command = ["unshare", "--mount", "--propagation", "private"]
    probe = 'mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir a b c && mount -t overlay overlay -o lowerdir=/,upperdir=$1/a,workdir=$1/b c'
    if os.geteuid() != 0 or subprocess.run([*command, "sh", "-ec", probe, "probe", folder], capture_output=True).returncode != 0:
        skip("needs root and the right to mount an overlay, for a root folder of its own")
    return subprocess.run([*command, sys.executable, *sys.argv[:1], *arguments]).returncode


def enter(folder):
    """Makes a root folder in `folder` and enters it. pivot_root, not chroot: who lives in a chroot gets no user namespace."""
    folder = pathlib.Path(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)
    for name in ("changes", "work", "root"):
        (folder / name).mkdir()
    root = folder / "root"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    f"lowerdir=/,upperdir={folder}/changes,workdir={folder}/work", root], check=True)
    for name in ("proc", "sys", "dev"):
        subprocess.run(["mount", "--rbind", f"/{name}", root / name], check=True)
    for name in ("run", "tmp"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / name], check=True)
    os.chdir(root)
    (root / "tmp/old").mkdir()
    subprocess.run(["pivot_root", ".", "tmp/old"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/tmp/old"], check=True)
    os.rmdir("/tmp/old")
    tempfile.tempdir = None
