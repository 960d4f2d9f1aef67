/* SPDX-License-Identifier: MIT */
/* world_real.h — the world as it is: the process's variables, the clock, libcurl (world_http.h) and posix_spawn
 * (world_program.h), or who does that for it (az_helper.h). */
#ifndef CREDENTIAL_WORLD_REAL_H
#define CREDENTIAL_WORLD_REAL_H

#include "credential/az_helper.h"
#include "credential/world.h"

struct world_real {
    struct world_stop stop;
    /* borrowed: it runs the program in this process's place; NULL: this process does */
    struct az_helper *helper;
};

/* `real` must live as long as what is returned. */
struct credential_world world_real(struct world_real *real);

#endif
