/* SPDX-License-Identifier: MIT */
#include "core/pool/comeback.h"

#include "base/duration.h"

void comeback_init(struct comeback *c, const struct comeback_options *options)
{
    struct comeback_options own = *options;
    own.first_wait_ns = own.first_wait_ns ? own.first_wait_ns : 100 * NS_PER_MS;
    own.most_wait_ns = own.most_wait_ns ? own.most_wait_ns : 10 * NS_PER_S;
    own.long_life_ns = own.long_life_ns ? own.long_life_ns : 60 * NS_PER_S;
    *c = (struct comeback){.options = own, .up_since_ns = INT64_MAX};
}

void comeback_up(struct comeback *c, int64_t now_ns)
{
    c->up_since_ns = now_ns;
}

int64_t comeback_down(struct comeback *c, int64_t now_ns)
{
    bool lived_long = c->up_since_ns != INT64_MAX && now_ns - c->up_since_ns >= c->options.long_life_ns;
    if (lived_long)
        c->deaths = 0;
    c->up_since_ns = INT64_MAX;

    int64_t wait_ns = c->options.first_wait_ns;
    for (uint32_t n = 0; n < c->deaths && wait_ns < c->options.most_wait_ns; n++)
        wait_ns *= 2;
    c->deaths++;
    return now_ns + MIN(wait_ns, c->options.most_wait_ns);
}
