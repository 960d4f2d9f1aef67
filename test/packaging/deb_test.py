# SPDX-License-Identifier: MIT
"""The Debian packages: built, installed by dpkg in a root folder of the test's own, used, upgraded, removed, purged.

If this fails, who installs, upgrades or removes Sallyport by its packages loses what waits, or keeps what should be gone.
Usage: deb_test.py BUILD_FOLDER SOURCE_ROOT
"""
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import root
import unit
from server import Server

OLD = "0.1.0-1"  # NEW is what the project is
STATE, OPTIONS = pathlib.Path("/var/lib/sallyport"), pathlib.Path("/etc/default/sallyport")
UNIT = pathlib.Path("/usr/lib/systemd/system/sallyport.service")
WANTED = pathlib.Path("/etc/systemd/system/multi-user.target.wants/sallyport.service")
USES = """
#include <durabletask.h>
#include <durabletask_azure.h>
#include <stdio.h>
int main(void)
{
    struct dt_azure_options options = {0};
    struct dt_azure_credential *credential = NULL;
    (void)dt_azure_credential_create(&options, &credential, NULL);
    printf("%d.%d.%d", DT_VERSION_MAJOR, DT_VERSION_MINOR, DT_VERSION_PATCH);
    return 0;
}
"""


def run(*command, **rest):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **rest)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def ours():
    """What of ours lies where packages lay things down."""
    return sorted(run("find", "/etc", "/usr/bin", "/usr/include", "/usr/lib", "/usr/libexec", "/usr/share", "/var/lib", "-xdev", "(",
                      "-name", "*sallyport*", "-o", "-name", "*durabletask*", ")", "-not", "-path", "/usr/lib/python3*").split())


class Packages(unittest.TestCase):
    def packages(self, version):
        return [f"{FOLDER}/{name}_{version}_{ARCHITECTURE}.deb" for name in
                ("sallyport", "libdurabletask0", "libdurabletask-azure0", "libdurabletask-dev")]

    def serve(self):
        """The service as its unit has it; the port is the kernel's."""
        server = Server("/usr/bin/sallyport", data=str(STATE))
        self.addCleanup(server.close)
        server.launch(unit.command(UNIT.read_text(), OPTIONS.read_text(), ["--port", "0", "--ready-file", STATE / "ready.json"]),
                      env={**os.environ, "STATE_DIRECTORY": str(STATE)}, umask=0o077)
        return server.wait_ready()

    def curl(self, server, pattern, request=None):
        """A command of the README, as it is printed there."""
        line = re.search(rf"^curl .*{pattern}.*$", README, re.M).group()
        line = line.replace("localhost:8080", f"localhost:{server.port}").replace("REQUEST_ID", request or "")
        return run("bash", "-c", line)

    def test_install_use_upgrade_remove_purge(self):
        before = ours()
        run("dpkg", "--install", *self.packages(OLD))
        self.assertEqual(run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "sallyport"), f"ii {OLD}")
        self.assertEqual(run("dpkg", "--verify", "sallyport", "libdurabletask0", "libdurabletask-dev"), "")
        owner = pwd.getpwnam("sallyport")
        self.assertEqual((STATE.stat().st_mode & 0o7777, STATE.stat().st_uid), (0o700, owner.pw_uid))
        self.assertTrue(WANTED.is_symlink())  # starts with the machine
        self.assertEqual(run("/usr/bin/sallyport", "--version").split()[0], "sallyport")
        self.assertIsInstance(json.loads(run("/usr/bin/sallyport", "doctor", "--json")), dict)
        self.libraries_can_be_used()

        server = self.serve()
        self.assertEqual(server.ask("GET", "/healthz")[2]["server"]["user"], owner.pw_uid)
        request = json.loads(self.curl(server, "code/execute"))["RequestId"]
        shown = json.loads(self.curl(server, r"v1/requests/REQUEST_ID\?wait", request))
        self.assertEqual((shown["state"], shown["result"]["stdout"]), ("waiting", "42\n"))
        self.assertEqual(server.stop(), 0)

        OPTIONS.write_text(OPTIONS.read_text() + "# changed by hand\n")
        run("dpkg", "--install", *self.packages(NEW))
        self.assertEqual(run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "sallyport"), f"ii {NEW}")
        self.assertIn("# changed by hand", OPTIONS.read_text())
        server = self.serve()
        self.assertEqual(server.request(request)["result"], shown["result"])
        self.curl(server, "code/review", request)
        server.until(request, "approved")
        self.assertEqual(server.stop(), 0)

        self.three_services_work_together(shown["result"]["stdout"])

        names = ("sallyport", "libdurabletask-dev", "libdurabletask-azure0", "libdurabletask0")
        run("dpkg", "--remove", *names)
        self.assertFalse(pathlib.Path("/usr/bin/sallyport").exists())
        self.assertTrue((STATE / "scheduler.db").exists())
        self.assertTrue(pathlib.Path("/var/lib/sallyport-scheduler/scheduler.db").exists())
        self.assertTrue(OPTIONS.exists())
        run("dpkg", "--purge", *names)
        self.assertEqual(ours(), before)
        self.assertRaises(KeyError, pwd.getpwnam, "sallyport")

    def three_services_work_together(self, printed):
        """The server apart, as its units have it; none of them is enabled by itself."""
        servers = {}
        for name, port in (("scheduler", "8081"), ("pool", "8082"), ("app", "8080")):
            text = UNIT.with_name(f"sallyport-{name}.service").read_text()
            self.assertFalse(WANTED.with_name(f"sallyport-{name}.service").exists())
            folder = pathlib.Path(f"/var/lib/sallyport-{name}")  # systemd makes it: StateDirectory=
            folder.mkdir(mode=0o700)
            if "User" in unit.settings(text):
                os.chown(folder, unit.USER, unit.USER)
            says = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", text, re.M))
            for other, number in (("scheduler", "8081"), ("pool", "8082")):
                says = {key: value.replace(number, str(servers[other].port)) for key, value in says.items()} if other in servers else says
            servers[name] = server = Server("/usr/bin/sallyport", data=str(folder), command=name)
            self.addCleanup(server.close)
            self.assertIn(f"/usr/bin/sallyport {name} --port {port} ", text)
            server.launch(unit.command(text, 'SALLYPORT_OPTIONS=""', ["--port", "0", "--ready-file", folder / "ready.json"]),
                          env={**os.environ, "STATE_DIRECTORY": str(folder), **says}, umask=0o077)
            server.wait_ready()
        request = servers["app"].submit("print(6 * 7)")
        self.assertEqual(servers["app"].until(request, "waiting")["result"]["stdout"], printed)
        self.assertEqual([servers[name].stop() for name in ("app", "pool", "scheduler")], [0, 0, 0])

    def libraries_can_be_used(self):
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder, "uses.c"), pathlib.Path(folder, "uses")
            source.write_text(USES)
            flags = run("pkg-config", "--cflags", "--libs", "durabletask", "durabletask-azure").split()
            run("cc", "-o", program, source, *flags)
            self.assertEqual(run(program) + "-1", NEW)
            self.assertIn("libdurabletask-azure.so.0 => /", run("ldd", program))


class Built(unittest.TestCase):
    def test_no_path_of_the_machine_that_built_them(self):
        for package in sorted(pathlib.Path(FOLDER).glob(f"*_{NEW}_*.deb")):
            content = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
            for path in (BUILD, SOURCE):
                self.assertNotIn(path.encode(), content, package)


def project_version(source):
    return re.search(r"^  version: '(\S+)'", pathlib.Path(source, "meson.build").read_text(), re.M).group(1) + "-1"


def make_older(package, version):
    """The same package, as one of a lower version beside it."""
    with tempfile.TemporaryDirectory() as folder:
        run("dpkg-deb", "--raw-extract", package, folder)
        control = pathlib.Path(folder, "DEBIAN/control")
        control.write_text(control.read_text().replace(version, OLD))
        run("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", folder, package.with_name(package.name.replace(version, OLD)))


def main():
    build, source = sys.argv[1:3]
    for tool in ("dpkg-deb", "dpkg-shlibdeps", "strip", "meson", "setpriv", "pivot_root"):
        if not shutil.which(tool):
            root.skip(f"no {tool} here: apt-get install dpkg-dev binutils meson util-linux")
    with tempfile.TemporaryDirectory(prefix="sallyport-deb-") as folder:
        run(pathlib.Path(source, "packaging/deb/build"), build, folder)
        for package in sorted(pathlib.Path(folder).glob("*.deb")):
            make_older(package, project_version(source))
        mounts = pathlib.Path(folder, "mounts")
        mounts.mkdir()
        sys.exit(root.apart(mounts, ["--apart", folder, build, source]))


if __name__ == "__main__":
    if sys.argv[1] != "--apart":
        main()
    FOLDER, BUILD, SOURCE = sys.argv[2:5]
    del sys.argv[1:]
    NEW = project_version(SOURCE)
    README = pathlib.Path(SOURCE, "README.md").read_text()
    ARCHITECTURE = run("dpkg", "--print-architecture").strip()
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    first = unittest.TextTestRunner(verbosity=2).run(load(Built))
    packages = {path.name: path.read_bytes() for path in pathlib.Path(FOLDER).glob("*.deb")}
    root.enter(f"{FOLDER}/mounts")
    FOLDER = tempfile.mkdtemp()  # in memory, gone with the namespace
    for name, content in packages.items():
        pathlib.Path(FOLDER, name).write_bytes(content)
    second = unittest.TextTestRunner(verbosity=2).run(load(Packages))
    sys.exit(not (first.wasSuccessful() and second.wasSuccessful()))
