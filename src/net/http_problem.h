/* SPDX-License-Identifier: MIT */
/* http_problem.h — errors with a name (RFC 9457). A program acts on "type", which never changes its meaning;
 * title and detail are for people. One row per cause: the general ones here, a service's own in its folder. All
 * are listed in doc/api.md. */
#ifndef NET_HTTP_PROBLEM_H
#define NET_HTTP_PROBLEM_H

#include "base/buf.h"

#define HTTP_PROBLEM_PREFIX "urn:sallyport:problem:" /* in front of a name in "type" */

struct http_problem {
    int http_status;
    const char *name;  /* "not-found" */
    const char *title; /* the same for every occurrence */
};

#define HTTP_PROBLEM_DENIED "permission-denied" /* whoever asks is known, and lacks a role */

#define HTTP_PROBLEM_SIGNED_IN "signed-in-already" /* what would sign in is of somebody else */

/* The general causes, at least one for each status that the server itself answers with. */
extern const struct http_problem http_problems[];
extern const size_t http_problem_count;

/* The first general cause of a status; of 500 for one that has none. Never NULL. */
const struct http_problem *http_problem_of_status(int http_status);

/* The general cause of that name, which is in the table. */
const struct http_problem *http_problem_named(const char *name);

#define HTTP_PROBLEM_TYPE_SIZE 80 /* bytes of a "type" with its NUL */
void http_problem_type(const struct http_problem *problem, char ret_type[HTTP_PROBLEM_TYPE_SIZE]);

/* Appends {"type","title","status","detail"} and returns the media type. `detail` NULL: none. What is no UTF-8
 * in it is replaced. */
const char *http_problem_write(struct buf *out, const struct http_problem *problem, const char *detail);

#endif
