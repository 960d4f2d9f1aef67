/* SPDX-License-Identifier: MIT */
/* pool_kind.h — whether the pool is ours, which reports what a run did, and is followed and cancelled. It is found out by asking
 * the pool itself and never by what an answer holds, which may be a session's word. Any thread. */
#ifndef SVC_APP_POOL_KIND_H
#define SVC_APP_POOL_KIND_H

#include "base/status.h"
#include "svc/app/pool_settings.h"

struct pool_kind;

/* NULL without memory. */
struct pool_kind *pool_kind_create(void);
/* NULL allowed. */
void pool_kind_destroy(struct pool_kind *kind);
/* Asks the pool unless it is known: ours until pool_kind_forget, another's for a minute. Blocks. UNAVAILABLE: nobody answered. */
STATUS_RESULT pool_kind_find(struct pool_kind *kind, const struct pool_client *client, bool *ret_ours,
                             struct err *err);
/* What it was taken for does not hold any more: it has answered as another would. */
void pool_kind_forget(struct pool_kind *kind);

#endif
