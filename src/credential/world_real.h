/* SPDX-License-Identifier: MIT */
/* world_real.h — the world as it is: the process's variables, the clock, libcurl (world_http.h) and posix_spawn
 * (world_program.h). */
#ifndef CREDENTIAL_WORLD_REAL_H
#define CREDENTIAL_WORLD_REAL_H

#include "credential/world.h"

/* `stop` must live as long as what is returned. */
struct credential_world world_real(struct world_stop *stop);

#endif
