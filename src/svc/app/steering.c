/* SPDX-License-Identifier: MIT */
/* steering.c — numbers to text and back. */
#include "svc/app/steering.h"

#include <inttypes.h>
#include <stdio.h>

#include "svc/app/limit_values.h"
static void add(struct steering_tags *tags, const char *key, const char *value)
{
    ASSERT(tags->count < ARRAY_SIZE(tags->tags));
    tags->tags[tags->count++] = (struct dt_tag){key, value};
}

void steering_write(const struct steering *steering, const char *submitted_by, struct steering_tags *ret_tags)
{
    struct steering_tags *tags = ret_tags;
    tags->count = 0;
    snprintf(tags->approval_timeout, sizeof tags->approval_timeout, "%" PRId64,
             steering->approval_timeout_ms);
    snprintf(tags->run_timeout, sizeof tags->run_timeout, "%" PRId64, steering->run_timeout_ms);
    add(tags, TAG_APPROVAL_TIMEOUT, tags->approval_timeout);
    add(tags, TAG_RUN_TIMEOUT, tags->run_timeout);
    add(tags, TAG_ON_FAILURE, steering->review_failures ? ON_FAILURE_REVIEW : ON_FAILURE_END);
    if (submitted_by)
        add(tags, TAG_SUBMITTED_BY, submitted_by);
}

bool steering_read_ms(const char *tag, int64_t *ret_ms)
{
    uint64_t ms;
    if (!tag || bytes_parse_u64(bytes_of_cstr(tag), &ms) != STATUS_OK || ms > APP_WAIT_MS_MAX)
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}
