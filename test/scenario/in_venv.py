# SPDX-License-Identifier: MIT
"""Runs a Python test in a virtual environment with packages from PyPI, made once below the build folder.

Usage: in_venv.py DIRECTORY PACKAGE[,PACKAGE...] SCRIPT [ARGUMENT...]

Exit code 77 (skipped) if the packages cannot be had: no network, or the registry is down.
"""
import fcntl
import os
import pathlib
import subprocess
import sys

SKIPPED = 77

directory, packages, *command = sys.argv[1:]
directory = pathlib.Path(directory).resolve()
directory.parent.mkdir(parents=True, exist_ok=True)
with open(f"{directory}.lock", "w") as lock:  # tests may start side by side
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = directory / "installed.txt"
    if not done.exists() or done.read_text() != packages:
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", directory], check=True)
        pip = subprocess.run([directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                              *packages.split(",")])
        if pip.returncode:  # nothing of ours is wrong when the registry does not answer
            print(f"pip could not install {packages}", flush=True)
            sys.exit(SKIPPED)
        done.write_text(packages)
os.execv(directory / "bin/python", [str(directory / "bin/python"), *command])
