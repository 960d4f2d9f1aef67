/* SPDX-License-Identifier: MIT */
/* tier_process.h — what the process tier is started with. */
#ifndef SVC_POOL_SESSION_TIER_PROCESS_H
#define SVC_POOL_SESSION_TIER_PROCESS_H

#include "jail/keeper_client.h"

struct process_tier_options {
    struct keeper_options keeper; /* for every keeper; `beside` and `other_ids` are the tier's own to set */
    const char *data_root;        /* of jail/data_root.h */
};

#endif
