/* SPDX-License-Identifier: MIT */
/* addresses.c — texts in fixed room: each piece is cut to a length whose sum fits. */
#include "cmd/addresses.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define POOL_PATH "/subscriptions/local/resourceGroups/local/sessionPools/"

static void set_url(char ret_url[256], const char *scheme, const char *host, unsigned port)
{
    if (strcmp(host, ADDRESSES_HOST_DEFAULT) == 0)
        host = "localhost";
    bool v6 = strchr(host, ':') != NULL;
    snprintf(ret_url, 256, "%.5s://%s%.100s%s:%u", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

void addresses_set_url(struct addresses *addresses, const char *scheme, const char *host, unsigned port)
{
    set_url(addresses->url, scheme, host, port);
}

void addresses_set_emulator(struct addresses *addresses, const char *scheme, const char *host,
                            unsigned http_port, unsigned dashboard_port)
{
    set_url(addresses->emulator_url, scheme, host, http_port);
    set_url(addresses->emulator_dashboard_url, scheme, host, dashboard_port);
}

void addresses_set_pool(struct addresses *addresses, const char *pool_name, bool alone)
{
    if (alone)
        snprintf(addresses->pool_url, sizeof addresses->pool_url, "%s", addresses->url);
    else
        snprintf(addresses->pool_url, sizeof addresses->pool_url, "%.120s" POOL_PATH "%.60s", addresses->url,
                 pool_name);
}

void addresses_set_scheduler(struct addresses *addresses, const char *hub)
{
    snprintf(addresses->connection_string, sizeof addresses->connection_string,
             "Endpoint=%.120s;TaskHub=%.100s;Authentication=None", addresses->url, hub);
}

void addresses_add_hub(struct addresses *addresses, struct bytes name)
{
    size_t used = strlen(addresses->hubs);
    snprintf(addresses->hubs + used, ADDRESSES_HUBS_SIZE - used, "%s%.*s", used ? ", " : "", BYTES_FMT(name));
}

bool addresses_is_pool_name(struct bytes name)
{
    const struct bytes marks = BYTES_LITERAL("-_.");
    for (size_t i = 0; i < name.size; i++) {
        if (!ascii_alnum(name.data[i]) && bytes_find(marks, bytes_slice(name, i, 1)) == marks.size)
            return false;
    }
    return name.size > 0 && name.size <= POOL_NAME_SIZE_MAX;
}
