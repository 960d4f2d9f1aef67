/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of deliveries that are no settings (doc/limits.md). */
#ifndef SVC_WEBHOOK_LIMIT_VALUES_H
#define SVC_WEBHOOK_LIMIT_VALUES_H

#include "base/duration.h"

#define WEBHOOK_POSTS_MAX          128                /* requests under way to all receivers */
#define WEBHOOK_CONNECT_TIMEOUT_MS 5000               /* of one */
#define WEBHOOK_BODY_SIZE_MAX      ((size_t)16 << 10) /* bytes of a request to the API */
#define WEBHOOK_PAGE_MAX           200                /* deliveries in one answer */

#endif
