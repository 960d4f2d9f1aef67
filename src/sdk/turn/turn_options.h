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
    size_t answer_size_max;            /* bytes of a response, above which it is sent in parts; 0: never */
};

/* Where the parts of a large response end, which stand one behind the other. In the turn's arena. */
struct sdk_turn_parts {
    const size_t *ends;
    size_t count; /* 0: it is whole */
};

#endif
