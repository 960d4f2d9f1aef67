/* SPDX-License-Identifier: MIT */
/* pool_lines.h — the lines to the pool: handles of libcurl that are kept from one request to the next, each with the
 * connection that it had last, so that a request costs no connect and no TLS handshake; a new connection resumes the
 * TLS session of one before it. The one that was used last is taken first: it is the likeliest to be open still.
 * Any thread may take and give; a line is its taker's alone until it is given back. */
#ifndef SVC_APP_POOL_LINES_H
#define SVC_APP_POOL_LINES_H

#include <curl/curl.h>

struct pool_lines;

/* One taker at a time. */
struct pool_line {
    CURL *easy;   /* for the request that the line was taken for */
    CURLM *multi; /* where it runs, and others beside it; the connections are here */
};

/* NULL: no memory. After pool_client_global_init. */
struct pool_lines *pool_lines_create(void);
/* Closes the connections. Every line has been given back. May be NULL. */
void pool_lines_destroy(struct pool_lines *lines);

/* A line on whose handle nothing is set but what makes it keep its connection. `lines` NULL: one that is not kept.
 * NULL: no memory. */
struct pool_line *pool_lines_take(struct pool_lines *lines);
/* `line` may be NULL. What was set on it is forgotten, so what it pointed to may go; nothing runs on it. One more than
 * APP_POOL_LINES_KEPT is closed. */
void pool_lines_give(struct pool_lines *lines, struct pool_line *line);
/* A handle for one more request on a line, which the caller cleans up (curl_easy_cleanup). NULL: no memory. */
CURL *pool_lines_second(struct pool_lines *lines);
/* Whoever waits on it looks around at once. Any thread, as long as the line is not given back. */
void pool_line_wake(struct pool_line *line);

#endif
