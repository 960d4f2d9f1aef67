/* SPDX-License-Identifier: MIT */
/* doctor_checks.h — what besides isolation a server needs of this machine. */
#ifndef CMD_DOCTOR_CHECKS_H
#define CMD_DOCTOR_CHECKS_H

#include <stdbool.h>

#include "runtime/runtime.h"

#define DOCTOR_CHECKS_MAX (5 + RUNTIMES)

struct doctor_check {
    char name[40];
    bool good;
    char detail[240];
    char mend[240]; /* a command that can be pasted, or ""; only if not good */
};

/* Looks at the default port, the default data folder, the disk below it, descriptors, and the packages of each runtime.
 * Returns how many rows there are. Starts nothing and leaves nothing behind. */
int doctor_checks(struct doctor_check ret_checks[DOCTOR_CHECKS_MAX]);

#endif
