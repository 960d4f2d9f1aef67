/* SPDX-License-Identifier: MIT */
/* settled.h — options of services as a test wants them: the fixed limits, and for what is a setting of the program a
 * value that does for tests. The program's own values are in cmd/settings.c alone. */
#ifndef LIB_SETTLED_H
#define LIB_SETTLED_H

#include "base/duration.h"
#include "core/task/engine.h"

static inline struct engine_options settled_engine(void)
{
    struct engine_options options = engine_options_default();
    options.payload_size_max = (size_t)1 << 20;
    options.payload_resident_size_max = (size_t)64 << 20;
    options.history_resident_size_max = (size_t)64 << 20;
    options.activity_lease_ns = 24 * 3600 * NS_PER_S;
    return options;
}

#endif
