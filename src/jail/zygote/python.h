/* SPDX-License-Identifier: MIT */
/* python.h — the interpreter inside the zygote: started once, warmed, and entered again in each fork.
 * The only files that include Python.h are python.c and nothing else; single thread. */
#ifndef JAIL_ZYGOTE_PYTHON_H
#define JAIL_ZYGOTE_PYTHON_H

#include <stdint.h>

#include "base/status.h"

/* Starts CPython as /usr/bin/python3 would find its libraries, but isolated from the environment, and runs
 * the warm-up of src/runtime/python. Prints Python's own words to stderr on failure. */
STATUS_RESULT python_start(struct err *err);
/* In the fork: CPython's own after-fork work, then the runner, until the pool closes `control_fd`. Linear
 * algebra may use `processors` threads; the zygote had one. `interrupts` counts the SIGINT that were handed
 * on so far, and goes on doing so. Returns the exit status. */
int python_run_session(int control_fd, unsigned processors, const uint32_t *interrupts);
/* "3.11.2", valid for ever. */
const char *python_version(void);

#endif
