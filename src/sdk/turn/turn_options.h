/* SPDX-License-Identifier: MIT */
/* turn_options.h — what all turns of a worker have in common. Filled by the worker before it starts and only read
 * afterwards, from any thread; owns nothing of what it points to. */
#ifndef SDK_TURN_TURN_OPTIONS_H
#define SDK_TURN_TURN_OPTIONS_H

#include "sdk/options.h"
#include "sdk/registry.h"

struct sdk_turn_options {
    const struct sdk_registry *orchestrators;
    const struct sdk_target *target; /* for dt_log only; NULL: silent */
    const char *version;             /* of the worker; NULL: none */
    enum dt_version_match version_match;
    enum dt_version_failure version_failure;
    const char *default_child_version; /* NULL: none */
};

#endif
