/* SPDX-License-Identifier: MIT */
/* http_link.h — where the next page of a list is, as a header of the answer (RFC 8288). Used by the services that have lists. */
#ifndef NET_HTTP_LINK_H
#define NET_HTTP_LINK_H

#include "net/http_server.h"

/* "Link: <PATH?what was asked for&after=NEXT>; rel=next". `path` is in percent-encoding. Loop's thread, before the answer. False without memory. */
bool http_link_next(struct http_request *request, const char *path, const char *next);
/* The same of a list whose places are numbers. */
bool http_link_next_number(struct http_request *request, const char *path, int64_t next);

#endif
