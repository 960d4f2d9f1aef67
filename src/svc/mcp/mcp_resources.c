/* SPDX-License-Identifier: MIT */
/* mcp_resources.c — a URI is taken apart into a path of the API, piece by piece, and never handed on as it is. */
#include "svc/mcp/mcp_resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/encode.h"
#include "svc/mcp/mcp_view.h"
#include "wire/http1/uri.h"

#define LIST_SIZE 50 /* requests that resources/list names */

/* --- list --- */

static json_t *describe(const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "id"));
    const char *state = json_string_value(json_object_get(request, "state"));
    const char *purpose = json_string_value(json_object_get(request, "purpose"));
    char uri[128], name[160];
    (void)snprintf(uri, sizeof uri, MCP_URI_REQUESTS "%.80s", id ? id : "");
    (void)snprintf(name, sizeof name, "%.80s (%.20s)", purpose ? purpose : id ? id : "", state ? state : "");
    /* A purpose may be cut within a character. */
    struct bytes whole = bytes_utf8_prefix(bytes_of_cstr(name), sizeof name);
    return json_pack("{s:s, s:s%, s:s}", "uri", uri, "name", whole.data, whole.size, "mimeType",
                     "application/json");
}

static enum mcp_next on_list(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                             struct bytes body)
{
    CLEANUP(json_release) json_t *page = NULL;
    (void)content_type;
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
                      json_pack("{s:[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s}]}", "resourceTemplates",
                                "uriTemplate", MCP_URI_REQUESTS "{id}", "name", "request", "description",
                                "A request: its state, who decided what, and after an approval its output",
                                "mimeType", "application/json", "uriTemplate",
                                MCP_URI_REQUESTS "{id}/files/{+path}", "name", "file", "description",
                                "A file that the code of an approved request made"));
}

/* --- read --- */

static struct bytes wanted_uri(const struct mcp_exchange *exchange)
{
    return json_bytes(json_object_get(exchange->arguments, "uri"));
}

/* "sallyport://requests/ID" or "…/ID/files/PATH", decoded; `ret_path` has no data in the first case. False: it is neither. */
static bool take_apart(struct arena *arena, struct bytes uri, struct bytes *ret_id, struct bytes *ret_path)
{
    const struct bytes start = BYTES_LITERAL(MCP_URI_REQUESTS);
    if (!bytes_starts_with(uri, start))
        return false;
    struct bytes rest = bytes_slice(uri, start.size, SIZE_MAX);
    *ret_id = uri_decode(arena, bytes_split(&rest, '/'), false);
    *ret_path = (struct bytes){0};
    if (!rest.data)
        return ret_id->size > 0;
    bool names_files = bytes_equal_cstr(bytes_split(&rest, '/'), "files");
    *ret_path = uri_decode(arena, rest, false);
    return ret_id->size > 0 && names_files && ret_path->size > 0;
}

static enum mcp_next not_there(struct mcp_exchange *exchange)
{
    return mcp_error(exchange, MCP_RESOURCE_NOT_FOUND, "there is no such resource");
}

static enum mcp_next one_content(struct mcp_exchange *exchange, struct bytes content_type, struct bytes body)
{
    const char *uri = json_string_value(json_object_get(exchange->arguments, "uri"));
    return mcp_result(exchange, json_pack("{s:[o]}", "contents", mcp_content(uri, content_type, body)));
}

static enum mcp_next on_file(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                             struct bytes body)
{
    return http_status == 200 ? one_content(exchange, content_type, body) : not_there(exchange);
}

static enum mcp_next show(struct mcp_exchange *exchange, const json_t *request)
{
    CLEANUP(json_release) json_t *view = mcp_request_view(request);
    char *text = view ? json_dumps(view, JSON_COMPACT) : NULL;
    if (!text)
        return mcp_error(exchange, MCP_INTERNAL_ERROR, "out of memory");
    enum mcp_next next = one_content(exchange, BYTES_LITERAL("application/json"), bytes_of_cstr(text));
    free(text);
    return next;
}

static void write_target(struct mcp_exchange *exchange, struct bytes id, struct bytes path)
{
    buf_append_cstr(&exchange->target, "/v1/requests/");
    percent_encode(&exchange->target, id, NULL);
    if (!path.data)
        return;
    buf_append_cstr(&exchange->target, "/files/");
    percent_encode(&exchange->target, path, NULL);
}

/* ORDER: the request first: its files are given out after an approval, whatever the caller's other rights are. */
static enum mcp_next on_request(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                                struct bytes body)
{
    CLEANUP(json_release) json_t *request = NULL;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    struct bytes id, path;
    (void)content_type;
    if (http_status != 200 || json_parse(body, NULL, &request, NULL) != STATUS_OK)
        return not_there(exchange);
    if (!take_apart(&arena, wanted_uri(exchange), &id, &path))
        return not_there(exchange);
    if (!path.data)
        return show(exchange, request);
    if (!mcp_request_approved(request))
        return mcp_error(exchange, MCP_RESOURCE_NOT_FOUND, "it is given out after an approval");
    write_target(exchange, id, path);
    return mcp_call(exchange, "GET", on_file);
}

enum mcp_next mcp_resources_read(struct mcp_exchange *exchange)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    struct bytes uri = wanted_uri(exchange);
    struct bytes id, path;
    if (!uri.data)
        return mcp_error(exchange, MCP_INVALID_PARAMS, "resources/read needs \"uri\", a text");
    if (!take_apart(&arena, uri, &id, &path))
        return not_there(exchange);
    write_target(exchange, id, (struct bytes){0});
    return mcp_call(exchange, "GET", on_request);
}
