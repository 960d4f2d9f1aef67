/* SPDX-License-Identifier: MIT */
/* comeback.c — a wait that doubles with each death, up to most_wait_ns. */
#include "core/pool/comeback.h"

#include "base/duration.h"

void comeback_init(struct comeback *comeback, const struct comeback_options *options)
{
    struct comeback_options own = *options;
    own.first_wait_ns = own.first_wait_ns ? own.first_wait_ns : 100 * NS_PER_MS;
    own.most_wait_ns = own.most_wait_ns ? own.most_wait_ns : 10 * NS_PER_S;
    own.long_life_ns = own.long_life_ns ? own.long_life_ns : 60 * NS_PER_S;
    *comeback = (struct comeback){.options = own, .up_since_ns = INT64_MAX};
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
