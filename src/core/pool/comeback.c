/* SPDX-License-Identifier: MIT */
/* comeback.c — a wait that doubles with each death, up to most_wait_ns. */
#include "core/pool/comeback.h"

#include "base/duration.h"

struct comeback_options comeback_options_default(void)
{
    return (struct comeback_options){.first_wait_ns = COMEBACK_FIRST_WAIT_NS,
                                     .most_wait_ns = COMEBACK_MOST_WAIT_NS,
                                     .long_life_ns = COMEBACK_LONG_LIFE_NS};
}

void comeback_init(struct comeback *comeback, const struct comeback_options *options)
{
    ASSERT(options->first_wait_ns > 0 && options->most_wait_ns > 0 && options->long_life_ns > 0);
    *comeback = (struct comeback){.options = *options, .up_since_ns = INT64_MAX};
}

void comeback_up(struct comeback *comeback, int64_t now_ns)
{
    comeback->up_since_ns = now_ns;
}

int64_t comeback_down(struct comeback *comeback, int64_t now_ns)
{
    bool lived_long = comeback->up_since_ns != INT64_MAX &&
                      now_ns - comeback->up_since_ns >= comeback->options.long_life_ns;
    if (lived_long)
        comeback->deaths = 0;
    comeback->up_since_ns = INT64_MAX;

    int64_t wait_ns = comeback->options.first_wait_ns;
    for (uint32_t n = 0; n < comeback->deaths && wait_ns < comeback->options.most_wait_ns; n++)
        wait_ns *= 2;
    comeback->deaths++;
    return now_ns + MIN(wait_ns, comeback->options.most_wait_ns);
}
