/* SPDX-License-Identifier: MIT */
/* event.c — one table of events. */
#include "core/notice/event.h"

static const char *const names[] = {
    "request.submitted", "request.run_started", "request.run_ended",
    "request.waiting",   "request.vote",        "request.changes_requested",
    "request.approved",  "request.rejected",    "request.timed_out",
    "request.failed",    "request.cancelled",   "request.released",
    "request.reminder",  "request.continued",   "request.revised",
    "request.cleared",   "webhook.ping",
};

const char *notice_event_name(size_t index)
{
    return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static bool fits(struct bytes filter, struct bytes name)
{
    static const struct bytes all_below = BYTES_LITERAL(".*");
    if (bytes_equal(filter, BYTES_LITERAL("*")))
        return true;
    size_t cut = filter.size > all_below.size ? filter.size - all_below.size : 0;
    if (cut > 0 && bytes_equal(bytes_slice(filter, cut, SIZE_MAX), all_below))
        return bytes_starts_with(name, bytes_slice(filter, 0, cut + 1)) && name.size > cut + 1;
    return bytes_equal(filter, name);
}

bool notice_filter_is_sound(struct bytes filter)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (fits(filter, bytes_of_cstr(names[i])))
            return true;
    return false;
}

bool notice_filter_wants(struct bytes filter, struct bytes type)
{
    static const struct bytes prefix = BYTES_LITERAL(NOTICE_EVENT_PREFIX);
    return bytes_starts_with(type, prefix) && fits(filter, bytes_slice(type, prefix.size, SIZE_MAX));
}

bool notice_event_asks(struct bytes type)
{
    static const char *const asking[] = {NOTICE_EVENT_PREFIX "request.waiting",
                                         NOTICE_EVENT_PREFIX "request.reminder"};
    for (size_t i = 0; i < ARRAY_SIZE(asking); i++)
        if (bytes_equal_cstr(type, asking[i]))
            return true;
    return false;
}
