/* SPDX-License-Identifier: MIT */
/* runtime.c — a table of pointers: each row stands in the folder of its language, beside what it names. */
#include "runtime/runtime.h"

#include "base/macros.h"

const struct runtime *runtime_row(enum runtime_id id)
{
    static const struct runtime *const rows[RUNTIMES] = {
        [RUNTIME_PYTHON] = &runtime_python,
    };
    ASSERT(id < RUNTIMES);
    return rows[id];
}
