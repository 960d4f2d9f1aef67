#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What libdurabletask shows to the world.

It exports exactly what durabletask.h declares, needs no library of the server's, has its SONAME, and its header and
pkg-config file work for C11 and C++17 users. Without this test a stray symbol or dependency would be an ABI for ever.
Usage: abi_test.py LIBRARY HEADER PC_FILE
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

library, header, pc_file = map(pathlib.Path, sys.argv[1:4])
ALLOWED_NEEDED = re.compile(r"^(libc|libssl|libcrypto|libnghttp2|libasan|libubsan|libtsan|libgcc_s|libm|ld-linux-.*)\.so")
faults = []


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


exported = set()
for line in run("nm", "-D", "--defined-only", str(library)).splitlines():
    name = line.split()[-1].split("@")[0]
    if not line.split()[-2] == "A":  # the version's own name
        exported.add(name)
declared = set(re.findall(r"^\s*(?:DT_API\b[^;]*?)\b(dt_\w+)\(", header.read_text(), re.MULTILINE))
if exported != declared:
    faults.append(f"exported but not declared: {sorted(exported - declared)}; "
                  f"declared but not exported: {sorted(declared - exported)}")

dynamic = run("readelf", "-d", str(library))
if "[libdurabletask.so.1]" not in re.search(r"SONAME.*", dynamic).group(0):
    faults.append("the SONAME is not libdurabletask.so.1")
needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
faults += [f"needs {name}" for name in needed if not ALLOWED_NEEDED.match(name)]

USER = """#include "durabletask.h"
#include "durabletask.h"
int main(void)
{
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.input = "1";
    return o.size == sizeof o && dt_status_name(DT_OK) != 0 ? 0 : 1;
}
"""
with tempfile.TemporaryDirectory() as folder:
    for compiler, standard, suffix in (("gcc", "c11", "c"), ("g++", "c++17", "cc"), ("clang", "c11", "c")):
        if not shutil.which(compiler):
            print(f"{compiler} is not installed: not tried")
            continue
        source = pathlib.Path(folder, f"user.{suffix}")
        source.write_text(USER)
        done = subprocess.run([compiler, f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow",
                               f"-I{header.parent}", "-fsyntax-only", source], capture_output=True, text=True)
        if done.returncode:
            faults.append(f"{compiler} -std={standard}: {done.stderr}")

pc = dict(re.findall(r"^([\w.]+)[:=]\s*(.*)$", pc_file.read_text(), re.MULTILINE))
if "-ldurabletask" not in pc.get("Libs", "") or "libnghttp2" in pc.get("Requires", ""):
    faults.append("durabletask.pc does not say how to link, or shows private libraries")
if shutil.which("pkg-config"):
    run("pkg-config", "--validate", str(pc_file))

print("\n".join(faults) or f"{len(exported)} symbols, needs {', '.join(needed)}")
sys.exit(1 if faults else 0)
