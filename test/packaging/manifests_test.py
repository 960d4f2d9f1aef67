# SPDX-License-Identifier: MIT
"""The Kubernetes manifests, held against the schemas that Kubernetes itself publishes, of an old version and of the newest there is:
each member is one of its kind, and none is misspelled. If this fails, `kubectl apply` refuses what we ship, or ignores a part of it.
Usage, in a virtual environment with kubernetes-validate: manifests_test.py SOURCE_ROOT"""
import copy
import pathlib
import sys
import unittest

import kubernetes_validate
import yaml

PACKAGING = pathlib.Path(sys.argv.pop(1)) / "packaging/kubernetes"
VERSIONS = ("1.27", kubernetes_validate.latest_version())


def documents():
    """Of all files that a kustomization names."""
    for kustomization in sorted(PACKAGING.rglob("kustomization.yaml")):
        for name in yaml.safe_load(kustomization.read_text())["resources"]:
            for document in yaml.safe_load_all((kustomization.parent / name).read_text()):
                yield f"{kustomization.parent.name}/{name}", document


class Manifests(unittest.TestCase):
    def test_each_is_what_its_schema_says(self):
        found = list(documents())
        self.assertEqual(len({(name, one["kind"], one["metadata"]["name"]) for name, one in found}), len(found))
        self.assertLessEqual({"StatefulSet", "Deployment", "Service", "NetworkPolicy", "PersistentVolumeClaim"}, {one["kind"] for _, one in found})
        for name, one in found:
            for version in VERSIONS:
                with self.subTest(file=name, kind=one["kind"], version=version):
                    kubernetes_validate.validate(one, version, strict=True)

    def test_a_misspelled_member_would_be_seen(self):
        for name, one in documents():
            wrong = copy.deepcopy(one)
            wrong["spec"]["replcias"] = 1
            with self.subTest(file=name, kind=one["kind"]), self.assertRaises(kubernetes_validate.ValidationError):
                kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
