# SPDX-License-Identifier: MIT
# What GET /metadata asks a fresh session: run as a cell, so all names are a function's.
def _sallyport_metadata():
    import importlib.metadata
    import json
    import platform

    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name and name not in found:
            found[name] = distribution.version or ""
    packages = [{"name": name, "version": found[name]} for name in sorted(found, key=str.lower)]
    runtimes = [{"name": "Python", "version": platform.python_version()}]
    print(json.dumps({"runtimes": runtimes, "preInstalledPackages": packages}))


_sallyport_metadata()
