/* SPDX-License-Identifier: MIT */
/* reply.h — an answer that is prepared now and given when a write set is on disk. Refuses by itself when it is not. Loop's
 * thread. */
#ifndef SVC_DIRECTORY_REPLY_H
#define SVC_DIRECTORY_REPLY_H

#include "net/http_server.h"
#include "store/directory/directory.h"

struct reply {
    struct directory_waiter waiter; /* the reply's own */
    struct http_request *request;   /* NULL: the peer is gone */
    int http_status;
    struct buf body; /* JSON; empty: none. Wiped at the end: it may hold a secret */
};

/* NULL: without memory; the request is answered. */
struct reply *reply_create(struct http_request *request, int http_status);
/* Frees the reply later, or at once if its body failed; the request is answered in any case. */
void reply_after(struct reply *reply, struct directory *directory, const struct directory_write *writes,
                 size_t count);

#endif
