#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What libdurabletask and libdurabletask-azure show to the world.

Each exports exactly what its header declares, holds no code of the server's and needs no library of it, has its SONAME,
and the header and pkg-config file work for users of any C from C89 with GNU's extensions and any C++ from C++98 on.
Without this test a stray symbol or dependency would be an ABI for ever.
Usage: abi_test.py LIBRARY HEADER PC_FILE
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

library, header, pc_file = map(pathlib.Path, sys.argv[1:4])
STEM = pc_file.stem  # "durabletask" or "durabletask-azure"
OWN = {  # which libraries each may need, which symbols of its own parts must be found, what a user of it calls
    "durabletask": ("libnghttp2", {"sdk_turn_run", "grpc_client_create"}, "dt_status_name(DT_OK) != 0"),
    "durabletask-azure": ("libcurl|libjansson", {"credential_get", "token_answer_read"}, "dt_azure_source(0) != 0"),
}
LIBRARIES, OWN_SYMBOLS, CALL = OWN[STEM]
ALLOWED_NEEDED = re.compile(rf"^(libc|libssl|libcrypto|{LIBRARIES}|libasan|libubsan|libtsan|libgcc_s|libm|ld-linux-.*)\.so")
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

# The server's parts, by the prefixes of their symbols. Those of the SDK's own parts must be found, or nothing would.
everything = {line.split()[-1] for line in run("nm", "--defined-only", str(library)).splitlines()}
SERVER = ("sqlite3_", "db_", "engine_", "task_store_", "grpc_server_", "http_server_", "http_client_", "listener_", "loop_",
          "pool_policy_", "session_", "keeper_", "scheduler_", "jail_")
faults += [f"holds {name}" for name in sorted(everything) if name.startswith(SERVER)]
if not OWN_SYMBOLS <= everything:
    faults.append("its own symbols were not found, so that foreign ones would not be either")

dynamic = run("readelf", "-d", str(library))
if f"[lib{STEM}.so.0]" not in re.search(r"SONAME.*", dynamic).group(0):
    faults.append(f"the SONAME is not lib{STEM}.so.0")
needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
faults += [f"needs {name}" for name in needed if not ALLOWED_NEEDED.match(name)]

USER = f"""#include "{header.name}"
#include "{header.name}"
int main(void)
{{
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.input = "1";
    return o.size == sizeof o && {CALL} ? 0 : 1;
}}
"""
STANDARDS = (("gcc", "c", ("gnu89", "c99", "c11", "gnu17", "c2x")), ("clang", "c", ("gnu89", "c99", "c11", "c2x")),
             ("g++", "cc", ("c++98", "c++11", "c++17", "c++20")), ("clang++", "cc", ("c++11", "c++20")))
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wundef", "-Wconversion"]
STRICT = {"c": ["-Wstrict-prototypes"], "cc": ["-Wold-style-cast"]}
with tempfile.TemporaryDirectory() as folder:
    for compiler, suffix, standards in STANDARDS:
        if not shutil.which(compiler):
            print(f"{compiler} is not installed: not tried")
            continue
        source = pathlib.Path(folder, f"user.{suffix}")
        source.write_text(USER)
        for standard in standards:
            pedantic = [] if standard in ("gnu89", "c++98") else ["-pedantic"]  # <stdbool.h>, <stdint.h> are younger
            done = subprocess.run([compiler, f"-std={standard}", *pedantic, *WARNINGS, *STRICT[suffix], f"-I{header.parent}",
                                   "-fsyntax-only", source], capture_output=True, text=True)
            if done.returncode:
                faults.append(f"{compiler} -std={standard}: {done.stderr}")
    # A program linked by what the .pc file says needs the library by its SONAME, and of its own nothing else.
    user = pathlib.Path(folder, "user")
    run("gcc", f"-I{header.parent}", "-o", str(user), str(pathlib.Path(folder, "user.c")), f"-L{library.parent}", f"-l{STEM}",
        "-Wl,--allow-shlib-undefined")
    linked = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", str(user)))
    if not set(linked) <= {f"lib{STEM}.so.0", "libc.so.6"} or f"lib{STEM}.so.0" not in linked:
        faults.append(f"a program that links it needs {linked}")

pc = dict(re.findall(r"^([\w.]+)[:=]\s*(.*)$", pc_file.read_text(), re.MULTILINE))
if f"-l{STEM}" not in pc.get("Libs", "").split() or re.search(LIBRARIES, pc.get("Requires", "")):
    faults.append(f"{pc_file.name} does not say how to link, or shows private libraries")
if shutil.which("pkg-config"):
    run("pkg-config", "--validate", str(pc_file))

version = ".".join(re.search(rf"#define DT_VERSION_{part} (\d+)", header.with_name("durabletask.h").read_text()).group(1)
                   for part in ("MAJOR", "MINOR", "PATCH"))
if pc.get("Version") != version:
    faults.append(f"the header says {version}, {pc_file.name} {pc.get('Version')}")

print("\n".join(faults) or f"{len(exported)} symbols, needs {', '.join(needed)}")
sys.exit(1 if faults else 0)
