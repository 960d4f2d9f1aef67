# SPDX-License-Identifier: MIT
"""Our image: built from our Debian package, run by podman with each set of rights that doc/deploy.md names, and used as the README
says. The image has what the package depends on and nothing else, so this also proves that list.

If this fails, who deploys the image gets no server, or one with less isolation than the page says.
Usage: image_test.py BUILD_FOLDER SOURCE_ROOT
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import root  # noqa: E402
from podman import Podman  # noqa: E402

BUILD, SOURCE = pathlib.Path(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
DEPLOY, README = (SOURCE / "doc/deploy.md").read_text(), (SOURCE / "README.md").read_text()
PATIENCE_S = 90
NO_GROUPS = {"cgroup-memory", "cgroup-pids", "cgroup-cpu"}
BARE = ["--cap-drop", "all", "--security-opt", "no-new-privileges"]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.podman = Podman()
        cls.addClassCleanup(cls.podman.close)
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sallyport-image-", dir="/var/tmp")))
        subprocess.run([SOURCE / "packaging/deb/build", BUILD, folder], check=True, capture_output=True, timeout=900)
        package = next(folder.glob("sallyport_*.deb"))
        (folder / "context").mkdir()
        subprocess.run([SOURCE / "packaging/oci/root", package, folder / "context/root.tar"], check=True, capture_output=True, timeout=900)
        cls.podman.run("build", "--format", "docker", "--network", "none", "-t", "sallyport", "-f", SOURCE / "packaging/oci/Containerfile",
                       folder / "context")

    def start(self, *rights, words=("dev",)):
        """A container of the image; its name."""
        self.podman.run("run", "--detach", "--name", "one", *self.podman.options, *rights, "sallyport", *words)
        self.addCleanup(self.podman.run, "rm", "-f", "-t", "0", "-v", "one", check=False)
        self.process = self.podman.run("inspect", "--format", "{{.State.Pid}}", "one").stdout.strip()

    def inside(self, *command, timeout=PATIENCE_S):
        """A program of this machine in the container's network."""
        return subprocess.run(["nsenter", f"--net=/proc/{self.process}/ns/net", *command], capture_output=True, text=True, timeout=timeout)

    def ask(self, path):
        done = self.inside("curl", "-s", "-w", "\n%{http_code}", f"http://localhost:8080{path}")
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), json.loads(text) if text.startswith("{") else text

    def until_ready(self, status=200):
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.ask("/readyz"))[0] != status:
            self.assertLess(time.monotonic(), deadline, (answer, self.podman.run("logs", "one", check=False).stderr[-2000:]))
            time.sleep(0.2)
        return answer[1]

    def weaker(self):
        """The layers of isolation that are missing or weaker than they could be."""
        return {layer["name"] for layer in self.ask("/healthz")[1]["pool"]["isolation"]["layers"] if layer["state"] != "on"}

    def first_five_minutes(self):
        """The README's submission, look and decision, as they are printed there."""
        def line(pattern, request=""):
            text = re.search(rf"^curl .*{pattern}.*$", README, re.M).group().replace("REQUEST_ID", request)
            done = self.inside("bash", "-c", text.replace("curl ", "curl -sS "))
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        request = line("code/execute")["RequestId"]
        shown = line(r"v1/requests/REQUEST_ID\?wait", request)
        self.assertEqual((shown["state"], shown["result"]["stdout"]), ("waiting", "42\n"))
        self.assertEqual(line("code/review", request), {"message": "Code execution approved."})

    def printed(self, code):
        done = self.inside("curl", "-sS", "-H", "Content-Type: application/json", "-d", json.dumps(code), "http://localhost:8080/code/execute")
        request = json.loads(done.stdout)["RequestId"]
        return self.ask(f"/v1/requests/{request}?wait=60s&until=result")[1]["result"]["stdout"]

    def orderly_stop(self):
        self.podman.run("stop", "-t", "30", "one")
        self.assertEqual(self.podman.run("inspect", "--format", "{{.State.ExitCode}}", "one").stdout.strip(), "0")

    def try_out(self, *rights, weaker):
        self.start(*rights)
        self.until_ready()
        self.first_five_minutes()
        self.assertEqual(self.printed("import numpy, pandas, matplotlib, scipy.stats, sympy, PIL; print('all')"), "all\n")
        self.assertEqual(self.weaker(), weaker)
        self.orderly_stop()

    def test_without_any_right(self):
        """The first row, as the page's command has it; the folder of the state is all that can be written."""
        printed = re.search(r"^podman run (--cap-drop.*?)$\n^ +(--read-only.*?) -v state", DEPLOY, re.M | re.S)
        options = f"{printed[1]} {printed[2]}".replace("\\\n", " ").replace("\\", " ").split()
        self.assertEqual(options, [*BARE, "--security-opt", "seccomp=unconfined", "--security-opt", "unmask=ALL", "--read-only", "--tmpfs", "/tmp"])
        self.try_out(*options, weaker={"uid", *NO_GROUPS})

    def test_with_the_engines_cover_of_proc(self):
        self.try_out(*BARE, "--security-opt", "seccomp=unconfined", weaker={"uid", "proc", *NO_GROUPS})

    def test_with_the_engines_own_profile_no_session_runs(self):
        self.start(*BARE, "--security-opt", "unmask=ALL")
        self.assertIn("pool", {cause["part"] for cause in self.until_ready(503)["causes"]})
        time.sleep(2)
        self.assertEqual(self.ask("/readyz")[0], 503)

    def test_with_capabilities_under_the_engines_own_profile(self):
        given = re.search(r"`--user 0:0 --cap-drop all --cap-add (\S+)`", DEPLOY)[1]
        self.try_out("--user", "0:0", "--cap-drop", "all", "--cap-add", given, weaker=NO_GROUPS)

    def test_signed_in_over_tls_with_its_own_check_of_health(self):
        """The page's whole command: no request without a key, none in clear text but the check's, and state that lasts."""
        self.podman.run("volume", "create", "state")
        self.addCleanup(self.podman.run, "volume", "rm", "-f", "state", check=False)
        words = ("dev", "--host", "0.0.0.0", "--auth", "--tls")
        rights = (*BARE, "--security-opt", "seccomp=unconfined", "--security-opt", "unmask=ALL", "--read-only", "--tmpfs", "/tmp",
                  "-v", "state:/var/lib/sallyport")
        self.start(*rights, words=words)
        self.until_ready()
        said = self.podman.run("logs", "one")
        key = re.search(r"^ +(spk_\S+)$", said.stdout + said.stderr, re.M)[1]
        self.assertEqual(self.podman.run("healthcheck", "run", "one").returncode, 0)

        def over_tls(*more):
            authority = f"/proc/{self.process}/root/var/lib/sallyport/data/tls/authority.pem"
            return self.inside("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", authority, *more,
                               "https://localhost:8080/v1/requests").stdout
        self.assertEqual((over_tls(), over_tls("-H", f"Authorization: Bearer {key}")), ("401", "200"))
        self.podman.run("rm", "-f", "-t", "30", "one")
        self.start(*rights, words=words)
        self.until_ready()
        self.assertEqual(over_tls("-H", f"Authorization: Bearer {key}"), "200")

    def test_there_is_nothing_to_install_with(self):
        self.start(*BARE, "--security-opt", "seccomp=unconfined")
        listed = self.podman.run("exec", "one", "/usr/bin/ls", "/usr/bin").stdout.split()
        self.assertFalse({"apt", "apt-get", "dpkg", "gcc", "cc", "perl"} & set(listed))
        owner = self.podman.run("exec", "one", "/usr/bin/id", "-u").stdout.strip()
        self.assertEqual(owner, "10001")

    def test_the_compose_file_brings_up_a_server_and_takes_it_away(self):
        """By podman-compose; of its words only the network is another, since this machine has none for containers."""
        tool = BUILD / "venv-compose"
        bridge = self.podman.folder / "compose-podman"
        bridge.write_text(f"""#!/usr/bin/python3
import os, sys
words = sys.argv[1:]
if words[:1] == ["network"]:
    sys.exit(0)
if words[:1] in (["create"], ["run"]):
    port = words.index("-p")
    assert words[port + 1] == "127.0.0.1:8080:8080", words
    del words[port:port + 2]
    words = words[:1] + {self.podman.options!r} + [word for word in words[1:] if not word.startswith("--network=")]
os.execv({str(self.podman.program)!r}, ["podman", *words])
""")
        bridge.chmod(0o755)

        def compose(*words):
            done = subprocess.run([sys.executable, SOURCE / "test/scenario/in_venv.py", tool, "podman-compose==1.6.0", tool / "bin/podman-compose",
                                   "--podman-path", bridge, "-f", SOURCE / "packaging/compose/compose.yaml", *words],
                                  capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
            if done.returncode == 77:
                self.skipTest("podman-compose cannot be had")
            self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
            return done.stdout + done.stderr

        self.addCleanup(self.podman.run, "volume", "rm", "-f", "compose_state", check=False)
        self.addCleanup(self.podman.run, "rm", "-f", "-t", "0", "compose_sallyport_1", check=False)
        compose("up", "-d")
        self.process = self.podman.run("inspect", "--format", "{{.State.Pid}}", "compose_sallyport_1").stdout.strip()
        deadline = time.monotonic() + PATIENCE_S
        while not (key := re.search(r"spk_\w+", compose("logs"))):
            self.assertLess(time.monotonic(), deadline, self.podman.run("logs", "compose_sallyport_1", check=False).stderr[-2000:])
            time.sleep(0.5)
        ask = ["curl", "-sSk", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null", "-w", "%{http_code}"]
        self.assertEqual(self.inside(*ask, "https://localhost:8080/v1/requests").stdout, "401")
        self.assertEqual(self.inside(*ask, "-H", f"Authorization: Bearer {key.group()}", "https://localhost:8080/v1/requests").stdout, "200")
        self.assertEqual(self.inside(*ask, "-H", "Host: evil.example", "https://localhost:8080/v1/requests").stdout, "421")
        compose("down", "--volumes")
        self.assertEqual(self.podman.left(), [])


if __name__ == "__main__":
    for tool in ("dpkg-deb", "dpkg-shlibdeps", "strip", "meson", "nsenter", "curl"):
        if not shutil.which(tool):
            root.skip(f"no {tool} here: apt-get install dpkg-dev binutils meson util-linux curl")
    unittest.main(verbosity=2)
