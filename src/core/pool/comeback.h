/* SPDX-License-Identifier: MIT */
/* comeback.h — when to try again after something that many depend on has died.
 * The first time almost at once; each further death doubles the wait, up to a limit; a life that was long
 * enough makes the next death a first one again. Pure: the caller brings the time, which is monotonic. */
#ifndef CORE_POOL_COMEBACK_H
#define CORE_POOL_COMEBACK_H

#include <stdint.h>

struct comeback_options {  /* nanoseconds; zero fields take the default behind */
    int64_t first_wait_ns; /* 100 ms */
    int64_t most_wait_ns;  /* 10 s */
    int64_t long_life_ns;  /* 60 s */
};

struct comeback {
    struct comeback_options options; /* no zero fields */
    uint32_t deaths;                 /* in a row, none of them after a long life */
    int64_t up_since_ns;             /* INT64_MAX: it is not up */
};

void comeback_init(struct comeback *comeback, const struct comeback_options *options);
/* It works from now on. */
void comeback_up(struct comeback *comeback, int64_t now_ns);
/* It died, or did not come up. Returns when to try again. */
int64_t comeback_down(struct comeback *comeback, int64_t now_ns);

#endif
