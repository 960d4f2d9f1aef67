/* SPDX-License-Identifier: MIT */
/* interpreter.h — what the zygote's program (jail/zygote) asks of the language it is linked with.
 * Each runtime folder defines `interpreter` once; a zygote's program is linked with one of them. Started once, warmed,
 * and entered again in each fork. Single thread. */
#ifndef RUNTIME_INTERPRETER_H
#define RUNTIME_INTERPRETER_H

#include <stdint.h>

#include "base/status.h"

struct interpreter {
    const char *process_name; /* of a session's runner, at most 15 bytes */
    const char *version;      /* with its name, for people: "Python 3.11.2" */
    /* Finds its libraries, isolated from the environment, and warms up. What it leaves in memory is in every session. */
    enum status (*start)(struct err *err);
    /* In the fork: what the language does after one, then the runner, until the pool closes `control_fd`. It may use
     * `processors` threads; the zygote had one. `interrupts` counts the SIGINT that were handed on so far, and goes on
     * doing so. Returns the exit status. */
    int (*run_session)(int control_fd, unsigned processors, const uint32_t *interrupts);
};

extern const struct interpreter interpreter;

#endif
