/* SPDX-License-Identifier: MIT */
/* reply.c — a waiter, and what people are told for a write set's status. */
#include "svc/directory/reply.h"

#include <stdlib.h>

static void reply_free(struct reply *reply)
{
    if (reply->body.data)
        explicit_bzero(reply->body.data, reply->body.size);
    buf_fini(&reply->body);
    free(reply);
}

/* What whoever asks can change is told in the directory's words. What only the server's people can is in the log. */
static void refuse(struct http_request *request, enum status status, const struct err *err)
{
    int http_status = status_http(status);
    if (http_status < 500)
        http_respond_failure(request, http_status, err->text);
    else
        http_respond_failure(request, 503, "the directory cannot be written at the moment; the log says why");
}

static void on_done(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct reply *reply = CONTAINER_OF(waiter, struct reply, waiter);
    struct http_request *request = reply->request;
    if (request) {
        http_request_on_gone(request, NULL, NULL);
        if (status == STATUS_OK)
            http_respond(request, reply->http_status,
                         reply->body.size > 0 ? "application/json; charset=utf-8" : NULL,
                         buf_peek(&reply->body));
        else
            refuse(request, status, err);
    }
    reply_free(reply);
}

static void on_gone(void *context)
{
    ((struct reply *)context)->request = NULL;
}

struct reply *reply_create(struct http_request *request, int http_status)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (!reply) {
        http_respond_no_memory(request);
        return NULL;
    }
    reply->waiter.on_done = on_done;
    reply->request = request;
    reply->http_status = http_status;
    return reply;
}

void reply_after(struct reply *reply, struct directory *directory, const struct directory_write *writes,
                 size_t count)
{
    if (buf_status(&reply->body) != STATUS_OK) {
        http_respond_no_memory(reply->request);
        reply_free(reply);
        return;
    }
    const struct principal *who = http_request_principal(reply->request);
    const struct directory_author author = directory_author(who->id, who->name);
    http_request_on_gone(reply->request, on_gone, reply);
    directory_write_by(directory, &author, writes, count, &reply->waiter);
}
