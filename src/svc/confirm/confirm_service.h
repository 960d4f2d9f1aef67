/* SPDX-License-Identifier: MIT */
/* confirm_service.h — links by which one person answers for one manifest, from a message and without a sign-in: /confirm/TOKEN.
 *
 *   GET, HEAD, a preview ──► what there is to decide about, and a form; nothing else happens
 *   POST with the page's token ──► one vote, as the person whom the link names ──► 303, back to the page
 *
 * The link is the proof of who votes, as a key is; what it opens is less: to see that one request, and to vote once on that one
 * manifest. It has no rights and no data of its own. It asks the public API (net/http_inner.h) as that person, with the rights that
 * they have at this moment: who was revoked, lost a role, or is asked no more gets what they would get anywhere. Loop's thread. */
#ifndef SVC_CONFIRM_CONFIRM_SERVICE_H
#define SVC_CONFIRM_CONFIRM_SERVICE_H

#include "net/http_router.h"
#include "svc/confirm/confirm.h"

/* Its routes, for an http_router; valid as long as the service. */
struct http_part confirm_service_part(struct confirm_service *service);

#endif
