# SPDX-License-Identifier: MIT
"""A podman of a test's own: its images, containers and mounts are in a temporary folder, and gone with it.

No registry is asked: images are made of folders. `program` is a command that others can call as podman, and `options` are what its `run`
needs on a machine whose groups are of version 1 and whose limits nobody may raise."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

OPTIONS = ["--runtime", "runc", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--network", "none"]
PATIENCE_S = 600  # an image is built on a machine that may have much else to do


def groups():
    """What engines leave behind in the trees of control groups."""
    return {path for tree in pathlib.Path("/sys/fs/cgroup").glob("*") for path in tree.glob("libpod_parent")}


class Podman:
    def __init__(self):
        for tool in ("podman", "runc", "busybox"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"no {tool} here: apt-get install podman runc busybox-static")
        if os.geteuid() != 0:
            raise unittest.SkipTest("an engine that joins networks of containers needs root")
        self.options = OPTIONS
        self.groups_before = groups()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-podman-"))
        self.program = self.folder / "podman"
        self.program.write_text(f'#!/bin/sh\nexec {shutil.which("podman")} --root {self.folder}/images --runroot {self.folder}/run '
                                f'--tmpdir {self.folder}/tmp --events-backend none "$@"\n')
        self.program.chmod(0o755)
        try:
            self.busybox("localhost/tiny")
            self.run("run", "--rm", *self.options, "localhost/tiny", "true")
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            self.close()
            said = getattr(error, "stderr", "") or str(error)
            raise unittest.SkipTest(f"podman runs nothing here: {said.strip()[-300:]}") from None

    def run(self, *words, check=True, **more):
        return subprocess.run([self.program, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=check, **more)

    def busybox(self, name):
        """An image with busybox and nothing else."""
        root = self.folder / "root"
        (root / "bin").mkdir(parents=True)
        (root / "tmp").mkdir()
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        for applet in ("sh", "env", "echo", "cat", "id", "sleep", "wget", "httpd", "mkdir", "true", "kill", "trap", "grep", "ls"):
            (root / "bin" / applet).symlink_to("busybox")
        archive = self.folder / "root.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        self.run("import", archive, name)

    def left(self):
        """Containers that are there, running or not."""
        return self.run("ps", "-a", "--format", "{{.Names}}").stdout.split()

    def ids(self):
        return self.run("ps", "-a", "-q").stdout.split()

    def processes(self):
        """Of ours and of those whom we started, for whomever."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(self.folder).encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                pass
        return [pid for pid in found if pid != os.getpid()]

    def close(self):
        deadline = time.monotonic() + 30
        while self.processes() and time.monotonic() < deadline:  # who was killed is cleaned up after
            time.sleep(0.1)
        for name in self.left():
            self.run("rm", "-f", "-t", "0", name, check=False)
        for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
            place = line.split()[1]
            if place.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in groups() - self.groups_before:
            for inner in sorted(path.rglob("*"), reverse=True):
                if inner.is_dir():
                    inner.rmdir()
            path.rmdir()
