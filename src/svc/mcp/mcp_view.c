/* SPDX-License-Identifier: MIT */
/* mcp_view.c — members are named one by one: what a later version of the API adds is not given out unseen. */
#include "svc/mcp/mcp_view.h"

#include <string.h>

#include "base/encode.h"

bool mcp_request_approved(const json_t *request)
{
    const char *state = json_string_value(json_object_get(request, "state"));
    return state && strcmp(state, "approved") == 0;
}

json_t *mcp_request_view(const json_t *request)
{
    static const struct {
        const char *name;
        bool after_approval;
    } members[] = {
        {"id", false},        {"state", false},    {"stage", false}, {"purpose", false},
        {"createdAt", false}, {"revision", false}, {"error", false}, {"deadline", false},
        {"decision", false},  {"result", true},    {"files", true},
    };
    bool approved = mcp_request_approved(request);
    json_t *view = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        json_t *value = json_object_get(request, members[i].name);
        if (value && (approved || !members[i].after_approval))
            json_object_set(view, members[i].name, value);
    }
    return view;
}

json_t *mcp_content(const char *uri, struct bytes content_type, struct bytes body)
{
    struct bytes type = bytes_split(&content_type, ';');
    bool is_text = bytes_starts_with_nocase(type, BYTES_LITERAL("text/")) ||
                   bytes_equal_nocase(type, BYTES_LITERAL("application/json"));
    if (type.size == 0)
        type = BYTES_LITERAL("application/octet-stream");
    if (is_text && bytes_utf8_valid(body))
        return json_pack("{s:s, s:s%, s:s%}", "uri", uri, "mimeType", type.data, type.size, "text",
                         body.data ? (const char *)body.data : "", body.size);
    CLEANUP(buf_fini) struct buf encoded = {0};
    base64_encode(&encoded, body);
    if (buf_status(&encoded) != STATUS_OK)
        return NULL;
    return json_pack("{s:s, s:s%, s:s%}", "uri", uri, "mimeType", type.data, type.size, "blob",
                     encoded.data ? (const char *)encoded.data : "", encoded.size);
}
