# SPDX-License-Identifier: MIT
"""A systemd unit as tests read it, and its command run as systemd would, as far as that goes without systemd."""
import os
import re
import shlex
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenario"))

# ProtectSystem=strict, PrivateTmp: a file system that can only be read, but for the state and a /tmp of the service's own.
CONFINE = ('mount --bind "$STATE_DIRECTORY" "$STATE_DIRECTORY" && mount -o remount,bind,ro / && '
           'mount -t tmpfs tmpfs /tmp && exec "$@"')


USER = 199996  # stands for the unit's user, whom this machine need not have


def settings(text):
    """KEY=VALUE lines of a unit or an environment file."""
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.M))


def command(unit, environment_file, more=()):
    """The words of ExecStart=, confined as the unit says; run it with $STATE_DIRECTORY set, as root."""
    unit = settings(unit)
    options = shlex.split(settings(environment_file)["SALLYPORT_OPTIONS"])
    words = unit["ExecStart"].replace("$SALLYPORT_OPTIONS", " ".join(options)).split()
    kept = "".join(",+" + name.removeprefix("CAP_").lower() for name in unit["CapabilityBoundingSet"].split())
    user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if "User" in unit else []
    assert unit["ProtectSystem"] == "strict" and unit["PrivateTmp"] == "yes" and unit["NoNewPrivileges"] == "yes"
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", CONFINE, "service", "setpriv", "--no-new-privs",
            f"--bounding-set=-all{kept}", "--inh-caps=-all", *user, *words, *more]
