/* SPDX-License-Identifier: MIT */
/* event.h — which events there are, which of them ask people, and which a target wants. A filter is the name of an event without "sallyport." ("request.approved"), or a beginning
 * with a star ("request.*", "*"). Pure. */
#ifndef CORE_NOTICE_EVENT_H
#define CORE_NOTICE_EVENT_H

#include "base/bytes.h"

#define NOTICE_EVENT_PREFIX "sallyport."

/* True if some event that there is fits the filter: a typing error is told at once, not by silence. */
bool notice_filter_is_sound(struct bytes filter);
/* `type`: with its prefix. */
bool notice_filter_wants(struct bytes filter, struct bytes type);
/* True for what asks people for an answer: it waits, or it is a reminder of that. `type`: with its prefix. */
bool notice_event_asks(struct bytes type);
/* Their names, one after the other; NULL behind the last. */
const char *notice_event_name(size_t index);

#endif
