/* SPDX-License-Identifier: MIT */
/* confirm_offer.h — a link for somebody who has not asked for it: what a mail to them has. Whoever calls knows that it goes to the person
 * alone. Loop's thread. */
#ifndef SVC_CONFIRM_CONFIRM_OFFER_H
#define SVC_CONFIRM_CONFIRM_OFFER_H

#include <jansson.h>

#include "base/buf.h"
#include "svc/confirm/confirm.h"

/* Until when a link about the request, as it is shown, counts: its lifetime, and no longer than the request waits. Since 1970. */
int64_t confirm_expiry_s(const struct confirm_service *service, const json_t *request);
/* Appends "BASE_URL/confirm/TOKEN" for `who`, as confirm_people names them, about the request as lists show it. False: nobody is asked
 * about it any more, or there is no memory; what was appended is then not to be used. */
bool confirm_offer(const struct confirm_service *service, const char *base_url, const char *who,
                   const json_t *request, struct buf *out);

#endif
