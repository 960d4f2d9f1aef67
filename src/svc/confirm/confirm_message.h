/* SPDX-License-Identifier: MIT */
/* confirm_message.h — a message that leads somebody to their link, as the member "message" of an answer: what is given to the webhook
 * of a chat, or to a mail server, as it is. Pure; any thread. */
#ifndef SVC_CONFIRM_CONFIRM_MESSAGE_H
#define SVC_CONFIRM_CONFIRM_MESSAGE_H

#include <jansson.h>

#include "wire/json/json.h"

/* Borrowed. */
struct confirm_message {
    const json_t *request;
    struct bytes format; /* "slack", "teams", "ntfy", "email" */
    struct bytes topic;  /* of ntfy; data NULL: "sallyport" */
    const char *url;     /* the link */
    const char *name;    /* of the person: where a mail goes */
    int64_t now_ns;      /* unix */
};

/* INVALID_ARGUMENT: no such format, a topic that is none, or a mail to a name that is no address; NO_MEMORY. */
STATUS_RESULT confirm_message_write(const struct confirm_message *message, struct json_writer *json,
                                    struct err *err);

#endif
