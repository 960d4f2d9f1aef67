/* SPDX-License-Identifier: MIT */
/* mcp_resources.c — a URI is taken apart into a path of the API, piece by piece, and never handed on as it is. */
#include "svc/mcp/mcp_resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "svc/mcp/mcp_view.h"
#include "wire/http1/uri.h"
#include "wire/json/json.h"

#define LIST_SIZE 50 /* requests that resources/list names */

/* --- list --- */

static json_t *describe(const json_t *request)
{
    const char *id = json_member_text(request, "id");
    const char *state = json_member_text(request, "state");
    const char *purpose = json_member_text(request, "purpose");
    char uri[128], name[160];
    (void)snprintf(uri, sizeof uri, MCP_URI_REQUESTS "%.80s", text_or(id, ""));
    (void)snprintf(name, sizeof name, "%.80s (%.20s)", text_or(purpose, text_or(id, "")), text_or(state, ""));
    /* A purpose may be cut within a character. */
    struct bytes whole = bytes_utf8_prefix(bytes_of_cstr(name), sizeof name);
    return json_pack("{s:s, s:s%, s:s}", "uri", uri, "name", whole.data, whole.size, "mimeType",
                     "application/json");
}

static enum mcp_next on_list(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                             struct bytes body)
{
    CLEANUP(json_release) json_t *page = NULL;
    if (http_status != 200 || json_parse(body, NULL, &page, NULL) != STATUS_OK)
        return mcp_error(exchange, MCP_INTERNAL_ERROR, "the requests cannot be listed");
    const json_t *requests = json_object_get(page, "requests");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(requests); i++)
        if (json_array_append_new(list, describe(json_array_get(requests, i))) != 0)
            break;
    return mcp_result(exchange, json_pack("{s:o}", "resources", list));
}

enum mcp_next mcp_resources_list(struct mcp_exchange *exchange)
{
    buf_append_fmt(&exchange->target, "/v1/requests?order=desc&limit=%d", LIST_SIZE);
    return mcp_call(exchange, "GET", on_list);
}

enum mcp_next mcp_resources_templates(struct mcp_exchange *exchange)
{
    return mcp_result(exchange,
                      json_pack("{s:[{s:s, s:s, s:s, s:s}]}", "resourceTemplates", "uriTemplate",
                                MCP_URI_REQUESTS "{id}", "name", "request", "description",
                                "A request: its state, who decided what, and after an approval its output",
                                "mimeType", "application/json"));
}

/* --- read --- */

/* The id in "sallyport://requests/ID", decoded; data NULL: it is another URI. */
static struct bytes wanted_id(struct arena *arena, const struct mcp_exchange *exchange)
{
    const struct bytes start = BYTES_LITERAL(MCP_URI_REQUESTS);
    struct bytes uri = json_member_bytes(exchange->arguments, "uri");
    if (!bytes_starts_with(uri, start) || uri.size == start.size)
        return (struct bytes){0};
    struct bytes id = bytes_slice(uri, start.size, SIZE_MAX);
    if (bytes_find(id, BYTES_LITERAL("/")) != id.size)
        return (struct bytes){0};
    return uri_decode(arena, id, false);
}

static enum mcp_next not_there(struct mcp_exchange *exchange)
{
    return mcp_error(exchange, MCP_RESOURCE_NOT_FOUND, "there is no such resource");
}

static enum mcp_next on_request(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                                struct bytes body)
{
    CLEANUP(json_release) json_t *request = NULL;
    if (http_status != 200 || json_parse(body, NULL, &request, NULL) != STATUS_OK)
        return not_there(exchange);
    CLEANUP(json_release) json_t *view = mcp_request_view(request);
    char *text = view ? json_dumps(view, JSON_COMPACT) : NULL;
    json_t *result =
        json_pack("{s:[{s:O*, s:s, s:s*}]}", "contents", "uri", json_object_get(exchange->arguments, "uri"),
                  "mimeType", "application/json", "text", text);
    free(text);
    return mcp_result(exchange, result);
}

enum mcp_next mcp_resources_read(struct mcp_exchange *exchange)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    if (!json_object_get(exchange->arguments, "uri"))
        return mcp_error(exchange, MCP_INVALID_PARAMS, "resources/read needs \"uri\", a text");
    struct bytes id = wanted_id(&arena, exchange);
    if (!id.data)
        return not_there(exchange);
    buf_append_cstr(&exchange->target, "/v1/requests/");
    percent_encode(&exchange->target, id, NULL);
    return mcp_call(exchange, "GET", on_request);
}
