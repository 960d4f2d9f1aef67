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
import subprocess
import sys
import tempfile
import unittest

import yaml

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
