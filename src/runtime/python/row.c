/* SPDX-License-Identifier: MIT */
/* The row of Python. The metadata cell is metadata.py, made a C string by embed.py. */
#include "runtime/python/metadata_cell.h"
#include "runtime/runtime.h"

static const char *const environment[] = {
    "MPLBACKEND=Agg",           "MPLCONFIGDIR=/tmp/.matplotlib",
    "IPYTHONDIR=/tmp/.ipython", "OPENBLAS_NUM_THREADS=1",
    "OMP_NUM_THREADS=1",        NULL,
};

const struct runtime runtime_python = {
    .name = "python",
    .zygote = "sallyport-zygote",
    .interpreter = "/usr/bin/python3",
    .mend = "sudo apt-get install python3",
    .environment = environment,
    .metadata_cell = python_metadata,
    .kernel_in_words = "Sallyport's own Python runner; it speaks no Jupyter protocol.",
};
