# SPDX-License-Identifier: MIT
"""The Containerfile, the compose file and the Kubernetes manifests: what they say is what they promise, and fits together.

No engine and no cluster is asked here; doc/deploy.md says what was tried. If this fails, who deploys from them gets a server with more
rights than stated, or none that answers. Usage: containers_test.py PROGRAM SOURCE_ROOT
"""
import os
import pathlib
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from server import Server  # noqa: E402

PROGRAM, ROOT = os.path.abspath(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
PACKAGING = ROOT / "packaging"
USER = 10001


def manifests():
    """The base as kustomize writes it; without kustomize, the files that it names."""
    folder = PACKAGING / "kubernetes"
    if shutil.which("kubectl"):
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))
    return [yaml.safe_load((folder / name).read_text()) for name in
            yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]]


def instructions():
    text = (PACKAGING / "oci/Containerfile").read_text().replace("\\\n", " ")
    return dict(line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#"))


class Containers(unittest.TestCase):
    def kind(self, name):
        found = [manifest for manifest in manifests() if manifest["kind"] == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def is_taken(self, words):
        """Settings that the server knows, with values that it takes: it gets as far as its data folder, which is none."""
        with tempfile.NamedTemporaryFile() as no_folder:
            done = subprocess.run([PROGRAM, *words, "--port", "0", "--data", no_folder.name], capture_output=True, text=True, timeout=60)
        self.assertIn(no_folder.name, done.stderr)

    def test_commands_are_those_of_this_program(self):
        compose = yaml.safe_load((PACKAGING / "compose/compose.yaml").read_text())["services"]["sallyport"]["command"]
        kubernetes = self.kind("StatefulSet")["spec"]["template"]["spec"]["containers"][0]["args"]
        for words in (compose, kubernetes):
            self.is_taken(words)
            self.assertLessEqual({"--auth", "--tls"}, set(words))  # reached from other machines
        self.assertRaises(AssertionError, self.is_taken, [*compose, "--no-such-setting"])

    def test_the_image_runs_as_nobody_special(self):
        image = instructions()
        self.assertEqual(image["USER"], f"{USER}:{USER}")
        self.assertEqual(image["FROM"], "scratch")
        self.assertIn(f"sallyport:x:{USER}:{USER}:", (PACKAGING / "oci/root").read_text())
        self.assertTrue(image["ENV"].split("SALLYPORT_DATA=")[1].startswith(image["VOLUME"] + "/"))
        probe = shlex.split(image["HEALTHCHECK"].split("CMD")[1].strip("[] "))
        compile(probe[-1], "HEALTHCHECK", "exec")
        self.assertIn("/healthz", probe[-1])

    def test_no_right_is_given_beyond_those_stated(self):
        pod = self.kind("StatefulSet")["spec"]["template"]["spec"]
        self.assertEqual((pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]), (True, USER))
        self.assertFalse(pod["automountServiceAccountToken"])
        container = pod["containers"][0]["securityContext"]
        self.assertEqual((container["allowPrivilegeEscalation"], container["readOnlyRootFilesystem"], container["capabilities"]),
                         (False, True, {"drop": ["ALL"]}))
        service = yaml.safe_load((PACKAGING / "compose/compose.yaml").read_text())["services"]["sallyport"]
        self.assertEqual((service["cap_drop"], service["read_only"]), (["ALL"], True))
        self.assertIn("no-new-privileges:true", service["security_opt"])
        self.assertEqual([port.split(":")[0] for port in service["ports"]], ["127.0.0.1"])

    def test_the_manifests_fit_together(self):
        stateful, service, policy = self.kind("StatefulSet"), self.kind("Service"), self.kind("NetworkPolicy")
        self.assertEqual((stateful["spec"]["replicas"], stateful["spec"]["serviceName"]), (1, service["metadata"]["name"]))
        container = stateful["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.assertEqual(ports[service["spec"]["ports"][0]["targetPort"]], policy["spec"]["ingress"][0]["ports"][0]["port"])
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "https", "scheme": "HTTPS"})
        self.assertIn(container["volumeMounts"][0]["mountPath"], instructions()["VOLUME"])
        # Clients are other pods: their label alone decides.
        self.assertEqual(policy["spec"]["ingress"][0]["from"], [{"podSelector": {"matchLabels": {"sallyport-client": "true"}}}])
        self.assertEqual((policy["spec"]["egress"], set(policy["spec"]["policyTypes"])), ([], {"Ingress", "Egress"}))
        labels = stateful["spec"]["template"]["metadata"]["labels"]
        for selector in (stateful["spec"]["selector"]["matchLabels"], service["spec"]["selector"],
                         policy["spec"]["podSelector"]["matchLabels"]):
            self.assertEqual(selector, labels)

    def test_the_page_states_the_capabilities_of_the_unit(self):
        unit = re.search(r"^CapabilityBoundingSet=(.*)$", (PACKAGING / "systemd/sallyport.service.in").read_text(), re.M).group(1)
        stated = re.search(r"--cap-add ([A-Z_,]+)", (ROOT / "doc/deploy.md").read_text()).group(1)
        self.assertEqual(sorted("CAP_" + name for name in stated.split(",")), sorted(unit.split()))


class Split(unittest.TestCase):
    """Scheduler, pool and app apart, as packaging/kubernetes/split has them: run here, with the arguments and variables of the pods."""

    @classmethod
    def setUpClass(cls):
        folder = PACKAGING / "kubernetes/split"
        if shutil.which("kubectl"):
            done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            found = list(yaml.safe_load_all(done.stdout))
        else:
            names = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
            found = [one for name in names for one in yaml.safe_load_all((folder / name).read_text())]
        cls.of = {(one["kind"], one["metadata"]["name"].removeprefix("sallyport-")): one for one in found}

    def pod(self, name):
        return self.of["Deployment", name]["spec"]["template"]["spec"]

    def test_the_manifests_fit_together(self):
        self.assertEqual({name for kind, name in self.of if kind == "Deployment"}, {"scheduler", "pool", "app"})
        for name in ("scheduler", "pool", "app"):
            deployment, service, policy = (self.of[kind, name]["spec"] for kind in ("Deployment", "Service", "NetworkPolicy"))
            labels = deployment["template"]["metadata"]["labels"]
            for selector in (deployment["selector"]["matchLabels"], service["selector"], policy["podSelector"]["matchLabels"]):
                self.assertEqual(selector, labels)
            self.assertEqual((deployment["replicas"], deployment["strategy"]), (1, {"type": "Recreate"}))
            pod = self.pod(name)
            container = pod["containers"][0]
            self.assertEqual((pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]), (True, False))
            self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
            # Only who makes sessions needs what the runtime's own profile refuses.
            self.assertEqual(pod["securityContext"]["seccompProfile"]["type"], "Unconfined" if name == "pool" else "RuntimeDefault")
            self.assertEqual([port["containerPort"] for port in container["ports"]], [policy["ingress"][0]["ports"][0]["port"]])
            self.assertIn(("PersistentVolumeClaim", pod["volumes"][0]["persistentVolumeClaim"]["claimName"].removeprefix("sallyport-")), self.of)
            who = policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
            self.assertEqual(who, {"sallyport-client": "true"} if name == "app" else {"app.kubernetes.io/name": "sallyport-app"})
        for name in ("scheduler", "pool"):
            self.assertEqual(self.of["NetworkPolicy", name]["spec"]["egress"], [])

    def serve(self, name, environment=None):
        words = [word.replace("/etc/sallyport", self.secrets) for word in self.pod(name)["containers"][0]["args"]]
        self.assertEqual(words[0], name)
        server = Server(PROGRAM, command=name, environment={**os.environ, **(environment or {})})
        self.addCleanup(server.close)
        server.launch([PROGRAM, *words, "--port", "0", "--data", server.data, "--ready-file", f"{server.data}/ready.json"])
        server.wait_ready().sign_in()
        server.tls = ssl.create_default_context(cafile=f"{self.secrets}/ca.crt")
        return server

    def key(self, server, role):
        """As doc/deploy.md says: an application with one role, and a key of it."""
        def made(path, body):
            status, _, answer = server.ask("POST", f"/v1/directory/{path}", body)
            self.assertEqual(status, 201, answer)
            return answer
        app = made("applications", {"name": "app"})
        made("assignments", {"role": role, "principal": app["id"], "scope": "/"})
        return made("keys", {"name": "app", "owner": app["id"]})["key"]

    def test_code_goes_through_all_three(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(folder.cleanup)
        self.secrets = folder.name
        os.chmod(self.secrets, 0o755)  # the mounted secret is the pod's user's; here the server becomes another
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "60", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{self.secrets}/tls.key", "-out", f"{self.secrets}/tls.crt"],
                       check=True, capture_output=True, timeout=60)
        shutil.copy(f"{self.secrets}/tls.crt", f"{self.secrets}/ca.crt")
        scheduler, pool = self.serve("scheduler"), self.serve("pool")
        secret = {"pool-key": self.key(pool, "Azure ContainerApps Session Executor"), "scheduler-key": self.key(scheduler, "Durable Task Data Contributor")}
        variables = {}
        for variable in self.pod("app")["containers"][0]["env"]:
            value = variable.get("value") or secret[variable["valueFrom"]["secretKeyRef"]["key"]]
            for name, server in (("pool", pool), ("scheduler", scheduler)):
                value = value.replace(f"sallyport-{name}:8080", f"localhost:{server.port}")
            variables[variable["name"]] = value
        app = self.serve("app", variables)
        request = app.submit("print(6 * 7)")
        app.until(request, "waiting")
        reviewer = {"Authorization": f"Bearer {app.key_of('reviewer@example.org', 'Sallyport Reviewer')}"}
        status, _, seen = app.ask("GET", f"/v1/requests/{request}", headers=reviewer)  # its submitter has to wait for its release
        self.assertEqual((status, seen["result"]["stdout"]), (200, "42\n"), seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
