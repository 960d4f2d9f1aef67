/* SPDX-License-Identifier: MIT */
/* mcp_service.c — a POST is one message in work: its calls of the API go one after the other, until it is answered or its peer
 * is gone. */
#include "svc/mcp/mcp_service.h"

#include <stdlib.h>

#include "net/http_inner.h"
#include "svc/mcp/limit_values.h"
#include "svc/mcp/mcp_message.h"

#define REVISION_HEADER "MCP-Protocol-Version"

struct mcp_post {
    struct mcp_service *service;
    struct http_request *request;
    struct http_inner *inner; /* the call that is under way; NULL: none is */
    struct mcp_exchange exchange;
};

static void destroy(struct mcp_post *post)
{
    mcp_exchange_fini(&post->exchange);
    free(post);
}

static void on_gone(void *context)
{
    struct mcp_post *post = context;
    http_inner_cancel(post->inner);
    destroy(post);
}

static void answer(struct mcp_post *post)
{
    if (buf_status(&post->exchange.answer) == STATUS_OK)
        http_respond(post->request, 200, "application/json", buf_peek(&post->exchange.answer));
    else
        http_respond_no_memory(post->request);
    destroy(post);
}

static void go_on(struct mcp_post *post, enum mcp_next next);

static void on_answer(void *context, const struct http_inner_answer *inner)
{
    struct mcp_post *post = context;
    post->inner = NULL;
    go_on(post, mcp_answered(&post->exchange, inner->http_status, inner->content_type, inner->body));
}

/* False: it could not be begun. */
static bool ask(struct mcp_post *post)
{
    struct err err = {0};
    bool has_body = post->exchange.body.size > 0;
    const struct http_inner_request request = {.method = post->exchange.method,
                                               .target = buf_peek(&post->exchange.target),
                                               .content_type = has_body ? "application/json" : NULL,
                                               .body = buf_peek(&post->exchange.body)};
    return http_inner_ask(post->service->server, post->request, &request, MCP_ANSWER_SIZE_MAX, on_answer,
                          post, &post->inner, &err) == STATUS_OK;
}

/* Until an answer of the API has to be waited for. */
static void go_on(struct mcp_post *post, enum mcp_next next)
{
    while (next == MCP_CALL && !ask(post))
        next = mcp_answered(&post->exchange, 0, (struct bytes){0}, (struct bytes){0});
    if (next == MCP_CALL)
        return;
    if (next == MCP_DONE) {
        answer(post);
        return;
    }
    http_respond(post->request, 202, NULL, (struct bytes){0});
    destroy(post);
}

static void take_message(void *context, struct http_request *request)
{
    struct bytes revision = http_request_header(request, REVISION_HEADER);
    if (revision.data && !mcp_revision_known(revision)) {
        http_respond_failure(request, 400,
                             "The header MCP-Protocol-Version names a revision that this server does not "
                             "speak; it speaks " MCP_REVISION_OLDEST " to " MCP_REVISION_NEWEST ".");
        return;
    }
    struct mcp_post *post = calloc(1, sizeof *post);
    if (!post) {
        http_respond_no_memory(request);
        return;
    }
    post->service = context;
    post->request = request;
    enum mcp_next next = mcp_take(&post->exchange, http_request_body(request));
    if (next == MCP_CALL)
        http_request_on_gone(request, on_gone, post);
    go_on(post, next);
}

static const struct http_route routes[] = {
    {"POST", "/mcp", "", ACCESS_READ, .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON,
     .handle = take_message, .summary = "The Model Context Protocol, for agents"},
};

struct http_part mcp_service_part(struct mcp_service *service)
{
    /* JSON may write each byte of code as six ("\u0000"). */
    /* files are in base64 */
    size_t limit = 6 * service->code_size_max + service->input_size_max / 3 * 4 + MCP_BODY_SIZE_SLACK;
    return (struct http_part){.name = "mcp",
                              .rated = true,
                              .where = "/app",
                              .prefix = "",
                              .claims = "/mcp",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {[HTTP_BODY_SMALL] = limit, [HTTP_BODY_COMMON] = limit},
                              .context = service};
}
