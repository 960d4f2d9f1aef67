/* SPDX-License-Identifier: MIT */
/* row.c — the row of Python. The cells are metadata.py and syntax.py, made C strings by embed.py. */
#include "base/macros.h"
#include "runtime/python/metadata_cell.h"
#include "runtime/python/syntax_cell.h"
#include "runtime/runtime.h"

static const char *const environment[] = {
    "MPLBACKEND=Agg",           "MPLCONFIGDIR=/tmp/.matplotlib",
    "IPYTHONDIR=/tmp/.ipython", "OPENBLAS_NUM_THREADS=1",
    "OMP_NUM_THREADS=1",        NULL,
};

// clang-format off
static const struct template_row files[] = {
    {"interpreter", TEMPLATE_PROGRAM, true, "python3",
     "programs that a session starts: subprocess, multiprocessing, scripts"},
    {"standard library", TEMPLATE_TREE, true, "/usr/lib/python3.[0-9]*",
     "what the interpreter imports"},
    {"python packages", TEMPLATE_TREE, false, "/usr/lib/python3/dist-packages /usr/lib64/python3.[0-9]*",
     "numpy, pandas, matplotlib, IPython and what else the system's packages bring"},
    {"python tools", TEMPLATE_PROGRAM, false, "pip pip3 ipython3",
     "installing an uploaded wheel without a network"},
    {"loaded by Python", TEMPLATE_LIBRARY, false,
     "libopenblas.so.0 libblas.so.3 liblapack.so.3 libsqlite3.so.0 libffi.so.8",
     "opened while a program runs, so no file says that it needs them"},
    {"for wheels", TEMPLATE_LIBRARY, false,
     "libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libutil.so.1 libpthread.so.0 libresolv.so.2 libnsl.so.1 "
     "libstdc++.so.6 libgomp.so.1 libatomic.so.1 libz.so.1",
     "what an uploaded wheel may expect (PEP 600, manylinux)"},
    {"plot data", TEMPLATE_TREE, false, "/usr/share/matplotlib/mpl-data", "matplotlib's styles and fonts"},
    {"wheels of pip", TEMPLATE_TREE, false, "/usr/share/python-wheels", "python3 -m venv"},
};
// clang-format on

/* People and their scripts call it `python`; Debian does not. */
static const struct runtime_link links[] = {{"/usr/bin/python", "python3"}, {0}};

static const char *const etc[] = {"matplotlibrc", "python3", "python3.11", "python3.12", "python3.13", NULL};

static const struct runtime_package packages[] = {
    {"numpy", "python3-numpy"},
    {"pandas", "python3-pandas"},
    {"matplotlib", "python3-matplotlib"},
    {"scipy", "python3-scipy"},
    {"sympy", "python3-sympy"},
    {"PIL", "python3-pil"},
    {0},
};

const struct runtime runtime_python = {
    .name = "python",
    .title = "Python",
    .zygote = "sallyport-zygote",
    .interpreter = "/usr/bin/python3",
    .mend = "sudo apt-get install python3",
    .environment = environment,
    .files = files,
    .file_count = ARRAY_SIZE(files),
    .links = links,
    .etc = etc,
    .package_folder = "/usr/lib/python3/dist-packages",
    .packages = packages,
    .trial_cell = "6 * 7",
    .trial_answer = "42",
    .metadata_cell = python_metadata,
    .syntax_cell = python_syntax,
    .syntax_call = "_sallyport_syntax(\"%s\")\n",
    .kernel_in_words = "Sallyport's own Python runner; it speaks no Jupyter protocol.",
};
