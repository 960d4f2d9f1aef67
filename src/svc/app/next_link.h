/* SPDX-License-Identifier: MIT */
/* next_link.h — where the next page of a list is, as a header of the answer (RFC 8288). */
#ifndef SVC_APP_NEXT_LINK_H
#define SVC_APP_NEXT_LINK_H

#include "net/http_server.h"

/* "Link: <PATH?what was asked for&after=NEXT>; rel=next". Loop's thread, before the answer. False without memory. */
bool next_link_add(struct http_request *request, const char *path, const char *next);

#endif
