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

#endif
