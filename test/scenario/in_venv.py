# SPDX-License-Identifier: MIT
"""Runs a Python test in a virtual environment with packages from PyPI, made once below the build folder.

Usage: in_venv.py DIRECTORY PACKAGE[,PACKAGE...] SCRIPT [ARGUMENT...]
"""
import fcntl
import os
import pathlib
import subprocess
import sys

directory, packages, *command = sys.argv[1:]
directory = pathlib.Path(directory).resolve()
directory.parent.mkdir(parents=True, exist_ok=True)
with open(f"{directory}.lock", "w") as lock:  # tests may start side by side
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = directory / "installed.txt"
    if not done.exists() or done.read_text() != packages:
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", directory], check=True)
        subprocess.run([directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        *packages.split(",")], check=True)
        done.write_text(packages)
os.execv(directory / "bin/python", [str(directory / "bin/python"), *command])
