/* SPDX-License-Identifier: MIT */
/* retention.h — how long an instance is kept after its end (spec 3.26): rules as people write them. Pure.
 *
 * Rules are separated by commas; each is [HUB/][STATE=]TIME. "30d" is for all hubs and states, "failed=90d" for failed
 * instances, "orders/completed=1d" for one hub. A hub with rules of its own follows none of the others; a rule for a state
 * beats one for all. Nothing without a rule is ever deleted. Rules of a hub that were set by a call stand without its name,
 * and "keep" is that it has none. Used by svc/scheduler, which looks who is old enough. */
#ifndef CORE_TASK_RETENTION_H
#define CORE_TASK_RETENTION_H

#include "base/bytes.h"
#include "core/task/instance_status.h"

#define RETENTION_RULES_MAX 64
#define RETENTION_KEEP      BYTES_LITERAL("keep") /* the rules of a hub of which nothing is ever deleted */

struct retention_rule {
    struct bytes hub;            /* empty: every hub */
    enum instance_status status; /* NONE: every terminal one */
    int64_t age_ns;
};
struct retention {
    struct retention_rule rules[RETENTION_RULES_MAX];
    size_t count;
};

/* An empty text is no rule. MALFORMED, and `*ret_rule` is the one that is wrong. Bytes of the text are kept. */
STATUS_RESULT retention_parse(struct bytes text, struct retention *ret_retention, struct bytes *ret_rule);
/* False: instances of that hub and terminal status are kept. Hub names have no case. */
bool retention_age(const struct retention *retention, struct bytes hub, enum instance_status status,
                   int64_t *ret_age_ns);

#endif
