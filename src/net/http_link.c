/* SPDX-License-Identifier: MIT */
/* http_link.c — what was asked for, from another place on. */
#include "net/http_link.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "wire/http1/uri.h"

static void write_link(struct http_request *request, const char *path, const char *next, struct buf *link)
{
    struct arena *arena = http_request_arena(request);
    struct bytes query = http_request_query_string(request), name, value;
    buf_append_fmt(link, "<%s?", path);
    while (uri_query_next(&query, &name, &value)) {
        if (name.size == 0 || bytes_equal_nocase(name, BYTES_LITERAL("after")))
            continue;
        percent_encode(link, uri_decode(arena, name, true), NULL);
        buf_append_byte(link, '=');
        percent_encode(link, uri_decode(arena, value, true), NULL);
        buf_append_byte(link, '&');
    }
    buf_append_cstr(link, "after=");
    percent_encode(link, bytes_of_cstr(next), NULL);
    buf_append_cstr(link, ">; rel=next");
}

bool http_link_next(struct http_request *request, const char *path, const char *next)
{
    CLEANUP(buf_fini) struct buf link = {0};
    write_link(request, path, next, &link);
    return buf_status(&link) == STATUS_OK &&
           http_response_header(request, "Link", buf_peek(&link)) == STATUS_OK;
}

bool http_link_next_number(struct http_request *request, const char *path, int64_t next)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, next);
    return http_link_next(request, path, text);
}
