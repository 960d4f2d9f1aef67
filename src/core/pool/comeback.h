/* SPDX-License-Identifier: MIT */
/* comeback.h — when to try again after something that many depend on has died.
 * The first time almost at once; each further death doubles the wait, up to a limit; a life that was long
 * enough makes the next death a first one again. Pure: the caller brings the time, which is monotonic. */
#ifndef CORE_POOL_COMEBACK_H
#define CORE_POOL_COMEBACK_H

#include <stdint.h>

#include "base/duration.h"

#define COMEBACK_FIRST_WAIT_NS (100 * NS_PER_MS)
#define COMEBACK_MOST_WAIT_NS  (10 * NS_PER_S)
#define COMEBACK_LONG_LIFE_NS  (60 * NS_PER_S)

struct comeback_options { /* nanoseconds; none is zero */
    int64_t first_wait_ns;
    int64_t most_wait_ns;
    int64_t long_life_ns; /* after which a death is no sign of trouble */
};
struct comeback_options comeback_options_default(void);

struct comeback {
    struct comeback_options options;
    uint32_t deaths;     /* in a row, none of them after a long life */
    int64_t up_since_ns; /* INT64_MAX: it is not up */
};

void comeback_init(struct comeback *comeback, const struct comeback_options *options);
/* It works from now on. */
void comeback_up(struct comeback *comeback, int64_t now_ns);
/* It died, or did not come up. Returns when to try again. */
int64_t comeback_down(struct comeback *comeback, int64_t now_ns);

#endif
