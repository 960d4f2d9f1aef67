/* SPDX-License-Identifier: MIT */
/* world_rig.h — a world for tests: variables from a table, answers from a list, a clock that only the test moves. What was asked
 * is kept as text. */
#ifndef TEST_LIB_WORLD_RIG_H
#define TEST_LIB_WORLD_RIG_H

#include <stdatomic.h>

#include "credential/world.h"

struct rig_answer {
    enum status status; /* of `ask` or `run` */
    long http_status;
    const char *body; /* NULL: empty */
    int64_t wait_ns;
};

struct world_rig {
    struct credential_world world;
    const char *variables[16];        /* name, value, …; ends with NULL */
    const struct rig_answer *answers; /* one after the other; the last one again and again */
    int answer_count;
    atomic_int asked;
    int paused;
    _Atomic int64_t now_ns;
    char requests[16][1600]; /* "GET url | header" or "POST url | form", "RUN word word" */
};

#define RIG_NOW_NS (1800000000 * NS_PER_S)
#define RIG_GOOD   "{\"access_token\":\"tok-1\",\"expires_in\":3600,\"token_type\":\"Bearer\"}"

/* Zeroes all but what the test sets afterwards. */
void world_rig_init(struct world_rig *rig);

#endif
