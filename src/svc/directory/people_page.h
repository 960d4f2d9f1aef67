/* SPDX-License-Identifier: MIT */
/* people_page.h — which part of a list of /v1/directory is asked for: `limit`, `after` and `order` of the query, as the list of requests
 * has them. Without `limit` it is all of the list, which is bounded by the directory's own limit. For people_request.c. */
#ifndef SVC_DIRECTORY_PEOPLE_PAGE_H
#define SVC_DIRECTORY_PEOPLE_PAGE_H

#include "net/http_server.h"
#include "store/directory/directory.h"

struct people_page {
    const void **objects; /* in the order that was asked for; owned */
    size_t from, until;   /* of them, those that are shown */
    bool newest_first;
    enum directory_kind kind;
};

/* `kind` is of those that have a time: people, groups, applications, keys, assignments. False: the query cannot be followed, or there is
 * no memory, and that is answered. Loop's thread. */
bool people_page_begin(struct http_request *request, const struct directory *directory,
                       enum directory_kind kind, struct people_page *ret_page);
void people_page_fini(struct people_page *page);
/* The cursor behind the last that is shown, in the request's arena; "" if it is the list's last; NULL without memory. */
const char *people_page_next(const struct people_page *page, const struct directory *directory,
                             struct http_request *request);

#endif
