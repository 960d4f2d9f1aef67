/* SPDX-License-Identifier: MIT */
/* webhook_format.h — what is sent of an event: the event itself, or a message for people in a chat. Pure. */
#ifndef SVC_WEBHOOK_WEBHOOK_FORMAT_H
#define SVC_WEBHOOK_WEBHOOK_FORMAT_H

#include <jansson.h>

#include "base/buf.h"

/* Of a webhook that names none. */
#define WEBHOOK_FORMAT_DEFAULT "cloudevents"

/* The names of the formats, one after the other; NULL behind the last. */
const char *webhook_format_name(size_t index);
bool webhook_format_is_known(const char *name);
/* Appends the body and gives its media type. `event` is a CloudEvent; `base_url` leads to the page of this server, without a slash at its
 * end ("": no link). INVALID_ARGUMENT: the format is none; MALFORMED: the event is not JSON; NO_MEMORY. */
STATUS_RESULT webhook_format_write(const char *name, struct bytes event, const char *base_url,
                                   struct buf *out, const char **ret_content_type, struct err *err);

#endif
