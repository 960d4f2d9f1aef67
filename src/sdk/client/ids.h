/* SPDX-License-Identifier: MIT */
/* ids.h — lists of instance ids that a client has read. Immutable once made; any thread. Each owns its memory. */
#ifndef SDK_CLIENT_IDS_H
#define SDK_CLIENT_IDS_H

#include "base/bytes.h"
#include "durabletask.h"

/* Copies everything; an empty `token` counts as none. NO_MEMORY. */
STATUS_RESULT sdk_ids_create(const struct bytes *ids, size_t count, struct bytes token,
                             struct dt_ids **ret_ids);

#endif
