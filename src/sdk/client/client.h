/* SPDX-License-Identifier: MIT */
/* client.h — what a client consists of. Private to the files that implement its public calls. Immutable once
 * made, so that any thread may use it; what changes is the channel's. */
#ifndef SDK_CLIENT_CLIENT_H
#define SDK_CLIENT_CLIENT_H

#include "sdk/channel/channel.h"

struct dt_client {
    struct sdk_target target;
    struct sdk_channel *channel;
};

/* As dt_client_create, with a look at who is at the other end; `guard` (NULL allowed) is copied, what its context points to stays until
 * the client is destroyed. */
enum dt_status sdk_client_create(const struct dt_connect_options *options, const struct sdk_guard *guard,
                                 struct dt_client **ret_client, struct dt_error *error);

#endif
