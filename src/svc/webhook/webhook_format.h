/* SPDX-License-Identifier: MIT */
/* webhook_format.h — what is sent of an event: the event itself, or a message for people in a chat, on a telephone, in a mailbox. Pure. */
#ifndef SVC_WEBHOOK_WEBHOOK_FORMAT_H
#define SVC_WEBHOOK_WEBHOOK_FORMAT_H

#include <jansson.h>

#include "base/buf.h"

/* Of a webhook that names none. */
#define WEBHOOK_FORMAT_DEFAULT "cloudevents"

/* How a format leaves, and what its URL is (webhook_target.h). */
enum webhook_way { WEBHOOK_BY_HTTP, WEBHOOK_BY_NTFY, WEBHOOK_BY_MAIL };

/* The names of the formats, one after the other; NULL behind the last. */
const char *webhook_format_name(size_t index);
bool webhook_format_is_known(const char *name);
/* Of a format that is none: by HTTP. */
enum webhook_way webhook_format_way(const char *name);

/* What is to be said, and to whom. All of it is borrowed. */
struct webhook_message {
    const char *format;
    struct bytes event;   /* a CloudEvent */
    const char *event_id; /* its id; a mail has the same each time that it is sent */
    int64_t at_ns;        /* of the event, since 1970 */
    /* leads to the page of this server, to its confirm page of what asks for an answer; without a slash at its end; "": there is no link */
    const char *base_url;
    const char *decide_url; /* by which whoever it is for decides, in place of that; NULL: there is none */
    const char *topic;      /* of ntfy */
    const char *from;       /* of a mail, two plain addresses */
    const char *to;
};

/* Appends the body and gives its media type. INVALID_ARGUMENT: the format is none, or an address or an id could be more than one header;
 * MALFORMED: the event is not JSON; NO_MEMORY. */
STATUS_RESULT webhook_format_write(const struct webhook_message *message, struct buf *out,
                                   const char **ret_content_type, struct err *err);

#endif
