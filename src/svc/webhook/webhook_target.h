/* SPDX-License-Identifier: MIT */
/* webhook_target.h — what the URL of a webhook means by its format:
 *
 *   cloudevents, slack, teams   https://hooks.example.org/x   posted there
 *   ntfy                        https://ntfy.sh/TOPIC         posted to https://ntfy.sh/, with the topic in the body
 *   email                       mailto:mina@example.org       a mail to there, by the server's own mail server
 *
 * Pure. Whether the place may be reached is sender.h's. */
#ifndef SVC_WEBHOOK_WEBHOOK_TARGET_H
#define SVC_WEBHOOK_WEBHOOK_TARGET_H

#include "core/notice/format/format.h"
#include "core/notice/place.h"

#define WEBHOOK_TOPIC_SIZE_MAX 64 /* bytes (docs.ntfy.sh, "Topic names") */

struct webhook_target {
    char url[NOTICE_URL_SIZE_MAX + 1];      /* where it is posted; "": it is a mail */
    char topic[WEBHOOK_TOPIC_SIZE_MAX + 1]; /* of ntfy; else "" */
    char mailbox[FORMAT_ADDRESS_MAX + 1];   /* where a mail goes; else "" */
};

/* NULL: it was read. Else why the URL is none for this format, as the rest of a sentence; `ret_target` is untouched. */
const char *webhook_target_read(const char *format, const char *url, struct webhook_target *ret_target);

#endif
